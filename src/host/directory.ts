import {
  type BigIntStats,
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
import type { HostPath, HostTree } from "../kernel/hostfs/host-tree.ts";
import { errno } from "../kernel/syscalls/errno.ts";
import { fail, VfsError } from "../kernel/vfs/error.ts";
import type { FilesystemUse } from "../kernel/vfs/filesystem.ts";
import { type AttributeChange, type Attributes, FileType } from "../kernel/vfs/inode.ts";
import type { ByteString } from "../kernel/vfs/names.ts";
import type { FileData } from "../kernel/vfs/regular-file.ts";
import { HostFileData } from "./file-data.ts";
import { attributesOf, HOST_MODE, inoOf, seconds, translated } from "./guest-terms.ts";
import { bytesOf, O_PATH, OpenDirectories } from "./open-directories.ts";

const { O_CREAT, O_EXCL, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/**
 * A directory of this host for a guest (see `HostTree`).
 *
 * Every operation first opens the directory that its name is in, asks the kernel what path that descriptor really
 * has (`/proc/self/fd`), and works below it only where that is the path expected: one symbolic link on the way,
 * even one put there a moment ago, and the paths differ. The name itself is never followed. Where there is no
 * `/proc` (outside Linux) the directory's real path is compared instead, which leaves a race to whoever can
 * change the tree from the host's side.
 */
export class HostDirectoryTree implements HostTree {
  readonly source: string;
  readonly readOnly: boolean;
  private readonly root: ByteString;
  /** Undefined where there is no `/proc`. */
  private readonly directories = existsSync("/proc/self/fd") ? new OpenDirectories() : undefined;

  /** Throws the error of `node:fs` where `path` is no directory. */
  constructor(path: string, readOnly: boolean) {
    this.source = path;
    this.readOnly = readOnly;
    const real = realpathSync(path, { encoding: "buffer" }).toString("latin1");
    this.root = real === "/" ? "" : real;
    readdirSync(bytesOf(real));
  }

  stat(path: HostPath): Attributes | undefined {
    const found = this.look(path);
    return found && attributesOf(found);
  }

  /** Undefined where there is nothing. */
  protected look(path: HostPath): BigIntStats | undefined {
    try {
      return this.at(path, (name) => lstatSync(name, { bigint: true }));
    } catch (error) {
      if (error instanceof VfsError && (error.code === errno.ENOENT || error.code === errno.ENOTDIR))
        return undefined;
      throw error;
    }
  }

  list(path: HostPath): { name: ByteString; ino: number; type: number }[] {
    return this.inside(path, (prefix) => {
      const entries = [];
      for (const raw of readdirSync(bytesOf(prefix), { encoding: "buffer" })) {
        const name = raw.toString("latin1");
        const stat = lstatSync(bytesOf(prefix + name), { bigint: true, throwIfNoEntry: false });
        if (stat) entries.push({ name, ino: inoOf(stat), type: Number(stat.mode) & FileType.mask });
      }
      return entries;
    });
  }

  readLink(path: HostPath): ByteString {
    return this.at(path, (name) => readlinkSync(name, { encoding: "buffer" }).toString("latin1"));
  }

  open(path: HostPath, write: boolean): FileData {
    return new HostFileData(this.descriptor(path, write));
  }

  createFile(path: HostPath, mode: number): void {
    closeSync(this.newDescriptor(path, mode));
  }

  createDirectory(path: HostPath, mode: number): void {
    this.change(path, (name) => {
      mkdirSync(name, 0o700);
      changeMode(name, mode);
    });
  }

  createSymlink(path: HostPath, target: ByteString): void {
    this.change(path, (name) => symlinkSync(bytesOf(target), name));
  }

  link(from: HostPath, to: HostPath): void {
    this.change(from, (source) => this.at(to, (name) => linkSync(source, name)));
  }

  unlink(path: HostPath): void {
    this.change(path, (name) => unlinkSync(name));
  }

  removeDirectory(path: HostPath): void {
    this.change(path, (name) => rmdirSync(name));
  }

  rename(from: HostPath, to: HostPath): void {
    this.change(from, (source) => this.at(to, (name) => renameSync(source, name)));
  }

  setAttributes(path: HostPath, change: AttributeChange): void {
    this.change(path, (name) => {
      const old = lstatSync(name, { bigint: true });
      if (change.uid !== undefined || change.gid !== undefined)
        lchownSync(name, change.uid ?? Number(old.uid), change.gid ?? Number(old.gid));
      if (change.mode !== undefined) changeMode(name, change.mode);
      if (change.atime !== undefined || change.mtime !== undefined)
        lutimesSync(name, seconds(change.atime ?? old.atimeNs), seconds(change.mtime ?? old.mtimeNs));
    });
  }

  use(): FilesystemUse {
    const s = statfsSync(bytesOf(this.root || "/"));
    return { blockSize: s.bsize, blocks: s.blocks, freeBlocks: s.bavail, files: s.files, freeFiles: s.ffree };
  }

  /** A descriptor of a regular file. */
  protected descriptor(path: HostPath, write: boolean): number {
    if (write) this.requireWritable();
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
  protected newDescriptor(path: HostPath, mode: number): number {
    return this.change(path, (name) => {
      const fd = openSync(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      fchmodSync(fd, mode & HOST_MODE);
      return fd;
    });
  }

  private requireWritable(): void {
    if (this.readOnly) fail("EROFS");
  }

  private change<T>(path: HostPath, action: (name: Buffer) => T): T {
    this.requireWritable();
    return this.at(path, action);
  }

  /** Calls `action` with a path for the name that `path` ends in, whose directory cannot be swapped meanwhile. */
  protected at<T>(path: HostPath, action: (name: Buffer) => T): T {
    if (path.length === 0) return this.inside(path, (prefix) => action(bytesOf(`${prefix}.`)));
    const name = path[path.length - 1];
    if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) fail("EINVAL");
    return this.inside(path.slice(0, -1), (prefix) => action(bytesOf(prefix + name)));
  }

  /** Calls `action` with a prefix, ending in a slash, for names in the directory at `path`. */
  protected inside<T>(path: HostPath, action: (prefix: ByteString) => T): T {
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
