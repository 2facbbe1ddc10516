import type { FilesystemUse } from "../vfs/filesystem.ts";
import type { AttributeChange, Attributes } from "../vfs/inode.ts";
import type { ByteString } from "../vfs/names.ts";
import type { FileData } from "../vfs/regular-file.ts";

/** Names from the top of the tree down; none is empty, `.` or `..`, or holds a slash or a NUL. */
export type HostPath = readonly ByteString[];

/**
 * A directory of the host that was given to the guest, and all below it. Nothing here follows a symbolic link,
 * neither at the end of a path nor on the way to it, so no operation can leave the tree. Throws `VfsError`.
 */
export interface HostTree {
  /** What the user called it. */
  readonly source: string;
  readonly readOnly: boolean;
  /** Undefined where there is nothing. */
  stat(path: HostPath): Attributes | undefined;
  list(path: HostPath): { name: ByteString; ino: number; type: number }[];
  readLink(path: HostPath): ByteString;
  /** A regular file. */
  open(path: HostPath, write: boolean): FileData;
  /** A new regular file, directory or symbolic link; what exists is never replaced. */
  createFile(path: HostPath, mode: number): void;
  createDirectory(path: HostPath, mode: number): void;
  createSymlink(path: HostPath, target: ByteString): void;
  link(from: HostPath, to: HostPath): void;
  unlink(path: HostPath): void;
  removeDirectory(path: HostPath): void;
  /** Replaces what is at `to`, as rename(2) does. */
  rename(from: HostPath, to: HostPath): void;
  setAttributes(path: HostPath, change: AttributeChange): void;
  use(): FilesystemUse;
}
