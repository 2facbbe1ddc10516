import type { Thread } from "../rkprocess/thread.ts";
import { waitUntil } from "../rkprocess/wait.ts";
import { type Time, time } from "../rktime/time.ts";
import { readTimespec, readTimespecAfter, SECOND, writeTimespec } from "../rktime/timespec.ts";
import { errno } from "../syscalls/errno.ts";
import { full, partial, type SyscallRow } from "../syscalls/row.ts";

const REALTIME = 0;
const CPU_CLOCKS: ReadonlySet<number> = new Set([2, 3]);
/** REALTIME, REALTIME_COARSE, REALTIME_ALARM, TAI. */
const WALL_CLOCKS: ReadonlySet<number> = new Set([REALTIME, 5, 8, 11]);
/** MONOTONIC, MONOTONIC_RAW, MONOTONIC_COARSE, BOOTTIME, BOOTTIME_ALARM. */
const STEADY_CLOCKS: ReadonlySet<number> = new Set([1, 4, 6, 7, 9]);
/** The CLINT counts at 10 MHz; the coarse clocks stand for a tick of 4 ms. */
const RESOLUTION = 100;
const COARSE_RESOLUTION = 4e6;

export type ClockKind = "wall" | "steady" | "cpu" | undefined;

/** What a clock id names. Negative ones are CPU clocks of a process or thread. */
export function clockKind(id: number): ClockKind {
  if (WALL_CLOCKS.has(id)) return "wall";
  if (STEADY_CLOCKS.has(id)) return "steady";
  return CPU_CLOCKS.has(id) || id < 0 ? "cpu" : undefined;
}

/** Nanoseconds from now until a clock shows what a valid `struct timespec` says; negative when it did before. */
export function untilClock(thread: Thread, kind: ClockKind, address: number): number {
  const source = thread.kernel.use(time);
  if (kind === "wall")
    return (readTimespecAfter(thread, address, source.realtimeOffset) ?? 0) - source.monotonic();
  return readTimespec(thread, address) - (kind === "cpu" ? source.busy() : source.monotonic());
}

function clockGettime(thread: Thread, id: number, address: number): number {
  const kind = clockKind(id);
  const source = thread.kernel.use(time);
  if (kind === "wall") writeWallClock(thread, source, address, 1);
  else if (kind === "steady") writeTimespec(thread, address, source.monotonic());
  else if (kind === "cpu") writeTimespec(thread, address, source.busy());
  else return -errno.EINVAL;
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
  if (clockKind(id) === undefined) return -errno.EINVAL;
  if (address !== 0) writeTimespec(thread, address, id === 5 || id === 6 ? COARSE_RESOLUTION : RESOLUTION);
  return 0;
}

function clockSettime(thread: Thread, id: number, address: number): number {
  if (id !== REALTIME) return -errno.EINVAL;
  const wanted = readTimespec(thread, address);
  if (wanted < 0) return -errno.EINVAL;
  if (thread.process.credentials.euid !== 0) return -errno.EPERM;
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
  if (thread.process.credentials.euid !== 0) return -errno.EPERM;
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
  const end = source.monotonic() + nanoseconds;
  return waitUntil(thread, {
    attempt: () => undefined,
    queues: [],
    timeout: nanoseconds,
    timedOut: () => 0,
    interrupted: () => {
      if (remaining !== 0) writeTimespec(thread, remaining, Math.max(0, end - source.monotonic()));
      return -errno.EINTR;
    },
  });
}

function clockNanosleep(thread: Thread, id: number, flags: number, request: number, remaining: number) {
  const kind = clockKind(id);
  if (kind === undefined) return -errno.EINVAL;
  const wanted = readTimespec(thread, request);
  if (wanted < 0) return -errno.EINVAL;
  if ((flags & TIMER_ABSTIME) === 0) return sleep(thread, wanted, remaining);
  return sleep(thread, untilClock(thread, kind, request), 0);
}

function nanosleep(thread: Thread, request: number, remaining: number): number {
  const wanted = readTimespec(thread, request);
  return wanted < 0 ? -errno.EINVAL : sleep(thread, wanted, remaining);
}

export const clockSyscalls: readonly SyscallRow[] = [
  partial("clock_gettime", "CPU clocks count all threads' time", clockGettime),
  full("clock_getres", clockGetres),
  full("clock_settime", clockSettime),
  full("gettimeofday", gettimeofday),
  full("settimeofday", settimeofday),
  full("nanosleep", nanosleep),
  full("clock_nanosleep", clockNanosleep),
];
