import { librarySummary } from "../../messages/libraries.ts";
import { type Api, api, type Library } from "../library.ts";
import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { waitUntil } from "../rkprocess/wait.ts";
import { type Time, time } from "../rktime/time.ts";
import { readTimespec, readTimespecAfter } from "../rktime/timespec.ts";
import { memoryManager } from "../rkvm/memory-manager.ts";
import { OutOfMemory } from "../rkvm/resident-pages.ts";
import { USER_END } from "../rkvm/space-areas.ts";
import { UserFault } from "../rkvm/user-memory.ts";
import { ERESTARTSYS, errno } from "../syscalls/errno.ts";
import { partial } from "../syscalls/row.ts";
import { lockPi, tryLockPi, unlockPi } from "./lock-pi.ts";
import { leaveRobustFutexes } from "./robust.ts";
import { type FutexKey, FutexTable, type Waiter } from "./waiters.ts";

const PRIVATE_FLAG = 128;
const CLOCK_REALTIME_FLAG = 256;
const Op = {
  wait: 0,
  wake: 1,
  requeue: 3,
  cmpRequeue: 4,
  wakeOp: 5,
  waitBitset: 9,
  wakeBitset: 10,
  lockPi: 6,
  unlockPi: 7,
  tryLockPi: 8,
  lockPi2: 13,
} as const;
const ANY = -1;

const futexTable: Api<FutexTable> = api("posix-futex");

/**
 * A futex that is not private in memory that is stands for itself: its key lies between those of private ones, whose
 * addresses are multiples of 4 (Linux's FUT_OFF_MMSHARED).
 */
const SHARED = 2;

function keyOf(thread: Thread, address: number, isPrivate: boolean): FutexKey {
  const { memory } = thread.process;
  if (isPrivate) return { space: memory, address };
  const place = memory.sharedPlace(address);
  return place
    ? { space: place.object, address: place.offset }
    : { space: memory, address: address + SHARED };
}

/** Operations that do not look at the word. Of a private futex they need nothing but the address. */
const BLIND: readonly number[] = [Op.wake, Op.wakeBitset, Op.requeue, Op.wakeOp];

function futex(
  thread: Thread,
  address: number,
  op: number,
  value: number,
  fourth: number,
  address2: number,
  third: number,
) {
  if (address < 0 || address >= USER_END) return -errno.EFAULT;
  if (address % 4 !== 0) return -errno.EINVAL;
  const isPrivate = (op & PRIVATE_FLAG) !== 0;
  const table = thread.kernel.use(futexTable);
  const count = value | 0;
  // Reading first brings the page in (so that a shared one has its key) and finds bad addresses.
  const command = op & ~(PRIVATE_FLAG | CLOCK_REALTIME_FLAG);
  const word = isPrivate && BLIND.includes(command) ? 0 : thread.memory.readI32(address);
  const key = keyOf(thread, address, isPrivate);
  switch (command) {
    case Op.wait:
    case Op.waitBitset: {
      const bits = (op & Op.waitBitset) === Op.waitBitset ? third | 0 : ANY;
      if (bits === 0) return -errno.EINVAL;
      if (word !== count) return -errno.EAGAIN;
      const left = timeLeft(thread, op, fourth);
      return left < 0 ? -errno.EINVAL : wait(thread, table, key, bits, left);
    }
    case Op.wake:
      return table.wake(key, Math.max(1, count), ANY);
    case Op.wakeBitset:
      return (third | 0) === 0 ? -errno.EINVAL : table.wake(key, Math.max(1, count), third | 0);
    case Op.cmpRequeue:
      if (word !== (third | 0)) return -errno.EAGAIN;
      return requeue(thread, table, key, address2, isPrivate, count, fourth | 0, true);
    case Op.requeue:
      return requeue(thread, table, key, address2, isPrivate, count, fourth | 0, false);
    case Op.wakeOp:
      return wakeOp(thread, table, key, address2, isPrivate, count, fourth | 0, third | 0);
    case Op.lockPi:
    case Op.lockPi2: {
      const isOfDay = (op & Op.lockPi2) !== Op.lockPi2 || (op & CLOCK_REALTIME_FLAG) !== 0;
      const left = timeLeft(thread, Op.waitBitset | (isOfDay ? CLOCK_REALTIME_FLAG : 0), fourth);
      return left < 0 ? -errno.EINVAL : lockPi(thread, table, key, address, left);
    }
    case Op.tryLockPi:
      return tryLockPi(thread, table, key, address);
    case Op.unlockPi:
      return unlockPi(thread, table, key, address);
    default:
      return -errno.ENOSYS;
  }
}

