import type { Thread } from "../rkprocess/thread.ts";
import { time } from "../rktime/time.ts";
import { full, partial, type SyscallRow } from "../syscalls/row.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { FileType, SymlinkInode } from "../vfs/inode.ts";
import { describe, isReadOnly, type Mount, MountFlag } from "../vfs/mount.ts";
import { toBytes } from "../vfs/names.ts";
import { Event, tell } from "../vfs/notify.ts";
import {
  isOwner,
  isStored,
  May,
  maySetGroup,
  modeForNewOwner,
  requireAccess,
  requireOwner,
  requireOwnerChange,
} from "../vfs/permission.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { encodeStat, encodeStatfs, encodeStatx } from "../vfs/structs.ts";
import { find } from "../vfs/walk.ts";
import { AT, AT_FDCWD, baseOf, call, fileAt, int, readPath, type Target, targetOf } from "./call.ts";

function writeStat(thread: Thread, target: Target, at: number): number {
  thread.memory.write(at, encodeStat(target.attributes(), target.location.mount.device));
  return 0;
}

function newfstatat(
  thread: Thread,
  files: ProcessFiles,
  dirfd: number,
  path: number,
  at: number,
  flags: number,
): number {
  if (int(flags) & ~(AT.SYMLINK_NOFOLLOW | AT.NO_AUTOMOUNT | AT.EMPTY_PATH)) fail("EINVAL");
  return writeStat(thread, targetOf(thread, files, dirfd, path, flags), at);
}

/** AT_STATX_SYNC_TYPE, STATX__RESERVED. */
const STATX_SYNC = 0x6000;
const STATX_RESERVED = 0x8000_0000;

function statx(
  thread: Thread,
  files: ProcessFiles,
  dirfd: number,
  path: number,
  flags: number,
  mask: number,
  at: number,
) {
  const known = AT.SYMLINK_NOFOLLOW | AT.NO_AUTOMOUNT | AT.EMPTY_PATH | STATX_SYNC;
  if (int(flags) & ~known || (flags & STATX_SYNC) === STATX_SYNC || int(mask) & STATX_RESERVED)
    fail("EINVAL");
  const target = targetOf(thread, files, dirfd, path, flags);
  thread.memory.write(at, encodeStatx(target.attributes(), target.location.mount.device));
  return 0;
}

/** Of statfs(2): the flags of a mount, and ST_RELATIME. */
const RELATIME = 0x1000;

function shownFlags(mount: Mount): number {
  const { flags, filesystem } = mount;
  const isNoted = filesystem.keepsAccessTimes && !(flags & MountFlag.noAccessTimes);
  return flags | (isReadOnly(mount) ? MountFlag.readOnly : 0) | (isNoted ? RELATIME : 0);
}

function writeStatfs(thread: Thread, { mount }: Location, at: number): number {
  const { filesystem, device } = mount;
  const flags = shownFlags(mount);
  thread.memory.write(at, encodeStatfs(filesystem.use(), filesystem.magic, device, flags));
  return 0;
}

