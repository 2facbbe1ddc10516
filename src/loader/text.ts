const decoder = new TextDecoder();

/**
 * The zero-terminated text at `offset`: `undefined` where it does not end within `limit` bytes and the table, or
 * holds control characters (an image's names go to terminals).
 */
export function readText(table: Uint8Array, offset: number, limit: number): string | undefined {
  const end = table.subarray(0, offset + limit).indexOf(0, offset);
  if (offset >= table.length || end < 0) return undefined;
  const text = decoder.decode(table.subarray(offset, end));
  return Array.from(text).some(isControl) ? undefined : text;
}

function isControl(character: string): boolean {
  const code = character.charCodeAt(0);
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}
