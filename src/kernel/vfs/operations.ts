import { Capability } from "../rkprocess/capabilities.ts";
import { Dentry, type Location } from "./dentry.ts";
import { fail } from "./error.ts";
import { O } from "./flags.ts";
import { DirectoryInode, FileType, type Inode, type NewInode, type Owner, SymlinkInode } from "./inode.ts";
import { isReadOnly, MountFlag } from "./mount.ts";
import { type ByteString, NAME_MAX } from "./names.ts";
import { Event, tell, tellGone, tellName, tellSelf } from "./notify.ts";
import { type OpenFile, PathFile } from "./open-file.ts";
import {
  loseSetId,
  May,
  maySetGroup,
  requireAccess,
  requireLinkable,
  requireOwner,
  requireRemovable,
  type Who,
} from "./permission.ts";
import { type Base, find, type Last, walk, walkParent } from "./walk.ts";

/** S_ISGID, and with S_IXGRP. */
const SET_GID = 0o2000;
const SET_GID_RUNS = 0o2010;

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
    return opened(made, flags & ~O.TRUNC);
  }
  if (exclusive) fail("EEXIST");
  return openFound(last.found, flags, base.who);
}

/** Files without a name that may get one. */
const linkable = new WeakSet<Inode>();

/** O_TMPFILE: a file in no directory. */
function openNameless(base: Base, path: ByteString, flags: number, mode: number): OpenFile {
  if ((flags & O.ACCMODE) === O.RDONLY || flags & O.CREAT || !(flags & O.DIRECTORY)) fail("EINVAL");
  const { mount, dentry } = find(base, path, !(flags & O.NOFOLLOW));
  if (!(dentry.inode instanceof DirectoryInode)) return fail("ENOTDIR");
  requireWritable({ mount, dentry });
  requireAccess(base.who, dentry.inode, May.write | May.execute);
  const inode = dentry.inode.createNameless(
    ownedBy(base, dentry.inode, { mode: FileType.regular | mode, rdev: 0 }),
  );
  if (!(flags & O.EXCL)) linkable.add(inode);
  const nameless = new Dentry(`#${inode.attributes().ino}`, dentry, inode);
  nameless.removed = true;
  return opened({ mount, dentry: nameless }, flags & ~(O.TMPFILE | O.DIRECTORY));
}

function openPath(base: Base, path: ByteString, flags: number): OpenFile {
  const found = find(base, path, !(flags & O.NOFOLLOW));
  if (flags & O.DIRECTORY) requireDirectory(found);
  return new PathFile(found, flags & (O.PATH | O.DIRECTORY | O.NOFOLLOW));
}

/** What the access modes of `open` ask for; the fourth, for `ioctl` alone, asks for both. */
const ACCESS = [May.read, May.write, May.read | May.write, May.read | May.write];

/** Opens what a place holds (also for `truncate`). */
export function openFound(found: Location, flags: number, who: Who): OpenFile {
  const { inode } = found.dentry;
  const writes = (flags & O.ACCMODE) !== O.RDONLY || (flags & O.TRUNC) !== 0;
  if (flags & O.DIRECTORY) requireDirectory(found);
  if (inode instanceof SymlinkInode) fail("ELOOP");
  if (inode instanceof DirectoryInode && (writes || flags & O.CREAT)) fail("EISDIR");
  if (isDevice(inode) && found.mount.flags & MountFlag.noDevices) fail("EACCES");
  const writesFile = writes && inode.type === FileType.regular;
  if (writesFile) requireWritable(found);
  requireAccess(who, inode, ACCESS[flags & O.ACCMODE] | (flags & O.TRUNC ? May.write : 0));
  if (flags & O.NOATIME) requireOwner(who, inode);
  if (inode.type === FileType.character) return openDevice(found, flags);
  if (inode.type !== FileType.regular) return inode.open(found, flags);
  if (writesFile && inode.writers < 0) fail("ETXTBSY");
  if (!(flags & O.TRUNC)) return opened(found, flags);
  // Truncation needs no write access of the descriptor (open(2)), but the bytes opened for writing.
  const file = opened(found, (flags & ~O.ACCMODE) | O.RDWR);
  loseSetId(who, file);
  file.truncate(0);
  tell(found.dentry, Event.modify);
  file.flags = (file.flags & ~O.ACCMODE) | (flags & O.ACCMODE);
  return file;
}

const isDevice = ({ type }: Inode) => type === FileType.character || type === FileType.block;

/** What a device's number stands for; a device of a filesystem of devices (a terminal) may have none. */
function openDevice(found: Location, flags: number): OpenFile {
  const { inode } = found.dentry;
  const driver = found.mount.devices?.find(inode.attributes().rdev);
  return driver ? driver(found, flags) : inode.open(found, flags);
}

/** Opens a file that may be opened so. What can write to a regular file is counted: such a file is not run. */
function opened(found: Location, flags: number): OpenFile {
  const file = found.dentry.inode.open(found, flags);
  if (file.writable) file.countWriter();
  return file;
}