function access(
  thread: Thread,
  files: ProcessFiles,
  dirfd: number,
  path: number,
  mode: number,
  flags: number,
): number {
  if (int(mode) & ~7 || int(flags) & ~(AT.EACCESS | AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) fail("EINVAL");
  const who = flags & AT.EACCESS ? files.who : files.who.asRealUser();
  const { location, inode } = targetOf(thread, files, dirfd, path, flags, who);
  if (mode === 0) return 0;
  const runs = mode & May.execute && inode.type === FileType.regular;
  if (runs && location.mount.flags & MountFlag.noPrograms) fail("EACCES");
  if (mode & May.write && isStored(inode.type) && isReadOnly(location.mount)) fail("EROFS");
  requireAccess(who, inode, mode);
  return 0;
}

function readlinkat(
  thread: Thread,
  files: ProcessFiles,
  dirfd: number,
  pathAt: number,
  buffer: number,
  size: number,
): number {
  if (int(size) <= 0) fail("EINVAL");
  const path = readPath(thread, pathAt);
  // An empty path means a symbolic link opened with O_PATH and O_NOFOLLOW (readlink(2)).
  const location =
    path === "" && int(dirfd) !== AT_FDCWD
      ? files.fds.get(int(dirfd)).file.location
      : find(baseOf(files, dirfd, path), path, false);
  const { inode } = location.dentry;
  if (!(inode instanceof SymlinkInode)) return fail(path === "" ? "ENOENT" : "EINVAL");
  const jump = inode.follow();
  if (!jump) inode.accessed();
  const target = toBytes(jump ? describe(jump) : inode.target()).subarray(0, int(size));
  thread.memory.write(buffer, target);
  return target.length;
}

/** S_ISGID: nobody has a file run as a group that they are not in. */
const SET_GROUP = 0o2000;

function setMode({ who }: ProcessFiles, target: Target, mode: number): number {
  const attributes = target.attributes();
  // Their modes mean nothing (fchmodat(2), EOPNOTSUPP).
  if ((attributes.mode & FileType.mask) === FileType.symlink) fail("EOPNOTSUPP");
  if (isReadOnly(target.location.mount)) fail("EROFS");
  if (!isOwner(who, attributes)) fail("EPERM");
  const lost = maySetGroup(who, attributes.gid) ? 0 : SET_GROUP;
  target.setAttributes({ mode: mode & 0o7777 & ~lost });
  tell(target.location.dentry, Event.attributes);
  return 0;
}

/** Changes the owner; -1 keeps. A file that is no directory loses its set-id bits (chown(2)). */
function setOwner({ who }: ProcessFiles, target: Target, user: number, group: number): number {
  const attributes = target.attributes();
  const uid = int(user) === -1 ? undefined : int(user) >>> 0;
  const gid = int(group) === -1 ? undefined : int(group) >>> 0;
  if (isReadOnly(target.location.mount)) fail("EROFS");
  requireOwnerChange(who, attributes, uid, gid);
  const mode = modeForNewOwner(who, attributes);
  target.setAttributes({ uid, gid, ...(mode === (attributes.mode & 0o7777) ? {} : { mode }) });
  tell(target.location.dentry, Event.attributes);
  return 0;
}

const UTIME_NOW = 0x3fff_ffff;
const UTIME_OMIT = 0x3fff_fffe;

/** A `struct timespec` of `utimensat`; undefined: leave it. */
function readTime(thread: Thread, at: number, now: bigint): bigint | undefined {
  const nanoseconds = thread.memory.readWord(at + 8);
  if (nanoseconds === UTIME_NOW) return now;
  if (nanoseconds === UTIME_OMIT) return undefined;
  if (nanoseconds < 0 || nanoseconds >= 1e9) fail("EINVAL");
  return BigInt.asIntN(64, thread.memory.readU64(at)) * 1_000_000_000n + BigInt(nanoseconds);
}

function utimensat(
  thread: Thread,
  files: ProcessFiles,
  dirfd: number,
  path: number,
  times: number,
  flags: number,
): number {
  if (int(flags) & ~(AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) fail("EINVAL");
  const now = thread.kernel.use(time).realtime();
  const atime = times === 0 ? now : readTime(thread, times, now);
  const mtime = times === 0 ? now : readTime(thread, times + 16, now);
  if (atime === undefined && mtime === undefined) return 0;
  const target = path === 0 ? fileAt(files, dirfd) : targetOf(thread, files, dirfd, path, flags);
  if (isReadOnly(target.location.mount)) fail("EROFS");
  // Who may write to a file may say that it was just written to.
  const isTouch = atime === now && mtime === now;
  if (!isTouch) requireOwner(files.who, target);
  else if (!isOwner(files.who, target.attributes())) requireAccess(files.who, target.inode, May.write);
  target.setAttributes({ atime, mtime });
  tell(target.location.dentry, Event.attributes);
  return 0;
}

export const attributeCalls: readonly SyscallRow[] = [
  full(
    "fstat",
    call((thread, files, fd, at) => writeStat(thread, files.fds.get(int(fd)).file, at)),
  ),
  full("newfstatat", call(newfstatat)),
  partial("statx", "birth times of files in memory alone, no file attributes", call(statx)),
  full(
    "statfs",
    call((thread, files, path, at) =>
      writeStatfs(thread, targetOf(thread, files, AT_FDCWD, path, 0).location, at),
    ),
  ),
  full(
    "fstatfs",
    call((thread, files, fd, at) => writeStatfs(thread, files.fds.get(int(fd)).file.location, at)),
  ),
  full(
    "faccessat",
    call((thread, files, dirfd, path, mode) => access(thread, files, dirfd, path, mode, 0)),
  ),
  full("faccessat2", call(access)),
  full("readlinkat", call(readlinkat)),
  full(
    "fchmod",
    call((_thread, files, fd, mode) => setMode(files, fileAt(files, fd), mode)),
  ),
  full(
    "fchmodat",
    call((thread, files, dirfd, path, mode) => setMode(files, targetOf(thread, files, dirfd, path, 0), mode)),
  ),
  full(
    "fchmodat2",
    call((thread, files, dirfd, path, mode, flags) => {
      if (int(flags) & ~(AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) fail("EINVAL");
      return setMode(files, targetOf(thread, files, dirfd, path, flags), mode);
    }),
  ),
  full(
    "fchown",
    call((_thread, files, fd, user, group) => setOwner(files, fileAt(files, fd), user, group)),
  ),
  full(
    "fchownat",
    call((thread, files, dirfd, path, user, group, flags) => {
      if (int(flags) & ~(AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) fail("EINVAL");
      return setOwner(files, targetOf(thread, files, dirfd, path, flags), user, group);
    }),
  ),
  full("utimensat", call(utimensat)),
];
