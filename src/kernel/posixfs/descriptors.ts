import type { Thread } from "../rkprocess/thread.ts";
import { time } from "../rktime/time.ts";
import { full, partial, type SyscallRow } from "../syscalls/row.ts";
import { fail } from "../vfs/error.ts";
import { O, SETTABLE } from "../vfs/flags.ts";
import type { ByteString } from "../vfs/names.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import { open } from "../vfs/operations.ts";
import { requireOwner } from "../vfs/permission.ts";
import { PipeEnd } from "../vfs/pipe.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { decodeInt } from "../vfs/structs.ts";
import { vfs } from "../vfs/vfs.ts";
import { type Base, Resolve } from "../vfs/walk.ts";
import { baseOf, call, fileAt, int, readPath, untilReady } from "./call.ts";
import { flock, lockCommands } from "./locks.ts";
import { addSeals, getSeals } from "./memory-files.ts";

function openat(
  thread: Thread,
  files: ProcessFiles,
  dirfd: number,
  pathAt: number,
  flags: number,
  mode: number,
) {
  const path = readPath(thread, pathAt);
  return openFile(thread, files, baseOf(files, dirfd, path), path, int(flags), mode & 0o7777);
}

function openFile(
  thread: Thread,
  files: ProcessFiles,
  base: Base,
  path: ByteString,
  flags: number,
  mode: number,
) {
  // As on all 64-bit machines (Linux's `force_o_largefile`).
  const all = flags & O.PATH ? flags : flags | O.LARGEFILE;
  const file = open(base, path, all, mode & ~files.umask);
  const closeOnExec = (flags & O.CLOEXEC) !== 0;
  if (!(file instanceof PipeEnd) || file.connected) return files.fds.add(file, closeOnExec);
  return openFifo(thread, files, file, closeOnExec);
}

/** `open` of a fifo waits for the other end; for writing without waiting it is ENXIO (fifo(7)). */
function openFifo(thread: Thread, files: ProcessFiles, file: PipeEnd, closeOnExec: boolean) {
  if (file.flags & O.NONBLOCK && file.readable) return files.fds.add(file, closeOnExec);
  if (file.flags & O.NONBLOCK) {
    file.release();
    fail("ENXIO");
  }
  let opened = false;
  const attempt = () => {
    if (!file.connected) fail("EAGAIN");
    opened = true;
    return files.fds.add(file, closeOnExec);
  };
  return untilReady(thread, file, attempt, undefined, () => {
    if (!opened) file.release();
  });
}

/** The bit of O_TMPFILE that is not O_DIRECTORY. */
const NAMELESS = O.TMPFILE & ~O.DIRECTORY;
const ALL_RESOLVE = Object.values(Resolve).reduce((all, bit) => all | bit, 0);

/** `struct open_how`: 0 flags, 8 mode, 16 resolve. */
function openat2(
  thread: Thread,
  files: ProcessFiles,
  dirfd: number,
  pathAt: number,
  howAt: number,
  size: number,
) {
  if (size < 24) fail("EINVAL");
  if (size > 4096 || thread.memory.read(howAt + 24, size - 24).some((byte) => byte !== 0)) fail("E2BIG");
  const flags = thread.memory.readWord(howAt);
  const mode = thread.memory.readWord(howAt + 8);
  const resolve = thread.memory.readWord(howAt + 16);
  if (resolve < 0 || resolve > ALL_RESOLVE) fail("EINVAL");
  if (resolve & Resolve.beneath && resolve & Resolve.inRoot) fail("EINVAL");
  if (flags < 0 || flags > 0x7fff_ffff || mode < 0 || mode > 0o7777) fail("EINVAL");
  if (mode !== 0 && !(flags & (O.CREAT | O.TMPFILE))) fail("EINVAL");
  // All names are at hand, but what makes or empties files is not asked for in this way.
  if (resolve & Resolve.cached && flags & (O.TRUNC | O.CREAT | NAMELESS)) fail("EAGAIN");
  const path = readPath(thread, pathAt);
  // With a root of its own a path that begins with a slash needs the directory, too.
  const base = baseOf(files, dirfd, resolve & Resolve.inRoot ? "" : path);
  return openFile(thread, files, { ...base, resolve }, path, flags, mode);
}

/** close_range(2): CLOSE_RANGE_UNSHARE, CLOSE_RANGE_CLOEXEC. */
function closeRange(
  _thread: Thread,
  files: ProcessFiles,
  first: number,
  last: number,
  flags: number,
): number {
  const low = first % 2 ** 32;
  const high = last < 0 ? 2 ** 32 - 1 : last % 2 ** 32;
  if (int(flags) & ~6 || low < 0 || low > high) fail("EINVAL");
  for (const fd of files.fds.numbers()) {
    if (fd < low || fd > high) continue;
    if (flags & 4) files.fds.get(fd).closeOnExec = true;
    else files.fds.close(fd);
  }
  return 0;
}

function dup3(_thread: Thread, files: ProcessFiles, from: number, to: number, flags: number): number {
  if (int(flags) & ~O.CLOEXEC || int(from) === int(to)) fail("EINVAL");
  const { file } = files.fds.get(int(from));
  files.fds.set(int(to), file.retain(), (flags & O.CLOEXEC) !== 0);
  return int(to);
}

