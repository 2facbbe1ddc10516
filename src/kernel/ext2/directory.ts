import { errno } from "../syscalls/errno.ts";
import type { Location } from "../vfs/dentry.ts";
import { DirectoryFile } from "../vfs/directory-file.ts";
import { fail, VfsError } from "../vfs/error.ts";
import {
  type AttributeChange,
  type Attributes,
  type DirectoryEntry,
  DirectoryInode,
  FileType,
  type Inode,
  type NewInode,
} from "../vfs/inode.ts";
import { type ByteString, toBytes } from "../vfs/names.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import type { Ext2Filesystem, Ext2Inode } from "./filesystem.ts";
import { Names } from "./names.ts";
import { LINK_MAX, Node, POINTERS } from "./node.ts";

export class Ext2Directory extends DirectoryInode {
  readonly filesystem: Ext2Filesystem;
  readonly node: Node;
  private names: Names | undefined;
  /** Why the names cannot be read: it need not be found out again with each name that is looked for. */
  private damage: VfsError | undefined;
  private listing: readonly DirectoryEntry[] | undefined;

  constructor(filesystem: Ext2Filesystem, node: Node) {
    super();
    this.filesystem = filesystem;
    this.node = node;
  }

  attributes(): Attributes {
    return this.node.attributes();
  }

  setAttributes(change: AttributeChange): void {
    this.node.change(change);
  }

  open(location: Location, flags: number): OpenFile {
    return new DirectoryFile(location, flags);
  }

  lookup(name: ByteString): Inode | undefined {
    const found = this.node.isGone ? undefined : this.loaded().get(name);
    return found && this.filesystem.inode(found.ino);
  }

  entries(): readonly DirectoryEntry[] {
    this.listing ??= Array.from(this.loaded().list(), ([name, { ino, type }]) => ({
      name,
      ino,
      type: type || this.filesystem.typeOf(ino),
    }));
    return this.listing;
  }

  override create(name: ByteString, { mode, rdev }: NewInode): Inode {
    const isDirectory = (mode & FileType.mask) === FileType.directory;
    if (!isDirectory) return this.insert(name, mode, 1, (node) => setDevice(node, rdev));
    if (this.node.links >= LINK_MAX) fail("EMLINK");
    const made = this.insert(name, mode, 2, (node) => Names.begin(node, this.node));
    this.node.linked(1);
    return made;
  }

  override symlink(name: ByteString, target: ByteString): Inode {
    if (target.length >= this.node.store.geometry.blockSize) fail("ENAMETOOLONG");
    return this.insert(name, FileType.symlink | 0o777, 1, (node) => setTarget(node, target));
  }

  override link(name: ByteString, inode: Inode): void {
    const { node } = inode as Ext2Inode;
    if (node.links === 0) fail("ENOENT");
    this.node.store.attempt(() => {
      node.linked(1);
      try {
        this.enter(name, node);
      } catch (error) {
        node.linked(-1);
        throw error;
      }
    });
  }

  override unlink(name: ByteString, inode: Inode): void {
    this.node.store.begin();
    this.leave(name);
    (inode as Ext2Inode).node.linked(-1);
    this.filesystem.forget((inode as Ext2Inode).node);
  }

  override rmdir(name: ByteString, inode: DirectoryInode): void {
    if (inode.entries().length > 0) fail("ENOTEMPTY");
    this.node.store.begin();
    this.leave(name);
    this.dropDirectory(inode as Ext2Directory);
  }

  override rename(
    name: ByteString,
    inode: Inode,
    to: DirectoryInode,
    newName: ByteString,
    replaced: Inode | undefined,
    exchange: boolean,
  ): void {
    const target = to as Ext2Directory;
    const { node } = inode as Ext2Inode;
    const other = (replaced as Ext2Inode | undefined)?.node;
    if (replaced instanceof DirectoryInode && !exchange && replaced.entries().length > 0) fail("ENOTEMPTY");
    const moves = inode instanceof DirectoryInode && target !== this;
    if (moves && !(replaced instanceof DirectoryInode) && target.node.links >= LINK_MAX) fail("EMLINK");
    if (!other) this.node.store.attempt(() => target.enter(newName, node));
    else {
      this.node.store.begin();
      target.replace(newName, node);
    }
    if (exchange && other) this.replace(name, other);
    else this.leave(name);
    if (target !== this) {
      moveParent(inode, this, target);
      if (exchange && replaced) moveParent(replaced, target, this);
    }
    if (exchange) other?.touched();
    else if (replaced instanceof Ext2Directory) target.dropDirectory(replaced);
    else if (other) {
      other.linked(-1);
      this.filesystem.forget(other);
    }
    node.touched();
  }

  /** The names need not be kept: they are read again when they are asked for. */
  forgetNames(): void {
    this.names = undefined;
    this.listing = undefined;
  }

  /** It has moved into another directory. */
  setParent(parent: Node): void {
    this.loaded().setParent(parent);
    this.node.save();
  }

  private loaded(): Names {
    if (!this.names) {
      if (this.node.isGone) fail("ENOENT");
      if (this.damage) throw this.damage;
      try {
        this.names = new Names(this.node);
      } catch (error) {
        if (error instanceof VfsError && error.code !== errno.EIO) this.damage = error;
        throw error;
      }
      this.filesystem.loaded(this, this.names.size);
    }
    return this.names;
  }

  private insert(name: ByteString, mode: number, links: number, fill: (node: Node) => void): Inode {
    const { store, ino } = this.node;
    return store.attempt(() => {
      this.loaded();
      const node = Node.create(store, store.table.groupOf(ino), mode, links);
      try {
        fill(node);
        node.save();
        this.enter(name, node);
      } catch (error) {
        node.linked(-node.links);
        throw error;
      }
      return this.filesystem.inode(node.ino, node);
    });
  }

  private enter(name: ByteString, node: Node): void {
    try {
      this.loaded().add(name, node);
      this.listing = undefined;
    } finally {
      this.node.modified();
    }
  }

  private leave(name: ByteString): void {
    this.loaded().remove(name);
    this.listing = undefined;
    this.node.modified();
  }

  private replace(name: ByteString, node: Node): void {
    this.loaded().replace(name, node);
    this.listing = undefined;
    this.node.modified();
  }

  /** An empty directory, whose name in this one is gone. */
  private dropDirectory(directory: Ext2Directory): void {
    directory.node.linked(-directory.node.links);
    this.filesystem.forget(directory.node);
    directory.names = undefined;
    directory.listing = [];
    this.node.linked(-1);
  }
}

/** A directory that moves is a name less for the directory that it was in. */
function moveParent(inode: Inode, from: Ext2Directory, to: Ext2Directory): void {
  if (!(inode instanceof Ext2Directory)) return;
  from.node.linked(-1);
  to.node.linked(1);
  inode.setParent(to.node);
}

/** A symbolic link's target: in the inode where it is shorter than the pointers, or else in a block. */
function setTarget(node: Node, target: ByteString): void {
  const bytes = toBytes(target);
  node.size = bytes.length;
  if (node.map.hasBlocks) node.map.change(0).set(bytes);
  else {
    const all = new Uint8Array(POINTERS * 4);
    all.set(bytes);
    const view = new DataView(all.buffer);
    for (let i = 0; i < POINTERS; i++) node.pointers[i] = view.getUint32(4 * i, true);
  }
}

/** A device's number: short ones in the first pointer, others in the second (Linux, `old_encode_dev`). */
function setDevice(node: Node, rdev: number): void {
  if (rdev === 0) return;
  if (rdev < 2 ** 16) node.pointers[0] = rdev;
  else node.pointers[1] = rdev;
}
