import { Capability } from "../rkprocess/capabilities.ts";
import { Process } from "../rkprocess/process.ts";
import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { takeDeadline, waitUntil } from "../rkprocess/wait.ts";
import { WaitQueue } from "../rksched/wait-queue.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { type Time, time } from "../rktime/time.ts";
import { readTimespec, readTimespecAfter, SECOND, writeTimespec } from "../rktime/timespec.ts";
import { ERESTARTNOHAND, errno } from "../syscalls/errno.ts";
import { full, type SyscallRow } from "../syscalls/row.ts";
import type { TimerSource } from "./interval-timer.ts";

const REALTIME = 0;
const PROCESS_CPUTIME = 2;
const THREAD_CPUTIME = 3;
/** REALTIME, REALTIME_COARSE, REALTIME_ALARM, TAI. */
const WALL_CLOCKS: ReadonlySet<number> = new Set([REALTIME, 5, 8, 11]);
/** MONOTONIC, MONOTONIC_RAW, MONOTONIC_COARSE, BOOTTIME, BOOTTIME_ALARM. */
const STEADY_CLOCKS: ReadonlySet<number> = new Set([1, 4, 6, 7, 9]);
/** The CLINT counts at 10 MHz; the coarse clocks stand for a tick of 4 ms. */
const RESOLUTION = 100;
const COARSE_RESOLUTION = 4e6;

export type ClockKind = "wall" | "steady" | "cpu" | undefined;

/** What a clock id names. */
export function clockKind(thread: Thread, id: number): ClockKind {
  if (WALL_CLOCKS.has(id)) return "wall";
  if (STEADY_CLOCKS.has(id)) return "steady";
  return cpuTime(thread, id) === undefined ? undefined : "cpu";
}

/**
 * Whose time a CPU clock shows; undefined where an id names none. A negative one is the complement of a
 * process or thread (0: the caller) in bits 31-3, whether it is a thread in bit 2, and below that which time of it, or 3
 * for a device (linux/posix-timers_types.h). All times are the same one here.
 */
function runnerOf(thread: Thread, id: number): Process | Thread | undefined {
  const number = id | 0;
  if (number >= 0 && number !== PROCESS_CPUTIME && number !== THREAD_CPUTIME) return undefined;
  if (number < 0 && (number & 3) === 3) return undefined;
  const ofThread = number < 0 ? (number & 4) !== 0 : number === THREAD_CPUTIME;
  const whose = number < 0 ? ~(number >> 3) : 0;
  const { kernel, process } = thread;
  const table = kernel.use(processTable);
  if (!ofThread) return whose === 0 ? process : table.find(whose);
  const found = whose === 0 ? thread : table.findThread(whose);
  return found?.process === process ? found : undefined;
}

/** What a CPU clock shows, in nanoseconds; undefined where an id names none. */
function cpuTime(thread: Thread, id: number): number | undefined {
  const runner = runnerOf(thread, id);
  if (!runner) return undefined;
  thread.kernel.use(dispatcher).countTime();
  return runner instanceof Process ? runner.usageSoFar().runTime : runner.runTime;
}

/** What timers of a valid clock go by. */
export function timerSource(thread: Thread, id: number): TimerSource {
  const { kernel } = thread;
  if (WALL_CLOCKS.has(id) || STEADY_CLOCKS.has(id)) return kernel.use(time);
  const runner = runnerOf(thread, id) ?? thread.process;
  const clocks = kernel.use(dispatcher);
  return runner instanceof Process ? clocks.clockOfProcess(runner) : clocks.clockOfThread(runner);
}

/** Nanoseconds from now until a clock shows what a valid `struct timespec` says; negative when it did before. */
export function untilClock(thread: Thread, id: number, address: number): number {
  const source = thread.kernel.use(time);
  if (WALL_CLOCKS.has(id))
    return (readTimespecAfter(thread, address, source.realtimeOffset) ?? 0) - source.monotonic();
  return readTimespec(thread, address) - (cpuTime(thread, id) ?? source.monotonic());
}

function clockGettime(thread: Thread, id: number, address: number): number {
  const source = thread.kernel.use(time);
  if (WALL_CLOCKS.has(id)) {
    writeWallClock(thread, source, address, 1);
    return 0;
  }
  const shown = STEADY_CLOCKS.has(id) ? source.monotonic() : cpuTime(thread, id);
  if (shown === undefined) return -errno.EINVAL;
  writeTimespec(thread, address, shown);
  return 0;
}

