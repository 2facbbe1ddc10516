import type { Thread } from "../rkprocess/thread.ts";
import { takeDeadline, waitUntil } from "../rkprocess/wait.ts";
import { signals } from "../rksignal/signals.ts";
import { time } from "../rktime/time.ts";
import { writeTimespec } from "../rktime/timespec.ts";
import { UserFault } from "../rkvm/user-memory.ts";
import { ERESTARTNOHAND } from "../syscalls/errno.ts";
import { full, type SyscallRow } from "../syscalls/row.ts";
import { fail } from "../vfs/error.ts";
import { POLL } from "../vfs/flags.ts";
import { type OpenFile, PathFile } from "../vfs/open-file.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { type CallArguments, call, int } from "./call.ts";

/** What `poll` always reports. */
const ALWAYS = POLL.ERR | POLL.HUP | POLL.NVAL;

/** One descriptor asked about. */
interface Asked {
  readonly fd: number;
  /** Undefined: not open. */
  readonly file: OpenFile | undefined;
  readonly events: number;
}

function ask(files: ProcessFiles, fd: number, events: number): Asked {
  const open = files.fds.has(fd) ? files.fds.get(fd).file : undefined;
  return { fd, file: open instanceof PathFile ? undefined : open, events };
}

/** The events that hold now. */
function state({ file, events }: Asked): number {
  return file ? file.poll() & (events | ALWAYS) : POLL.NVAL;
}

/** A `struct timespec` as nanoseconds; undefined for no limit. */
export function readTimeout(thread: Thread, at: number): number | undefined {
  if (at === 0) return undefined;
  const seconds = thread.memory.readWord(at);
  const nanoseconds = thread.memory.readWord(at + 8);
  if (seconds < 0 || nanoseconds < 0 || nanoseconds >= 1e9) fail("EINVAL");
  return seconds * 1e9 + nanoseconds;
}

/** Tells the time that is left, where it can be written (Linux's `poll_select_finish`). */
function writeLeft(thread: Thread, at: number, left: number): void {
  try {
    writeTimespec(thread, at, left);
  } catch (error) {
    if (!(error instanceof UserFault)) throw error;
  }
}

/** Uses the signal mask at `at`, if there is one, until the call's end. */
export function useMask(thread: Thread, at: number, size: number): void {
  if (at === 0) return;
  if (size !== 8) fail("EINVAL");
  const [low, high] = [thread.memory.readU32(at) | 0, thread.memory.readU32(at + 4) | 0];
  thread.kernel.use(signals).useMaskForCall(thread, low, high);
}

/**
 * Waits until `check` answers something, at most `timeout` nanoseconds. Returns its last answer, 0 when the time is
 * up, or EINTR: these calls are not made again after a handler (signal(7)), but after a stop.
 */
function waitForAny(
  thread: Thread,
  asked: Asked[],
  timeout: number | undefined,
  timeoutAt: number,
  check: () => number,
) {
  const queues = new Set(asked.map(({ file }) => file?.waiters).filter((queue) => queue !== undefined));
  for (const { file } of asked) file?.retain();
  const end = timeout === undefined ? undefined : takeDeadline(thread, timeout);
  const clock = thread.kernel.use(time);
  // Of a wait that was none there is nothing left to tell.
  const tell = (left: number) => {
    if (timeout !== undefined && timeout > 0) writeLeft(thread, timeoutAt, left);
  };
  const untilEnd = () => (end === undefined ? 0 : Math.max(0, end - clock.monotonic()));
  return waitUntil(thread, {
    attempt() {
      const ready = check();
      if (ready !== 0) tell(untilEnd());
      return ready || undefined;
    },
    queues,
    timeout: end === undefined ? undefined : end - clock.monotonic(),
    timedOut() {
      tell(0);
      return 0;
    },
    interrupted: () => {
      tell(untilEnd());
      thread.deadline = end;
      return -ERESTARTNOHAND;
    },
    finished: () => {
      for (const { file } of asked) file?.release();
    },
  });
}

/** `struct pollfd`: 0 fd, 4 events, 6 revents. */
function ppoll(thread: Thread, files: ProcessFiles, ...args: CallArguments) {
  const [at, count, timeoutAt, mask, maskSize] = args;
  if (count < 0 || count > files.fds.limit) fail("EINVAL");
  const timeout = readTimeout(thread, timeoutAt);
  const asked: Asked[] = [];
  for (let i = 0; i < count; i++)
    asked.push(ask(files, thread.memory.readI32(at + i * 8), thread.memory.readU16(at + i * 8 + 4)));
  useMask(thread, mask, maskSize);
  return waitForAny(
    thread,
    asked.filter(({ fd }) => fd >= 0),
    timeout,
    timeoutAt,
    () => {
      let ready = 0;
      asked.forEach((one, i) => {
        const events = one.fd < 0 ? 0 : state(one);
        if (events !== 0) ready++;
        thread.memory.writeU16(at + i * 8 + 6, events);
      });
      return ready;
    },
  );
}

/** What each set of `select` asks for (fs/select.c). */
const READS = POLL.IN | POLL.RDNORM | POLL.HUP | POLL.ERR;
const WRITES = POLL.OUT | POLL.WRNORM | POLL.ERR;
const EXCEPTIONS = POLL.PRI;

function pselect6(thread: Thread, files: ProcessFiles, ...args: CallArguments) {
  const [count, readAt, writeAt, exceptAt, timeoutAt, maskAt] = args;
  if (int(count) < 0) fail("EINVAL");
  const timeout = readTimeout(thread, timeoutAt);
  const bytes = Math.ceil(Math.min(int(count), files.fds.capacity) / 64) * 8;
  const sets = [
    { at: readAt, events: READS },
    { at: writeAt, events: WRITES },
    { at: exceptAt, events: EXCEPTIONS },
  ].map((set) => ({
    ...set,
    bits: set.at === 0 ? new Uint8Array(bytes) : thread.memory.read(set.at, bytes),
  }));
  const asked: (Asked & { set: number })[] = [];
  sets.forEach(({ bits, events }, set) => {
    for (let fd = 0; fd < Math.min(int(count), bytes * 8); fd++)
      if (bits[fd >> 3] & (1 << (fd & 7))) asked.push({ ...ask(files, fd, events), set });
  });
  if (asked.some(({ file }) => !file)) fail("EBADF");
  // A pointer to the mask, and its size.
  if (maskAt !== 0) useMask(thread, thread.memory.readWord(maskAt), thread.memory.readWord(maskAt + 8));
  return waitForAny(thread, asked, timeout, timeoutAt, () => {
    const results = sets.map(() => new Uint8Array(bytes));
    let ready = 0;
    for (const one of asked) {
      if ((state(one) & one.events) === 0) continue;
      results[one.set][one.fd >> 3] |= 1 << (one.fd & 7);
      ready++;
    }
    sets.forEach(({ at }, i) => {
      if (at !== 0) thread.memory.write(at, results[i]);
    });
    return ready;
  });
}

export const pollCalls: readonly SyscallRow[] = [
  full("ppoll", call(ppoll)),
  full("pselect6", call(pselect6)),
];
