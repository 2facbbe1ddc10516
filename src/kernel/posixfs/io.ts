import type { Thread } from "../rkprocess/thread.ts";
import { full, partial, type SyscallRow, stub } from "../syscalls/row.ts";
import { fail } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import { DirectoryInode, FileType } from "../vfs/inode.ts";
import { Event, tell } from "../vfs/notify.ts";
import { type OpenFile, Seek } from "../vfs/open-file.ts";
import { openFound, requireWritable } from "../vfs/operations.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { vfs } from "../vfs/vfs.ts";
import { find } from "../vfs/walk.ts";
import { AT_FDCWD, baseOf, type CallArguments, call, fileAt, int, readPath } from "./call.ts";
import { MAX_TRANSFER, readFile, segment, segments, writeFile } from "./transfer.ts";

/** Bytes copied between two files at once. */
const COPY_CHUNK = 65536;

function offsetOf(offset: number): number {
  return offset < 0 ? fail("EINVAL") : offset;
}

/** `preadv2`, `pwritev2`: -1 is the file's own position. */
function optionalOffset(offset: number): number | undefined {
  return offset === -1 ? undefined : offsetOf(offset);
}

function onlyFlags(flags: number, known: number): void {
  if (int(flags) & ~known) fail("EOPNOTSUPP");
}

/** RWF_HIPRI, RWF_DSYNC, RWF_SYNC: they ask for nothing that is not done anyway. */
const RWF_HARMLESS = 7;

/** Moves bytes from file to file; `from` and `to` are the positions, or undefined for the files' own. */
function copy(
  source: OpenFile,
  target: OpenFile,
  from: number | undefined,
  to: number | undefined,
  count: number,
): number {
  const buffer = new Uint8Array(Math.min(count, COPY_CHUNK));
  let done = 0;
  let at = from ?? source.seek(0, Seek.current);
  try {
    while (done < count) {
      const got = source.readAt(buffer.subarray(0, Math.min(buffer.length, count - done)), at);
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
  const count = Math.max(0, Math.min(length, MAX_TRANSFER, source.attributes().size - start));
  if (source.inode === target.inode && start < into + count && into < start + count) fail("EINVAL");
  const done = copy(source, target, from, to, count);
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
  const file = openFound(found, O.WRONLY);
  try {
    file.truncate(size);
    tell(found.dentry, Event.modify);
  } finally {
    file.release();
  }
  return 0;
}

function ftruncate(_thread: Thread, files: ProcessFiles, fd: number, size: number): number {
  const file = fileAt(files, fd);
  if (size < 0 || !file.writable) fail("EINVAL");
  file.truncate(size);
  tell(file.location.dentry, Event.modify);
  return 0;
}

function fallocate(
  _thread: Thread,
  files: ProcessFiles,
  fd: number,
  mode: number,
  offset: number,
  length: number,
): number {
  const file = fileAt(files, fd);
  if (offset < 0 || length <= 0) fail("EINVAL");
  if (!file.writable) fail("EBADF");
  file.allocate(int(mode), offset, length);
  return 0;
}

function fsync(_thread: Thread, files: ProcessFiles, fd: number): number {
  fileAt(files, fd).sync();
  return 0;
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
      readFile(thread, fileAt(files, fd), segment(buffer, count), offsetOf(offset)),
    ),
  ),
  full(
    "pwrite64",
    call((thread, files, fd, buffer, count, offset) =>
      writeFile(thread, fileAt(files, fd), segment(buffer, count), offsetOf(offset)),
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
  partial(
    "preadv2",
    "RWF_NOWAIT and RWF_APPEND are EOPNOTSUPP",
    call((thread, files, fd, vector, count, offset, _high, flags) => {
      onlyFlags(flags, RWF_HARMLESS);
      return readFile(
        thread,
        fileAt(files, fd),
        segments(thread, vector, int(count)),
        optionalOffset(offset),
      );
    }),
  ),
  partial(
    "pwritev2",
    "RWF_NOWAIT and RWF_APPEND are EOPNOTSUPP",
    call((thread, files, fd, vector, count, offset, _high, flags) => {
      onlyFlags(flags, RWF_HARMLESS);
      return writeFile(
        thread,
        fileAt(files, fd),
        segments(thread, vector, int(count)),
        optionalOffset(offset),
      );
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
  stub(
    "readahead",
    "nothing reads ahead",
    call((_thread, files, fd) => (fileAt(files, fd).readable ? 0 : fail("EBADF"))),
  ),
];
