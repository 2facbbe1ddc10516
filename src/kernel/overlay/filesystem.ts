import type { RamInode } from "../ramfs/directory.ts";
import { RamFilesystem, type RamFilesystemOptions } from "../ramfs/filesystem.ts";
import type { Filesystem } from "../vfs/filesystem.ts";
import type { Inode } from "../vfs/inode.ts";
import type { ByteString } from "../vfs/names.ts";
import { OverlayDirectory } from "./directory.ts";

/** New inodes are numbered from here, above the numbers that those of the base have. */
const FIRST_INO = 2 ** 48;

/**
 * A filesystem that shows a read-only base and keeps every change in memory.
 *
 * It is a ramfs whose inodes may stand for one of the base. Such an inode is made when it is looked up and costs
 * nothing; the first change to it puts it into its directory (and that into its own) for good: it is pinned. A
 * file's bytes stay in the base page by page until they are written. The base must not change meanwhile.
 */
export class OverlayFilesystem extends RamFilesystem {
  override readonly name = "overlay";
  override readonly source = "overlay";
  override readonly magic = 0x794c7630;
  private readonly base: Filesystem;
  /** Where inodes that are not pinned hang. */
  private readonly places = new WeakMap<Inode, Place>();

  constructor(base: Filesystem, options: RamFilesystemOptions) {
    super(options, FIRST_INO);
    this.base = base;
  }

  /** Notes where an inode that stands for one of the base was found. */
  place(inode: RamInode, place: Place): void {
    this.places.set(inode, place);
  }

  /** The inode of the base that an inode stands for, until it is pinned. */
  baseOf(inode: RamInode): Inode | undefined {
    return this.places.get(inode)?.base;
  }

  /** Pins an inode before it is changed. Throws ENOSPC. */
  pin(inode: RamInode): void {
    const place = this.places.get(inode);
    if (!place) return;
    place.parent.keep(place.name, inode);
    this.places.delete(inode);
  }

  /** Its name has just been put somewhere for good. */
  placed(inode: RamInode): void {
    inode.node.charge();
    this.places.delete(inode);
  }

  protected override makeRoot(): OverlayDirectory {
    return new OverlayDirectory(this, 0o755, this.base.root);
  }
}

/** Where an inode of the base was found. */
export interface Place {
  readonly base: Inode;
  readonly parent: OverlayDirectory;
  readonly name: ByteString;
}
