import { call, int } from "../posixfs/call.ts";
import { brokenPipe, type Segment } from "../posixfs/direct-transfer.ts";
import { readTimeout } from "../posixfs/poll.ts";
import { gather, scatter, segment, segments, totalOf } from "../posixfs/transfer.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { time } from "../rktime/time.ts";
import { UserFault } from "../rkvm/user-memory.ts";
import { ERESTARTSYS, errno } from "../syscalls/errno.ts";
import { WAITING } from "../syscalls/result.ts";
import { full, partial, type SyscallRow } from "../syscalls/row.ts";
import { fail, VfsError } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { LONGEST_ADDRESS, readAddress, socketAt, untilSocketReady, writeAddress } from "./calls.ts";
import { type Control, readControl, writeControl } from "./control.ts";
import { MSG, type Received, type Socket } from "./socket.ts";

/**
 * `struct msghdr`: 0 msg_name, 8 msg_namelen, 16 msg_iov, 24 msg_iovlen, 32 msg_control, 40 msg_controllen,
 * 48 msg_flags. A `struct mmsghdr` adds 56 msg_len.
 */
interface MessageHeader {
  readonly nameAt: number;
  readonly nameLength: number;
  readonly segments: Segment[];
  readonly controlAt: number;
  readonly controlLength: number;
}
const MMSG_SIZE = 64;
/** Most messages of one `sendmmsg` or `recvmmsg` (UIO_MAXIOV). */
const MOST_MESSAGES = 1024;

function readHeader(thread: Thread, at: number): MessageHeader {
  const { memory } = thread;
  const count = memory.readWord(at + 24);
  if (count < 0 || count > 1024) fail("EMSGSIZE");
  return {
    nameAt: memory.readWord(at),
    nameLength: memory.readI32(at + 8),
    segments: segments(thread, memory.readWord(at + 16), count),
    controlAt: memory.readWord(at + 32),
    controlLength: memory.readWord(at + 40),
  };
}

/** What is sent besides bytes. */
interface Envelope {
  readonly to: Uint8Array | undefined;
  readonly control: Control | undefined;
}

function send(
  thread: Thread,
  files: ProcessFiles,
  socket: Socket,
  from: Segment[],
  flags: number,
  { to, control }: Envelope,
): number {
  const total = totalOf(from);
  const destination = to && { address: to, caller: { thread, files } };
  let done = 0;
  let first = true;
  const step = () => {
    do {
      const bytes = gather(thread, from, done, Math.min(total - done, socket.pieceSize));
      // Files and credentials go with the first bytes.
      const withFirst = first ? { files: control?.files ?? [], credentials: control?.credentials } : {};
      done += socket.send(bytes, { to: destination, ...withFirst });
      first = false;
    } while (done < total);
  };
  const attempt = () => {
    try {
      step();
    } catch (error) {
      if (error instanceof UserFault && done > 0) return done;
      if (!(error instanceof VfsError)) throw error;
      if (error.code === errno.EAGAIN || done === 0) {
        if (error.code === errno.EPIPE && socket.isStream && !(flags & MSG.NOSIGNAL)) brokenPipe(thread);
        throw error;
      }
    }
    return done;
  };
  return untilSocketReady(thread, socket, attempt, {
    waits: !(flags & MSG.DONTWAIT || socket.flags & O.NONBLOCK),
    timeout: socket.options.sendTimeout,
    interrupted: () => done || -ERESTARTSYS,
    finished: () => {
      for (const file of control?.files ?? []) file.release();
    },
  });
}

const sendto = call((thread, files, fd, at, length, flags, toAt, toLength) => {
  const socket = socketAt(files, fd);
  if (int(flags) & MSG.OOB) fail("EOPNOTSUPP");
  const to = toAt === 0 ? undefined : readAddress(thread, toAt, toLength);
  return send(thread, files, socket, segment(at, length), int(flags), { to, control: undefined });
});

function sendMessage(thread: Thread, files: ProcessFiles, fd: number, at: number, flags: number): number {
  const socket = socketAt(files, fd);
  if (flags & MSG.OOB) fail("EOPNOTSUPP");
  const header = readHeader(thread, at);
  const to = header.nameAt === 0 ? undefined : readAddress(thread, header.nameAt, header.nameLength);
  const control =
    header.controlLength === 0
      ? undefined
      : readControl(thread, files, header.controlAt, header.controlLength);
  return send(thread, files, socket, header.segments, flags, { to, control });
}

/** Called once with what has come, when there is something. Returns the call's result. */
type Deliver = (received: Received) => number;

function receive(thread: Thread, socket: Socket, into: Segment[], flags: number, deliver: Deliver): number {
  const total = totalOf(into);
  let done = 0;
  let last: Received | undefined;
  const all = socket.isStream && (flags & MSG.WAITALL) !== 0 && !(flags & MSG.PEEK);
  const attempt = () => {
    for (;;) {
      // A fault shows before anything is taken.
      for (const { address, length } of into)
        thread.memory.reach(address, Math.min(length, socket.pieceSize), "write");
      const received = socket.receive(Math.min(total - done, socket.pieceSize), flags);
      scatter(thread, skip(into, done), received.bytes);
      done += received.bytes.length;
      last = merge(last, received);
      const ended = received.bytes.length === 0 || (received.files?.length ?? 0) > 0;
      if (!all || ended || done >= total) return deliver(last);
    }
  };
  const some = () => (last ? deliver(last) : -ERESTARTSYS);
  return untilSocketReady(thread, socket, attempt, {
    waits: !(flags & MSG.DONTWAIT || socket.flags & O.NONBLOCK),
    timeout: socket.options.receiveTimeout,
    interrupted: some,
  });
}

