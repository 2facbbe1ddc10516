import { archiveMessages } from "../../messages/archive.ts";
import { RefusedError } from "../../messages/errors.ts";
import type { Location } from "../vfs/dentry.ts";
import { DirectoryFile } from "../vfs/directory-file.ts";
import { fail } from "../vfs/error.ts";
import type { Filesystem, FilesystemUse } from "../vfs/filesystem.ts";
import {
  type Attributes,
  type DirectoryEntry,
  DirectoryInode,
  FileType,
  Inode,
  SymlinkInode,
} from "../vfs/inode.ts";
import { type ByteString, fromBytes, NAME_MAX, PATH_MAX } from "../vfs/names.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import { type FileData, FileInode } from "../vfs/regular-file.ts";
import { isCpio, readCpio } from "./cpio.ts";
import { type ArchiveEntry, refuse, shown } from "./entry.ts";
import { isTar, readTar } from "./tar.ts";

/** The contents of a tar or cpio archive, to be read: an initial root, under an overlay. */
export class ArchiveFilesystem implements Filesystem {
  readonly name = "tarfs";
  readonly source: string;
  /** RAMFS_MAGIC: what Linux unpacks such an archive into. */
  readonly magic = 0x858458f6;
  readonly readOnly = true;
  readonly root: ArchiveDirectory;
  private readonly bytes: number;
  private nextIno = 1;

  /** `archive` is kept: files are views of it. Throws `RefusedError`. */
  constructor(archive: Uint8Array, source: string) {
    this.source = source;
    this.bytes = archive.length;
    this.root = new ArchiveDirectory(new ArchiveNode(this, undefined));
    for (const entry of readEntries(archive)) this.add(entry);
  }

  use(): FilesystemUse {
    const blocks = Math.ceil(this.bytes / 4096);
    return { blockSize: 4096, blocks, freeBlocks: 0, files: this.nextIno - 1, freeFiles: 0 };
  }

  newIno(): number {
    return this.nextIno++;
  }

  /** A later entry takes the place of an earlier one of the same name; directories keep what is in them. */
  private add(entry: ArchiveEntry): void {
    const names = namesOf(entry.path);
    const last = names.pop();
    if (last === undefined) {
      if ((entry.mode & FileType.mask) === FileType.directory) this.root.node.entry = entry;
      return;
    }
    const parent = this.directoryAt(names, entry);
    if (entry.linkTo !== undefined) {
      const target = this.find(entry.linkTo);
      if (!target || target instanceof ArchiveDirectory) throw noTarget(entry);
      target.node.nlink++;
      parent.put(last, target);
      return;
    }
    const known = parent.lookup(last);
    const isDirectory = (entry.mode & FileType.mask) === FileType.directory;
    if (known instanceof ArchiveDirectory) {
      if (!isDirectory) refuse(archiveMessages.notInDirectory(shown(entry.path)));
      known.node.entry = entry;
    } else parent.put(last, inodeOf(new ArchiveNode(this, entry)));
  }

  /** A directory, made with those above it where the archive has not named them. */
  private directoryAt(names: readonly ByteString[], { path }: ArchiveEntry): ArchiveDirectory {
    let at = this.root;
    for (const name of names) {
      const next = at.lookup(name);
      if (next instanceof ArchiveDirectory) at = next;
      else if (next) refuse(archiveMessages.notInDirectory(shown(path)));
      else {
        const made = new ArchiveDirectory(new ArchiveNode(this, undefined));
        at.put(name, made);
        at = made;
      }
    }
    return at;
  }

  private find(path: ByteString): ArchiveInode | undefined {
    let at: ArchiveInode | undefined = this.root;
    for (const name of namesOf(path)) at = at instanceof ArchiveDirectory ? at.lookup(name) : undefined;
    return at;
  }
}

function noTarget({ path }: ArchiveEntry): RefusedError {
  return new RefusedError(archiveMessages.noLinkTarget(shown(path)));
}

function readEntries(archive: Uint8Array): ArchiveEntry[] {
  if (isCpio(archive)) return readCpio(archive);
  return isTar(archive) ? readTar(archive) : refuse(archiveMessages.neither());
}

/** The names of a path from the top of the archive on. Nothing in an archive may lead out of it. */
function namesOf(path: ByteString): ByteString[] {
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  const isTooLong = path.length >= PATH_MAX || names.some((name) => name.length > NAME_MAX);
  if (isTooLong || names.includes("..") || path.includes("\0")) refuse(archiveMessages.badName(shown(path)));
  return names;
}

