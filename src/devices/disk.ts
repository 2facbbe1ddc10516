/**
 * What a block device keeps its data in. Offsets and lengths are bytes, multiples of 512 and inside the disk: the device
 * has checked them. A promise rejects where the host fails (the device answers with an I/O error).
 *
 * Operations may be under way side by side and end in any order. `flush` covers the writes that had ended before it was
 * called: once it resolves they survive the end of this process and of the host.
 */
export interface Disk {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Takes the bytes at once: they may be changed afterwards. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  flush(): Promise<void>;
  /** The range's contents no longer matter: its room may be given back. */
  discard(offset: number, length: number): Promise<void>;
  writeZeroes(offset: number, length: number): Promise<void>;
  /** Lets go of files. No operation is under way. */
  close(): Promise<void>;
}
