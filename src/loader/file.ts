/** A file as the loader reads it: only the parts that it asks for. */
export interface ElfFile {
  /** Bytes. */
  readonly size: number;
  /** `length` bytes from `offset`, which lie in the file; zeros for what it no longer has. Not to be changed. */
  read(offset: number, length: number): Uint8Array;
}

/** A file whose bytes are all there; they must not change. */
export function fileOf(source: Uint8Array | ElfFile): ElfFile {
  if (!(source instanceof Uint8Array)) return source;
  return { size: source.length, read: (offset, length) => source.subarray(offset, offset + length) };
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
