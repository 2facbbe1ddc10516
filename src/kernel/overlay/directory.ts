import { RamDirectory, type RamInode } from "../ramfs/directory.ts";
import { INODE_COST, NAME_COST } from "../ramfs/filesystem.ts";
import { RamSpecial } from "../ramfs/special.ts";
import {
  type AttributeChange,
  type DirectoryEntry,
  DirectoryInode,
  FileType,
  type Inode,
  type NewInode,
  SymlinkInode,
} from "../vfs/inode.ts";
import type { ByteString } from "../vfs/names.ts";
import { FileInode } from "../vfs/regular-file.ts";
import { WeakNames } from "../vfs/weak-names.ts";
import type { OverlayFilesystem } from "./filesystem.ts";
import { OverlayFile, OverlaySymlink } from "./nodes.ts";

/** A directory: its own names, and under them those of a directory of the base. */
export class OverlayDirectory extends RamDirectory {
  private readonly overlay: OverlayFilesystem;
  private readonly base: DirectoryInode | undefined;
  /** Names of the base that were removed here. */
  private readonly hidden = new Set<ByteString>();
  /** Inodes that stand for one of the base, while somebody holds them. */
  private readonly standIns = new WeakNames<RamInode>();

  constructor(filesystem: OverlayFilesystem, mode: number, base?: DirectoryInode) {
    super(filesystem, mode, base?.attributes());
    this.overlay = filesystem;
    this.base = base;
  }

  override setAttributes(change: AttributeChange): void {
    this.overlay.pin(this);
    super.setAttributes(change);
  }

  override lookup(name: ByteString): Inode | undefined {
    const own = this.names.get(name);
    if (own) return own;
    const below = this.below(name);
    if (!below) return undefined;
    const known = this.standIns.get(name);
    if (known && this.overlay.baseOf(known) === below) return known;
    const made = this.standIn(below);
    this.standIns.set(name, made);
    this.overlay.place(made, { base: below, parent: this, name });
    return made;
  }

  override entries(): readonly DirectoryEntry[] {
    const below = this.base?.entries() ?? [];
    return [
      ...super.entries(),
      ...below.filter(({ name }) => !this.names.has(name) && !this.hidden.has(name)),
    ];
  }

  override link(name: ByteString, inode: Inode): void {
    this.overlay.pin(inode as RamInode);
    super.link(name, inode);
  }

  override rename(...args: Parameters<RamDirectory["rename"]>): void {
    // Everything it can take, first: a rename that ran out of room half way would lose what it replaces.
    const room = 4 * NAME_COST + 2 * INODE_COST;
    this.filesystem.charge(room);
    this.filesystem.discharge(room);
    super.rename(...args);
  }

  /** Reading what is in the base changes nothing. */
  override accessed(): void {
    if (!this.overlay.baseOf(this)) super.accessed();
  }

  protected override changing(): void {
    this.overlay.pin(this);
  }

  /** Puts an inode that stands for one of the base among this directory's own. Throws ENOSPC. */
  keep(name: ByteString, inode: RamInode): void {
    this.overlay.pin(this);
    this.filesystem.charge(NAME_COST);
    try {
      inode.node.charge();
    } catch (error) {
      this.filesystem.discharge(NAME_COST);
      throw error;
    }
    this.names.set(name, inode);
    this.forget();
  }

  protected override enter(name: ByteString, inode: RamInode): void {
    this.overlay.pin(this);
    super.enter(name, inode);
    this.overlay.placed(inode);
  }

  protected override leave(name: ByteString, inode: RamInode): void {
    this.overlay.pin(this);
    const shows = this.below(name) !== undefined;
    // `super` gives back what the name cost; one that was never pinned cost nothing.
    const free = !this.names.has(name);
    this.filesystem.charge(NAME_COST * (Number(shows) + Number(free)));
    if (shows) this.hidden.add(name);
    super.leave(name, inode);
  }

  protected override build(what: NewInode): RamInode {
    const directory = (what.mode & FileType.mask) === FileType.directory;
    return directory ? new OverlayDirectory(this.overlay, what.mode) : super.build(what);
  }

  private below(name: ByteString): Inode | undefined {
    return this.hidden.has(name) ? undefined : this.base?.lookup(name);
  }

  private standIn(base: Inode): RamInode {
    const { overlay } = this;
    if (base instanceof DirectoryInode) return new OverlayDirectory(overlay, base.attributes().mode, base);
    if (base instanceof FileInode) return new OverlayFile(overlay, base);
    if (base instanceof SymlinkInode) return new OverlaySymlink(overlay, base);
    const like = { ...base.attributes(), nlink: 1 };
    return new RamSpecial(overlay, like, like);
  }
}
