import { fail } from "../vfs/error.ts";
import type { Filesystem, FilesystemUse } from "../vfs/filesystem.ts";
import type { Budget } from "../vfs/limits.ts";
import { RamDirectory } from "./directory.ts";

/** Bytes that an inode, and a name in a directory, count against the limit: about what they take of the host. */
export const INODE_COST = 512;
export const NAME_COST = 256;
export const PAGE = 4096;

export interface RamFilesystemOptions {
  /** Bytes that files, names and inodes may take together; more is ENOSPC. */
  readonly limit: number;
  /** What it takes, together with others. */
  readonly budget?: Budget;
  /** Nanoseconds since 1970. */
  readonly now: () => bigint;
}

/** A filesystem in memory. */
export class RamFilesystem implements Filesystem {
  readonly name: string = "ramfs";
  readonly source: string = "none";
  /** TMPFS_MAGIC: with a size limit it is what Linux calls tmpfs. */
  readonly magic: number = 0x01021994;
  readonly readOnly = false;
  readonly keepsAccessTimes = true;
  readonly now: () => bigint;
  private readonly limit: number;
  private readonly budget: Budget | undefined;
  private used = 0;
  private inodes = 0;
  private nextIno: number;
  private top: RamDirectory | undefined;

  constructor(options: RamFilesystemOptions, firstIno = 1) {
    this.limit = options.limit;
    this.budget = options.budget;
    this.now = options.now;
    this.nextIno = firstIno;
  }

  get root(): RamDirectory {
    this.top ??= this.makeRoot();
    return this.top;
  }

  protected makeRoot(): RamDirectory {
    return new RamDirectory(this, 0o755);
  }

  /** Takes `bytes` of the limit. Throws ENOSPC. */
  charge(bytes: number): void {
    if (this.used + bytes > this.limit) fail("ENOSPC");
    this.budget?.charge(bytes);
    this.used += bytes;
  }

  /** Gives them back. */
  discharge(bytes: number): void {
    this.used -= bytes;
    this.budget?.discharge(bytes);
  }

  /** The number of a new inode, which is charged. */
  newInode(): number {
    this.chargeInode();
    return this.nextIno++;
  }

  chargeInode(): void {
    this.charge(INODE_COST);
    this.inodes++;
  }

  dropInode(): void {
    this.discharge(INODE_COST);
    this.inodes--;
  }

  use(): FilesystemUse {
    const free = this.limit - this.used;
    const freeFiles = Math.floor(free / INODE_COST);
    return {
      blockSize: PAGE,
      blocks: Math.floor(this.limit / PAGE),
      freeBlocks: Math.floor(free / PAGE),
      files: this.inodes + freeFiles,
      freeFiles,
    };
  }
}
