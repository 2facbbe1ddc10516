import { Dentry, type Location } from "./dentry.ts";
import { fail } from "./error.ts";
import { O } from "./flags.ts";
import { DirectoryInode, FileType, type Inode, type NewInode, type Owner, SymlinkInode } from "./inode.ts";
import { isReadOnly } from "./mount.ts";
import { type ByteString, NAME_MAX } from "./names.ts";
import { Event, newCookie, tell, tellGone, tellName, tellSelf } from "./notify.ts";
import { type OpenFile, PathFile } from "./open-file.ts";
import { type Base, find, type Last, walk, walkParent } from "./walk.ts";

/** S_ISGID */
const SET_GID = 0o2000;

/** Flags of `renameat2`. */
export const Rename = { noReplace: 1, exchange: 2 } as const;

/** Opens (and with O_CREAT makes) a file. `mode`: permission bits of a new one, `umask` already taken off. */
export function open(base: Base, path: ByteString, flags: number, mode: number): OpenFile {
  if (flags & O.PATH) return openPath(base, path, flags);
  const file = openOrMake(base, path, flags, mode);
  tell(file.location.dentry, Event.open);
  return file;
}

function openOrMake(base: Base, path: ByteString, flags: number, mode: number): OpenFile {
  if ((flags & O.TMPFILE) === O.TMPFILE) return openNameless(base, path, flags, mode);
  if (flags & O.CREAT && flags & O.DIRECTORY) fail("EINVAL");
  const exclusive = (flags & (O.CREAT | O.EXCL)) === (O.CREAT | O.EXCL);
  const last = walk(base, path, !(flags & O.NOFOLLOW) && !exclusive);
  if (flags & O.CREAT && last.slash) fail("EISDIR");
  if (!last.found) {
    if (!(flags & O.CREAT)) fail("ENOENT");
    const made = make(base, last, { mode: FileType.regular | mode, rdev: 0 });
    return made.dentry.inode.open(made, flags & ~O.TRUNC);
  }
  if (exclusive) fail("EEXIST");
  return openFound(last.found, flags);
}

/** Files without a name that may get one. */
const linkable = new WeakSet<Inode>();

/** O_TMPFILE: a file in no directory. */
function openNameless(base: Base, path: ByteString, flags: number, mode: number): OpenFile {
  if ((flags & O.ACCMODE) === O.RDONLY || flags & O.CREAT || !(flags & O.DIRECTORY)) fail("EINVAL");
  const { mount, dentry } = find(base, path, !(flags & O.NOFOLLOW));
  if (!(dentry.inode instanceof DirectoryInode)) return fail("ENOTDIR");
  requireWritable({ mount, dentry });
  const inode = dentry.inode.createNameless(
    ownedBy(base, dentry.inode, { mode: FileType.regular | mode, rdev: 0 }),
  );
  if (!(flags & O.EXCL)) linkable.add(inode);
  const nameless = new Dentry(`#${inode.attributes().ino}`, dentry, inode);
  nameless.removed = true;
  return inode.open({ mount, dentry: nameless }, flags & ~(O.TMPFILE | O.DIRECTORY));
}

function openPath(base: Base, path: ByteString, flags: number): OpenFile {
  const found = find(base, path, !(flags & O.NOFOLLOW));
  if (flags & O.DIRECTORY) requireDirectory(found);
  return new PathFile(found, flags & (O.PATH | O.DIRECTORY | O.NOFOLLOW));
}

/** Opens what a place holds (also for `truncate` and for mapping a program). */
export function openFound(found: Location, flags: number): OpenFile {
  const { inode } = found.dentry;
  const writes = (flags & O.ACCMODE) !== O.RDONLY || (flags & O.TRUNC) !== 0;
  if (flags & O.DIRECTORY) requireDirectory(found);
  if (inode instanceof SymlinkInode) fail("ELOOP");
  if (inode instanceof DirectoryInode && (writes || flags & O.CREAT)) fail("EISDIR");
  if (writes && inode.type === FileType.regular) requireWritable(found);
  if (!(flags & O.TRUNC) || inode.type !== FileType.regular) return inode.open(found, flags);
  // Truncation needs no write access of the descriptor (open(2)), but the bytes opened for writing.
  const file = inode.open(found, (flags & ~O.ACCMODE) | O.RDWR);
  file.truncate(0);
  tell(found.dentry, Event.modify);
  file.flags = (file.flags & ~O.ACCMODE) | (flags & O.ACCMODE);
  return file;
}

