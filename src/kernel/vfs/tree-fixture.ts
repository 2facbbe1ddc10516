import { errno } from "../syscalls/errno.ts";
import type { Location } from "./dentry.ts";
import type { DirectoryFile } from "./directory-file.ts";
import { VfsError } from "./error.ts";
import type { Filesystem } from "./filesystem.ts";
import { O } from "./flags.ts";
import type { Attributes, SymlinkInode } from "./inode.ts";
import { describe } from "./mount.ts";
import { toByteString, toText } from "./names.ts";
import type { OpenFile } from "./open-file.ts";
import * as operations from "./operations.ts";
import { rename } from "./rename.ts";
import { Vfs } from "./vfs.ts";
import { type Base, find } from "./walk.ts";

/** A file tree with the calls that tests of filesystems are written in: paths and contents are text. */
export class Tree {
  readonly vfs: Vfs;
  cwd: Location;

  constructor(root: Filesystem | Vfs) {
    this.vfs = root instanceof Vfs ? root : new Vfs(root);
    this.cwd = this.vfs.root;
  }

  get base(): Base {
    return { root: this.vfs.root, start: this.cwd };
  }

  open(path: string, flags: number = O.RDONLY, mode = 0o644): OpenFile {
    return operations.open(this.base, toByteString(path), flags, mode);
  }

  write(path: string, text: string, flags: number = O.CREAT | O.TRUNC): void {
    const file = this.open(path, flags | O.WRONLY);
    const bytes = new TextEncoder().encode(text);
    try {
      for (let done = 0; done < bytes.length; ) done += file.write(bytes.subarray(done));
    } finally {
      file.release();
    }
  }

  read(path: string): string {
    const file = this.open(path);
    try {
      return readAll(file);
    } finally {
      file.release();
    }
  }

  /** Names in the order of their bytes, without `.` and `..`. */
  list(path: string): string[] {
    const file = this.open(path, O.DIRECTORY) as DirectoryFile;
    const names: string[] = [];
    file.list(({ name }) => {
      names.push(toText(name));
      return true;
    });
    file.release();
    return names.slice(2).sort();
  }

  find(path: string, follow = true): Location {
    return find(this.base, toByteString(path), follow);
  }

  stat(path: string): Attributes {
    return this.find(path).dentry.inode.attributes();
  }

  lstat(path: string): Attributes {
    return this.find(path, false).dentry.inode.attributes();
  }

  readlink(path: string): string {
    return toText((this.find(path, false).dentry.inode as SymlinkInode).target());
  }

  /** Where a path leads, as text. */
  resolve(path: string): string {
    return toText(describe(this.find(path)));
  }

  chdir(path: string): void {
    this.cwd = this.find(path);
  }

  mkdir(path: string, mode = 0o755): void {
    operations.mkdir(this.base, toByteString(path), mode);
  }

  mknod(path: string, mode: number): void {
    operations.mknod(this.base, toByteString(path), { mode, rdev: 0 });
  }

  symlink(target: string, path: string): void {
    operations.symlink(this.base, toByteString(path), toByteString(target));
  }

  link(from: string, to: string): void {
    operations.link(this.find(from, false), this.base, toByteString(to));
  }

  unlink(path: string): void {
    operations.unlink(this.base, toByteString(path));
  }

  rmdir(path: string): void {
    operations.rmdir(this.base, toByteString(path));
  }

  rename(from: string, to: string, flags = 0): void {
    rename(this.base, toByteString(from), this.base, toByteString(to), flags);
  }
}

export function readAll(file: OpenFile): string {
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(1000);
  for (let count = file.read(buffer); count > 0; count = file.read(buffer))
    parts.push(buffer.slice(0, count));
  return new TextDecoder().decode(Buffer.concat(parts));
}

/** The name of the errno that an action fails with; "" where it does not fail. */
export function failure(action: () => unknown): string {
  try {
    action();
    return "";
  } catch (error) {
    if (!(error instanceof VfsError)) throw error;
    return Object.entries(errno).find(([, code]) => code === error.code)?.[0] ?? `errno ${error.code}`;
  }
}
