/**
 * The Internet checksum (RFC 1071): the ones' complement sum of 16-bit words. It is the same in either byte order but
 * for a swap at the end, so words are added as the host reads them, and two at a time.
 */

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
/** Below this the views cost more than they save. */
const WORTH_A_VIEW = 64;

/** The sum, not yet complemented, of `length` bytes from `from` on; `initial` is a sum of the same kind. */
export function sum(bytes: Uint8Array, from: number, length: number, initial = 0): number {
  const end = from + length;
  let at = from;
  let total = initial;
  if (length >= WORTH_A_VIEW && ((bytes.byteOffset + from) & 1) === 0) {
    if (((bytes.byteOffset + at) & 2) !== 0) {
      total += (bytes[at] << 8) | bytes[at + 1];
      at += 2;
    }
    const words = (end - at) >> 2;
    total += wordSum(new Uint32Array(bytes.buffer, bytes.byteOffset + at, words));
    at += words << 2;
  }
  for (; at + 1 < end; at += 2) total += (bytes[at] << 8) | bytes[at + 1];
  if (at < end) total += bytes[at] << 8;
  return fold(total);
}

/** The sum of the 16-bit halves, in network byte order. At most 16,384 words fit without overflow: 64 KiB and more. */
function wordSum(words: Uint32Array): number {
  let low = 0;
  let high = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    low = (low + (word & 0xffff)) | 0;
    high = (high + (word >>> 16)) | 0;
  }
  const total = fold((low >>> 0) + (high >>> 0));
  return LITTLE_ENDIAN ? ((total & 0xff) << 8) | (total >> 8) : total;
}

function fold(total: number): number {
  let folded = total;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return folded;
}

/** The checksum of `length` bytes from `from` on: 0 where they contain their own right checksum. */
export function checksum(bytes: Uint8Array, from: number, length: number, initial = 0): number {
  return ~sum(bytes, from, length, initial) & 0xffff;
}

/** The sum of the pseudo-header of TCP and UDP (RFC 9293, section 3.1). */
export function pseudoHeaderSum(
  source: number,
  destination: number,
  protocol: number,
  length: number,
): number {
  return fold(
    (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + protocol + length,
  );
}
