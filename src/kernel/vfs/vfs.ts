import { type Api, api } from "../library.ts";
import type { Location } from "./dentry.ts";
import { fail } from "./error.ts";
import type { Filesystem } from "./filesystem.ts";
import { DirectoryInode, FileType } from "./inode.ts";
import { Budget, DEFAULT_LIMITS, type FileLimits } from "./limits.ts";
import { createMount, enterMounts, type Mount } from "./mount.ts";
import { type ByteString, toByteString } from "./names.ts";
import { PipeMaker } from "./pipe.ts";
import { type Base, find } from "./walk.ts";

/** The file tree of a machine: a root filesystem and what is mounted in it. */
export class Vfs {
  /** In the order they were mounted, the root first. */
  readonly mounts: Mount[] = [];
  readonly root: Location;
  readonly limits: FileLimits;
  readonly pipes: PipeMaker;

  constructor(root: Filesystem, limits: FileLimits = DEFAULT_LIMITS) {
    this.limits = limits;
    this.pipes = new PipeMaker(new Budget(limits.pipeBytes, "ENOMEM"));
    const mount = createMount(root, 1, undefined);
    this.mounts.push(mount);
    this.root = { mount, dentry: mount.root };
  }

  /**
   * Mounts a filesystem on a directory, which is made where it is missing. `path` is absolute text. Throws ENOTDIR,
   * EROFS and ENOSPC where the directory cannot be made, EBUSY for the root.
   */
  mount(filesystem: Filesystem, path: string): void {
    const at = this.makeDirectory(path);
    if (at.dentry === this.root.dentry) fail("EBUSY");
    const mount = createMount(filesystem, this.mounts.length + 1, at);
    at.dentry.mounted = mount;
    this.mounts.push(mount);
  }

  /** The directory at an absolute path of text, made with all above it where missing. */
  makeDirectory(path: string): Location {
    let at = this.root;
    for (const name of namesOf(path)) {
      const directory = at.dentry.inode as DirectoryInode;
      if (!directory.lookup(name)) directory.create(name, { mode: FileType.directory | 0o755, rdev: 0 });
      at = find({ root: this.root, start: at }, name, true);
      if (!(at.dentry.inode instanceof DirectoryInode)) fail("ENOTDIR");
    }
    return enterMounts(at);
  }

  /** From the root of the tree. */
  base(): Base {
    return { root: this.root, start: this.root };
  }

  sync(): void {
    for (const mount of this.mounts) mount.filesystem.sync?.();
  }

  /** Lets go of all filesystems: nothing is done with them any more. */
  unmount(): void {
    this.sync();
    for (const mount of this.mounts) mount.filesystem.unmount?.();
  }
}

/** The names of an absolute path of text, without `.` and `..`. */
function namesOf(path: string): ByteString[] {
  const names: ByteString[] = [];
  for (const name of toByteString(path).split("/"))
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  return names;
}

export const vfs: Api<Vfs> = api("rkvfs");
