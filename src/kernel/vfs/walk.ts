import type { Location } from "./dentry.ts";
import { fail } from "./error.ts";
import { DirectoryInode, type Owner, SymlinkInode } from "./inode.ts";
import { enterMounts, parentOf } from "./mount.ts";
import { type ByteString, NAME_MAX } from "./names.ts";

/** Symbolic links followed in one walk before it is ELOOP (linux/namei.h, MAXSYMLINKS). */
const MAX_LINKS = 40;

/** Where a walk starts from. */
export interface Base {
  /** What `/` and the top of `..` are. */
  readonly root: Location;
  /** Where a relative path starts: the working directory, or a directory's file descriptor. */
  readonly start: Location;
  /** Whose new files are; absent: root's. */
  readonly owner?: (() => Owner) | undefined;
}

/** Where a walk ended: a directory, and the last name in it. */
export interface Last {
  readonly parent: Location;
  readonly name: ByteString;
  /** `.`, `..` and `/` name a directory without being entries that could be made or removed. */
  readonly kind: "normal" | "dot" | "dotdot" | "root";
  /** The path ended in `/`: what it names must be a directory. */
  readonly slash: boolean;
  /** What has that name, if anything. */
  readonly found: Location | undefined;
}

/**
 * Walks a path (path_resolution(7)) up to its last name, which need not exist. `follow`: a symbolic link there is
 * followed; one before a trailing slash always is. Throws ENOENT, ENOTDIR, ELOOP and ENAMETOOLONG.
 */
export function walk(base: Base, path: ByteString, follow: boolean): Last {
  const links = new LinkCount();
  let at = base.start;
  let rest = path;
  for (;;) {
    const last = toLast(base.root, at, rest, links);
    const inode = last.found?.dentry.inode;
    if (!(inode instanceof SymlinkInode) || !(follow || last.slash)) return requireDirectory(last);
    links.followed();
    const target = inode.follow();
    if (target) return requireDirectory({ ...last, kind: "normal", found: target });
    rest = last.slash ? `${inode.target()}/` : inode.target();
    at = last.parent;
  }
}

/** The same for calls that make or remove the last name: it is never followed, and may have any type. */
export function walkParent(base: Base, path: ByteString): Last {
  return toLast(base.root, base.start, path, new LinkCount());
}

class LinkCount {
  private count = 0;
  followed(): void {
    if (++this.count > MAX_LINKS) fail("ELOOP");
  }
}

function requireDirectory(last: Last): Last {
  if (last.slash && last.found && !(last.found.dentry.inode instanceof DirectoryInode)) fail("ENOTDIR");
  return last;
}

/** The place that a path names. */
export function find(base: Base, path: ByteString, follow: boolean): Location {
  return walk(base, path, follow).found ?? fail("ENOENT");
}

/** Walks to the last name without following it. */
function toLast(root: Location, start: Location, path: ByteString, links: LinkCount): Last {
  if (path === "") fail("ENOENT");
  let at = path.startsWith("/") ? root : start;
  let rest = path;
  for (;;) {
    const [name, next, slash] = splitName(rest);
    if (!(at.dentry.inode instanceof DirectoryInode)) fail("ENOTDIR");
    if (next === "") return lastName(root, at, name, slash);
    rest = next;
    if (name === "." || name === "") continue;
    if (name === "..") {
      at = parentOf(at, root);
      continue;
    }
    const step = stepTo(at, name) ?? fail("ENOENT");
    const inode = step.dentry.inode;
    if (!(inode instanceof SymlinkInode)) {
      at = step;
      continue;
    }
    links.followed();
    const jump = inode.follow();
    if (jump) {
      at = jump;
      continue;
    }
    const target = inode.target();
    if (target === "") fail("ENOENT");
    if (target.startsWith("/")) at = root;
    rest = `${target}/${rest}`;
  }
}

/** The first name of a path, what follows it, and whether it had slashes after it. */
function splitName(path: ByteString): [ByteString, ByteString, boolean] {
  let from = 0;
  while (path[from] === "/") from++;
  let end = path.indexOf("/", from);
  if (end < 0) return [path.slice(from), "", false];
  const name = path.slice(from, end);
  while (path[end] === "/") end++;
  return [name, path.slice(end), true];
}

function lastName(root: Location, parent: Location, name: ByteString, slash: boolean): Last {
  if (name === "") return { parent, name, kind: "root", slash: true, found: parent };
  if (name === ".") return { parent, name, kind: "dot", slash, found: parent };
  if (name === "..") return { parent, name, kind: "dotdot", slash, found: parentOf(parent, root) };
  return { parent, name, kind: "normal", slash, found: stepTo(parent, name) };
}

/** One step down from a directory. */
function stepTo(at: Location, name: ByteString): Location | undefined {
  if (name.length > NAME_MAX) fail("ENAMETOOLONG");
  const inode = (at.dentry.inode as DirectoryInode).lookup(name);
  if (!inode) {
    at.dentry.drop(name);
    return undefined;
  }
  return enterMounts({ mount: at.mount, dentry: at.dentry.child(name, inode) });
}
