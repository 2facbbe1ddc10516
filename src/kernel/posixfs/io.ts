import type { Thread } from "../rkprocess/thread.ts";
import { full, partial, type SyscallRow, stub } from "../syscalls/row.ts";
import { fail } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import { DirectoryInode, FileType } from "../vfs/inode.ts";
import { Event, tell } from "../vfs/notify.ts";
import { type OpenFile, Seek } from "../vfs/open-file.ts";
import { openFound, requireWritable } from "../vfs/operations.ts";
import { loseSetId } from "../vfs/permission.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { vfs } from "../vfs/vfs.ts";
import { find } from "../vfs/walk.ts";
import { AT_FDCWD, baseOf, type CallArguments, call, fileAt, int, readPath } from "./call.ts";
import { requireAllowedSize, roomForWrite } from "./file-size-limit.ts";
import { MOST_SENT, readFile, segment, segments, writeFile } from "./transfer.ts";

/** Bytes copied between two files at once. */
const COPY_CHUNK = 65536;

function offsetOf(offset: number): number {
  return offset < 0 ? fail("EINVAL") : offset;
}

/** `preadv2`, `pwritev2`: -1 is the file's own position. */
function optionalOffset(offset: number): number | undefined {
  return offset === -1 ? undefined : offsetOf(offset);
}

/** A range of a transfer: its end must be one that a file could have (Linux's `rw_verify_area`). */
function placeOf(offset: number, count: number): number {
  if (offset < 0 || offset + Math.max(0, count) >= 2 ** 63) fail("EINVAL");
  return offset;
}

/** Flags of `preadv2` and `pwritev2` (linux/fs.h). HIPRI, DSYNC and SYNC ask for nothing that is not done anyway. */
const RWF = { NOWAIT: 8, APPEND: 0x10, NOAPPEND: 0x20, KNOWN: 0x3f } as const;

/** Transfers as `flags` say for this once. */
function withFlags(file: OpenFile, flags: number, transfer: () => number): number {
  if (int(flags) & ~RWF.KNOWN) fail("EOPNOTSUPP");
  const { APPEND, NOAPPEND, NOWAIT } = RWF;
  if (flags & APPEND && flags & NOAPPEND) fail("EINVAL");
  const { type } = file.inode;
  if (flags & NOWAIT && type !== FileType.regular && type !== FileType.fifo && type !== FileType.socket)
    fail("EOPNOTSUPP");
  const usual = file.flags;
  if (flags & APPEND && file.divisible) file.flags |= O.APPEND;
  if (flags & NOAPPEND) file.flags &= ~O.APPEND;
  if (flags & NOWAIT) file.flags |= O.NONBLOCK;
  // Whether it waits is decided before this returns.
  try {
    return transfer();
  } finally {
    file.flags = usual;
  }
}

/** Moves bytes from file to file; `from` and `to` are the positions, or undefined for the files' own. */
function copy(
  thread: Thread,
  source: OpenFile,
  target: OpenFile,
  from: number | undefined,
  to: number | undefined,
  count: number,
): number {
  const most = count === 0 ? 0 : Math.min(count, roomForWrite(thread, target, to));
  const buffer = new Uint8Array(Math.min(most, COPY_CHUNK));
  let done = 0;
  let at = from ?? source.seek(0, Seek.current);
  try {
    while (done < most) {
      const got = source.readAt(buffer.subarray(0, Math.min(buffer.length, most - done)), at);
      if (got === 0) break;
      const put =
        to === undefined
          ? target.write(buffer.subarray(0, got))
          : target.writeAt(buffer.subarray(0, got), to + done);
      done += put;
      at += put;
      if (put < got) break;
    }
  } catch (error) {
    if (done === 0) throw error;
  }
  if (from === undefined) source.seek(at, Seek.set);
  return done;
}

