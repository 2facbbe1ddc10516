import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  statfsSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import type {
  ByteString,
  SharedAttributes,
  SharedChange,
  SharedFile,
  SharedPath,
  SharedTree,
  SharedUse,
} from "../devices/virtio/p9/tree.ts";
import { errno } from "../kernel/syscalls/errno.ts";
import { fail, VfsError } from "../kernel/vfs/error.ts";
import { GuestTerms, HOST_MODE, seconds, translated } from "./guest-terms.ts";
import { nodeHost } from "./node.ts";
import { bytesOf, O_PATH, OpenDirectories } from "./open-directories.ts";
import type { Owners } from "./owners.ts";

const { O_CREAT, O_EXCL, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/**
 * A directory of this host for a guest (see `SharedTree`).
 *
 * Every operation first opens the directory that its name is in, asks the kernel what path that descriptor really
 * has (`/proc/self/fd`), and works below it only where that is the path expected: one symbolic link on the way,
 * even one put there a moment ago, and the paths differ. The name itself is never followed. Where there is no
 * `/proc` (outside Linux) the directory's real path is compared instead, which leaves a race to whoever can
 * change the tree from the host's side.
 */
export class HostDirectory<F extends SharedFile> implements SharedTree {
  private readonly root: ByteString;
  private readonly terms: GuestTerms;
  private readonly opened: (fd: number, terms: GuestTerms) => F;
  /** Undefined where there is no `/proc`. */
  private readonly directories = existsSync("/proc/self/fd") ? new OpenDirectories() : undefined;

  /** `opened` makes what stands for an open file. Throws the error of `node:fs` where `path` is no directory. */
  constructor(path: string, readOnly: boolean, owners: Owners, opened: (fd: number, terms: GuestTerms) => F) {
    this.terms = new GuestTerms(readOnly, owners);
    this.opened = opened;
    const real = realpathSync(path, { encoding: "buffer" }).toString("latin1");
    this.root = real === "/" ? "" : real;
    readdirSync(bytesOf(real));
  }

  stat(path: SharedPath): SharedAttributes | undefined {
    try {
      return this.at(path, (name) => this.look(name));
    } catch (error) {
      if (error instanceof VfsError && (error.code === errno.ENOENT || error.code === errno.ENOTDIR))
        return undefined;
      throw error;
    }
  }

  statAll(path: SharedPath, names: readonly ByteString[]): (SharedAttributes | undefined)[] {
    return this.inside(path, (prefix) => names.map((name) => this.look(bytesOf(prefix + name))));
  }

  names(path: SharedPath): ByteString[] {
    return this.inside(path, (prefix) => readdirSync(bytesOf(prefix), "latin1"));
  }

  readLink(path: SharedPath): ByteString {
    return this.at(path, (name) => readlinkSync(name, "latin1"));
  }

  openFile(path: SharedPath, write: boolean): F {
    return this.opened(this.descriptor(path, write), this.terms);
  }

  makeFile(path: SharedPath, mode: number): F {
    return this.opened(this.newDescriptor(path, mode), this.terms);
  }

  createDirectory(path: SharedPath, mode: number): void {
    this.change(path, (name) => {
      mkdirSync(name, 0o700);
      changeMode(name, mode);
    });
  }

  createSymlink(path: SharedPath, target: ByteString): void {
    this.change(path, (name) => symlinkSync(bytesOf(target), name));
  }

  link(from: SharedPath, to: SharedPath): void {
    this.change(from, (source) => this.at(to, (name) => linkSync(source, name)));
  }

  unlink(path: SharedPath): void {
    this.change(path, (name) => unlinkSync(name));
  }

  removeDirectory(path: SharedPath): void {
    this.change(path, (name) => rmdirSync(name));
  }

  rename(from: SharedPath, to: SharedPath): void {
    this.change(from, (source) => this.at(to, (name) => renameSync(source, name)));
  }

  setAttributes(path: SharedPath, { uid, gid, mode, atime, mtime }: SharedChange): void {
    const { canChange } = this.terms.owners;
    this.change(path, (name) => {
      const old = lstatSync(name, { bigint: true });
      if (canChange && (uid !== undefined || gid !== undefined))
        lchownSync(name, uid ?? Number(old.uid), gid ?? Number(old.gid));
      if (mode !== undefined) changeMode(name, mode);
      if (atime !== undefined || mtime !== undefined)
        lutimesSync(name, seconds(atime ?? old.atimeNs), seconds(mtime ?? old.mtimeNs));
    });
  }

  use(): SharedUse {
    const s = statfsSync(bytesOf(this.root || "/"));
    return { blockSize: s.bsize, blocks: s.blocks, freeBlocks: s.bavail, files: s.files, freeFiles: s.ffree };
  }

  now(): bigint {
    return nodeHost.now();
  }

  private look(name: Buffer): SharedAttributes | undefined {
    const found = lstatSync(name, { bigint: true, throwIfNoEntry: false });
    return found && this.terms.describe(found);
  }

  /** A descriptor of a regular file. */
  private descriptor(path: SharedPath, write: boolean): number {
    if (write) this.terms.requireWritable();
    return this.at(path, (name) => {
      // Opening a fifo would wait, and opening a device may do things: only what is a file is opened.
      if (!lstatSync(name).isFile()) fail("EACCES");
      const fd = openSync(name, (write ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
      if (fstatSync(fd).isFile()) return fd;
      closeSync(fd);
      return fail("EACCES");
    });
  }

  /** A descriptor, for reading and writing whatever the mode, of a new file. */
  private newDescriptor(path: SharedPath, mode: number): number {
    return this.change(path, (name) => {
      const fd = openSync(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      fchmodSync(fd, mode & HOST_MODE);
      return fd;
    });
  }

  private change<T>(path: SharedPath, action: (name: Buffer) => T): T {
    this.terms.requireWritable();
    return this.at(path, action);
  }

  /** Calls `action` with a path for the name that `path` ends in, whose directory cannot be swapped meanwhile. */
  private at<T>(path: SharedPath, action: (name: Buffer) => T): T {
    if (path.length === 0) return this.inside(path, (prefix) => action(bytesOf(`${prefix}.`)));
    const name = path[path.length - 1];
    if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) fail("EINVAL");
    return this.inside(path.slice(0, -1), (prefix) => action(bytesOf(prefix + name)));
  }

  /** Calls `action` with a prefix, ending in a slash, for names in the directory at `path`. */
  private inside<T>(path: SharedPath, action: (prefix: ByteString) => T): T {
    const expected = this.root + path.map((name) => `/${name}`).join("") || "/";
    return translated(() => {
      if (this.directories) return action(`/proc/self/fd/${this.directories.open(expected)}/`);
      if (realpathSync(bytesOf(expected), { encoding: "buffer" }).toString("latin1") !== expected)
        fail("ENOENT");
      return action(expected === "/" ? "/" : `${expected}/`);
    });
  }
}

/** Where the name is a symbolic link this fails instead of changing what it points to. */
function changeMode(name: Buffer, mode: number): void {
  if (!existsSync("/proc/self/fd")) {
    const fd = openSync(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    fchmodSync(fd, mode & HOST_MODE);
    closeSync(fd);
    return;
  }
  const fd = openSync(name, O_PATH | O_NOFOLLOW);
  try {
    chmodSync(`/proc/self/fd/${fd}`, mode & HOST_MODE);
  } finally {
    closeSync(fd);
  }
}
