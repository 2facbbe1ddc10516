import { expect, test } from "vitest";
import type { Thread } from "../rkprocess/thread.ts";
import type { AddressSpace } from "../rkvm/address-space.ts";
import { errno } from "../syscalls/errno.ts";
import { WAITING } from "../syscalls/result.ts";
import { lockPi, OWNER_DIED, tryLockPi, unlockPi, WAITERS } from "./lock-pi.ts";
import { FutexTable } from "./waiters.ts";

const FOREVER = Number.POSITIVE_INFINITY;

/** A lock, and threads of which each knows what its call has returned. */
function makeLock() {
  let word = 0;
  const table = new FutexTable();
  const key = { space: {} as AddressSpace, address: 64 };
  const threads = new Map<number, Thread>();
  const memory = {
    readU32: () => word,
    writeU32: (_: number, value: number) => {
      word = value;
    },
  };
  const kernel = { use: () => ({ findThread: (tid: number) => threads.get(tid) }) };
  const results = new Map<number, number>();
  const make = (tid: number, priority = 0) => {
    const thread = { tid, memory, kernel, scheduling: { priority } } as unknown as Thread;
    thread.wake = () => {
      const result = thread.wait?.resume() ?? WAITING;
      if (result !== WAITING) results.set(tid, result);
    };
    threads.set(tid, thread);
    return {
      thread,
      lock: () => lockPi(thread, table, key, 64, FOREVER),
      tryLock: () => tryLockPi(thread, table, key, 64),
      unlock: () => unlockPi(thread, table, key, 64),
    };
  };
  const set = (value: number) => memory.writeU32(0, value);
  return { make, results, set, die: (tid: number) => threads.delete(tid), word: () => word };
}

test("a lock that is free is taken, and given back", () => {
  const { make, word } = makeLock();
  const [one, two] = [make(10), make(11)];
  expect(one.lock()).toBe(0);
  expect(word()).toBe(10);
  expect(one.lock()).toBe(-errno.EDEADLK);
  expect(two.tryLock()).toBe(-errno.EAGAIN);
  expect(two.unlock()).toBe(-errno.EPERM);
  expect(one.unlock()).toBe(0);
  expect(word()).toBe(0);
});

test("who waits gets it, the most urgent first", () => {
  const { make, results, word } = makeLock();
  const [one, two, three] = [make(10), make(11), make(12, 5)];
  one.lock();
  expect([two.lock(), three.lock()]).toEqual([WAITING, WAITING]);
  expect(word()).toBe(WAITERS + 10);
  one.unlock();
  expect([...results]).toEqual([[12, 0]]);
  expect(word()).toBe(WAITERS + 12);
  three.unlock();
  expect(results.get(11)).toBe(0);
  expect(word()).toBe(11);
});

test("a waiter that ends leaves the lock to the next", () => {
  const { make, results, word } = makeLock();
  const [one, two, three] = [make(10), make(11), make(12)];
  one.lock();
  two.lock();
  three.lock();
  // It is woken, but ends before it has run.
  two.thread.wake = () => {};
  one.unlock();
  two.thread.wait?.abandon();
  expect(results.get(12)).toBe(0);
  expect(word()).toBe(12);
});

test("of a dead owner the mark stays, and an owner that never was is an error", () => {
  const { make, set, die, word } = makeLock();
  const [one, two] = [make(10), make(11)];
  set(OWNER_DIED);
  expect(one.lock()).toBe(0);
  expect(word()).toBe(OWNER_DIED + 10);
  die(10);
  expect(two.lock()).toBe(-errno.ESRCH);
});
