import type { Identity, P9Client } from "../rk9p/client.ts";
import { fail } from "../vfs/error.ts";
import { type AttributeChange, type Attributes, FileType } from "../vfs/inode.ts";
import type { ByteString } from "../vfs/names.ts";
import type { HostFilesystem } from "./filesystem.ts";
import type { HostInode } from "./inodes.ts";

type Seen = Attributes & Identity;

/**
 * A file of the host by its place: moves with it when the guest renames it. It has a fid when it was used lately; without
 * one, its names are walked again.
 */
export class HostNode {
  readonly filesystem: HostFilesystem;
  parent: HostNode | undefined;
  name: ByteString;
  /** Held here, so that the inode is the same one as long as the fid is kept. */
  inode: HostInode | undefined;
  private fid: number | undefined;
  /** As it was last seen, and when. */
  private last: Seen;
  private seenAt: number;
  private target: { readonly text: ByteString; readonly of: Seen } | undefined;

  private constructor(
    filesystem: HostFilesystem,
    parent: HostNode | undefined,
    name: ByteString,
    fid: number | undefined,
    seen: Seen,
  ) {
    this.filesystem = filesystem;
    this.parent = parent;
    this.name = name;
    this.fid = fid;
    this.last = seen;
    this.seenAt = this.stamp;
  }

  /** The top of the tree, which keeps its fid. */
  static top(filesystem: HostFilesystem, fid: number): HostNode {
    const seen = filesystem.client.attributes(fid) ?? fail("ENOENT");
    return new HostNode(filesystem, undefined, "", fid, seen);
  }

  /** What is called `name` in this directory; undefined where there is nothing. */
  child(name: ByteString): HostNode | undefined {
    const { client, filesystem } = this;
    const { absent, moment } = filesystem;
    if (absent.has(moment, this, name)) return undefined;
    const fid = client.walk(this.find(), [name]);
    const seen = fid === undefined ? undefined : client.attributes(fid);
    if (fid !== undefined && seen) {
      const child = new HostNode(filesystem, this, name, fid, seen);
      filesystem.keep(child);
      return child;
    }
    if (fid !== undefined) client.clunk(fid);
    absent.add(moment, this, name);
    return undefined;
  }

  /** A directory is as it was seen until somebody else may have changed it; of files, all that are written to change. */
  private get stamp(): number {
    const { filesystem } = this;
    return this.type === FileType.directory ? filesystem.moment : filesystem.stamp;
  }

  /** The names in this directory are not all what they were. */
  entriesChanged(): void {
    this.seenAt = -1;
    this.filesystem.absent.forget(this);
  }

  /** A file in this directory that was just made. */
  made(name: ByteString, seen: Seen): HostNode {
    return new HostNode(this.filesystem, this, name, undefined, seen);
  }

  get client(): P9Client {
    return this.filesystem.client;
  }

  get type(): number {
    return this.last.mode & FileType.mask;
  }

  /** What it is now; undefined where its name leads to something else, or nowhere. */
  look(): Seen | undefined {
    const { stamp } = this;
    if (this.seenAt === stamp) return this.last;
    const fid = this.search();
    const now = fid === undefined ? undefined : this.client.attributes(fid);
    if (!now || now.path !== this.last.path || (now.mode & FileType.mask) !== this.type) {
      this.letGo();
      return undefined;
    }
    this.last = now;
    this.seenAt = stamp;
    return now;
  }

  /** Who still holds what is gone sees it without a name. */
  attributes(): Attributes {
    return this.look() ?? { ...this.last, nlink: 0 };
  }

  setAttributes(change: AttributeChange): void {
    const fid = this.use();
    this.seenAt = -1;
    this.filesystem.change(() => this.client.setAttributes(fid, change));
  }

  /** The fid of what is still there: ENOENT otherwise. */
  use(): number {
    if (!this.look()) fail("ENOENT");
    return this.find();
  }

  /** A fid of the place, whatever is there now: ENOENT where that is nothing. */
  find(): number {
    return this.search() ?? fail("ENOENT");
  }

  /** Opens the bytes, or the list of a directory, as a fid that is the caller's. */
  open(write: boolean): number {
    const { client } = this;
    const fid = client.walk(this.find(), []) ?? fail("ENOENT");
    try {
      if (client.open(fid, write).path === this.last.path) return fid;
    } catch (error) {
      client.clunk(fid);
      throw error;
    }
    client.clunk(fid);
    return fail("ENOENT");
  }

  /** Of a symbolic link. It never changes: another target is another link. */
  readLink(): ByteString {
    const seen = this.look() ?? fail("ENOENT");
    const known = this.target;
    if (known?.of.mtime === seen.mtime && known.of.ctime === seen.ctime) return known.text;
    const text = this.client.readLink(this.use());
    this.target = { text, of: seen };
    return text;
  }

  /** It has been moved, with all below it. */
  moved(parent: HostNode, name: ByteString): void {
    this.parent = parent;
    this.name = name;
  }

  /** Gives its fid back. */
  letGo(): void {
    this.seenAt = -1;
    if (!this.parent || this.fid === undefined) return;
    this.filesystem.forget(this);
    this.client.clunk(this.fid);
    this.fid = undefined;
  }

  /** The node's own fid, or one got by walking from the nearest directory above that has one. */
  private search(): number | undefined {
    if (this.fid !== undefined) {
      if (this.parent) this.filesystem.keep(this);
      return this.fid;
    }
    const path: ByteString[] = [];
    let from: HostNode = this;
    while (from.parent && from.fid === undefined) {
      path.push(from.name);
      from = from.parent;
    }
    this.fid = this.client.walkFar(from.fid as number, path.reverse());
    if (this.fid !== undefined) this.filesystem.keep(this);
    return this.fid;
  }
}
