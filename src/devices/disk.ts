/** What an operation gives: at once, or when a promise resolves. */
export type Answer<T> = T | Promise<T>;

/**
 * What a block device keeps its data in. Offsets and lengths are bytes, multiples of 512 and inside the disk: the device
 * has checked them. An operation throws, or its promise
 * rejects, where the host fails (the device answers with an I/O error).
 *
 * Operations may be under way side by side and end in any order. `flush` covers the writes that had ended before it was
 * called: once it is done they survive the end of this process and of the host.
 */
export interface Disk {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  read(offset: number, length: number): Answer<Uint8Array>;
  /** Takes the bytes at once: they may be changed afterwards. */
  write(offset: number, bytes: Uint8Array): Answer<void>;
  flush(): Answer<void>;
  /** The range's contents no longer matter: its room may be given back. */
  discard(offset: number, length: number): Answer<void>;
  writeZeroes(offset: number, length: number): Answer<void>;
  /** Lets go of files. No operation is under way. */
  close(): Promise<void>;
}

/** A disk that answers at once: while the host works, nothing else goes on. */
export interface ImmediateDisk extends Disk {
  read(offset: number, length: number): Uint8Array;
  write(offset: number, bytes: Uint8Array): void;
  flush(): void;
  discard(offset: number, length: number): void;
  writeZeroes(offset: number, length: number): void;
}
