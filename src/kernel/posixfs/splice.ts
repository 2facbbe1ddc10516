import type { Thread } from "../rkprocess/thread.ts";
import type { WaitQueue } from "../rksched/wait-queue.ts";
import { ERESTARTSYS, errno } from "../syscalls/errno.ts";
import { full, type SyscallRow } from "../syscalls/row.ts";
import { fail, VfsError } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import { type OpenFile, Seek } from "../vfs/open-file.ts";
import { PipeEnd } from "../vfs/pipe.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { type CallArguments, call, fileAt, int, waitWith } from "./call.ts";
import { brokenPipe } from "./direct-transfer.ts";
import { roomForWrite } from "./file-size-limit.ts";
import { MAX_TRANSFER, MOST_SENT, readFile, segments, writeFile } from "./transfer.ts";

/** Bytes moved at once. */
const CHUNK = 65536;
/** A file may take a few bytes of each part (an eventfd has eight). */
const MOST_PARTS = MOST_SENT / CHUNK;
/** SPLICE_F_NONBLOCK, and all: MOVE, MORE and GIFT are hints. */
const NONBLOCK = 2;
const KNOWN_FLAGS = 15;

/** Where bytes come from: they stay there until they have been put somewhere. */
interface Source {
  /** Shows the next bytes, 0 at the end. Throws EAGAIN. */
  peek(into: Uint8Array): number;
  /** They have been taken. */
  took(count: number): void;
}

/** A pipe keeps what is only looked at; what has a position too; of other files only as much is read as surely fits. */
function sourceOf(file: OpenFile, position: { at: number } | undefined): Source {
  if (file instanceof PipeEnd) return { peek: (into) => file.peek(into), took: (count) => file.skip(count) };
  if (position) {
    return {
      peek: (into) => file.readAt(into, position.at),
      took(count) {
        position.at += count;
      },
    };
  }
  if (!file.divisible) return { peek: (into) => file.read(into), took: () => {} };
  return {
    peek: (into) => file.readAt(into, file.seek(0, Seek.current)),
    took(count) {
      file.seek(count, Seek.current);
    },
  };
}

/** Moves `count` bytes, or as many as there are before somebody would have to wait. Throws EAGAIN where that is none. */
function move(source: Source, target: OpenFile, put: (bytes: Uint8Array) => number, count: number): number {
  let done = 0;
  const buffer = new Uint8Array(Math.min(count, CHUNK));
  try {
    while (done < count) {
      const room = target instanceof PipeEnd ? target.room : CHUNK;
      const most = Math.min(buffer.length, count - done, room);
      if (most === 0) target.write(buffer.subarray(0, 1));
      const got = source.peek(buffer.subarray(0, most));
      if (got === 0) break;
      const moved = put(buffer.subarray(0, got));
      source.took(moved);
      done += moved;
      if (moved < got) break;
    }
  } catch (error) {
    if (done === 0 || !(error instanceof VfsError)) throw error;
  }
  return done;
}

/** Waits until `attempt` moves something: what it waits for may be either file. */
function untilMoved(
  thread: Thread,
  files: readonly OpenFile[],
  isNonblocking: boolean,
  attempt: () => number,
  done: () => number = () => 0,
): number {
  const withSignal = () => {
    try {
      return attempt();
    } catch (error) {
      if (!(error instanceof VfsError)) throw error;
      const isPatient = error.code === errno.EAGAIN && !isNonblocking;
      if (done() > 0 && !isPatient) return done();
      if (error.code === errno.EPIPE) brokenPipe(thread);
      throw error;
    }
  };
  if (isNonblocking) return withSignal();
  const [first, ...others] = files;
  for (const file of others) file.retain();
  return waitWith(thread, first, withSignal, {
    queues: files.map(({ waiters }) => waiters).filter((queue): queue is WaitQueue => queue !== undefined),
    interrupted: () => done() || -ERESTARTSYS,
    finished() {
      for (const file of others) file.release();
    },
  });
}

/** The position that a pointer gives; undefined for the file's own. Pipes have none (ESPIPE). */
function positionAt(thread: Thread, file: OpenFile, at: number): { at: number } | undefined {
  if (at === 0) return undefined;
  if (file instanceof PipeEnd) fail("ESPIPE");
  const position = thread.memory.readWord(at);
  file.seek(0, Seek.current);
  return position < 0 ? fail("EINVAL") : { at: position };
}

