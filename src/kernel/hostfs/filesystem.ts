import type { Location } from "../vfs/dentry.ts";
import { DirectoryFile } from "../vfs/directory-file.ts";
import { fail } from "../vfs/error.ts";
import type { Filesystem, FilesystemUse } from "../vfs/filesystem.ts";
import {
  type AttributeChange,
  type Attributes,
  type DirectoryEntry,
  DirectoryInode,
  FileType,
  Inode,
  type NewInode,
  SymlinkInode,
} from "../vfs/inode.ts";
import type { ByteString } from "../vfs/names.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import { type FileData, FileInode } from "../vfs/regular-file.ts";
import { WeakNames } from "../vfs/weak-names.ts";
import type { HostPath, HostTree } from "./host-tree.ts";

/** A directory of the host as a filesystem. The host may change it at any time: every answer is asked for anew. */
export class HostFilesystem implements Filesystem {
  readonly name = "hostfs";
  readonly source: string;
  /** V9FS_MAGIC: what Linux calls a directory that its host shares with it. */
  readonly magic = 0x01021997;
  readonly readOnly: boolean;
  readonly root: DirectoryInode;
  readonly tree: HostTree;

  constructor(tree: HostTree) {
    this.tree = tree;
    this.source = tree.source;
    this.readOnly = tree.readOnly;
    this.root = new HostDirectory(new HostNode(this, undefined, "", tree.stat([]) ?? fail("ENOENT")));
  }

  use(): FilesystemUse {
    return this.tree.use();
  }
}

/** Where an inode is on the host. Moves with it when the guest renames it. */
class HostNode {
  readonly filesystem: HostFilesystem;
  parent: HostNode | undefined;
  name: ByteString;
  /** As they were last seen. */
  private last: Attributes;

  constructor(filesystem: HostFilesystem, parent: HostNode | undefined, name: ByteString, stat: Attributes) {
    this.filesystem = filesystem;
    this.parent = parent;
    this.name = name;
    this.last = stat;
  }

  get ino(): number {
    return this.last.ino;
  }

  get tree(): HostTree {
    return this.filesystem.tree;
  }

  get path(): HostPath {
    const names: ByteString[] = [];
    for (let at: HostNode = this; at.parent; at = at.parent) names.push(at.name);
    return names.reverse();
  }

  child(name: ByteString): HostPath {
    return [...this.path, name];
  }

  /** Who still holds what is gone sees it without a name. */
  attributes(): Attributes {
    const now = this.tree.stat(this.path);
    this.last = now?.ino === this.ino ? now : { ...this.last, nlink: 0 };
    return this.last;
  }

  setAttributes(change: AttributeChange): void {
    this.tree.setAttributes(this.path, change);
  }
}

type HostInode = HostDirectory | HostFile | HostSymlink | HostSpecial;

class HostDirectory extends DirectoryInode {
  readonly node: HostNode;
  private readonly known = new WeakNames<HostInode>();

  constructor(node: HostNode) {
    super();
    this.node = node;
  }

  get filesystem(): Filesystem {
    return this.node.filesystem;
  }

  attributes(): Attributes {
    return this.node.attributes();
  }

  setAttributes(change: AttributeChange): void {
    this.node.setAttributes(change);
  }

  open(location: Location, flags: number): OpenFile {
    return new DirectoryFile(location, flags);
  }

  lookup(name: ByteString): Inode | undefined {
    const stat = this.node.tree.stat(this.node.child(name));
    if (!stat) return undefined;
    const type = stat.mode & FileType.mask;
    const known = this.known.get(name);
    if (known && known.node.ino === stat.ino && known.type === type) return known;
    const made = inodeFor(new HostNode(this.node.filesystem, this.node, name, stat), type);
    this.known.set(name, made);
    return made;
  }

  entries(): readonly DirectoryEntry[] {
    return this.node.tree.list(this.node.path);
  }

  override create(name: ByteString, what: NewInode): Inode {
    const { tree } = this.node;
    const type = what.mode & FileType.mask;
    if (type === FileType.regular) tree.createFile(this.node.child(name), what.mode & 0o7777);
    else if (type === FileType.directory) tree.createDirectory(this.node.child(name), what.mode & 0o7777);
    else fail("EPERM");
    return this.lookup(name) ?? fail("ENOENT");
  }

  override symlink(name: ByteString, target: ByteString): Inode {
    this.node.tree.createSymlink(this.node.child(name), target);
    return this.lookup(name) ?? fail("ENOENT");
  }

  override link(name: ByteString, inode: Inode): void {
    this.node.tree.link((inode as HostInode).node.path, this.node.child(name));
  }

  override unlink(name: ByteString): void {
    this.node.tree.unlink(this.node.child(name));
    this.known.delete(name);
  }

  override rmdir(name: ByteString): void {
    this.node.tree.removeDirectory(this.node.child(name));
    this.known.delete(name);
  }

  override rename(
    name: ByteString,
    inode: Inode,
    to: DirectoryInode,
    newName: ByteString,
    _replaced: Inode | undefined,
    exchange: boolean,
  ): void {
    if (exchange) fail("EINVAL");
    const target = to as HostDirectory;
    this.node.tree.rename(this.node.child(name), target.node.child(newName));
    this.known.delete(name);
    const moved = inode as HostInode;
    moved.node.parent = target.node;
    moved.node.name = newName;
    target.known.set(newName, moved);
  }
}

class HostFile extends FileInode {
  readonly node: HostNode;

  constructor(node: HostNode) {
    super();
    this.node = node;
  }

  get filesystem(): Filesystem {
    return this.node.filesystem;
  }

  attributes(): Attributes {
    return this.node.attributes();
  }

  setAttributes(change: AttributeChange): void {
    this.node.setAttributes(change);
  }

  override version(): string {
    const { ino, size, mtime } = this.attributes();
    return `${ino} ${size} ${mtime}`;
  }

  openData(write: boolean): FileData {
    return this.node.tree.open(this.node.path, write);
  }
}

class HostSymlink extends SymlinkInode {
  readonly node: HostNode;

  constructor(node: HostNode) {
    super();
    this.node = node;
  }

  get filesystem(): Filesystem {
    return this.node.filesystem;
  }

  attributes(): Attributes {
    return this.node.attributes();
  }

  setAttributes(change: AttributeChange): void {
    this.node.setAttributes({ ...change, mode: undefined });
  }

  target(): ByteString {
    return this.node.tree.readLink(this.node.path);
  }
}

/** A fifo, socket or device of the host: it can be seen, but is not the guest's to open. */
class HostSpecial extends Inode {
  readonly node: HostNode;
  readonly type: number;

  constructor(node: HostNode, type: number) {
    super();
    this.node = node;
    this.type = type;
  }

  get filesystem(): Filesystem {
    return this.node.filesystem;
  }

  attributes(): Attributes {
    return this.node.attributes();
  }

  setAttributes(): void {
    fail("EPERM");
  }

  open(): OpenFile {
    return fail("ENXIO");
  }
}

function inodeFor(node: HostNode, type: number): HostInode {
  if (type === FileType.directory) return new HostDirectory(node);
  if (type === FileType.regular) return new HostFile(node);
  if (type === FileType.symlink) return new HostSymlink(node);
  return new HostSpecial(node, type);
}