function copyFileRange(thread: Thread, files: ProcessFiles, ...args: CallArguments) {
  const [input, inOffset, out, outOffset, length, flags] = args;
  const source = fileAt(files, input);
  const target = fileAt(files, out);
  if (flags !== 0 || length < 0) fail("EINVAL");
  if (!source.readable || !target.writable || target.flags & O.APPEND) fail("EBADF");
  for (const { inode } of [source, target]) {
    if (inode instanceof DirectoryInode) fail("EISDIR");
    if (inode.type !== FileType.regular) fail("EINVAL");
  }
  const from = inOffset === 0 ? undefined : offsetOf(thread.memory.readWord(inOffset));
  const to = outOffset === 0 ? undefined : offsetOf(thread.memory.readWord(outOffset));
  const start = from ?? source.seek(0, Seek.current);
  const into = to ?? target.seek(0, Seek.current);
  const count = Math.max(0, Math.min(length, MOST_SENT, source.attributes().size - start));
  loseSetId(files.who, target);
  if (source.inode === target.inode && start < into + count && into < start + count) fail("EINVAL");
  const done = copy(thread, source, target, from, to, count);
  if (from !== undefined) thread.memory.writeWord(inOffset, from + done);
  if (to !== undefined) thread.memory.writeWord(outOffset, to + done);
  return done;
}

function truncatePath(thread: Thread, files: ProcessFiles, pathAt: number, size: number): number {
  const path = readPath(thread, pathAt);
  if (size < 0) fail("EINVAL");
  const found = find(baseOf(files, AT_FDCWD, path), path, true);
  const { inode } = found.dentry;
  if (inode instanceof DirectoryInode) fail("EISDIR");
  if (inode.type !== FileType.regular) fail("EINVAL");
  requireWritable(found);
  const file = openFound(found, O.WRONLY, files.who);
  try {
    requireAllowedSize(thread, file.attributes().size, size);
    loseSetId(files.who, file);
    file.truncate(size);
    tell(found.dentry, Event.modify);
  } finally {
    file.release();
  }
  return 0;
}

function ftruncate(thread: Thread, files: ProcessFiles, fd: number, size: number): number {
  const file = fileAt(files, fd);
  if (size < 0 || !file.writable) fail("EINVAL");
  if (file.inode.type === FileType.regular) requireAllowedSize(thread, file.attributes().size, size);
  loseSetId(files.who, file);
  file.truncate(size);
  tell(file.location.dentry, Event.modify);
  return 0;
}

/** FALLOC_FL_PUNCH_HOLE, and the modes of `fallocate` with and without FALLOC_FL_KEEP_SIZE (linux/falloc.h). */
const PUNCH_HOLE = 2;
const MODES: readonly number[] = [0, 1, 3, 8, 16, 17, 32, 64, 65];

function fallocate(
  thread: Thread,
  files: ProcessFiles,
  fd: number,
  mode: number,
  offset: number,
  length: number,
): number {
  const file = fileAt(files, fd);
  if (offset < 0 || length <= 0) fail("EINVAL");
  if (!MODES.includes(int(mode))) fail("EOPNOTSUPP");
  if (!file.writable) fail("EBADF");
  if (file.inode.type === FileType.fifo) fail("ESPIPE");
  // Also for room behind the end, as tmpfs has it.
  if (file.inode.type === FileType.regular && !(mode & PUNCH_HOLE))
    requireAllowedSize(thread, file.attributes().size, offset + length);
  loseSetId(files.who, file);
  file.allocate(int(mode), offset, length);
  return 0;
}

function fsync(_thread: Thread, files: ProcessFiles, fd: number): number {
  fileAt(files, fd).sync();
  return 0;
}

/** SYNC_FILE_RANGE_WAIT_BEFORE, _WRITE and _WAIT_AFTER. */
const SYNC_FILE_RANGE = 7;
const SYNCABLE: readonly number[] = [FileType.regular, FileType.block, FileType.directory];

/** All of the file is written where any of it is to be. */
function syncFileRange(
  _thread: Thread,
  files: ProcessFiles,
  fd: number,
  offset: number,
  length: number,
  flags: number,
): number {
  const file = fileAt(files, fd);
  if (int(flags) & ~SYNC_FILE_RANGE || offset < 0 || length < 0) fail("EINVAL");
  if (offset + length >= 2 ** 63) fail("EINVAL");
  if (!SYNCABLE.includes(file.inode.type)) fail("ESPIPE");
  if (int(flags) !== 0) file.sync();
  return 0;
}

