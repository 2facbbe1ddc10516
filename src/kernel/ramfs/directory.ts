import type { Location } from "../vfs/dentry.ts";
import { DirectoryFile } from "../vfs/directory-file.ts";
import { fail } from "../vfs/error.ts";
import {
  type AttributeChange,
  type Attributes,
  type DirectoryEntry,
  DirectoryInode,
  type ExtendedAttributes,
  FileType,
  type Inode,
  type NewInode,
  type Owner,
} from "../vfs/inode.ts";
import type { ByteString } from "../vfs/names.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import { RamFile } from "./file.ts";
import { NAME_COST, type RamFilesystem } from "./filesystem.ts";
import { RamNode } from "./node.ts";
import { RamSpecial, RamSymlink } from "./special.ts";

/** An inode of a ramfs. */
export type RamInode = Inode & { readonly node: RamNode };

/** What Linux's filesystems say of a directory's size: about what its names take. */
const ENTRY_SIZE = 20;

export class RamDirectory extends DirectoryInode {
  readonly filesystem: RamFilesystem;
  readonly node: RamNode;
  protected readonly names = new Map<ByteString, RamInode>();
  private listing: readonly DirectoryEntry[] | undefined;

  constructor(filesystem: RamFilesystem, mode: number, like?: Attributes) {
    super();
    this.filesystem = filesystem;
    this.node = new RamNode(filesystem, FileType.directory | (mode & 0o7777), () => {}, like);
    if (!like) this.node.nlink = 2;
  }

  attributes(): Attributes {
    return this.node.attributes((this.names.size + 2) * ENTRY_SIZE, 0);
  }

  setAttributes(change: AttributeChange): void {
    this.node.change(change);
  }

  override get extendedAttributes(): ExtendedAttributes {
    return this.node.extendedAttributes(() => this.changing());
  }

  override accessed(): void {
    this.node.accessed();
  }

  open(location: Location, flags: number): OpenFile {
    this.node.opened();
    return new DirectoryFile(location, flags);
  }

  lookup(name: ByteString): Inode | undefined {
    return this.names.get(name);
  }

  entries(): readonly DirectoryEntry[] {
    this.listing ??= [...this.names].map(([name, { node, type }]) => ({ name, ino: node.ino, type }));
    return this.listing;
  }

  override create(name: ByteString, what: NewInode): Inode {
    return this.insert(name, () => this.build(what), what.owner);
  }

  override createNameless(what: NewInode): Inode {
    const inode = new RamFile(this.filesystem, what.mode);
    if (what.owner) inode.node.give(what.owner);
    inode.node.nlink = 0;
    return inode;
  }

  override symlink(name: ByteString, target: ByteString, owner?: Owner): Inode {
    return this.insert(name, () => new RamSymlink(this.filesystem, target), owner);
  }

  override link(name: ByteString, inode: Inode): void {
    this.enter(name, inode as RamInode);
    (inode as RamInode).node.linked(1);
  }

  override unlink(name: ByteString, inode: Inode): void {
    this.leave(name, inode as RamInode);
    (inode as RamInode).node.linked(-1);
  }

  override rmdir(name: ByteString, inode: DirectoryInode): void {
    if (inode.entries().length > 0) fail("ENOTEMPTY");
    this.leave(name, inode as RamDirectory);
    const { node } = inode as RamDirectory;
    node.linked(-node.nlink);
  }

  override rename(
    name: ByteString,
    inode: Inode,
    to: DirectoryInode,
    newName: ByteString,
    replaced: Inode | undefined,
    exchange: boolean,
  ): void {
    const target = to as RamDirectory;
    if (replaced instanceof DirectoryInode && !exchange) target.rmdir(newName, replaced);
    else if (replaced && !exchange) target.unlink(newName, replaced);
    if (exchange) target.leave(newName, replaced as RamInode);
    this.leave(name, inode as RamInode);
    target.enter(newName, inode as RamInode);
    if (exchange) this.enter(name, replaced as RamInode);
    (inode as RamInode).node.linked(0);
  }

  /** Puts an inode that was made elsewhere under a free name. */
  add(name: ByteString, inode: RamInode): void {
    this.enter(name, inode);
  }

  protected build(what: NewInode): RamInode {
    const type = what.mode & FileType.mask;
    if (type === FileType.directory) return new RamDirectory(this.filesystem, what.mode);
    if (type === FileType.regular) return new RamFile(this.filesystem, what.mode);
    return new RamSpecial(this.filesystem, what);
  }

  /** Puts a name in. Throws ENOSPC. */
  protected enter(name: ByteString, inode: RamInode): void {
    this.filesystem.charge(NAME_COST);
    this.names.set(name, inode);
    if (inode.type === FileType.directory) this.node.linked(1);
    this.changed();
  }

  protected leave(name: ByteString, inode: RamInode): void {
    this.names.delete(name);
    this.filesystem.discharge(NAME_COST);
    if (inode.type === FileType.directory) this.node.linked(-1);
    this.changed();
  }

  /** Called before every change of the directory itself. */
  protected changing(): void {}

  /** The names are not what they were when last listed. */
  protected forget(): void {
    this.listing = undefined;
  }

  private changed(): void {
    this.forget();
    this.node.modified();
  }

  private insert(name: ByteString, build: () => RamInode, owner: Owner | undefined): RamInode {
    const inode = build();
    if (owner) inode.node.give(owner);
    try {
      this.enter(name, inode);
    } catch (error) {
      inode.node.linked(-inode.node.nlink);
      throw error;
    }
    return inode;
  }
}
