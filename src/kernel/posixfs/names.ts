import type { Thread } from "../rkprocess/thread.ts";
import { full, partial, type SyscallRow } from "../syscalls/row.ts";
import type { Location } from "../vfs/dentry.ts";
import { DirectoryFile } from "../vfs/directory-file.ts";
import { fail } from "../vfs/error.ts";
import { DirectoryInode, FileType } from "../vfs/inode.ts";
import { describe, pathOf } from "../vfs/mount.ts";
import { toBytes } from "../vfs/names.ts";
import { link, mkdir, mknod, rmdir, symlink, unlink } from "../vfs/operations.ts";
import { May, requireAccess } from "../vfs/permission.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { rename } from "../vfs/rename.ts";
import { encodeDirent } from "../vfs/structs.ts";
import { find } from "../vfs/walk.ts";
import { AT, AT_FDCWD, baseOf, type CallArguments, call, fileAt, int, readPath, targetOf } from "./call.ts";

function mkdirat(thread: Thread, files: ProcessFiles, dirfd: number, pathAt: number, mode: number): number {
  const path = readPath(thread, pathAt);
  mkdir(baseOf(files, dirfd, path), path, mode & 0o1777 & ~files.umask);
  return 0;
}

const { regular, character, block, fifo, socket } = FileType;
const MAKEABLE = new Set<number>([regular, character, block, fifo, socket]);

function mknodat(
  thread: Thread,
  files: ProcessFiles,
  dirfd: number,
  pathAt: number,
  mode: number,
  device: number,
): number {
  const type = mode & FileType.mask || FileType.regular;
  if (type === FileType.directory) fail("EPERM");
  if (!MAKEABLE.has(type)) fail("EINVAL");
  const path = readPath(thread, pathAt);
  mknod(baseOf(files, dirfd, path), path, {
    mode: type | (mode & 0o7777 & ~files.umask),
    rdev: int(device) >>> 0,
  });
  return 0;
}

function unlinkat(thread: Thread, files: ProcessFiles, dirfd: number, pathAt: number, flags: number): number {
  if (int(flags) & ~AT.REMOVEDIR) fail("EINVAL");
  const path = readPath(thread, pathAt);
  const base = baseOf(files, dirfd, path);
  if (flags & AT.REMOVEDIR) rmdir(base, path);
  else unlink(base, path);
  return 0;
}

function renameat2(thread: Thread, files: ProcessFiles, ...args: CallArguments) {
  const [fromFd, fromAt, toFd, toAt, flags] = args;
  const from = readPath(thread, fromAt);
  const to = readPath(thread, toAt);
  rename(baseOf(files, fromFd, from), from, baseOf(files, toFd, to), to, int(flags));
  return 0;
}

function linkat(thread: Thread, files: ProcessFiles, ...args: CallArguments) {
  const [fromFd, fromAt, toFd, toAt, flags] = args;
  if (int(flags) & ~(AT.SYMLINK_FOLLOW | AT.EMPTY_PATH)) fail("EINVAL");
  const lookup =
    flags & AT.SYMLINK_FOLLOW ? flags & AT.EMPTY_PATH : (flags & AT.EMPTY_PATH) | AT.SYMLINK_NOFOLLOW;
  const source = targetOf(thread, files, fromFd, fromAt, lookup).location;
  const to = readPath(thread, toAt);
  link(source, baseOf(files, toFd, to), to);
  return 0;
}

function symlinkat(
  thread: Thread,
  files: ProcessFiles,
  targetAt: number,
  dirfd: number,
  pathAt: number,
): number {
  const target = readPath(thread, targetAt);
  const path = readPath(thread, pathAt);
  symlink(baseOf(files, dirfd, path), path, target);
  return 0;
}

/** Bytes of entries handed out in one call; the caller's buffer may be larger. */
const MAX_LISTING = 65536;

function getdents64(thread: Thread, files: ProcessFiles, fd: number, buffer: number, count: number): number {
  const file = fileAt(files, fd);
  if (!(file instanceof DirectoryFile)) return fail("ENOTDIR");
  const out = new Uint8Array(Math.min(count >>> 0, MAX_LISTING));
  let done = 0;
  let tooSmall = false;
  file.accessed();
  file.list((entry, next) => {
    const record = encodeDirent(entry.ino, next, entry.type, entry.name);
    tooSmall = done === 0 && record.length > out.length;
    if (done + record.length > out.length) return false;
    out.set(record, done);
    done += record.length;
    return true;
  });
  if (tooSmall) fail("EINVAL");
  thread.memory.write(buffer, out.subarray(0, done));
  return done;
}

function changeDirectory(files: ProcessFiles, location: Location): number {
  const { inode } = location.dentry;
  if (!(inode instanceof DirectoryInode)) fail("ENOTDIR");
  requireAccess(files.who, inode, May.execute);
  files.cwd = location;
  return 0;
}

function chdir(thread: Thread, files: ProcessFiles, pathAt: number): number {
  const path = readPath(thread, pathAt);
  return changeDirectory(files, find(baseOf(files, AT_FDCWD, path), path, true));
}

function getcwd(thread: Thread, files: ProcessFiles, buffer: number, size: number): number {
  if (files.cwd.dentry.removed) fail("ENOENT");
  const path = pathOf(files.cwd, files.root) ?? `(unreachable)${describe(files.cwd)}`;
  if (path.length + 1 > size && size >= 0) fail("ERANGE");
  thread.memory.write(buffer, toBytes(`${path}\0`));
  return path.length + 1;
}

export const nameCalls: readonly SyscallRow[] = [
  full("mkdirat", call(mkdirat)),
  full("mknodat", call(mknodat)),
  full("unlinkat", call(unlinkat)),
  partial("renameat2", "no RENAME_WHITEOUT", call(renameat2)),
  full("linkat", call(linkat)),
  full("symlinkat", call(symlinkat)),
  full("getdents64", call(getdents64)),
  full("chdir", call(chdir)),
  full(
    "fchdir",
    call((_thread, files, fd) => changeDirectory(files, files.fds.get(int(fd)).file.location)),
  ),
  full("getcwd", call(getcwd)),
  full(
    "umask",
    call((_thread, files, mask) => {
      const old = files.umask;
      files.umask = mask & 0o777;
      return old;
    }),
  ),
];