export function mkdir(base: Base, path: ByteString, mode: number): void {
  make(base, walkParent(base, path), { mode: FileType.directory | mode, rdev: 0 });
}

/** A device file, fifo, socket or regular file. */
export function mknod(base: Base, path: ByteString, what: NewInode): Location {
  const last = walkParent(base, path);
  if (last.slash && !last.found) fail("ENOENT");
  return make(base, last, what);
}

export function symlink(base: Base, path: ByteString, target: ByteString): void {
  if (target === "") fail("ENOENT");
  const last = walkParent(base, path);
  if (last.slash && !last.found) fail("ENOENT");
  const parent = requireFree(last);
  const { owner } = ownedBy(base, parent, { mode: FileType.symlink, rdev: 0 });
  tellName(parent, last.name, parent.symlink(last.name, target, owner), Event.create);
}

/** A second name for what is at `from`. */
export function link(from: Location, base: Base, path: ByteString): void {
  const last = walkParent(base, path);
  if (last.slash && !last.found) fail("ENOENT");
  const parent = requireFree(last);
  if (last.parent.mount !== from.mount) fail("EXDEV");
  const { inode } = from.dentry;
  if (inode instanceof DirectoryInode) fail("EPERM");
  if (inode.attributes().nlink === 0 && !linkable.has(inode)) fail("ENOENT");
  parent.link(last.name, inode);
  tellSelf(inode, Event.attributes);
  tellName(parent, last.name, inode, Event.create);
}

export function unlink(base: Base, path: ByteString): void {
  const last = walkParent(base, path);
  if (last.kind !== "normal") fail("EISDIR");
  const found = last.found ?? fail("ENOENT");
  const { inode } = found.dentry;
  if (inode instanceof DirectoryInode) fail("EISDIR");
  if (last.slash) fail("ENOTDIR");
  requireWritable(last.parent);
  directoryOf(last).unlink(last.name, inode);
  last.parent.dentry.drop(last.name);
  tellRemoved(directoryOf(last), last.name, inode);
}

export function rmdir(base: Base, path: ByteString): void {
  const last = walkParent(base, path);
  if (last.kind === "dot") fail("EINVAL");
  if (last.kind === "dotdot") fail("ENOTEMPTY");
  if (last.kind === "root") fail("EBUSY");
  const found = last.found ?? fail("ENOENT");
  const { inode } = found.dentry;
  if (!(inode instanceof DirectoryInode)) fail("ENOTDIR");
  if (found.mount !== last.parent.mount) fail("EBUSY");
  requireWritable(last.parent);
  directoryOf(last).rmdir(last.name, inode as DirectoryInode);
  last.parent.dentry.drop(last.name);
  tellRemoved(directoryOf(last), last.name, inode);
}

export function rename(from: Base, path: ByteString, to: Base, newPath: ByteString, flags: number): void {
  if (flags & ~(Rename.noReplace | Rename.exchange)) fail("EINVAL");
  if (flags === (Rename.noReplace | Rename.exchange)) fail("EINVAL");
  const source = walkParent(from, path);
  const target = walkParent(to, newPath);
  if (source.parent.mount !== target.parent.mount) fail("EXDEV");
  if (source.kind !== "normal") fail("EBUSY");
  if (target.kind !== "normal") fail(flags & Rename.noReplace ? "EEXIST" : "EBUSY");
  const moved = source.found ?? fail("ENOENT");
  const replaced = target.found;
  const exchange = (flags & Rename.exchange) !== 0;
  if (replaced && flags & Rename.noReplace) fail("EEXIST");
  if (!replaced && exchange) fail("ENOENT");
  checkRenameKinds(source, target, exchange);
  requireWritable(source.parent);
  if (replaced?.dentry.inode === moved.dentry.inode) return;
  if (target.parent.dentry.removed) fail("ENOENT");
  directoryOf(source).rename(
    source.name,
    moved.dentry.inode,
    directoryOf(target),
    target.name,
    replaced?.dentry.inode,
    exchange,
  );
  if (!exchange) target.parent.dentry.drop(target.name);
  moved.dentry.moveTo(target.parent.dentry, target.name);
  if (exchange) replaced?.dentry.moveTo(source.parent.dentry, source.name);
  tellMoved(source, target, moved.dentry.inode);
  if (exchange && replaced) tellMoved(target, source, replaced.dentry.inode);
  else if (replaced && isGone(replaced.dentry.inode)) tellGone(replaced.dentry.inode);
}