/** What every inode has. */
class ArchiveNode {
  readonly filesystem: ArchiveFilesystem;
  readonly ino: number;
  nlink = 1;
  /** Undefined for a directory that the archive has not named. */
  entry: ArchiveEntry | undefined;

  constructor(filesystem: ArchiveFilesystem, entry: ArchiveEntry | undefined) {
    this.filesystem = filesystem;
    this.ino = filesystem.newIno();
    this.entry = entry;
  }

  attributes(size: number): Attributes {
    const { mode = FileType.directory | 0o755, uid = 0, gid = 0, rdev = 0, mtime = 0 } = this.entry ?? {};
    const time = BigInt(mtime) * 1_000_000_000n;
    return {
      ...{ ino: this.ino, nlink: this.nlink, mode, uid, gid, rdev, size },
      ...{ blocks: Math.ceil(size / 512), atime: time, mtime: time, ctime: time },
    };
  }
}

type ArchiveInode = ArchiveDirectory | ArchiveFile | ArchiveSymlink | ArchiveSpecial;

function inodeOf(node: ArchiveNode): ArchiveInode {
  const { mode, data } = node.entry as ArchiveEntry;
  const type = mode & FileType.mask;
  if (type === FileType.directory) return new ArchiveDirectory(node);
  if (type === FileType.regular) return new ArchiveFile(node, data);
  if (type === FileType.symlink) return new ArchiveSymlink(node, fromBytes(data));
  return new ArchiveSpecial(node, type);
}

class ArchiveDirectory extends DirectoryInode {
  readonly node: ArchiveNode;
  private readonly names = new Map<ByteString, ArchiveInode>();
  private listing: readonly DirectoryEntry[] | undefined;

  constructor(node: ArchiveNode) {
    super();
    this.node = node;
    node.nlink = 2;
  }

  get filesystem(): Filesystem {
    return this.node.filesystem;
  }

  attributes(): Attributes {
    return this.node.attributes(this.names.size * 20);
  }

  setAttributes(): void {
    fail("EROFS");
  }

  open(location: Location, flags: number): OpenFile {
    return new DirectoryFile(location, flags);
  }

  lookup(name: ByteString): ArchiveInode | undefined {
    return this.names.get(name);
  }

  entries(): readonly DirectoryEntry[] {
    this.listing ??= [...this.names].map(([name, { node, type }]) => ({ name, ino: node.ino, type }));
    return this.listing;
  }

  put(name: ByteString, inode: ArchiveInode): void {
    if (inode instanceof ArchiveDirectory) this.node.nlink++;
    this.names.set(name, inode);
  }
}

class ArchiveFile extends FileInode implements FileData {
  readonly node: ArchiveNode;
  private readonly data: Uint8Array;

  constructor(node: ArchiveNode, data: Uint8Array) {
    super();
    this.node = node;
    this.data = data;
  }

  get filesystem(): Filesystem {
    return this.node.filesystem;
  }

  get size(): number {
    return this.data.length;
  }

  attributes(): Attributes {
    return this.node.attributes(this.size);
  }

  openData(): FileData {
    return this;
  }

  readAt(into: Uint8Array, position: number): number {
    const bytes = this.data.subarray(position, position + into.length);
    into.set(bytes);
    return bytes.length;
  }

  setAttributes(): void {
    fail("EROFS");
  }
  writeAt(): number {
    return fail("EROFS");
  }
  resize(): void {
    fail("EROFS");
  }
  reserve(): void {
    fail("EROFS");
  }
  zero(): void {
    fail("EROFS");
  }
  sync(): void {}
  close(): void {}
}

class ArchiveSymlink extends SymlinkInode {
  readonly node: ArchiveNode;
  private readonly to: ByteString;

  constructor(node: ArchiveNode, to: ByteString) {
    super();
    this.node = node;
    this.to = to;
  }

  get filesystem(): Filesystem {
    return this.node.filesystem;
  }

  attributes(): Attributes {
    return this.node.attributes(this.to.length);
  }

  setAttributes(): void {
    fail("EROFS");
  }

  target(): ByteString {
    return this.to;
  }
}

/** A fifo, socket or device: an overlay makes fifos of its own of them. */
class ArchiveSpecial extends Inode {
  readonly node: ArchiveNode;
  readonly type: number;

  constructor(node: ArchiveNode, type: number) {
    super();
    this.node = node;
    this.type = type;
  }

  get filesystem(): Filesystem {
    return this.node.filesystem;
  }

  attributes(): Attributes {
    return this.node.attributes(0);
  }

  setAttributes(): void {
    fail("EROFS");
  }

  open(): OpenFile {
    return fail("ENXIO");
  }
}
