import { RefusedError } from "../../messages/errors.ts";
import { ext2Text } from "../../messages/ext2.ts";
import type { BlockDevice } from "../rkblkdev/block-device.ts";
import { fail, VfsError } from "../vfs/error.ts";
import type { Filesystem, FilesystemUse } from "../vfs/filesystem.ts";
import { FileType } from "../vfs/inode.ts";
import type { ByteBudget } from "../vfs/pipe.ts";
import { WeakNames } from "../vfs/weak-names.ts";
import { Ext2Directory } from "./directory.ts";
import { Ext2File } from "./file.ts";
import { Node } from "./node.ts";
import { Ext2Special, Ext2Symlink } from "./special.ts";
import { Store, type StoreOptions } from "./store.ts";

export type Ext2Inode = Ext2Directory | Ext2File | Ext2Symlink | Ext2Special;

const ROOT = 2;
/** Names of directories that are kept together, and directories. */
const MOST_NAMES = 1_000_000;
const MOST_DIRECTORIES = 1024;
/** Bytes that fifos may hold. */
const PIPE_MEMORY = 16 << 20;

/** An ext2 file system (revisions 0 and 1) on a disk. */
export class Ext2Filesystem implements Filesystem {
  readonly name = "ext2";
  readonly source: string;
  readonly magic = 0xef53;
  readonly readOnly: boolean;
  readonly root: Ext2Directory;
  readonly pipes: ByteBudget = budget(PIPE_MEMORY);
  private readonly store: Store;
  /** By number. */
  private readonly inodes = new WeakNames<Ext2Inode>();
  /** Directories whose names are in memory, and how many names those are at least. */
  private readonly directories = new Set<Ext2Directory>();
  private names = 0;

  /** Throws `RefusedError` where the disk has no file system that can be used. */
  constructor(device: BlockDevice, options: StoreOptions) {
    this.source = `/dev/${device.name}`;
    const refuse = (why: string): never => {
      throw new RefusedError(ext2Text.refused(device.name, why));
    };
    this.store = orElse(
      () => new Store(device, options),
      () => refuse(ext2Text.unreadable()),
    );
    this.readOnly = this.store.readOnly;
    const root = orElse(
      () => this.inode(ROOT),
      () => refuse(ext2Text.badRoot()),
    );
    this.root = root instanceof Ext2Directory ? root : refuse(ext2Text.badRoot());
  }

  use(): FilesystemUse {
    const { blockSize, blocks, inodes } = this.store.geometry;
    const { freeBlocks, freeInodes } = this.store.use();
    return { blockSize, blocks, freeBlocks, files: inodes, freeFiles: freeInodes };
  }

  sync(): void {
    this.store.commit(true);
  }

  /** The last thing that is done with it. */
  unmount(): void {
    this.store.unmount();
  }

  /** The inode of a number; `node` where it was just made. Throws EUCLEAN. */
  inode(ino: number, node?: Node): Ext2Inode {
    const key = String(ino);
    const known = this.inodes.get(key);
    if (known) return known;
    if (ino !== ROOT && ino < this.store.geometry.firstInode) fail("EUCLEAN");
    const made = this.build(node ?? new Node(this.store, ino));
    this.inodes.set(key, made);
    return made;
  }

  /** The type of an inode; 0 where it is damaged. */
  typeOf(ino: number): number {
    return orElse(
      () => this.inode(ino).type,
      () => 0,
    );
  }

  /** Its last name is gone: another inode may get its number. */
  forget(node: Node): void {
    if (node.links === 0) this.inodes.delete(String(node.ino));
  }

  /** A directory has read its names. */
  loaded(directory: Ext2Directory, names: number): void {
    this.names += names;
    if (this.names > MOST_NAMES || this.directories.size >= MOST_DIRECTORIES) {
      for (const other of this.directories) if (other !== directory) other.forgetNames();
      this.directories.clear();
      this.names = names;
    }
    this.directories.add(directory);
  }

  private build(node: Node): Ext2Inode {
    switch (node.type) {
      case FileType.directory:
        return new Ext2Directory(this, node);
      case FileType.regular:
        return new Ext2File(this, node);
      case FileType.symlink:
        return new Ext2Symlink(this, node);
      case FileType.fifo:
      case FileType.socket:
      case FileType.block:
      case FileType.character:
        return new Ext2Special(this, node);
    }
    return fail("EUCLEAN");
  }
}

function budget(bytes: number): ByteBudget {
  let left = bytes;
  return {
    charge(count) {
      if (count > left) fail("ENOMEM");
      left -= count;
    },
    discharge(count) {
      left += count;
    },
  };
}

function orElse<T>(action: () => T, otherwise: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof VfsError) return otherwise();
    throw error;
  }
}
