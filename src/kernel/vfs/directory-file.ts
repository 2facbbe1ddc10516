import { fail } from "./error.ts";
import type { Filesystem } from "./filesystem.ts";
import { type DirectoryEntry, type DirectoryInode, FileType } from "./inode.ts";
import { parentOf } from "./mount.ts";
import { OpenFile, Seek } from "./open-file.ts";

/** Entries that all listings under way in one filesystem may hold together: a guest must not pile up stale ones. */
const LISTING_BUDGET = 4_000_000;
const listed = new WeakMap<Filesystem, number>();

/** An open directory. Its listing is a snapshot, taken at the first read and after going back to the start. */
export class DirectoryFile extends OpenFile {
  private position = 0;
  private listing: readonly DirectoryEntry[] | undefined;

  override read(): number {
    return fail("EISDIR");
  }

  override readAt(): number {
    return fail("EISDIR");
  }

  override seek(offset: number, whence: number): number {
    let target = offset;
    if (whence === Seek.current) target += this.position;
    else if (whence !== Seek.set) fail("EINVAL");
    if (target < 0) fail("EINVAL");
    if (target === 0) this.forget();
    this.position = target;
    return target;
  }

  /**
   * Hands entries from the position on to `take`, with the position after each, until it returns false (the entry
   * did not fit). `.` and `..` come first.
   */
  list(take: (entry: DirectoryEntry, next: number) => boolean): void {
    if (this.location.dentry.removed) fail("ENOENT");
    for (;;) {
      const entry = this.entryAt(this.position);
      if (!entry) return;
      if (!take(entry, this.position + 1)) return;
      this.position++;
    }
  }

  override sync(): void {
    this.inode.filesystem.sync?.();
  }

  protected override closed(): void {
    this.forget();
  }

  private entryAt(position: number): DirectoryEntry | undefined {
    if (position === 0) return { name: ".", ino: this.inode.attributes().ino, type: FileType.directory };
    if (position === 1) {
      const { mount } = this.location;
      const parent = parentOf(this.location, { mount, dentry: mount.root });
      return { name: "..", ino: parent.dentry.inode.attributes().ino, type: FileType.directory };
    }
    this.listing ??= this.snapshot();
    return this.listing[position - 2];
  }

  private snapshot(): readonly DirectoryEntry[] {
    const entries = (this.inode as DirectoryInode).entries();
    this.hold(entries.length);
    return entries;
  }

  private forget(): void {
    this.hold(-(this.listing?.length ?? 0));
    this.listing = undefined;
  }

  private hold(entries: number): void {
    const { filesystem } = this.inode;
    const total = (listed.get(filesystem) ?? 0) + entries;
    if (total > LISTING_BUDGET) fail("ENOMEM");
    listed.set(filesystem, total);
  }
}
