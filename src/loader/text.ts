const decoder = new TextDecoder();

/**
 * The zero-terminated UTF-8 text at `offset`: `undefined` where it does not end within `limit` bytes and the
 * table, or holds control characters (an image's names go to terminals).
 */
export function readText(table: Uint8Array, offset: number, limit: number): string | undefined {
  if (offset >= table.length) return undefined;
  const stop = Math.min(offset + limit, table.length);
  for (let at = offset; at < stop; at++) {
    const byte = table[at];
    if (byte === 0) return decoder.decode(table.subarray(offset, at));
    // C0 and DEL; C1 (U+0080 to U+009F) starts with c2 and goes on below a0.
    if (byte < 0x20 || byte === 0x7f || (byte === 0xc2 && table[at + 1] < 0xa0)) return undefined;
  }
  return undefined;
}
