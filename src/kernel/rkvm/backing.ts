/**
 * What stands behind a mapping of a file, or another object that pages come from. The same object is given for
 * every mapping of the same file (shared mappings find each other by it).
 */
export interface Backing {
  /** The path, for crash reports and `/proc/self/maps`. */
  readonly name: string;
  /** Bytes. Pages wholly beyond it fault with SIGBUS. */
  readonly size: number;
  /** Copies bytes from `offset` into `into`; returns how many there were (fewer at the end of the file). */
  readAt(offset: number, into: Uint8Array): number;
  /** Writes a shared page back; absent where the file was not opened for writing. */
  writeAt?(offset: number, bytes: Uint8Array): void;
  /** One more area maps it: it stays open. */
  retain?(): void;
  /** One area less. */
  release?(): void;
}
