import type { DirectoryInode } from "./inode.ts";

/** What `statfs` tells. Sizes are counted in `blockSize` bytes. */
export interface FilesystemUse {
  readonly blockSize: number;
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly files: number;
  readonly freeFiles: number;
}

/** A filesystem: one tree of inodes. */
export interface Filesystem {
  /** `ramfs`, as in `/proc/mounts`. */
  readonly name: string;
  /** What is mounted, as in `/proc/mounts`. */
  readonly source: string;
  /** `f_type` of `statfs` (linux/magic.h). */
  readonly magic: number;
  readonly readOnly: boolean;
  /** Reading moves the time of access. */
  readonly keepsAccessTimes?: boolean;
  readonly root: DirectoryInode;
  use(): FilesystemUse;
  /** Brings everything written to stable storage, where there is such a thing. */
  sync?(): void;
  /** The same for the last time: it is not used any more. */
  unmount?(): void;
}
