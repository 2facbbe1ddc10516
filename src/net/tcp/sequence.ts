/** Sequence numbers (RFC 9293, section 3.4): unsigned 32 bits, compared as if on a circle. */

export const plus = (sequence: number, count: number): number => (sequence + count) >>> 0;

/** How far `to` lies ahead of `from`: negative where it lies behind. */
export const distance = (from: number, to: number): number => (to - from) | 0;

/** The one that lies further ahead. */
export const later = (a: number, b: number): number => (distance(a, b) > 0 ? b : a);