/** Parts of one MSG_WAITALL as one. */
function merge(before: Received | undefined, now: Received): Received {
  if (!before) return now;
  const files = [...(before.files ?? []), ...(now.files ?? [])];
  return { ...now, bytes: now.bytes, length: before.length + now.length, files };
}

/** The segments behind the first `count` bytes. */
function skip(list: Segment[], count: number): Segment[] {
  let left = count;
  return list.map(({ address, length }) => {
    const skipped = Math.min(left, length);
    left -= skipped;
    return { address: address + skipped, length: length - skipped };
  });
}

/** The result of `recv`: with MSG_TRUNC the whole length of a message that was cut. */
function resultOf(received: Received, room: number, flags: number): number {
  return flags & MSG.TRUNC ? received.length : Math.min(received.length, room);
}

const recvfrom = call((thread, files, fd, at, length, flags, fromAt, fromLengthAt) => {
  const socket = socketAt(files, fd);
  if (int(flags) & MSG.OOB) fail("EOPNOTSUPP");
  const into = segment(at, length);
  return receive(thread, socket, into, int(flags), (received) => {
    for (const file of received.files ?? []) file.release();
    if (fromAt !== 0) writeAddress(thread, received.from ?? new Uint8Array(0), fromAt, fromLengthAt);
    return resultOf(received, totalOf(into), int(flags));
  });
});

function receiveMessage(thread: Thread, files: ProcessFiles, fd: number, at: number, flags: number): number {
  const socket = socketAt(files, fd);
  if (flags & MSG.OOB) fail("EOPNOTSUPP");
  const header = readHeader(thread, at);
  if (header.nameAt !== 0 && header.nameLength < 0) fail("EINVAL");
  return receive(thread, socket, header.segments, flags, (received) => {
    const { memory } = thread;
    const room = totalOf(header.segments);
    const control = { files: received.files ?? [], credentials: received.credentials };
    const keep = (flags & MSG.CMSG_CLOEXEC) !== 0;
    const controlRoom = Math.max(0, header.controlLength);
    const written = writeControl(thread, files, header.controlAt, controlRoom, control, keep);
    const from = received.from ?? new Uint8Array(0);
    if (header.nameAt !== 0) {
      memory.write(header.nameAt, from.subarray(0, Math.min(header.nameLength, LONGEST_ADDRESS)));
      memory.writeU32(at + 8, from.length);
    }
    memory.writeWord(at + 40, written.length);
    const cut = !socket.isStream && received.length > room;
    const told = (cut ? MSG.TRUNC : 0) | (written.truncated ? MSG.CTRUNC : 0);
    memory.writeU32(at + 48, (told | (flags & MSG.CMSG_CLOEXEC)) >>> 0);
    return resultOf(received, room, flags);
  });
}

const sendmmsg = call((thread, files, fd, at, count, flags) => {
  const most = Math.min(int(count) >>> 0, MOST_MESSAGES);
  let sent = 0;
  while (sent < most) {
    // After the first, one that would wait ends the call.
    const how = sent === 0 ? int(flags) : int(flags) | MSG.DONTWAIT;
    const header = at + sent * MMSG_SIZE;
    const result = attemptOr(sent, () => sendMessage(thread, files, fd, header, how));
    if (result === WAITING) return afterWait(thread, header);
    if (result < 0) return sent > 0 ? sent : result;
    thread.memory.writeU32(header + 56, result);
    sent++;
  }
  return sent;
});

const MSG_WAITFORONE = 0x10000;

const recvmmsg = call((thread, files, fd, at, count, flags, timeoutAt) => {
  const limit = readTimeout(thread, timeoutAt);
  const clock = thread.kernel.use(time);
  const end = limit === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() + limit;
  const most = Math.min(int(count) >>> 0, MOST_MESSAGES);
  let got = 0;
  while (got < most) {
    const how = got === 0 ? int(flags) & ~MSG_WAITFORONE : int(flags) | MSG.DONTWAIT;
    const header = at + got * MMSG_SIZE;
    const result = attemptOr(got, () => receiveMessage(thread, files, fd, header, how));
    if (result === WAITING) return afterWait(thread, header);
    if (result < 0) return got > 0 ? got : result;
    thread.memory.writeU32(header + 56, result);
    got++;
    if (clock.monotonic() >= end) break;
  }
  return got;
});

/** What a later message fails with is told by the next call. */
function attemptOr(done: number, attempt: () => number): number {
  try {
    return attempt();
  } catch (error) {
    if (done > 0 && error instanceof VfsError) return -error.code;
    throw error;
  }
}

/** The first message waits: when its time has come it is the only one. */
function afterWait(thread: Thread, header: number): number {
  const { wait } = thread;
  if (wait)
    thread.wait = {
      resume() {
        const result = wait.resume();
        if (result === WAITING || result < 0) {
          if (result === WAITING) thread.wait = this;
          return result;
        }
        thread.memory.writeU32(header + 56, result);
        return 1;
      },
      abandon: () => wait.abandon(),
    };
  return WAITING;
}

export const messageCalls: readonly SyscallRow[] = [
  full("sendto", sendto),
  full("recvfrom", recvfrom),
  full(
    "sendmsg",
    call((thread, files, fd, at, flags) => sendMessage(thread, files, fd, at, int(flags))),
  ),
  full(
    "recvmsg",
    call((thread, files, fd, at, flags) => receiveMessage(thread, files, fd, at, int(flags))),
  ),
  partial("sendmmsg", "after a wait it sends one message", sendmmsg),
  partial("recvmmsg", "after a wait it receives one message", recvmmsg),
];
