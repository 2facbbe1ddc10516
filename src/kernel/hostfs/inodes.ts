import type { Location } from "../vfs/dentry.ts";
import { DirectoryFile } from "../vfs/directory-file.ts";
import { fail } from "../vfs/error.ts";
import type { Filesystem } from "../vfs/filesystem.ts";
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
import { HostData } from "./data.ts";
import type { HostNode } from "./node.ts";

export type HostInode = HostDirectory | HostFile | HostSymlink | HostSpecial;

export class HostDirectory extends DirectoryInode {
  readonly node: HostNode;
  private readonly known = new WeakNames<HostInode>();

  constructor(node: HostNode) {
    super();
    this.node = node;
    node.inode = this;
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
    const known = this.known.get(name);
    if (known?.node.look()) return known;
    if (known) this.known.delete(name);
    const node = this.node.child(name);
    if (!node) return undefined;
    const made = inodeFor(node);
    this.known.set(name, made);
    return made;
  }

  entries(): readonly DirectoryEntry[] {
    const { client } = this.node;
    const fid = this.node.open(false);
    try {
      return client.entries(fid);
    } finally {
      client.clunk(fid);
    }
  }

  override create(name: ByteString, what: NewInode): Inode {
    const type = what.mode & FileType.mask;
    const mode = what.mode & 0o7777;
    const { client, filesystem } = this.node;
    if (type === FileType.regular) return this.createFile(name, mode);
    if (type !== FileType.directory) fail("EPERM");
    filesystem.changeEntries([this.node], () => client.makeDirectory(this.node.find(), name, mode));
    return this.lookup(name) ?? fail("ENOENT");
  }

  override symlink(name: ByteString, target: ByteString): Inode {
    const { client, filesystem } = this.node;
    filesystem.changeEntries([this.node], () => client.symlink(this.node.find(), name, target));
    return this.lookup(name) ?? fail("ENOENT");
  }

  override link(name: ByteString, inode: Inode): void {
    const { client, filesystem } = this.node;
    const fid = (inode as HostInode).node.use();
    filesystem.changeEntries([this.node], () => client.link(this.node.find(), fid, name));
  }

  override unlink(name: ByteString, inode: Inode): void {
    this.remove(name, inode as HostInode, false);
  }

  override rmdir(name: ByteString, inode: DirectoryInode): void {
    this.remove(name, inode as HostDirectory, true);
  }

  override rename(
    name: ByteString,
    inode: Inode,
    to: DirectoryInode,
    newName: ByteString,
    replaced: Inode | undefined,
    exchange: boolean,
  ): void {
    if (exchange) fail("EINVAL");
    const { client, filesystem } = this.node;
    const target = to as HostDirectory;
    filesystem.changeEntries([this.node, target.node], () =>
      client.rename(this.node.find(), name, target.node.find(), newName),
    );
    (replaced as HostInode | undefined)?.node.letGo();
    this.known.delete(name);
    const moved = inode as HostInode;
    moved.node.moved(target.node, newName);
    target.known.set(newName, moved);
  }

  /** It is open as it was made: its mode may not let it be opened again. */
  private createFile(name: ByteString, mode: number): HostFile {
    const { client, filesystem } = this.node;
    const fid = client.walk(this.node.find(), []) ?? fail("ENOENT");
    try {
      filesystem.changeEntries([this.node], () => client.create(fid, name, mode));
      const file = new HostFile(this.node.made(name, client.attributes(fid) ?? fail("ENOENT")));
      filesystem.opened(file.node, fid);
      this.known.set(name, file);
      return file;
    } catch (error) {
      client.clunk(fid);
      throw error;
    }
  }

  private remove(name: ByteString, inode: HostInode, isDirectory: boolean): void {
    const { client, filesystem } = this.node;
    filesystem.changeEntries([this.node], () => client.unlink(this.node.find(), name, isDirectory));
    this.known.delete(name);
    inode.node.letGo();
  }
}

export class HostFile extends FileInode {
  readonly node: HostNode;

  constructor(node: HostNode) {
    super();
    this.node = node;
    node.inode = this;
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
    const { filesystem } = this.node;
    return new HostData(filesystem, filesystem.takeOpened(this.node) ?? this.node.open(write));
  }
}

class HostSymlink extends SymlinkInode {
  readonly node: HostNode;

  constructor(node: HostNode) {
    super();
    this.node = node;
    node.inode = this;
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
    return this.node.readLink();
  }
}

/** A fifo, socket or device of the host: it can be seen, but is not the guest's to open. */
class HostSpecial extends Inode {
  readonly node: HostNode;

  constructor(node: HostNode) {
    super();
    this.node = node;
    node.inode = this;
  }

  get type(): number {
    return this.node.type;
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

function inodeFor(node: HostNode): HostInode {
  if (node.type === FileType.directory) return new HostDirectory(node);
  if (node.type === FileType.regular) return new HostFile(node);
  if (node.type === FileType.symlink) return new HostSymlink(node);
  return new HostSpecial(node);
}