/** Seconds, and a part of a second in `unit` nanoseconds. */
function writeWallClock(thread: Thread, source: Time, address: number, unit: number): void {
  const { seconds, nanoseconds } = source.realtimeOffset;
  const total = nanoseconds + source.monotonic();
  const carry = Math.floor(total / SECOND);
  thread.memory.writeWord(address, seconds + carry);
  thread.memory.writeWord(address + 8, Math.floor((total - carry * SECOND) / unit));
}

function clockGetres(thread: Thread, id: number, address: number): number {
  if (clockKind(thread, id) === undefined) return -errno.EINVAL;
  if (address !== 0) writeTimespec(thread, address, id === 5 || id === 6 ? COARSE_RESOLUTION : RESOLUTION);
  return 0;
}

function clockSettime(thread: Thread, id: number, address: number): number {
  if (id !== REALTIME) return -errno.EINVAL;
  const wanted = readTimespec(thread, address);
  if (wanted < 0) return -errno.EINVAL;
  if (!thread.process.credentials.has(Capability.setTime)) return -errno.EPERM;
  const seconds = thread.memory.readU64(address);
  thread.kernel.use(time).setRealtime(seconds * 1_000_000_000n + thread.memory.readU64(address + 8));
  return 0;
}

function gettimeofday(thread: Thread, address: number, zone: number): number {
  if (address !== 0) writeWallClock(thread, thread.kernel.use(time), address, 1000);
  if (zone !== 0) thread.memory.writeWord(zone, 0);
  return 0;
}

function settimeofday(thread: Thread, address: number): number {
  if (!thread.process.credentials.has(Capability.setTime)) return -errno.EPERM;
  if (address === 0) return 0;
  const seconds = thread.memory.readU64(address);
  const microseconds = thread.memory.readU64(address + 8);
  if (microseconds >= 1_000_000n || seconds >= 2n ** 33n) return -errno.EINVAL;
  thread.kernel.use(time).setRealtime(seconds * 1_000_000_000n + microseconds * 1000n);
  return 0;
}

const TIMER_ABSTIME = 1;

/** Waits; a signal ends it with EINTR and, for a relative one, what is left in `remaining`. */
function sleep(thread: Thread, nanoseconds: number, remaining: number): number {
  const source = thread.kernel.use(time);
  const end = takeDeadline(thread, nanoseconds);
  return waitUntil(thread, {
    attempt: () => undefined,
    queues: [],
    timeout: end - source.monotonic(),
    timedOut: () => 0,
    interrupted: () => {
      if (remaining !== 0) writeTimespec(thread, remaining, Math.max(0, end - source.monotonic()));
      thread.deadline = end;
      return -ERESTARTNOHAND;
    },
  });
}

/** Waits until a time of day, also when the clock is set meanwhile. `left`: nanoseconds until then. */
function sleepUntilTimeOfDay(thread: Thread, left: number): number {
  const source = thread.kernel.use(time);
  const due = new WaitQueue();
  let end = source.monotonic() + left;
  const arm = () => source.after(end - source.monotonic(), () => due.wake());
  let cancel = arm();
  const moved = (shift: number) => {
    cancel();
    end -= shift;
    cancel = arm();
  };
  source.onSet.push(moved);
  return waitUntil(thread, {
    attempt: () => (source.monotonic() >= end ? 0 : undefined),
    queues: [due],
    interrupted: () => -ERESTARTNOHAND,
    finished() {
      cancel();
      source.onSet.splice(source.onSet.indexOf(moved), 1);
    },
  });
}

function clockNanosleep(thread: Thread, id: number, flags: number, request: number, remaining: number) {
  const kind = clockKind(thread, id);
  if (kind === undefined) return -errno.EINVAL;
  const wanted = readTimespec(thread, request);
  if (wanted < 0) return -errno.EINVAL;
  if ((flags & TIMER_ABSTIME) === 0) return sleep(thread, wanted, remaining);
  const left = untilClock(thread, id, request);
  return kind === "wall" ? sleepUntilTimeOfDay(thread, left) : sleep(thread, left, 0);
}

function nanosleep(thread: Thread, request: number, remaining: number): number {
  const wanted = readTimespec(thread, request);
  return wanted < 0 ? -errno.EINVAL : sleep(thread, wanted, remaining);
}

export const clockSyscalls: readonly SyscallRow[] = [
  full("clock_gettime", clockGettime),
  full("clock_getres", clockGetres),
  full("clock_settime", clockSettime),
  full("gettimeofday", gettimeofday),
  full("settimeofday", settimeofday),
  full("nanosleep", nanosleep),
  full("clock_nanosleep", clockNanosleep),
];
