/**
 * Guest paths are bytes, not text. Here they are strings of one character a byte (0 to 255), so that any name a
 * guest uses survives, lengths are what Linux counts, and names are keys of a `Map`.
 */
export type ByteString = string;

/** Bytes in a path, the ending NUL included (linux/limits.h). */
export const PATH_MAX = 4096;
/** Bytes in one name. */
export const NAME_MAX = 255;

/** Text as the guest sees it: its UTF-8 bytes. */
export function toByteString(text: string): ByteString {
  return fromBytes(new TextEncoder().encode(text));
}

/** The text that guest bytes spell, with U+FFFD where they are not UTF-8. */
export function toText(name: ByteString): string {
  return new TextDecoder().decode(toBytes(name));
}

export function toBytes(name: ByteString): Uint8Array {
  const bytes = new Uint8Array(name.length);
  for (let i = 0; i < name.length; i++) bytes[i] = name.charCodeAt(i);
  return bytes;
}

export function fromBytes(bytes: Uint8Array): ByteString {
  let name = "";
  for (let i = 0; i < bytes.length; i += 4096)
    name += String.fromCharCode.apply(null, bytes.subarray(i, i + 4096) as unknown as number[]);
  return name;
}
