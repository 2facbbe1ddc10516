import type { Backing } from "../rkvm/backing.ts";
import { VfsError } from "./error.ts";
import type { FileData, FileInode } from "./regular-file.ts";

/**
 * What `mmap` maps of an inode with bytes: it holds them open while there are mappings. Nobody waits for a page
 * to answer, so what cannot be read is zeros and what cannot be written is lost, as after a disk's error.
 */
export class FileBacking implements Backing {
  readonly name: string;
  private readonly inode: FileInode;
  private mappings = 0;
  private data: FileData | undefined;
  private writable = false;

  constructor(name: string, inode: FileInode) {
    this.name = name;
    this.inode = inode;
  }

  get size(): number {
    return orElse(0, () => this.opened(false).size);
  }

  readAt(offset: number, into: Uint8Array): number {
    return orElse(0, () => this.opened(false).readAt(into, offset));
  }

  /** The mapping does not make the file longer. */
  writeAt(offset: number, bytes: Uint8Array): void {
    orElse(undefined, () => {
      const data = this.opened(true);
      const room = data.size - offset;
      if (room > 0) data.writeAt(bytes.subarray(0, room), offset);
    });
  }

  retain(): void {
    this.mappings++;
    orElse<FileData | undefined>(undefined, () => this.opened(false));
  }

  release(): void {
    if (--this.mappings > 0) return;
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

function orElse<T>(otherwise: T, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof VfsError) return otherwise;
    throw error;
  }
}
