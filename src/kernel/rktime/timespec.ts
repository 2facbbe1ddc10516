import type { Thread } from "../rkprocess/thread.ts";

export const SECOND = 1e9;
const MICROSECOND = 1e3;
/** Longer waits (some 100 days) never end: nanoseconds stay exact below it. */
const LONGEST = 2 ** 53;

/** A `struct timespec` as nanoseconds, or -1 where it is not a valid one. */
export function readTimespec(thread: Thread, address: number): number {
  return readTimespecAfter(thread, address, { seconds: 0, nanoseconds: 0 }) ?? -1;
}

/**
 * A `struct timespec` as nanoseconds after `start`, negative before it; undefined where it is not a valid one. What stands
 * there and `start` may be times of day, of which one number cannot hold the nanoseconds.
 */
export function readTimespecAfter(
  thread: Thread,
  address: number,
  start: { readonly seconds: number; readonly nanoseconds: number },
): number | undefined {
  const seconds = thread.memory.readWord(address);
  const nanoseconds = thread.memory.readWord(address + 8);
  if (seconds < 0 || nanoseconds < 0 || nanoseconds >= SECOND) return undefined;
  return Math.min((seconds - start.seconds) * SECOND + nanoseconds - start.nanoseconds, LONGEST);
}

export function writeTimespec(thread: Thread, address: number, nanoseconds: number): void {
  const seconds = Math.floor(nanoseconds / SECOND);
  thread.memory.writeWord(address, seconds);
  thread.memory.writeWord(address + 8, Math.floor(nanoseconds - seconds * SECOND));
}

/** A `struct timeval` as nanoseconds, or -1. */
export function readTimeval(thread: Thread, address: number): number {
  const seconds = thread.memory.readWord(address);
  const microseconds = thread.memory.readWord(address + 8);
  if (seconds < 0 || microseconds < 0 || microseconds >= 1e6) return -1;
  return Math.min(seconds * SECOND + microseconds * MICROSECOND, LONGEST);
}

export function writeTimeval(thread: Thread, address: number, nanoseconds: number): void {
  const seconds = Math.floor(nanoseconds / SECOND);
  thread.memory.writeWord(address, seconds);
  thread.memory.writeWord(address + 8, Math.floor((nanoseconds - seconds * SECOND) / MICROSECOND));
}
