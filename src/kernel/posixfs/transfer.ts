import type { Thread } from "../rkprocess/thread.ts";
import { USER_END } from "../rkvm/space-areas.ts";
import { UserFault } from "../rkvm/user-memory.ts";
import { errno } from "../syscalls/errno.ts";
import { fail, VfsError } from "../vfs/error.ts";
import { Event, tell } from "../vfs/notify.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import { loseSetId } from "../vfs/permission.ts";
import { untilReady } from "./call.ts";
import { brokenPipe, isDirect, readDirect, type Segment, writeDirect } from "./direct-transfer.ts";
import { roomForWrite } from "./file-size-limit.ts";

/** Most bytes of one transfer (`MAX_RW_COUNT`). */
export const MAX_TRANSFER = 0x7fff_f000;
/** Bytes that one call moves from file to file: nobody else runs meanwhile, and gigabytes would take seconds. */
export const MOST_SENT = 2 ** 26;
/** Bytes moved at once. */
const CHUNK = 65536;
const MAX_VECTORS = 1024;

/** One buffer argument. A length of 2^63 and more leads out of every address space. */
export function segment(address: number, count: number): Segment[] {
  if (count < 0) fail("EFAULT");
  return [{ address, length: Math.min(count, MAX_TRANSFER) }];
}

/** `struct iovec[]`: 0 iov_base, 8 iov_len. */
export function segments(thread: Thread, address: number, count: number): Segment[] {
  if (count < 0 || count > MAX_VECTORS) fail("EINVAL");
  const list: Segment[] = [];
  let room = MAX_TRANSFER;
  for (let i = 0; i < count; i++) {
    const length = thread.memory.readWord(address + i * 16 + 8);
    if (length < 0) fail("EINVAL");
    const taken = Math.min(length, room);
    room -= taken;
    list.push({ address: thread.memory.readWord(address + i * 16), length: taken });
  }
  return list;
}

/** `read` into the segments, at `position` or (undefined) where the file stands. */
export function readFile(thread: Thread, file: OpenFile, all: Segment[], position?: number): number {
  if (!file.readable) fail("EBADF");
  const refused = file.admit(thread, "read");
  if (refused !== 0) return refused;
  if (isDirect(file) && all.length === 1 && position === undefined) return readDirect(thread, file, all[0]);
  const into = atMost(all, file.longestTransfer);
  const step = (bytes: Uint8Array, done: number) =>
    position === undefined ? file.read(bytes) : file.readAt(bytes, position + done);
  if (file.divisible) return told(file, Event.access, eachPiece(thread, into, "write", step));
  const total = totalOf(into);
  const most = Math.min(total, file.pieceSize);
  return untilReady(thread, file, () => {
    // A fault shows before a line or a message is taken out of the file.
    for (const { address, length } of into) thread.memory.reach(address, Math.min(length, most), "write");
    const buffer = new Uint8Array(most);
    const count = step(buffer, 0);
    scatter(thread, into, count === buffer.length ? buffer : buffer.subarray(0, count));
    return count;
  });
}

/** `write` from the segments. A write into a pipe that nobody reads raises SIGPIPE. */
export function writeFile(thread: Thread, file: OpenFile, all: Segment[], position?: number): number {
  if (!file.writable) fail("EBADF");
  loseSetId(thread.process.credentials, file);
  const refused = file.admit(thread, "write");
  if (refused !== 0) return refused;
  if (isDirect(file) && all.length === 1 && position === undefined) return writeDirect(thread, file, all[0]);
  const step = (bytes: Uint8Array, done: number) =>
    position === undefined ? file.write(bytes) : file.writeAt(bytes, position + done);
  if (file.discards) return discard(all);
  const from = atMost(all, file.longestTransfer);
  const total = totalOf(from);
  if (file.divisible) {
    const allowed = total === 0 ? from : atMost(from, roomForWrite(thread, file, position));
    return told(file, Event.modify, eachPiece(thread, allowed, "read", step));
  }
  let done = 0;
  const attempt = () => {
    try {
      do {
        done += step(gather(thread, from, done, Math.min(total - done, file.pieceSize)), done);
      } while (done < total);
    } catch (error) {
      if (isError(error, errno.EPIPE)) brokenPipe(thread);
      if (done === 0 || isError(error, errno.EAGAIN)) throw error;
    }
    return done;
  };
  return untilReady(thread, file, attempt, () => done);
}