function tellMoved(from: Last, to: Last, inode: Inode): void {
  const cookie = newCookie();
  tellName(directoryOf(from), from.name, inode, Event.movedFrom, cookie);
  tellName(directoryOf(to), to.name, inode, Event.movedTo, cookie);
  tellSelf(inode, Event.moveSelf);
}

/** A name is gone, and possibly what it led to. */
function tellRemoved(directory: DirectoryInode, name: ByteString, inode: Inode): void {
  if (!directory.watchers && !inode.watchers) return;
  if (!isGone(inode)) tellSelf(inode, Event.attributes);
  else {
    if (!(inode instanceof DirectoryInode)) tellSelf(inode, Event.attributes);
    tellGone(inode);
  }
  tellName(directory, name, inode, Event.delete);
}

const isGone = (inode: Inode) => inode.attributes().nlink === 0;

function checkRenameKinds(source: Last, target: Last, exchange: boolean): void {
  const moved = source.found as Location;
  const replaced = target.found;
  const isDirectory = moved.dentry.inode instanceof DirectoryInode;
  if (!isDirectory && (source.slash || (target.slash && !exchange))) fail("ENOTDIR");
  if (moved.mount !== source.parent.mount || (replaced && replaced.mount !== target.parent.mount))
    fail("EBUSY");
  if (target.parent.dentry.isBelow(moved.dentry)) fail("EINVAL");
  if (!replaced) return;
  if (source.parent.dentry.isBelow(replaced.dentry)) fail(exchange ? "EINVAL" : "ENOTEMPTY");
  const ontoDirectory = replaced.dentry.inode instanceof DirectoryInode;
  if (exchange) {
    if (target.slash && !ontoDirectory) fail("ENOTDIR");
    return;
  }
  if (isDirectory && !ontoDirectory) fail("ENOTDIR");
  if (!isDirectory && ontoDirectory) fail("EISDIR");
}

function make(base: Base, last: Last, what: NewInode): Location {
  const parent = requireFree(last);
  const inode = parent.create(last.name, ownedBy(base, parent, what));
  tellName(parent, last.name, inode, Event.create);
  return { mount: last.parent.mount, dentry: last.parent.dentry.child(last.name, inode) };
}

const ROOT: Owner = { uid: 0, gid: 0 };

/** In a set-group-ID directory the group is the directory's, and a new directory is such a one too (inode(7)). */
function ownedBy(base: Base, parent: DirectoryInode, what: NewInode): NewInode {
  const owner = base.owner?.() ?? ROOT;
  const { mode, gid } = parent.attributes();
  if (!(mode & SET_GID)) return { ...what, owner };
  const inherited = (what.mode & FileType.mask) === FileType.directory ? SET_GID : 0;
  return { ...what, mode: what.mode | inherited, owner: { uid: owner.uid, gid } };
}

/** The directory that a new name goes into, once it is clear that it may. */
function requireFree(last: Last): DirectoryInode {
  if (last.found || last.kind !== "normal") fail("EEXIST");
  if (last.name.length > NAME_MAX) fail("ENAMETOOLONG");
  if (last.parent.dentry.removed) fail("ENOENT");
  requireWritable(last.parent);
  return directoryOf(last);
}

function directoryOf(last: Last): DirectoryInode {
  return last.parent.dentry.inode as DirectoryInode;
}

function requireDirectory(location: Location): void {
  if (!(location.dentry.inode instanceof DirectoryInode)) fail("ENOTDIR");
}

export function requireWritable(location: Location): void {
  if (isReadOnly(location.mount)) fail("EROFS");
}
