import type { BigIntStats } from "node:fs";
import { errno } from "../kernel/syscalls/errno.ts";
import { fail, VfsError } from "../kernel/vfs/error.ts";
import type { Attributes } from "../kernel/vfs/inode.ts";

/** Permission bits that reach the host: a guest makes no set-id programs there. */
export const HOST_MODE = 0o1777;

/** What `stat` says of a file here, as the kernel has it. */
export function attributesOf(stat: BigIntStats): Attributes {
  return {
    ino: inoOf(stat),
    mode: Number(stat.mode),
    nlink: Number(stat.nlink),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    rdev: Number(BigInt.asUintN(32, stat.rdev)),
    size: Number(stat.size),
    blocks: Number(stat.blocks),
    atime: stat.atimeNs,
    mtime: stat.mtimeNs,
    ctime: stat.ctimeNs,
  };
}

/** Inode numbers of 64 bits lose their top bits. */
export function inoOf(stat: BigIntStats): number {
  return Number(BigInt.asUintN(53, stat.ino));
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
