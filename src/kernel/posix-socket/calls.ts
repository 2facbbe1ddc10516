import { call, fileAt, int, waitWith } from "../posixfs/call.ts";
import type { Thread } from "../rkprocess/thread.ts";
import type { WaitOptions } from "../rkprocess/wait.ts";
import { errno } from "../syscalls/errno.ts";
import { full, type SyscallRow } from "../syscalls/row.ts";
import { fail, VfsError } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { socketFamilies } from "./families.ts";
import { getSocketOption, setSocketOption } from "./options.ts";
import { Socket } from "./socket.ts";

/** Flags that a socket's type may carry: SOCK_CLOEXEC, SOCK_NONBLOCK. */
const TYPE_FLAGS = O.CLOEXEC | O.NONBLOCK;
/** Bytes of a `struct sockaddr_storage`. */
export const LONGEST_ADDRESS = 128;
/** Bytes of an option that are looked at. */
const LONGEST_OPTION = 256;

export function socketAt(files: ProcessFiles, fd: number): Socket {
  const file = fileAt(files, fd);
  return file instanceof Socket ? file : fail("ENOTSOCK");
}

export function readAddress(thread: Thread, at: number, length: number): Uint8Array {
  if (int(length) < 0 || int(length) > LONGEST_ADDRESS) fail("EINVAL");
  return thread.memory.read(at, int(length));
}

/** Writes an address as far as it fits in what `lengthAt` says, and there its whole length. */
export function writeAddress(thread: Thread, address: Uint8Array, at: number, lengthAt: number): void {
  const room = thread.memory.readI32(lengthAt);
  if (room < 0) fail("EINVAL");
  thread.memory.write(at, address.subarray(0, room));
  thread.memory.writeU32(lengthAt, address.length);
}

/** As `untilReady`, with the socket's own time limit. */
export function untilSocketReady(
  thread: Thread,
  socket: Socket,
  attempt: () => number,
  { waits, timeout, ...options }: { waits: boolean; timeout: number | undefined } & Partial<WaitOptions>,
): number {
  if (waits) {
    const timedOut = options.interrupted ?? (() => -errno.EAGAIN);
    return waitWith(thread, socket, attempt, {
      timedOut: () => {
        const result = timedOut();
        return result < 0 ? -errno.EAGAIN : result;
      },
      ...options,
      queues: socket.waiters ? [socket.waiters] : [],
      timeout,
    });
  }
  try {
    return attempt();
  } catch (error) {
    const partial = options.interrupted?.() ?? 0;
    if (error instanceof VfsError && error.code === errno.EAGAIN && partial > 0) return partial;
    throw error;
  } finally {
    options.finished?.();
  }
}

const waitsFor = (socket: Socket) => !(socket.flags & O.NONBLOCK);

const socket = call((thread, files, domain, type, protocol) => {
  const flags = int(type) & ~0xf;
  if (flags & ~TYPE_FLAGS) fail("EINVAL");
  const family = thread.kernel.use(socketFamilies).get(int(domain));
  const file = family.create(int(type) & 0xf, int(protocol), flags & O.NONBLOCK, { thread, files });
  return files.fds.add(file, (flags & O.CLOEXEC) !== 0);
});

const socketpair = call((thread, files, domain, type, protocol, at) => {
  const flags = int(type) & ~0xf;
  if (flags & ~TYPE_FLAGS) fail("EINVAL");
  const family = thread.kernel.use(socketFamilies).get(int(domain));
  const pair = family.pair?.(int(type) & 0xf, int(protocol), flags & O.NONBLOCK, { thread, files });
  return addAll(thread, files, pair ?? fail("EOPNOTSUPP"), (flags & O.CLOEXEC) !== 0, at);
});

