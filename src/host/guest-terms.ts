import type { BigIntStats } from "node:fs";
import type { SharedAttributes } from "../devices/virtio/p9/tree.ts";
import { errno } from "../kernel/syscalls/errno.ts";
import { fail, VfsError } from "../kernel/vfs/error.ts";
import type { Owners } from "./owners.ts";

/** Permission bits that reach the host: a guest makes no set-id programs there. */
export const HOST_MODE = 0o1777;

/** Odd, and with bits everywhere: 2^64 divided by the golden ratio. */
const SPREAD = 0x9e37_79b9_7f4a_7c15n;

/** What a guest is told of a directory's files, and may change of them. */
export class GuestTerms {
  readonly owners: Owners;
  private readonly readOnly: boolean;
  /** Where files lie: filesystems may be mounted in the directory, and each has inode numbers of its own. */
  private readonly filesystems: bigint[] = [];

  constructor(readOnly: boolean, owners: Owners) {
    this.readOnly = readOnly;
    this.owners = owners;
  }

  requireWritable(): void {
    if (this.readOnly) fail("EROFS");
  }

  /** What `stat` says of a file here, as the guest sees it. */
  describe(stat: BigIntStats): SharedAttributes {
    let index = this.filesystems.indexOf(stat.dev);
    if (index < 0) index = this.filesystems.push(stat.dev) - 1;
    return {
      id: index === 0 ? stat.ino : BigInt.asUintN(64, stat.ino + BigInt(index) * SPREAD),
      mode: Number(stat.mode),
      nlink: Number(stat.nlink),
      uid: this.owners.uid(Number(stat.uid)),
      gid: this.owners.gid(Number(stat.gid)),
      rdev: Number(BigInt.asUintN(32, stat.rdev)),
      size: Number(stat.size),
      blocks: Number(stat.blocks),
      atime: stat.atimeNs,
      mtime: stat.mtimeNs,
      ctime: stat.ctimeNs,
    };
  }
}

/** Node takes times as seconds, so a fraction of a microsecond is lost, and those before 1970 only as dates. */
export function seconds(nanoseconds: bigint): number | Date {
  return nanoseconds < 0n ? new Date(Number(nanoseconds / 1_000_000n)) : Number(nanoseconds) / 1e9;
}

/** Turns what `node:fs` throws into the guest's errno. */
export function translated<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof VfsError) throw error;
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    return fail(code !== undefined && code in errno ? (code as keyof typeof errno) : "EIO");
  }
}
