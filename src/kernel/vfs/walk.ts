import type { Location } from "./dentry.ts";
import { fail } from "./error.ts";
import { DirectoryInode, SymlinkInode } from "./inode.ts";
import { enterMounts, parentOf } from "./mount.ts";
import { type ByteString, NAME_MAX } from "./names.ts";
import { requireFollowable, requireSearch, type Who } from "./permission.ts";

/** Symbolic links followed in one walk before it is ELOOP (linux/namei.h, MAXSYMLINKS). */
const MAX_LINKS = 40;

/** Where a walk starts from. */
export interface Base {
  /** What `/` and the top of `..` are. */
  readonly root: Location;
  /** Where a relative path starts: the working directory, or a directory's file descriptor. */
  readonly start: Location;
  /** Who walks, and whose new files are; absent: the kernel for itself, and root. */
  readonly who?: Who;
  /** Where the walk must not go: `Resolve` bits. */
  readonly resolve?: number;
}

/** RESOLVE_ flags of openat2(2). */
export const Resolve = {
  noOtherMounts: 1,
  noMagicLinks: 2,
  noSymlinks: 4,
  beneath: 8,
  inRoot: 16,
  cached: 32,
} as const;

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
 * followed; one before a trailing slash always is. Throws ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, EACCES and EXDEV.
 */
export function walk(base: Base, path: ByteString, follow: boolean): Last {
  const walker = new Walker(base);
  let last = walker.toLast(walker.start(path), path);
  for (;;) {
    const { found } = last;
    const inode = found?.dentry.inode;
    if (!found || !(inode instanceof SymlinkInode) || !(follow || last.slash)) return requireDirectory(last);
    const jump = walker.follow(found, inode, last.parent);
    if (jump) return requireDirectory({ ...last, kind: "normal", found: jump });
    const target = inode.target();
    last = walker.toLast(walker.startOfLink(last.parent, target), last.slash ? `${target}/` : target);
  }
}

/** The same for calls that make or remove the last name: it is never followed, and may have any type. */
export function walkParent(base: Base, path: ByteString): Last {
  const walker = new Walker(base);
  return walker.toLast(walker.start(path), path);
}

function requireDirectory(last: Last): Last {
  if (last.slash && last.found && !(last.found.dentry.inode instanceof DirectoryInode)) fail("ENOTDIR");
  return last;
}

/** The place that a path names. */
export function find(base: Base, path: ByteString, follow: boolean): Location {
  return walk(base, path, follow).found ?? fail("ENOENT");
}

/** One walk: who makes it, where it may go, and how many links it has followed. */
class Walker {
  private readonly root: Location;
  private readonly from: Location;
  /** Undefined where no check would fail. */
  private readonly who: Who;
  private readonly resolve: number;
  private links = 0;

  constructor({ root, start, who, resolve = 0 }: Base) {
    this.root = resolve & (Resolve.beneath | Resolve.inRoot) ? start : root;
    this.from = start;
    this.who = who?.ownsEveryFile === false ? who : undefined;
    this.resolve = resolve;
  }

  /** Where a path given to the walk starts: it may begin at a root on another mount. */
  start(path: ByteString): Location {
    if (!path.startsWith("/")) return this.from;
    return this.resolve & Resolve.beneath ? fail("EXDEV") : this.root;
  }

  /** Where the target of a link in `directory` starts. */
  startOfLink(directory: Location, target: ByteString): Location {
    if (target === "") fail("ENOENT");
    if (!target.startsWith("/")) return directory;
    if (this.resolve & Resolve.beneath) fail("EXDEV");
    return this.crossed(directory, this.root);
  }

  /** Walks to the last name without following it. */
  toLast(start: Location, path: ByteString): Last {
    if (path === "") fail("ENOENT");
    let at = start;
    let rest = path;
    for (;;) {
      const [name, next, slash] = splitName(rest);
      const { inode: directory } = at.dentry;
      if (!(directory instanceof DirectoryInode)) fail("ENOTDIR");
      if (this.who && name !== "") requireSearch(this.who, directory);
      if (next === "") return this.lastName(at, name, slash);
      rest = next;
      if (name === "." || name === "") continue;
      if (name === "..") {
        at = this.above(at);
        continue;
      }
      const step = this.stepTo(at, name) ?? fail("ENOENT");
      const inode = step.dentry.inode;
      if (!(inode instanceof SymlinkInode)) {
        at = step;
        continue;
      }
      const jump = this.follow(step, inode, undefined);
      if (jump) {
        at = jump;
        continue;
      }
      const target = inode.target();
      at = this.startOfLink(at, target);
      rest = `${target}/${rest}`;
    }
  }

  /**
   * A link is to be followed: where it leads without being parsed, if it does so. `directory`: that of a link which
   * the path ends with.
   */
  follow(at: Location, inode: SymlinkInode, directory: Location | undefined): Location | undefined {
    if (++this.links > MAX_LINKS || this.resolve & Resolve.noSymlinks) fail("ELOOP");
    if (this.who && directory) requireFollowable(this.who, directory.dentry.inode, inode);
    const jump = inode.follow();
    if (!jump) {
      inode.accessed();
      return undefined;
    }
    if (this.resolve & Resolve.noMagicLinks) fail("ELOOP");
    if (this.resolve & (Resolve.beneath | Resolve.inRoot)) fail("EXDEV");
    return this.crossed(at, jump);
  }

  private lastName(parent: Location, name: ByteString, slash: boolean): Last {
    if (name === "") return { parent, name, kind: "root", slash: true, found: parent };
    if (name === ".") return { parent, name, kind: "dot", slash, found: parent };
    if (name === "..") return { parent, name, kind: "dotdot", slash, found: this.above(parent) };
    return { parent, name, kind: "normal", slash, found: this.stepTo(parent, name) };
  }

  /** `..` */
  private above(at: Location): Location {
    if (this.resolve & Resolve.beneath && at.dentry === this.root.dentry && at.mount === this.root.mount)
      fail("EXDEV");
    return this.crossed(at, parentOf(at, this.root));
  }

  /** One step down from a directory. */
  private stepTo(at: Location, name: ByteString): Location | undefined {
    if (name.length > NAME_MAX) fail("ENAMETOOLONG");
    const inode = (at.dentry.inode as DirectoryInode).lookup(name);
    if (!inode) {
      at.dentry.drop(name);
      return undefined;
    }
    return this.crossed(at, enterMounts({ mount: at.mount, dentry: at.dentry.child(name, inode) }));
  }

  private crossed(from: Location, to: Location): Location {
    return this.resolve & Resolve.noOtherMounts && from.mount !== to.mount ? fail("EXDEV") : to;
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