function pipe2(thread: Thread, files: ProcessFiles, at: number, flags: number): number {
  if (int(flags) & ~(O.CLOEXEC | O.NONBLOCK | O.DIRECT)) fail("EINVAL");
  if (flags & O.DIRECT) fail("EINVAL");
  const { pipes } = thread.kernel.use(vfs);
  const [reader, writer] = pipes.create(flags & O.NONBLOCK, thread.kernel.use(time).realtime(), files.owner);
  const closeOnExec = (flags & O.CLOEXEC) !== 0;
  const fds: number[] = [];
  try {
    for (const end of [reader, writer]) fds.push(files.fds.add(end.retain(), closeOnExec));
    thread.memory.write(at, new Uint8Array(Int32Array.from(fds).buffer));
    return 0;
  } catch (error) {
    for (const fd of fds) files.fds.close(fd);
    throw error;
  } finally {
    reader.release();
    writer.release();
  }
}

/** Commands of `fcntl` (asm-generic/fcntl.h, linux/fcntl.h). */
const F = {
  DUPFD: 0,
  GETFD: 1,
  SETFD: 2,
  GETFL: 3,
  SETFL: 4,
  SETOWN: 8,
  GETOWN: 9,
  DUPFD_CLOEXEC: 1030,
  SETPIPE_SZ: 1031,
  GETPIPE_SZ: 1032,
  ADD_SEALS: 1033,
  GET_SEALS: 1034,
} as const;

function fcntl(thread: Thread, files: ProcessFiles, fd: number, command: number, argument: number): number {
  const descriptor = files.fds.get(int(fd));
  const { file } = descriptor;
  switch (int(command)) {
    case F.DUPFD:
    case F.DUPFD_CLOEXEC:
      if (int(argument) < 0 || int(argument) >= files.fds.limit) fail("EINVAL");
      return files.fds.add(file.retain(), int(command) === F.DUPFD_CLOEXEC, int(argument));
    case F.GETFD:
      return descriptor.closeOnExec ? 1 : 0;
    case F.SETFD:
      descriptor.closeOnExec = (argument & 1) !== 0;
      return 0;
    case F.GETFL:
      return file.flags;
  }
  const lockCall = lockCommands.get(int(command));
  if (lockCall) return lockCall(thread, files, fileAt(files, fd), argument);
  return fcntlOfFile(files, fileAt(files, fd), int(command), argument);
}

function fcntlOfFile({ who }: ProcessFiles, file: OpenFile, command: number, argument: number): number {
  switch (command) {
    case F.SETFL:
      if (argument & O.NOATIME & ~file.flags) requireOwner(who, file);
      file.flags = (file.flags & ~SETTABLE) | (int(argument) & SETTABLE);
      return 0;
    case F.ADD_SEALS:
      return addSeals(file, argument);
    case F.GET_SEALS:
      return getSeals(file);
    case F.SETOWN:
    case F.GETOWN:
      return 0;
    case F.GETPIPE_SZ:
    case F.SETPIPE_SZ:
      if (!(file instanceof PipeEnd)) return fail("EBADF");
      if (command === F.SETPIPE_SZ) file.resize(int(argument) >>> 0);
      return file.capacity;
    default:
      return fail("EINVAL");
  }
}

/** Requests that every file answers (ioctl_list; asm-generic/ioctls.h). */
const FIONBIO = 0x5421;
const FIONCLEX = 0x5450;
const FIOCLEX = 0x5451;

function ioctl(thread: Thread, files: ProcessFiles, fd: number, request: number, argument: number): number {
  const file = fileAt(files, fd);
  const memory = {
    read: (length: number) => thread.memory.read(argument, length),
    write: (bytes: Uint8Array) => thread.memory.write(argument, bytes),
  };
  const number = Number(BigInt.asUintN(32, BigInt(request)));
  switch (number) {
    case FIOCLEX:
    case FIONCLEX:
      files.fds.get(int(fd)).closeOnExec = number === FIOCLEX;
      return 0;
    case FIONBIO:
      file.flags = decodeInt(memory.read(4)) ? file.flags | O.NONBLOCK : file.flags & ~O.NONBLOCK;
      return 0;
    default:
      return file.ioctl(number, memory, argument, thread);
  }
}

export const descriptorCalls: readonly SyscallRow[] = [
  full("openat", call(openat)),
  full("openat2", call(openat2)),
  full(
    "close",
    call((_thread, files, fd) => {
      files.fds.close(int(fd));
      return 0;
    }),
  ),
  full("close_range", call(closeRange)),
  full(
    "dup",
    call((_thread, files, fd) => files.fds.add(files.fds.get(int(fd)).file.retain(), false)),
  ),
  full("dup3", call(dup3)),
  partial("pipe2", "no packet mode (O_DIRECT)", call(pipe2)),
  partial("fcntl", "no leases or signals", call(fcntl)),
  partial("ioctl", "terminals, pipes, and what every file answers", call(ioctl)),
  full("flock", call(flock)),
];
