import { getU16, getU32, putU16, putU32 } from "../../net/bytes.ts";
import { checksum, pseudoHeaderSum } from "../../net/checksum.ts";
import { ETHERNET_HEADER, EtherType } from "../../net/ethernet.ts";

const TCP = 6;
const UDP = 17;
/** Offsets of the checksums. */
const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
/** More fragments, and the offset of this one. */
const FRAGMENT_MASK = 0x3fff;
const TCP_LAST_ONLY = 0x09;
/** PSH and FIN stand on a stream's last segment only; SYN, RST and URG on none that is cut. */
const TCP_NEVER_CUT = 0x26;

/** An unfragmented IPv4 packet with TCP or UDP in it: what a network card with offloads has to know of a frame. */
export interface Transport {
  readonly protocol: typeof TCP | typeof UDP;
  /** Offsets in the frame: the TCP or UDP header, what follows it, the end of the IP packet. */
  readonly header: number;
  readonly payload: number;
  readonly end: number;
  /** Offset of the checksum in the TCP or UDP header. */
  readonly checksumOffset: number;
}

/** Undefined where the frame is something else, or its lengths contradict each other. */
export function transportOf(frame: Uint8Array): Transport | undefined {
  if (frame.length < ETHERNET_HEADER + 20 || getU16(frame, 12) !== EtherType.ipv4) return undefined;
  const ip = ETHERNET_HEADER;
  const header = ip + (frame[ip] & 0xf) * 4;
  const end = ip + getU16(frame, ip + 2);
  const protocol = frame[ip + 9];
  if (frame[ip] >> 4 !== 4 || header < ip + 20 || end > frame.length) return undefined;
  if ((getU16(frame, ip + 6) & FRAGMENT_MASK) !== 0) return undefined;
  if (protocol === UDP && header + 8 <= end)
    return { protocol, header, payload: header + 8, end, checksumOffset: UDP_CHECKSUM };
  if (protocol !== TCP || header + 20 > end) return undefined;
  const payload = header + (frame[header + 12] >> 4) * 4;
  if (payload < header + 20 || payload > end) return undefined;
  return { protocol, header, payload, end, checksumOffset: TCP_CHECKSUM };
}

/** The sum of TCP's or UDP's pseudo-header. */
function pseudoSum(frame: Uint8Array, { protocol, header, end }: Transport): number {
  const addresses = ETHERNET_HEADER + 12;
  return pseudoHeaderSum(getU32(frame, addresses), getU32(frame, addresses + 4), protocol, end - header);
}

/** Whether the checksum of TCP or UDP is there (UDP may go without) and right. */
export function isChecksumRight(frame: Uint8Array, transport: Transport): boolean {
  const { protocol, header, end, checksumOffset } = transport;
  if (protocol === UDP && getU16(frame, header + checksumOffset) === 0) return false;
  return checksum(frame, header, end - header, pseudoSum(frame, transport)) === 0;
}

/**
 * Completes a checksum whose field, `offset` bytes behind `start`, holds the sum of what stands before `start`. False
 * where the field is not in the frame.
 */
export function completeChecksum(frame: Uint8Array, start: number, offset: number): boolean {
  if (start + offset + 2 > frame.length) return false;
  const completed = checksum(frame, start, frame.length - start);
  // Zero would say that there is none: in UDP, and only UDP has its checksum there.
  putU16(frame, start + offset, completed === 0 && offset === UDP_CHECKSUM ? 0xffff : completed);
  return true;
}

/** A copy whose checksum is still to be completed: what a card with offloads exchanges with its driver. */
export function withPartialChecksum(frame: Uint8Array, transport: Transport): Uint8Array {
  const copy = frame.slice(0, transport.end);
  putU16(copy, transport.header + transport.checksumOffset, pseudoSum(frame, transport));
  return copy;
}

/** Bytes of TCP's data in a packet of at most `mtu` bytes. */
export function segmentSize({ payload }: Transport, mtu: number): number {
  return mtu - (payload - ETHERNET_HEADER);
}

/** Whether a TCP packet may be cut into smaller ones. */
export function canBeCut(frame: Uint8Array, { protocol, header }: Transport): boolean {
  return protocol === TCP && (frame[header + 13] & TCP_NEVER_CUT) === 0;
}

/** Cuts a frame that `canBeCut` into frames with up to `size` bytes of data each. */
export function segments(frame: Uint8Array, transport: Transport, size: number): Uint8Array[] {
  const { header, payload, end, checksumOffset } = transport;
  const ip = ETHERNET_HEADER;
  const sequence = getU32(frame, header + 4);
  const cut: Uint8Array[] = [];
  for (let from = payload; from < end; from += size) {
    const to = Math.min(from + size, end);
    const segment = new Uint8Array(payload + (to - from));
    segment.set(frame.subarray(0, payload));
    segment.set(frame.subarray(from, to), payload);
    putU16(segment, ip + 2, segment.length - ip);
    putU16(segment, ip + 4, getU16(frame, ip + 4) + cut.length);
    putU16(segment, ip + 10, 0);
    putU16(segment, ip + 10, checksum(segment, ip, header - ip));
    putU32(segment, header + 4, sequence + (from - payload));
    if (to < end) segment[header + 13] &= ~TCP_LAST_ONLY;
    const its = { ...transport, end: segment.length };
    putU16(segment, header + checksumOffset, pseudoSum(segment, its));
    completeChecksum(segment, header, checksumOffset);
    cut.push(segment);
  }
  return cut;
}
