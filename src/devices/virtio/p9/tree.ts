import type { Answer } from "../../disk.ts";

/** File names are bytes: strings of one character a byte. */
export type ByteString = string;

/** Names from the shared directory down; none is empty, `.` or `..`, or holds a slash or a NUL. */
export type SharedPath = readonly ByteString[];

/** As `stat` tells. Times are nanoseconds since 1970; `blocks` counts 512 bytes. */
export interface SharedAttributes {
  /** What no other file of the tree has at the same time: 64 bits. */
  readonly id: bigint;
  /** Type and permission bits, as Linux has them. */
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly size: number;
  readonly blocks: number;
  readonly atime: bigint;
  readonly mtime: bigint;
  readonly ctime: bigint;
}

export interface SharedChange {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly atime?: bigint;
  readonly mtime?: bigint;
}

/**
 * A directory of the host as a guest may use it. No operation follows a symbolic link, neither at the end of a path
 * nor on the way to it, so none can leave the tree. What fails throws (or rejects with) an error whose `code` is the
 * number of Linux's errno: EROFS for every change where the tree is read-only.
 */
export interface SharedTree {
  /** Undefined where there is nothing. */
  stat(path: SharedPath): SharedAttributes | undefined;
  /** The same for names in one directory, in their order. */
  statAll(path: SharedPath, names: readonly ByteString[]): (SharedAttributes | undefined)[];
  /** A directory's names, without `.` and `..`. */
  names(path: SharedPath): ByteString[];
  readLink(path: SharedPath): ByteString;
  /** A regular file; anything else is refused with EACCES. */
  openFile(path: SharedPath, write: boolean): SharedFile;
  /** A new regular file, open for writing, too. EEXIST where the name is taken, as with all that makes something. */
  makeFile(path: SharedPath, mode: number): SharedFile;
  createDirectory(path: SharedPath, mode: number): void;
  createSymlink(path: SharedPath, target: ByteString): void;
  link(from: SharedPath, to: SharedPath): void;
  unlink(path: SharedPath): void;
  removeDirectory(path: SharedPath): void;
  /** Replaces what is at `to`, as rename(2) does. */
  rename(from: SharedPath, to: SharedPath): void;
  setAttributes(path: SharedPath, change: SharedChange): void;
  use(): SharedUse;
  /** The host's time: nanoseconds since 1970. */
  now(): bigint;
}

/** What `statfs` tells. Sizes are counted in `blockSize` bytes. */
export interface SharedUse {
  readonly blockSize: number;
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly files: number;
  readonly freeFiles: number;
}

/** An open regular file. */
export interface SharedFile {
  attributes(): SharedAttributes;
  setAttributes(change: SharedChange): void;
  /** Fewer bytes than `length` at the end of the file only. */
  read(position: number, length: number): Answer<Uint8Array>;
  /** The same into memory, where that can be done at once: how many bytes. */
  readInto?(position: number, into: Uint8Array): number;
  /** How many were written. */
  write(position: number, bytes: Uint8Array): Answer<number>;
  resize(size: number): void;
  sync(): Answer<void>;
  /** What is under way is still done. */
  close(): void;
}

/** A tree whose files answer at once: while the host works, nothing else goes on. */
export interface ImmediateTree extends SharedTree {
  openFile(path: SharedPath, write: boolean): ImmediateFile;
  makeFile(path: SharedPath, mode: number): ImmediateFile;
}

export interface ImmediateFile extends SharedFile {
  read(position: number, length: number): Uint8Array;
  readInto(position: number, into: Uint8Array): number;
  write(position: number, bytes: Uint8Array): number;
  sync(): void;
}
