import type { Inode } from "./inode.ts";
import type { Mount } from "./mount.ts";
import type { ByteString } from "./names.ts";
import { WeakNames } from "./weak-names.ts";

/**
 * A name in a directory, with the inode it leads to: what gives a directory its `..` and a path its text.
 *
 * Children are held weakly. A dentry lives while something stands on it (an open file, a working directory, a
 * mount, a child); the filesystem is asked at every step of a walk, so nothing here goes stale.
 */
export class Dentry {
  name: ByteString;
  /** Undefined at the root of a filesystem and for what has no name (a pipe). */
  parent: Dentry | undefined;
  readonly inode: Inode;
  /** Unlinked. */
  removed = false;
  /** What is mounted here, by the mount through which one comes. */
  mounted: Map<Mount, Mount> | undefined;
  private readonly children = new WeakNames<Dentry>();

  constructor(name: ByteString, parent: Dentry | undefined, inode: Inode) {
    this.name = name;
    this.parent = parent;
    this.inode = inode;
  }

  /** The living child of that name. */
  known(name: ByteString): Dentry | undefined {
    return this.children.get(name);
  }

  /** The child of that name for `inode`, which the filesystem just gave. */
  child(name: ByteString, inode: Inode): Dentry {
    const known = this.known(name);
    if (known?.inode === inode) return known;
    if (known) known.removed = true;
    const made = new Dentry(name, this, inode);
    this.children.set(name, made);
    return made;
  }

  /** The name is gone. */
  drop(name: ByteString): void {
    const known = this.known(name);
    if (known) known.removed = true;
    this.children.delete(name);
  }

  /** A living child moves here under another name. */
  moveTo(parent: Dentry, name: ByteString): void {
    if (this.parent?.known(this.name) === this) this.parent.children.delete(this.name);
    this.parent = parent;
    this.name = name;
    parent.children.set(name, this);
  }

  isBelow(ancestor: Dentry): boolean {
    for (let at: Dentry | undefined = this; at; at = at.parent) if (at === ancestor) return true;
    return false;
  }
}

/** A place in the file tree: a dentry, and the mount through which it was reached. */
export interface Location {
  readonly mount: Mount;
  readonly dentry: Dentry;
}
