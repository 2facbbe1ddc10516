import type { Thread } from "../rkprocess/thread.ts";
import { fail } from "../vfs/error.ts";
import { locksOf, type RecordLock } from "../vfs/locks.ts";
import { type OpenFile, Seek } from "../vfs/open-file.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { vfs } from "../vfs/vfs.ts";
import { fileAt, int, waitWith } from "./call.ts";

/** `l_type` of a `struct flock`. */
const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;

/** A `struct flock`: 0 l_type, 2 l_whence, 8 l_start, 16 l_len, 24 l_pid. */
interface Request {
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

function readRequest(thread: Thread, file: OpenFile, at: number, ofDescription: boolean): Request {
  const { memory } = thread;
  const type = memory.readU16(at);
  const whence = memory.readU16(at + 2);
  if (type > F_UNLCK || whence > Seek.end) fail("EINVAL");
  if (ofDescription && memory.readI32(at + 24) !== 0) fail("EINVAL");
  let origin = 0;
  if (whence === Seek.current) origin = file.seek(0, Seek.current);
  else if (whence === Seek.end) origin = file.attributes().size;
  const from = origin + memory.readWord(at + 8);
  const length = memory.readWord(at + 16);
  // A negative length is a range that ends before `from`; 0 is all that follows.
  const start = length < 0 ? from + length : from;
  if (start < 0) fail("EINVAL");
  let end = Number.POSITIVE_INFINITY;
  if (length !== 0) end = length < 0 ? from : from + length;
  return { type, start, end };
}

type LockCommand = (thread: Thread, files: ProcessFiles, file: OpenFile, at: number) => number;

function lockOf(
  thread: Thread,
  files: ProcessFiles,
  file: OpenFile,
  request: Request,
  ofd: boolean,
): RecordLock {
  const { type, start, end } = request;
  const pid = ofd ? -1 : thread.process.pid;
  return { owner: ofd ? file : files.fds, exclusive: type === F_WRLCK, start, end, pid };
}

function getLock(ofDescription: boolean): LockCommand {
  return (thread, files, file, at) => {
    const request = readRequest(thread, file, at, ofDescription);
    if (request.type === F_UNLCK) fail("EINVAL");
    const found = locksOf(file, thread.kernel.use(vfs).fileLocks).conflict(
      lockOf(thread, files, file, request, ofDescription),
    );
    const { memory } = thread;
    memory.writeU16(at, found ? (found.exclusive ? F_WRLCK : F_RDLCK) : F_UNLCK);
    if (!found) return 0;
    memory.writeU16(at + 2, Seek.set);
    memory.writeWord(at + 8, found.start);
    memory.writeWord(at + 16, found.end === Number.POSITIVE_INFINITY ? 0 : found.end - found.start);
    memory.writeU32(at + 24, found.pid >>> 0);
    return 0;
  };
}

function setLock(ofDescription: boolean, waits: boolean): LockCommand {
  return (thread, files, file, at) => {
    const request = readRequest(thread, file, at, ofDescription);
    const lock = lockOf(thread, files, file, request, ofDescription);
    const locks = locksOf(file, thread.kernel.use(vfs).fileLocks);
    if (request.type === F_UNLCK) {
      locks.clearRecord(lock.owner, lock.start, lock.end);
      return 0;
    }
    // A read lock needs a file open for reading, a write lock one open for writing.
    if (!(lock.exclusive ? file.writable : file.readable)) fail("EBADF");
    const attempt = () => {
      if (waits && !ofDescription) locks.startWaiting(lock);
      locks.setRecord(lock);
      return 0;
    };
    if (!waits) return attempt();
    return waitWith(thread, file, attempt, {
      queues: [locks.changed],
      finished: () => locks.stopWaiting(lock.owner),
    });
  };
}

/** The commands of `fcntl` about record locks (asm-generic/fcntl.h). */
export const lockCommands: ReadonlyMap<number, LockCommand> = new Map([
  [5, getLock(false)], //        F_GETLK
  [6, setLock(false, false)], // F_SETLK
  [7, setLock(false, true)], //  F_SETLKW
  [36, getLock(true)], //        F_OFD_GETLK
  [37, setLock(true, false)], // F_OFD_SETLK
  [38, setLock(true, true)], //  F_OFD_SETLKW
]);

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;
/** LOCK_MAND: accepted and without effect since Linux 5.5. */
const LOCK_MAND = 32;

export function flock(thread: Thread, files: ProcessFiles, fd: number, operation: number): number {
  const file = fileAt(files, fd);
  if (operation & LOCK_MAND) return 0;
  const locks = locksOf(file, thread.kernel.use(vfs).fileLocks);
  const kind = int(operation) & ~LOCK_NB;
  if (kind === LOCK_UN) {
    locks.unflock(file);
    return 0;
  }
  if (kind !== LOCK_SH && kind !== LOCK_EX) fail("EINVAL");
  const attempt = () => {
    locks.flock(file, kind === LOCK_EX);
    return 0;
  };
  return operation & LOCK_NB ? attempt() : waitWith(thread, file, attempt, { queues: [locks.changed] });
}
