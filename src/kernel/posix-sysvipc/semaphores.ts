import { call, int } from "../posixfs/call.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { waitUntil } from "../rkprocess/wait.ts";
import { WaitQueue } from "../rksched/wait-queue.ts";
import { readTimespec } from "../rktime/timespec.ts";
import { errno } from "../syscalls/errno.ts";
import { full, type SyscallRow } from "../syscalls/row.ts";
import { fail } from "../vfs/error.ts";
import {
  beginReport,
  CHANGE,
  IPC,
  IpcTable,
  now,
  PERM_SIZE,
  READ,
  requireOwner,
  requirePermission,
  setOwner,
  setWords,
} from "./object.ts";
import {
  MOST_VALUE,
  type Operation,
  type PendingOperations,
  SEM_UNDO,
  SemaphoreSet,
} from "./semaphore-set.ts";
import { sysvIpc } from "./state.ts";
import { undoLists } from "./undo.ts";

/** SEMMNI, SEMMSL and SEMOPM; of all sets together there are fewer than under Linux, as they take memory of the host. */
const MOST_SETS = 32000;
const MOST_IN_SET = 32000;
const MOST_OPERATIONS = 500;
const MOST_SEMAPHORES = 1_024_000;
export const MOST_UNDOS = 262_144;
export const MOST_WAITING = 32_768;

/** Commands beside those of all kinds (linux/sem.h). */
const SEM = {
  GETPID: 11,
  GETVAL: 12,
  GETALL: 13,
  GETNCNT: 14,
  GETZCNT: 15,
  SETVAL: 16,
  SETALL: 17,
  STAT: 18,
  INFO: 19,
  STAT_ANY: 20,
} as const;

export const newSets = () => new IpcTable<SemaphoreSet>(MOST_SETS);

const setsOf = (thread: Thread) => thread.kernel.use(sysvIpc).sets;

function semget(thread: Thread, key: number, countGiven: number, flags: number): number {
  const sets = setsOf(thread);
  const count = int(countGiven);
  if (count < 0 || count > MOST_IN_SET) fail("EINVAL");
  const check = ({ values }: SemaphoreSet) => {
    if (count > values.length) fail("EINVAL");
  };
  return sets.get(thread, int(key), int(flags), check, () => {
    if (count === 0) fail("EINVAL");
    if (sets.weight + count > MOST_SEMAPHORES) fail("ENOSPC");
    return new SemaphoreSet(thread, int(key), int(flags), count);
  });
}

/** `struct sembuf[]`: 0 sem_num, 2 sem_op, 4 sem_flg. */
function readOperations({ memory }: Thread, at: number, count: number): Operation[] {
  const bytes = memory.read(at, count * 6);
  const view = new DataView(bytes.buffer);
  return Array.from({ length: count }, (_, i) => ({
    index: view.getUint16(i * 6, true),
    change: view.getInt16(i * 6 + 2, true),
    flags: view.getInt16(i * 6 + 4, true),
  }));
}

/** `timeout`: nanoseconds; undefined: none. */
function operate(thread: Thread, id: number, at: number, count: number, timeout: number | undefined): number {
  if (count < 1 || int(id) < 0) fail("EINVAL");
  if (count > MOST_OPERATIONS) fail("E2BIG");
  const operations = readOperations(thread, at, count);
  if (timeout !== undefined && timeout < 0) fail("EINVAL");
  const set = setsOf(thread).find(int(id));
  if (operations.some(({ index }) => index >= set.values.length)) fail("EFBIG");
  const changes = operations.some(({ change }) => change !== 0);
  requirePermission(thread, set, changes ? CHANGE : READ);
  const undo = operations.some(({ flags }) => flags & SEM_UNDO) ? thread.process.get(undoLists) : undefined;
  const first = set.attempt(operations, thread, undo);
  if (first === 0) set.operated(thread);
  if (typeof first === "number") return first;
  const { waitingBudget } = thread.kernel.use(sysvIpc);
  waitingBudget.charge(count);
  const done = new WaitQueue();
  const pending: PendingOperations = {
    operations,
    thread,
    undo,
    alters: changes,
    blocking: first,
    result: undefined,
    done,
  };
  set.add(pending);
  return waitUntil(thread, {
    attempt: () => pending.result,
    queues: [done],
    timeout,
    timedOut: () => -errno.EAGAIN,
    interrupted: () => -errno.EINTR,
    finished() {
      set.delete(pending);
      waitingBudget.discharge(count);
    },
  });
}

/** `struct semid64_ds`: perm, 48 last operation, 56 changed, 64 how many. */
const REPORT = 88;

function report(thread: Thread, set: SemaphoreSet, at: number): void {
  const view = beginReport(set, REPORT);
  setWords(view, PERM_SIZE, [set.operatedAt, set.changedAt, set.values.length]);
  thread.memory.write(at, new Uint8Array(view.buffer));
}