function readahead(_thread: Thread, files: ProcessFiles, fd: number): number {
  const file = fileAt(files, fd);
  if (!file.readable) fail("EBADF");
  return file.inode.type === FileType.regular || file.inode.type === FileType.block ? 0 : fail("EINVAL");
}

function fadvise(
  _thread: Thread,
  files: ProcessFiles,
  fd: number,
  _offset: number,
  length: number,
  advice: number,
): number {
  const file = fileAt(files, fd);
  if (file.inode.type === FileType.fifo) fail("ESPIPE");
  if (length < 0 || advice < 0 || advice > 5) fail("EINVAL");
  return 0;
}

export const ioCalls: readonly SyscallRow[] = [
  full(
    "read",
    call((thread, files, fd, buffer, count) => readFile(thread, fileAt(files, fd), segment(buffer, count))),
  ),
  full(
    "write",
    call((thread, files, fd, buffer, count) => writeFile(thread, fileAt(files, fd), segment(buffer, count))),
  ),
  full(
    "readv",
    call((thread, files, fd, vector, count) =>
      readFile(thread, fileAt(files, fd), segments(thread, vector, int(count))),
    ),
  ),
  full(
    "writev",
    call((thread, files, fd, vector, count) =>
      writeFile(thread, fileAt(files, fd), segments(thread, vector, int(count))),
    ),
  ),
  full(
    "pread64",
    call((thread, files, fd, buffer, count, offset) =>
      readFile(thread, fileAt(files, fd), segment(buffer, count), placeOf(offset, count)),
    ),
  ),
  full(
    "pwrite64",
    call((thread, files, fd, buffer, count, offset) =>
      writeFile(thread, fileAt(files, fd), segment(buffer, count), placeOf(offset, count)),
    ),
  ),
  full(
    "preadv",
    call((thread, files, fd, vector, count, offset) =>
      readFile(thread, fileAt(files, fd), segments(thread, vector, int(count)), offsetOf(offset)),
    ),
  ),
  full(
    "pwritev",
    call((thread, files, fd, vector, count, offset) =>
      writeFile(thread, fileAt(files, fd), segments(thread, vector, int(count)), offsetOf(offset)),
    ),
  ),
  full(
    "preadv2",
    call((thread, files, fd, vector, count, offset, _high, flags) => {
      const file = fileAt(files, fd);
      const list = segments(thread, vector, int(count));
      return withFlags(file, flags, () => readFile(thread, file, list, optionalOffset(offset)));
    }),
  ),
  full(
    "pwritev2",
    call((thread, files, fd, vector, count, offset, _high, flags) => {
      const file = fileAt(files, fd);
      const list = segments(thread, vector, int(count));
      return withFlags(file, flags, () => writeFile(thread, file, list, optionalOffset(offset)));
    }),
  ),
  full(
    "lseek",
    call((_thread, files, fd, offset, whence) => fileAt(files, fd).seek(offset, int(whence))),
  ),
  full("copy_file_range", call(copyFileRange)),
  full("truncate", call(truncatePath)),
  full("ftruncate", call(ftruncate)),
  partial("fallocate", "COLLAPSE_RANGE, INSERT_RANGE and UNSHARE_RANGE are EOPNOTSUPP", call(fallocate)),
  full("fsync", call(fsync)),
  full("fdatasync", call(fsync)),
  full(
    "sync",
    call((thread) => {
      thread.kernel.use(vfs).sync();
      return 0;
    }),
  ),
  full(
    "syncfs",
    call((thread, files, fd) => {
      thread.kernel.use(vfs).flushMapped();
      files.fds.get(int(fd)).file.location.mount.filesystem.sync?.();
      return 0;
    }),
  ),
  stub("fadvise64", "advice about reading ahead; nothing reads ahead", call(fadvise)),
  full("sync_file_range", call(syncFileRange)),
  stub("readahead", "nothing reads ahead", call(readahead)),
];