/** Makes descriptors of new files and writes their numbers, or leaves nothing behind. */
function addAll(
  thread: Thread,
  files: ProcessFiles,
  made: readonly OpenFile[],
  closeOnExec: boolean,
  at: number,
) {
  const fds: number[] = [];
  try {
    for (const file of made) fds.push(files.fds.add(file.retain(), closeOnExec));
    thread.memory.write(at, new Uint8Array(Int32Array.from(fds).buffer));
    return 0;
  } catch (error) {
    for (const fd of fds) files.fds.close(fd);
    throw error;
  } finally {
    for (const file of made) file.release();
  }
}

const bind = call((thread, files, fd, at, length) => {
  const file = socketAt(files, fd);
  file.bind(readAddress(thread, at, length), { thread, files });
  return 0;
});

const connect = call((thread, files, fd, at, length) => {
  const file = socketAt(files, fd);
  const address = readAddress(thread, at, length);
  const attempt = () => {
    file.connect(address, { thread, files });
    return 0;
  };
  return untilSocketReady(thread, file, attempt, {
    waits: waitsFor(file),
    timeout: file.options.sendTimeout,
  });
});

const listen = call((thread, files, fd, backlog) => {
  socketAt(files, fd).listen(int(backlog), { thread, files });
  return 0;
});

function accept4(
  thread: Thread,
  files: ProcessFiles,
  fd: number,
  at: number,
  lengthAt: number,
  flags: number,
) {
  if (int(flags) & ~TYPE_FLAGS) fail("EINVAL");
  const file = socketAt(files, fd);
  const attempt = () => {
    // The connection stays where it is when there is no room for it.
    if (!files.fds.hasRoom) fail("EMFILE");
    const made = file.accept(int(flags) & O.NONBLOCK).retain();
    // The table releases what it has no room for.
    const number = files.fds.add(made, (flags & O.CLOEXEC) !== 0);
    try {
      if (at !== 0) writeAddress(thread, made.peerAddress, at, lengthAt);
      return number;
    } catch (error) {
      files.fds.close(number);
      throw error;
    } finally {
      made.release();
    }
  };
  return untilSocketReady(thread, file, attempt, {
    waits: waitsFor(file),
    timeout: file.options.receiveTimeout,
  });
}

const getsockname = call((thread, files, fd, at, lengthAt) => {
  writeAddress(thread, socketAt(files, fd).localAddress, at, lengthAt);
  return 0;
});

const getpeername = call((thread, files, fd, at, lengthAt) => {
  writeAddress(thread, socketAt(files, fd).peerAddress, at, lengthAt);
  return 0;
});

const getsockopt = call((thread, files, fd, level, name, at, lengthAt) => {
  const file = socketAt(files, fd);
  const room = thread.memory.readI32(lengthAt);
  if (room < 0) fail("EINVAL");
  const value = getSocketOption(file, int(level), int(name)).subarray(0, room);
  thread.memory.write(at, value);
  thread.memory.writeU32(lengthAt, value.length);
  return 0;
});

const setsockopt = call((thread, files, fd, level, name, at, length) => {
  const file = socketAt(files, fd);
  if (int(length) < 0) fail("EINVAL");
  const value = thread.memory.read(at, Math.min(int(length), LONGEST_OPTION));
  setSocketOption(file, int(level), int(name), value);
  return 0;
});

const shutdown = call((_thread, files, fd, how) => {
  const file = socketAt(files, fd);
  if (int(how) < 0 || int(how) > 2) fail("EINVAL");
  file.shutdown(int(how) !== 1, int(how) !== 0);
  return 0;
});

export const socketCalls: readonly SyscallRow[] = [
  full("socket", socket),
  full("socketpair", socketpair),
  full("bind", bind),
  full("connect", connect),
  full("listen", listen),
  full(
    "accept",
    call((thread, files, fd, at, lengthAt) => accept4(thread, files, fd, at, lengthAt, 0)),
  ),
  full("accept4", call(accept4)),
  full("getsockname", getsockname),
  full("getpeername", getpeername),
  full("getsockopt", getsockopt),
  full("setsockopt", setsockopt),
  full("shutdown", shutdown),
];