/** Nanoseconds to wait: WAIT's timeout is relative, WAIT_BITSET's absolute. -1 where it is not a valid one. */
function timeLeft(thread: Thread, op: number, address: number): number {
  if (address === 0) return Number.POSITIVE_INFINITY;
  const limit = readTimespec(thread, address);
  if (limit < 0 || (op & Op.waitBitset) !== Op.waitBitset) return limit;
  const source: Time = thread.kernel.use(time);
  const ofDay = (op & CLOCK_REALTIME_FLAG) !== 0;
  const until = ofDay ? readTimespecAfter(thread, address, source.realtimeOffset)! : limit;
  return Math.max(0, until - source.monotonic());
}

function wait(thread: Thread, table: FutexTable, key: FutexKey, bits: number, limit: number): number {
  const { priority: urgency } = thread.scheduling;
  const waiter: Waiter = {
    queue: table.queue(key),
    bits,
    urgency,
    isWoken: false,
    wake: () => thread.wake(),
  };
  table.add(waiter);
  return waitUntil(thread, {
    attempt: () => (waiter.isWoken ? 0 : undefined),
    queues: [],
    timeout: limit,
    interrupted: () => (limit === Number.POSITIVE_INFINITY ? -ERESTARTSYS : -errno.EINTR),
    finished: () => {
      waiter.queue.delete(waiter);
      table.tidy(key);
    },
  });
}

function requeue(
  thread: Thread,
  table: FutexTable,
  from: FutexKey,
  address2: number,
  isPrivate: boolean,
  wakes: number,
  moves: number,
  countMoved: boolean,
): number {
  if (wakes < 0 || moves < 0) return -errno.EINVAL;
  if (!isPrivate) thread.memory.readU32(address2);
  const to = keyOf(thread, address2, isPrivate);
  const woken = wakes === 0 ? 0 : table.wake(from, wakes, ANY);
  const moved = table.requeue(from, to, moves);
  return countMoved ? woken + moved : woken;
}

/** FUTEX_WAKE_OP: op 31-28 (8: shift), comparison 27-24, operand 23-12, argument 11-0, the last two signed. */
function wakeOp(
  thread: Thread,
  table: FutexTable,
  key: FutexKey,
  address2: number,
  isPrivate: boolean,
  wakes: number,
  wakes2: number,
  code: number,
): number {
  const operand = (code << 8) >> 20;
  const argument = (code << 20) >> 20;
  const change = ((code >>> 28) & 8) !== 0 ? 1 << (operand & 31) : operand;
  const old = thread.memory.readI32(address2);
  const changed = [change, old + change, old | change, old & ~change, old ^ change][(code >>> 28) & 7];
  const holds = [
    old === argument,
    old !== argument,
    old < argument,
    old <= argument,
    old > argument,
    old >= argument,
  ][(code >>> 24) & 15];
  if (changed === undefined || holds === undefined) return -errno.ENOSYS;
  thread.memory.writeU32(address2, changed);
  const woken = table.wake(key, Math.max(1, wakes), ANY);
  return holds ? woken + table.wake(keyOf(thread, address2, isPrivate), Math.max(1, wakes2), ANY) : woken;
}

/** What the kernel does for a thread that has ended is not private (Linux's `mm_release`, `handle_futex_death`). */
function wakeAt(thread: Thread, table: FutexTable, address: number): void {
  table.wake(keyOf(thread, address, false), 1, ANY);
}

/** Who joins a thread waits for this word to be 0 (set_tid_address(2)); not where nobody is left to wait. */
function clearTid(thread: Thread, table: FutexTable): void {
  const address = thread.clearTidAddress;
  const { memory, threads } = thread.process;
  if (address === 0 || (threads.length === 1 && !memory.isShared)) return;
  try {
    thread.memory.writeU32(address, 0);
    wakeAt(thread, table, address);
  } catch (error) {
    if (!(error instanceof UserFault || error instanceof OutOfMemory)) throw error;
  }
}

export const posixFutex: Library = {
  name: "posix-futex",
  summary: librarySummary.posixFutex,
  provides: [futexTable],
  needs: [time, memoryManager, processTable],
  syscalls: [partial("futex", "locks that inherit priority work, and raise nobody's priority", futex)],
  start(kernel) {
    const table = new FutexTable();
    kernel.provide(futexTable, table);
    kernel.use(processTable).onThreadExit.push((thread) => {
      leaveRobustFutexes(thread, (address) => wakeAt(thread, table, address));
      clearTid(thread, table);
    });
  },
};
