import type { Location } from "./dentry.ts";
import { fail } from "./error.ts";
import type { Filesystem } from "./filesystem.ts";
import type { FileLocks } from "./locks.ts";
import type { ByteString } from "./names.ts";
import type { Watcher } from "./notify.ts";
import type { OpenFile } from "./open-file.ts";

/** The file types of `st_mode` (inode(7)). */
export const FileType = {
  mask: 0o170000,
  socket: 0o140000,
  symlink: 0o120000,
  regular: 0o100000,
  block: 0o060000,
  directory: 0o040000,
  character: 0o020000,
  fifo: 0o010000,
} as const;

/** What `stat` tells of an inode. Times are nanoseconds since 1970; `blocks` counts 512 bytes. */
export interface Attributes {
  readonly ino: number;
  /** Type and permission bits. */
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  /** Device number of a device file, `deviceNumber(major, minor)`. */
  readonly rdev: number;
  readonly size: number;
  readonly blocks: number;
  readonly atime: bigint;
  readonly mtime: bigint;
  readonly ctime: bigint;
  /** When it was made; undefined where nobody keeps that. */
  readonly btime?: bigint;
}

/** What `chmod`, `chown` and `utimensat` change. */
export interface AttributeChange {
  /** Permission bits (07777). */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly atime?: bigint;
  readonly mtime?: bigint;
}

/** Linux's `makedev` for small numbers: what `st_rdev` holds. */
export function deviceNumber(major: number, minor: number): number {
  return (major << 8) | minor;
}

/**
 * An object in a filesystem. Operations throw `VfsError`; what a kind of inode cannot do has its errno here.
 * Permissions have been checked (`permission.ts`) before any of them is called.
 */
export abstract class Inode {
  abstract readonly filesystem: Filesystem;
  /** One of `FileType`. */
  abstract readonly type: number;
  /** Set once somebody has locked it. */
  locks: FileLocks | undefined = undefined;
  /** Who wants to hear what happens to it. */
  watchers: Set<Watcher> | undefined = undefined;
  /** Open files that may write to it; below zero: processes that run it (ETXTBSY otherwise). */
  writers = 0;
  /** Undefined where the filesystem keeps none. */
  get extendedAttributes(): ExtendedAttributes | undefined {
    return undefined;
  }
  abstract attributes(): Attributes;
  abstract setAttributes(change: AttributeChange): void;
  /** It was read: the time of access may move. */
  accessed(): void {}
  /** A new open file description. `flags` as in `open(2)`; O_CREAT and O_EXCL have been dealt with. */
  abstract open(location: Location, flags: number): OpenFile;
}

export interface DirectoryEntry {
  readonly name: ByteString;
  readonly ino: number;
  /** One of `FileType`. */
  readonly type: number;
}

/** Whose a new inode is. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Extended attributes of an inode (xattr(7)). Names and values are within Linux's limits. */
export interface ExtendedAttributes {
  get(name: ByteString): Uint8Array | undefined;
  /** Throws ENOSPC. */
  set(name: ByteString, value: Uint8Array): void;
  delete(name: ByteString): void;
  names(): ByteString[];
}

/** What to make in a directory: `mode` has type and permissions, `umask` already taken off. */
export interface NewInode {
  /** Absent: root's. */
  readonly owner?: Owner;
  readonly mode: number;
  /** Of a device file. */
  readonly rdev: number;
}

export abstract class DirectoryInode extends Inode {
  readonly type: number = FileType.directory;
  /** What it is about, where that is something (a process, whose directory stands for it). */
  readonly subject: object | undefined = undefined;

  /** The inode called `name`, or undefined: the same object as long as anybody holds it. */
  abstract lookup(name: ByteString): Inode | undefined;
  /** All entries without `.` and `..`: a snapshot that never changes. */
  abstract entries(): readonly DirectoryEntry[];

  // The names below are known not to exist (`create`, `symlink`, `link`) or to exist (`unlink`, `rmdir`).

  create(_name: ByteString, _what: NewInode): Inode {
    return fail("EPERM");
  }
  /** A regular file without a name (O_TMPFILE): it goes when nobody has it open, or gets its first name by `link`. */
  createNameless(_what: NewInode): Inode {
    return fail("EOPNOTSUPP");
  }
  symlink(_name: ByteString, _target: ByteString, _owner?: Owner): Inode {
    return fail("EPERM");
  }
  link(_name: ByteString, _inode: Inode): void {
    fail("EPERM");
  }
  /** Removes the name of something that is no directory. */
  unlink(_name: ByteString, _inode: Inode): void {
    fail("EPERM");
  }
  /** Removes an empty directory (ENOTEMPTY). */
  rmdir(_name: ByteString, _inode: DirectoryInode): void {
    fail("EPERM");
  }
  /**
   * Moves `inode` to `newName` in `to`, a directory of the same filesystem, replacing `replaced` there. The kinds
   * of both fit and `to` is not inside `inode`. With `exchange` the two swap places.
   */
  rename(
    _name: ByteString,
    _inode: Inode,
    _to: DirectoryInode,
    _newName: ByteString,
    _replaced: Inode | undefined,
    _exchange: boolean,
  ): void {
    fail("EPERM");
  }
}

export abstract class SymlinkInode extends Inode {
  readonly type: number = FileType.symlink;
  abstract target(): ByteString;
  /** Where the link leads without being parsed (`/proc/self/fd/3`). */
  follow(): Location | undefined {
    return undefined;
  }
  open(): OpenFile {
    return fail("ELOOP");
  }
}
