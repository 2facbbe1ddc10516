/** A number as every message writes it: `0x1f`, `-0x1f`. */
export function hex(value: number | bigint): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

/** The digits alone of a number that is not negative, at least `width` of them. */
export function hexDigits(value: number | bigint, width: number): string {
  return value.toString(16).padStart(width, "0");
}

/** Bytes of two digits each, with `between` between them. */
export function hexBytes(bytes: Uint8Array, between = ""): string {
  return Array.from(bytes, (byte) => hexDigits(byte, 2)).join(between);
}