function splice(thread: Thread, files: ProcessFiles, ...args: CallArguments) {
  const [inFd, inAt, outFd, outAt, length, flags] = args;
  if (int(flags) & ~KNOWN_FLAGS) fail("EINVAL");
  if (length === 0) return 0;
  const [source, target] = [fileAt(files, inFd), fileAt(files, outFd)];
  if (!source.readable || !target.writable) fail("EBADF");
  if (!(source instanceof PipeEnd || target instanceof PipeEnd)) fail("EINVAL");
  const from = positionAt(thread, source, inAt);
  const to = positionAt(thread, target, outAt);
  if (target.flags & O.APPEND || (source instanceof PipeEnd && source.isSame(target))) fail("EINVAL");
  const count = length < 0 ? MAX_TRANSFER : Math.min(length, MAX_TRANSFER);
  const put = (all: Uint8Array) => {
    const bytes = all.subarray(0, roomForWrite(thread, target, to?.at));
    if (!to) return target.write(bytes);
    const done = target.writeAt(bytes, to.at);
    to.at += done;
    return done;
  };
  const isNonblocking = (flags & NONBLOCK) !== 0 || ((source.flags | target.flags) & O.NONBLOCK) !== 0;
  return untilMoved(thread, [source, target], isNonblocking, () => {
    const done = move(sourceOf(source, from), target, put, count);
    if (from) thread.memory.writeWord(inAt, from.at);
    if (to) thread.memory.writeWord(outAt, to.at);
    return done;
  });
}

/** Copies from pipe to pipe, and leaves the bytes where they were. */
function tee(
  thread: Thread,
  files: ProcessFiles,
  inFd: number,
  outFd: number,
  length: number,
  flags: number,
) {
  if (int(flags) & ~KNOWN_FLAGS) fail("EINVAL");
  if (length === 0) return 0;
  const [source, target] = [fileAt(files, inFd), fileAt(files, outFd)];
  if (!source.readable || !target.writable) fail("EBADF");
  if (!(source instanceof PipeEnd) || !(target instanceof PipeEnd) || source.isSame(target))
    return fail("EINVAL");
  const count = length < 0 ? CHUNK : Math.min(length, CHUNK);
  const isNonblocking = (flags & NONBLOCK) !== 0 || ((source.flags | target.flags) & O.NONBLOCK) !== 0;
  return untilMoved(thread, [source, target], isNonblocking, () => {
    const buffer = new Uint8Array(count);
    const got = source.peek(buffer);
    if (got === 0) return 0;
    return target.write(buffer.subarray(0, Math.min(got, Math.max(1, target.room))));
  });
}

/** Memory into a pipe, or the other way. */
function vmsplice(thread: Thread, files: ProcessFiles, fd: number, at: number, count: number, flags: number) {
  if (int(flags) & ~KNOWN_FLAGS) fail("EINVAL");
  const file = fileAt(files, fd);
  if (!(file instanceof PipeEnd)) return fail("EBADF");
  const list = segments(thread, at, int(count));
  return file.writable ? writeFile(thread, file, list) : readFile(thread, file, list);
}

function sendfile(
  thread: Thread,
  files: ProcessFiles,
  out: number,
  input: number,
  offsetAt: number,
  count: number,
) {
  const target = fileAt(files, out);
  const source = fileAt(files, input);
  if (!source.readable || !target.writable) fail("EBADF");
  if (count < 0 || target.flags & O.APPEND) fail("EINVAL");
  if (!source.divisible) fail("EINVAL");
  const from = positionAt(thread, source, offsetAt);
  const most = Math.min(count, MOST_SENT, source.longestTransfer, target.longestTransfer);
  let done = 0;
  const put = (bytes: Uint8Array) => target.write(bytes.subarray(0, roomForWrite(thread, target, undefined)));
  const attempt = () => {
    // Until all is sent, there is no more, or somebody has to make room.
    for (let part = -1, left = MOST_PARTS; part !== 0 && done < most && left > 0; left--) {
      part = move(sourceOf(source, from), target, put, most - done);
      done += part;
      if (from) thread.memory.writeWord(offsetAt, from.at);
    }
    return done;
  };
  return untilMoved(thread, [target, source], (target.flags & O.NONBLOCK) !== 0, attempt, () => done);
}

export const spliceCalls: readonly SyscallRow[] = [
  full("splice", call(splice)),
  full("tee", call(tee)),
  full("vmsplice", call(vmsplice)),
  full("sendfile", call(sendfile)),
];