/** Opens a program to be run, which needs no permission to read it. Throws EACCES, and ETXTBSY while it is written. */
export function openProgram(found: Location, who: Who): OpenFile {
  const { inode } = found.dentry;
  if (inode.type === FileType.symlink) fail("ELOOP");
  if (inode.type !== FileType.regular || found.mount.flags & MountFlag.noPrograms) fail("EACCES");
  requireAccess(who, inode, May.execute);
  if (inode.writers > 0) fail("ETXTBSY");
  const file = inode.open(found, O.RDONLY);
  tell(found.dentry, Event.open);
  return file;
}

export function mkdir(base: Base, path: ByteString, mode: number): void {
  make(base, walkParent(base, path), { mode: FileType.directory | mode, rdev: 0 });
}

/** A device file, fifo, socket or regular file. */
export function mknod(base: Base, path: ByteString, what: NewInode): Location {
  const last = walkParent(base, path);
  if (last.slash && !last.found) fail("ENOENT");
  const type = what.mode & FileType.mask;
  const isForDevice = type === FileType.character || type === FileType.block;
  return make(base, last, what, isForDevice);
}

export function symlink(base: Base, path: ByteString, target: ByteString): void {
  if (target === "") fail("ENOENT");
  const last = walkParent(base, path);
  if (last.slash && !last.found) fail("ENOENT");
  const parent = requireFree(last);
  requireAccess(base.who, parent, May.write | May.execute);
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
  requireLinkable(base.who, inode);
  requireAccess(base.who, parent, May.write | May.execute);
  if (inode instanceof DirectoryInode) fail("EPERM");
  if (inode.attributes().nlink === 0 && !linkable.has(inode)) fail("ENOENT");
  parent.link(last.name, inode);
  tellSelf(inode, Event.attributes);
  tellName(parent, last.name, inode, Event.create);
}

export function unlink(base: Base, path: ByteString): void {
  const last = walkParent(base, path);
  if (last.kind !== "normal") fail("EISDIR");
  requireWritable(last.parent);
  const found = last.found ?? fail("ENOENT");
  const { inode } = found.dentry;
  const isDirectory = inode instanceof DirectoryInode;
  if (last.slash) fail(isDirectory ? "EISDIR" : "ENOTDIR");
  requireRemovable(base.who, directoryOf(last), inode);
  if (isDirectory) fail("EISDIR");
  if (found.mount !== last.parent.mount) fail("EBUSY");
  directoryOf(last).unlink(last.name, inode);
  last.parent.dentry.drop(last.name);
  tellRemoved(directoryOf(last), last.name, inode);
}

export function rmdir(base: Base, path: ByteString): void {
  const last = walkParent(base, path);
  if (last.kind === "dot") fail("EINVAL");
  if (last.kind === "dotdot") fail("ENOTEMPTY");
  if (last.kind === "root") fail("EBUSY");
  requireWritable(last.parent);
  const found = last.found ?? fail("ENOENT");
  const { inode } = found.dentry;
  requireRemovable(base.who, directoryOf(last), inode);
  if (!(inode instanceof DirectoryInode)) fail("ENOTDIR");
  if (found.mount !== last.parent.mount) fail("EBUSY");
  directoryOf(last).rmdir(last.name, inode as DirectoryInode);
  last.parent.dentry.drop(last.name);
  tellRemoved(directoryOf(last), last.name, inode);
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

export const isGone = (inode: Inode) => inode.attributes().nlink === 0;

function make(base: Base, last: Last, what: NewInode, isDevice = false): Location {
  const parent = requireFree(last);
  requireAccess(base.who, parent, May.write | May.execute);
  if (isDevice && base.who && !base.who.has(Capability.makeDevices)) fail("EPERM");
  const inode = parent.create(last.name, ownedBy(base, parent, what));
  tellName(parent, last.name, inode, Event.create);
  return { mount: last.parent.mount, dentry: last.parent.dentry.child(last.name, inode) };
}

const ROOT: Owner = { uid: 0, gid: 0 };

/**
 * In a set-group-ID directory the group is the directory's, and a new directory is such a one too (inode(7)). Nobody
 * makes a program there that runs as a group that the maker is not in.
 */
function ownedBy({ who }: Base, parent: DirectoryInode, what: NewInode): NewInode {
  const owner = who ? { uid: who.fsuid, gid: who.fsgid } : ROOT;
  const { mode: above, gid } = parent.attributes();
  if (!(above & SET_GID)) return { ...what, owner };
  let { mode } = what;
  if ((mode & FileType.mask) === FileType.directory) mode |= SET_GID;
  else if ((mode & SET_GID_RUNS) === SET_GID_RUNS && !maySetGroup(who, gid)) mode &= ~SET_GID;
  return { ...what, mode, owner: { uid: owner.uid, gid } };
}

/** The directory that a new name goes into, once it is clear that it may. */
function requireFree(last: Last): DirectoryInode {
  if (last.found || last.kind !== "normal") fail("EEXIST");
  if (last.name.length > NAME_MAX) fail("ENAMETOOLONG");
  if (last.parent.dentry.removed) fail("ENOENT");
  requireWritable(last.parent);
  return directoryOf(last);
}

export function directoryOf(last: Last): DirectoryInode {
  return last.parent.dentry.inode as DirectoryInode;
}

function requireDirectory(location: Location): void {
  if (!(location.dentry.inode instanceof DirectoryInode)) fail("ENOTDIR");
}

export function requireWritable(location: Location): void {
  if (isReadOnly(location.mount)) fail("EROFS");
}
