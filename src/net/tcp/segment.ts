import type { Endpoint } from "../address.ts";
import { getU16, getU32, putU16, putU32 } from "../bytes.ts";
import { checksum, pseudoHeaderSum } from "../checksum.ts";
import { IPV4_HEADER, type Ipv4Packet, MAX_PACKET, newPacket, PACKET_HEADERS, Protocol } from "../ipv4.ts";

export const Flag = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const;

const HEADER = 20;
const Option = { end: 0, none: 1, segmentSize: 2, windowScale: 3 } as const;
/** Maximum segment size, a filler, window scale. */
const SYN_OPTIONS = 8;

/** The most data that a segment without options can carry. */
export const SEGMENT_LIMIT = MAX_PACKET - IPV4_HEADER - HEADER;

/** A segment (RFC 9293, section 3.1) without its data. */
export interface SegmentHeader {
  readonly sequence: number;
  /** Means something with the flag `ack`. */
  readonly acknowledgment: number;
  readonly flags: number;
  /** As it is written: not yet scaled. */
  readonly window: number;
  /** Options, in a SYN (section 3.7.1; RFC 7323, section 2). */
  readonly segmentSize?: number;
  readonly windowScale?: number;
}

export interface Segment extends SegmentHeader {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly data: Uint8Array;
  readonly packet: Ipv4Packet;
}

/** The segment in a packet; undefined where it is malformed or its checksum wrong. */
export function parseSegment(packet: Ipv4Packet): Segment | undefined {
  const bytes = packet.payload;
  if (bytes.length < HEADER) return undefined;
  const dataAt = (bytes[12] >> 4) * 4;
  if (dataAt < HEADER || dataAt > bytes.length) return undefined;
  const { source, destination } = packet;
  const pseudo = pseudoHeaderSum(source, destination, Protocol.tcp, bytes.length);
  if (checksum(bytes, 0, bytes.length, pseudo) !== 0) return undefined;
  const flags = bytes[13];
  return {
    source: { address: source, port: getU16(bytes, 0) },
    destination: { address: destination, port: getU16(bytes, 2) },
    sequence: getU32(bytes, 4),
    acknowledgment: getU32(bytes, 8),
    flags,
    window: getU16(bytes, 14),
    ...((flags & Flag.syn) !== 0 ? synOptions(bytes.subarray(HEADER, dataAt)) : {}),
    data: bytes.subarray(dataAt),
    packet,
  };
}

/** Options that are cut off end the list. */
function synOptions(options: Uint8Array): { segmentSize?: number; windowScale?: number } {
  let segmentSize: number | undefined;
  let windowScale: number | undefined;
  for (let at = 0; at < options.length && options[at] !== Option.end; ) {
    if (options[at] === Option.none) {
      at++;
      continue;
    }
    const length = options[at + 1] ?? 0;
    if (length < 2 || at + length > options.length) break;
    if (options[at] === Option.segmentSize && length === 4) segmentSize = getU16(options, at + 2);
    if (options[at] === Option.windowScale && length === 3) windowScale = Math.min(14, options[at + 2]);
    at += length;
  }
  return { segmentSize, windowScale };
}

/** A frame for a segment with `length` bytes of data, which `fill` puts into place. */
export function makeSegment(
  source: Endpoint,
  destination: Endpoint,
  header: SegmentHeader,
  length = 0,
  fill: (into: Uint8Array) => void = () => {},
): Uint8Array {
  const { segmentSize, windowScale } = header;
  const headerLength = HEADER + (segmentSize === undefined ? 0 : SYN_OPTIONS);
  const frame = newPacket(headerLength + length);
  const at = PACKET_HEADERS;
  putU16(frame, at, source.port);
  putU16(frame, at + 2, destination.port);
  putU32(frame, at + 4, header.sequence);
  putU32(frame, at + 8, header.acknowledgment);
  frame[at + 12] = (headerLength / 4) << 4;
  frame[at + 13] = header.flags;
  putU16(frame, at + 14, header.window);
  if (segmentSize !== undefined) {
    frame[at + 20] = Option.segmentSize;
    frame[at + 21] = 4;
    putU16(frame, at + 22, segmentSize);
    // Without a scale the rest are zeros: the end of the list.
    if (windowScale !== undefined) frame.set([Option.none, Option.windowScale, 3, windowScale], at + 24);
  }
  if (length > 0) fill(frame.subarray(at + headerLength));
  const pseudo = pseudoHeaderSum(source.address, destination.address, Protocol.tcp, headerLength + length);
  putU16(frame, at + 16, checksum(frame, at, headerLength + length, pseudo));
  return frame;
}
