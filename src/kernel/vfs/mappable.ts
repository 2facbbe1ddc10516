/**
 * What `mmap` needs of an open file: whole pages of 4096 bytes, by index (file offset / 4096).
 *
 * A private mapping fills a page with `readPage` when it is first touched and never writes it back. A shared one
 * fills its page the same way and hands changed pages to `writePage` at `msync`, `munmap` and exit; mappings of
 * one file find each other's pages by `identity`.
 *
 * A page that starts at or after `size` does not exist: touching it is SIGBUS.
 */
export interface Mappable {
  /** The same object for every open file that shows the same bytes. */
  readonly identity: object;
  /** Bytes in the file now. */
  readonly size: number;
  /** `PROT_READ` and shared `PROT_WRITE` need these; without them `mmap` answers EACCES. */
  readonly readable: boolean;
  readonly writable: boolean;
  /** What `/proc/self/maps` and a crash report call it. */
  readonly path: string;
  /** Fills `into` (4096 bytes) with the page, zeros after the end of the file. Throws `VfsError` (EIO). */
  readPage(index: number, into: Uint8Array): void;
  /** Stores a shared page; bytes after `size` are dropped. Throws `VfsError` (EIO, ENOSPC). */
  writePage(index: number, from: Uint8Array): void;
  /** A mapping holds the file open: `retain` when it is made, `release` when it is gone. */
  retain(): void;
  release(): void;
}
