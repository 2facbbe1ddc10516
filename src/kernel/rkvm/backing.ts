/**
 * What stands behind a mapping of a file. The same object is given for every mapping of the same file (mappings find
 * each other by it).
 */
export interface Backing {
  /** The path, for crash reports and `/proc/self/maps`. */
  readonly name: string;
  /** Bytes. Pages wholly beyond it fault with SIGBUS. */
  readonly size: number;
  /** Copies bytes from `offset` into `into`; returns how many there were (fewer at the end of the file). */
  readAt(offset: number, into: Uint8Array): number;
  /** Writes a page back; absent for what is never written. False: it could not be written. */
  writeAt?(offset: number, bytes: Uint8Array): boolean;
  /** Makes a range zeros (MADV_REMOVE); absent where that cannot be done. */
  zero?(from: number, to: number): void;
  /** Changes when somebody else may have changed the file; absent where all changes come through `cached`. */
  version?(): string | undefined;
  /** One more area maps it: it stays open. */
  retain?(): void;
  /** One area less. */
  release?(): void;
  /** Set while pages of it are in memory: who reads and writes the file asks there too. */
  cached?: CachedPages | undefined;
}

/** The pages of a file that are in memory, as who reads and writes the file sees them. Positions are bytes. */
export interface CachedPages {
  /** Mappings may write to the file, or might be allowed to. */
  readonly isShared: boolean;
  /** `into` was read from the file at `position`: puts in what mappings have written since. */
  read(into: Uint8Array, position: number): void;
  /** `from` was written to the file at `position`. */
  written(from: Uint8Array, position: number): void;
  /** A range of the file was made zeros. */
  zeroed(from: number, to: number): void;
  /** The file's size has changed. */
  resized(from: number, to: number): void;
  /** Brings what mappings have written to the file. */
  flush(): void;
}
