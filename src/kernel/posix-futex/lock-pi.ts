import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { waitUntil } from "../rkprocess/wait.ts";
import { errno } from "../syscalls/errno.ts";
import type { FutexKey, FutexTable, Waiter } from "./waiters.ts";

/** A lock's word (linux/futex.h): its owner, whether the kernel must be asked to unlock it, and whether an owner has died. */
export const WAITERS = 0x8000_0000;
export const OWNER_DIED = 0x4000_0000;
export const TID_MASK = 0x3fff_ffff;

const ANY = -1;

/**
 * FUTEX_LOCK_PI: takes the lock whose word is at `address`, or waits at most `limit` nanoseconds until its owner gives it
 * back. No signal ends the wait: the C library knows of none here. Nobody's priority is raised.
 */
export function lockPi(
  thread: Thread,
  table: FutexTable,
  key: FutexKey,
  address: number,
  limit: number,
): number {
  const { priority: urgency } = thread.scheduling;
  const waiter: Waiter = {
    ...{ queue: table.queue(key), bits: ANY, urgency, isWoken: false },
    wake: () => thread.wake(),
  };
  let isOver = false;
  const attempt = () => {
    const result = tryLockPi(thread, table, key, address, waiter);
    if (result !== -errno.EAGAIN) {
      isOver = true;
      return result;
    }
    const word = thread.memory.readU32(address);
    if ((word & WAITERS) === 0) thread.memory.writeU32(address, (word | WAITERS) >>> 0);
    waiter.isWoken = false;
    waiter.queue = table.queue(key);
    table.add(waiter);
    return undefined;
  };
  return waitUntil(thread, {
    attempt,
    queues: [],
    timeout: limit,
    uninterruptible: true,
    finished() {
      waiter.queue.delete(waiter);
      // Whoever was woken and goes without the lock leaves it to the next.
      if (waiter.isWoken && !isOver) table.wake(key, 1, ANY);
      table.tidy(key);
    },
  });
}

/** FUTEX_TRYLOCK_PI; -EAGAIN where somebody has it. `self`: the caller, where he waits for it. */
export function tryLockPi(
  thread: Thread,
  table: FutexTable,
  key: FutexKey,
  address: number,
  self?: Waiter,
): number {
  const { memory, tid, kernel } = thread;
  const word = memory.readU32(address);
  const owner = word & TID_MASK;
  if (owner === tid) return -errno.EDEADLK;
  if (owner !== 0) return kernel.use(processTable).findThread(owner) ? -errno.EAGAIN : -errno.ESRCH;
  const queue = table.queue(key);
  const others = queue.size - (self && queue.has(self) ? 1 : 0);
  table.tidy(key);
  memory.writeU32(address, ((word & OWNER_DIED) | tid | (others > 0 ? WAITERS : 0)) >>> 0);
  return 0;
}

/** FUTEX_UNLOCK_PI: the most urgent waiter may take the lock. */
export function unlockPi(thread: Thread, table: FutexTable, key: FutexKey, address: number): number {
  const { memory, tid } = thread;
  if ((memory.readU32(address) & TID_MASK) !== tid) return -errno.EPERM;
  const hasWaiters = table.queue(key).size > 0;
  table.tidy(key);
  memory.writeU32(address, hasWaiters ? WAITERS : 0);
  table.wake(key, 1, ANY);
  return 0;
}