/**
 * `struct seminfo`, integers: semmap, semmni, semmns, semmnu, semmsl, semopm, semume, semusz, semvmx, semaem. SEM_INFO has the
 * sets and semaphores in use in place of semusz and semaem.
 */
function info(thread: Thread, at: number, isUsage: boolean): number {
  const sets = setsOf(thread);
  const [size, most] = isUsage ? [sets.count, sets.weight] : [20, MOST_VALUE];
  const words = [
    ...[MOST_SEMAPHORES, MOST_SETS, MOST_SEMAPHORES, MOST_SEMAPHORES, MOST_IN_SET],
    ...[MOST_OPERATIONS, MOST_OPERATIONS, size, MOST_VALUE, most],
  ];
  thread.memory.write(at, new Uint8Array(Int32Array.from(words).buffer));
  return sets.highest;
}

function semctl(thread: Thread, id: number, index: number, commandGiven: number, argument: number): number {
  const sets = setsOf(thread);
  const command = int(commandGiven);
  if (int(id) < 0) fail("EINVAL");
  switch (command) {
    case IPC.INFO:
    case SEM.INFO:
      return info(thread, argument, command === SEM.INFO);
    case IPC.STAT:
    case SEM.STAT:
    case SEM.STAT_ANY: {
      const set = command === IPC.STAT ? sets.find(int(id)) : sets.at(int(id));
      if (command !== SEM.STAT_ANY) requirePermission(thread, set, READ);
      report(thread, set, argument);
      return command === IPC.STAT ? 0 : set.id;
    }
    case IPC.SET: {
      thread.memory.read(argument, REPORT);
      const set = sets.find(int(id));
      requireOwner(thread, set);
      setOwner(thread, set, argument);
      return 0;
    }
    case IPC.RMID: {
      const set = sets.find(int(id));
      requireOwner(thread, set);
      sets.remove(set);
      return 0;
    }
    case SEM.SETVAL:
      return setValue(thread, sets.find(int(id)), int(index), int(argument));
    case SEM.SETALL:
      return setAll(thread, sets.find(int(id)), argument);
    case SEM.GETALL: {
      const set = sets.find(int(id));
      requirePermission(thread, set, READ);
      thread.memory.write(argument, new Uint8Array(Uint16Array.from(set.values).buffer));
      return 0;
    }
    default:
      return getValue(thread, sets.find(int(id)), int(index), command);
  }
}

function setValue(thread: Thread, set: SemaphoreSet, index: number, value: number): number {
  if (value < 0 || value > MOST_VALUE) fail("ERANGE");
  if (index < 0 || index >= set.values.length) fail("EINVAL");
  requirePermission(thread, set, CHANGE);
  set.set(thread.process, index, value);
  set.changedAt = now(thread);
  set.wake();
  return 0;
}

function setAll(thread: Thread, set: SemaphoreSet, at: number): number {
  requirePermission(thread, set, CHANGE);
  const values = new Uint16Array(thread.memory.read(at, set.values.length * 2).buffer);
  if (values.some((value) => value > MOST_VALUE)) fail("ERANGE");
  set.setAll(thread.process, values);
  set.changedAt = now(thread);
  set.wake();
  return 0;
}

function getValue(thread: Thread, set: SemaphoreSet, index: number, command: number): number {
  const ask = { [SEM.GETVAL]: 1, [SEM.GETPID]: 1, [SEM.GETNCNT]: 1, [SEM.GETZCNT]: 1 };
  if (!(command in ask)) fail("EINVAL");
  requirePermission(thread, set, READ);
  if (index < 0 || index >= set.values.length) fail("EINVAL");
  if (command === SEM.GETVAL) return set.values[index];
  if (command === SEM.GETPID) return set.pids[index];
  return set.countWaiting(index, command === SEM.GETZCNT);
}

/** An invalid time is found after the operations were read. */
function timeoutOf(thread: Thread, at: number): number | undefined {
  return at === 0 ? undefined : readTimespec(thread, at);
}

export const semaphoreCalls: readonly SyscallRow[] = [
  full(
    "semget",
    call((thread, _files, key, count, flags) => semget(thread, key, count, flags)),
  ),
  full(
    "semop",
    call((thread, _files, id, at, count) => operate(thread, id, at, int(count) >>> 0, undefined)),
  ),
  full(
    "semtimedop",
    call((thread, _files, id, at, count, timeoutAt) =>
      operate(thread, id, at, int(count) >>> 0, timeoutOf(thread, timeoutAt)),
    ),
  ),
  full(
    "semctl",
    call((thread, _files, id, index, command, at) => semctl(thread, id, index, command, at)),
  ),
];