/** Nobody looks at the bytes, but they must be a process's (Linux's `access_ok`). */
function discard(all: Segment[]): number {
  if (all.some(({ address, length }) => address < 0 || address + length > USER_END)) fail("EFAULT");
  return totalOf(all);
}

/** Tells who watches the file what a transfer of `count` bytes did. */
function told(file: OpenFile, event: number, count: number): number {
  if (count > 0) tell(file.location.dentry, event);
  return count;
}

function isError(error: unknown, code: number): boolean {
  return error instanceof VfsError && error.code === code;
}

/** Moves page by page, without a copy between, until a step does less than it was given. */
function eachPiece(
  thread: Thread,
  list: Segment[],
  access: "read" | "write",
  step: (bytes: Uint8Array, done: number) => number,
): number {
  let done = 0;
  let ended = false;
  let error: unknown;
  const move = (bytes: Uint8Array) => {
    if (ended) return;
    try {
      const count = step(bytes, done);
      done += count;
      ended = count < bytes.length;
    } catch (thrown) {
      error = thrown;
      ended = true;
    }
  };
  for (const { address, length } of list)
    for (let at = 0; at < length && !ended; at += CHUNK) {
      const wanted = Math.min(CHUNK, length - at);
      if (!moveChunk(thread, address + at, wanted, access, move, done > 0)) ended = true;
    }
  if (totalOf(list) === 0) step(new Uint8Array(0), 0);
  if (error !== undefined && done === 0) throw error;
  return done;
}

/** False where a fault cut it short. */
function moveChunk(
  thread: Thread,
  address: number,
  wanted: number,
  access: "read" | "write",
  move: (bytes: Uint8Array) => void,
  some: boolean,
): boolean {
  try {
    return thread.memory.pieces(address, wanted, access, move) === wanted;
  } catch (fault) {
    if (some && fault instanceof UserFault) return false;
    throw fault;
  }
}

/** The first `limit` bytes of the segments. */
function atMost(list: Segment[], limit: number): Segment[] {
  if (totalOf(list) <= limit) return list;
  let room = limit;
  return list.map(({ address, length }) => {
    const taken = Math.min(length, room);
    room -= taken;
    return { address, length: taken };
  });
}

export function totalOf(list: Segment[]): number {
  return list.reduce((sum, { length }) => sum + length, 0);
}

/** Puts bytes into the segments, one after the other. */
export function scatter(thread: Thread, list: Segment[], bytes: Uint8Array): void {
  if (list.length === 1 && bytes.length > 0 && bytes.length <= list[0].length) {
    thread.memory.write(list[0].address, bytes);
    return;
  }
  let done = 0;
  for (const { address, length } of list) {
    const part = bytes.subarray(done, done + length);
    if (part.length > 0) thread.memory.write(address, part);
    done += part.length;
  }
}

/** Copies `count` bytes of the segments, from `skip` on. */
export function gather(thread: Thread, list: Segment[], skip: number, count: number): Uint8Array {
  if (list.length === 1 && skip + count <= list[0].length)
    return thread.memory.read(list[0].address + skip, count);
  const out = new Uint8Array(count);
  let before = 0;
  let done = 0;
  for (const { address, length } of list) {
    const from = Math.max(0, skip + done - before);
    const part = Math.min(length - from, count - done);
    if (part > 0) {
      out.set(thread.memory.read(address + from, part), done);
      done += part;
    }
    before += length;
  }
  return out;
}
