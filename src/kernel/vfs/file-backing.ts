import type { Backing, CachedPages } from "../rkvm/backing.ts";
import { VfsError } from "./error.ts";
import type { FileData, FileInode } from "./regular-file.ts";

/**
 * What `mmap` maps of an inode with bytes: it holds them open while there are mappings. Nobody waits for a page
 * to answer, so what cannot be read is zeros, as after a disk's error.
 */
export class FileBacking implements Backing {
  readonly name: string;
  cached: CachedPages | undefined = undefined;
  private readonly inode: FileInode;
  private mappings = 0;
  private data: FileData | undefined;
  private writable = false;

  constructor(name: string, inode: FileInode) {
    this.name = name;
    this.inode = inode;
  }

  get size(): number {
    return this.with(false, 0, (data) => data.size);
  }

  readAt(offset: number, into: Uint8Array): number {
    return this.with(false, 0, (data) => data.readAt(into, offset));
  }

  /** The mapping does not make the file longer. */
  writeAt(offset: number, bytes: Uint8Array): boolean {
    return this.with(true, false, (data) => {
      const part = bytes.subarray(0, Math.max(0, data.size - offset));
      return part.length === 0 || data.writeAt(part, offset) === part.length;
    });
  }

  zero(from: number, to: number): void {
    this.with(true, undefined, (data) => data.zero(from, Math.min(to, data.size)));
  }

  version(): string | undefined {
    return this.inode.version();
  }

  retain(): void {
    this.mappings++;
    this.with(false, undefined, () => {});
  }

  release(): void {
    if (--this.mappings > 0) return;
    this.close();
  }

  /** Acts on the bytes, which are opened for it and stay open only while there are mappings. */
  private with<T>(write: boolean, otherwise: T, action: (data: FileData) => T): T {
    try {
      return action(this.opened(write));
    } catch (error) {
      if (error instanceof VfsError) return otherwise;
      throw error;
    } finally {
      if (this.mappings <= 0) this.close();
    }
  }

  private close(): void {
    this.data?.close();
    this.data = undefined;
    this.writable = false;
  }

  private opened(write: boolean): FileData {
    if (!this.data || (write && !this.writable)) {
      const data = this.inode.openData(write);
      this.data?.close();
      this.data = data;
      this.writable = write;
    }
    return this.data;
  }
}
