/** What a network card with offloads has to know of a frame: where its IPv4 and its TCP or UDP header are. */

const ETHERNET_HEADER = 14;
const IPV4 = 0x0800;
const TCP = 6;
const UDP = 17;
/** More fragments, and the offset of this one. */
const FRAGMENT_MASK = 0x3fff;
const TCP_LAST_ONLY = 0x09;
/** PSH and FIN stand on a stream's last segment only; SYN, RST and URG on none that is cut. */
const TCP_NEVER_CUT = 0x26;

/** An unfragmented IPv4 packet with TCP or UDP in it. */
export interface Transport {
  readonly protocol: typeof TCP | typeof UDP;
  /** Offsets in the frame: the TCP or UDP header, what follows it, the end of the IP packet. */
  readonly header: number;
  readonly payload: number;
  readonly end: number;
  /** Offset of the checksum in the TCP or UDP header. */
  readonly checksumOffset: number;
}

const u16 = (bytes: Uint8Array, at: number) => (bytes[at] << 8) | bytes[at + 1];

function setU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

/** Undefined where the frame is something else, or its lengths contradict each other. */
export function transportOf(frame: Uint8Array): Transport | undefined {
  if (frame.length < ETHERNET_HEADER + 20 || u16(frame, 12) !== IPV4) return undefined;
  const ip = ETHERNET_HEADER;
  const header = ip + (frame[ip] & 0xf) * 4;
  const end = ip + u16(frame, ip + 2);
  const protocol = frame[ip + 9];
  if (frame[ip] >> 4 !== 4 || header < ip + 20 || end > frame.length) return undefined;
  if ((u16(frame, ip + 6) & FRAGMENT_MASK) !== 0) return undefined;
  if (protocol === UDP && header + 8 <= end)
    return { protocol, header, payload: header + 8, end, checksumOffset: 6 };
  if (protocol !== TCP || header + 20 > end) return undefined;
  const payload = header + (frame[header + 12] >> 4) * 4;
  if (payload < header + 20 || payload > end) return undefined;
  return { protocol, header, payload, end, checksumOffset: 16 };
}

/** The Internet checksum's sum (RFC 1071) of a range that starts at an even place, added to `sum` and folded. */
function sumOf(bytes: Uint8Array, from: number, to: number, sum = 0): number {
  let total = sum;
  let at = from;
  for (; at + 1 < to; at += 2) total += (bytes[at] << 8) | bytes[at + 1];
  if (at < to) total += bytes[at] << 8;
  while (total > 0xffff) total = (total % 0x10000) + Math.floor(total / 0x10000);
  return total;
}

/** The sum of TCP's or UDP's pseudo-header. */
function pseudoHeaderSum(frame: Uint8Array, { protocol, header, end }: Transport): number {
  return sumOf(frame, ETHERNET_HEADER + 12, ETHERNET_HEADER + 20, protocol + (end - header));
}

/** Whether the checksum of TCP or UDP is there and right. */
export function isChecksumRight(frame: Uint8Array, transport: Transport): boolean {
  const { header, end, checksumOffset } = transport;
  if (u16(frame, header + checksumOffset) === 0) return false;
  return sumOf(frame, header, end, pseudoHeaderSum(frame, transport)) === 0xffff;
}

/**
 * Completes a checksum whose field, `offset` bytes behind `start`, holds the sum of what stands before `start`. False
 * where the field is not in the frame.
 */
export function completeChecksum(frame: Uint8Array, start: number, offset: number): boolean {
  if (start + offset + 2 > frame.length) return false;
  setU16(frame, start + offset, ~sumOf(frame, start, frame.length) & 0xffff || 0xffff);
  return true;
}

/** A copy whose checksum is still to be completed: what a card with offloads exchanges with its driver. */
export function withPartialChecksum(frame: Uint8Array, transport: Transport): Uint8Array {
  const copy = frame.slice(0, transport.end);
  setU16(copy, transport.header + transport.checksumOffset, pseudoHeaderSum(frame, transport));
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
  const view = new DataView(frame.buffer, frame.byteOffset);
  const sequence = view.getUint32(header + 4);
  const cut: Uint8Array[] = [];
  for (let from = payload; from < end; from += size) {
    const to = Math.min(from + size, end);
    const segment = new Uint8Array(payload + (to - from));
    segment.set(frame.subarray(0, payload));
    segment.set(frame.subarray(from, to), payload);
    setU16(segment, ip + 2, segment.length - ip);
    setU16(segment, ip + 4, u16(frame, ip + 4) + cut.length);
    setU16(segment, ip + 10, 0);
    setU16(segment, ip + 10, ~sumOf(segment, ip, header));
    new DataView(segment.buffer).setUint32(header + 4, sequence + (from - payload));
    if (to < end) segment[header + 13] &= ~TCP_LAST_ONLY;
    const its = { ...transport, end: segment.length };
    setU16(segment, header + checksumOffset, pseudoHeaderSum(segment, its));
    completeChecksum(segment, header, checksumOffset);
    cut.push(segment);
  }
  return cut;
}
