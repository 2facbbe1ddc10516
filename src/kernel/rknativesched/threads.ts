import { HART } from "../../cpu/layout.ts";
import { PAGE_SIZE } from "../../cpu/sv39.ts";
import { maySchedule } from "../posix-process/scheduling-permission.ts";
import { limitedTo } from "../rknative/handles.ts";
import { CLONE } from "../rkprocess/clone-flags.ts";
import type { Process } from "../rkprocess/process.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { forkRegisters } from "../rkprocess/registers.ts";
import { processState } from "../rkprocess/state.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { waitUntil } from "../rkprocess/wait.ts";
import { Policy } from "../rksched/scheduler.ts";
import { WaitQueue } from "../rksched/wait-queue.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { Prot } from "../rkvm/vma.ts";
import { errno } from "../syscalls/errno.ts";
import { native } from "../syscalls/native.ts";
import type { SyscallRow } from "../syscalls/row.ts";

const MOST_URGENT = 99;
const USUAL_STACK = 64 << 10;
const LARGEST_STACK = 64 << 20;
/** Of a process, ended ones included that nobody has joined. */
const MOST_THREADS = 4096;

/** A thread that `rk_thread_create` made. */
interface NativeThread {
  readonly stack: { readonly start: number; readonly length: number };
  readonly ended: WaitQueue;
  hasEnded: boolean;
  /** Nobody will join it. */
  isDetached: boolean;
  /** What it gave to `rk_thread_exit`. */
  value: bigint;
}

/** By thread number. A child has none of its parent's. */
export const nativeThreads = processState<Map<number, NativeThread>>({
  create: () => new Map(),
  fork: () => new Map(),
  exec: () => new Map(),
});

/** `rk_thread_create(start, a0, a1, stack bytes, priority)`: its number. It begins at `start` with the two arguments. */
function create(
  thread: Thread,
  start: number,
  a0: number,
  a1: number,
  size: number,
  priority: number,
): number {
  const { process, kernel } = thread;
  const table = kernel.use(processTable);
  const threads = process.get(nativeThreads);
  if (!(size >= 0 && size <= LARGEST_STACK)) return -errno.EINVAL;
  if (!table.hasRoom(process, CLONE.THREAD) || threads.size >= MOST_THREADS) return -errno.EAGAIN;
  const refused = mayHave(thread, thread, priority);
  if (refused < 0) return refused;
  const stack = mapStack(process, Math.ceil((size || USUAL_STACK) / PAGE_SIZE) * PAGE_SIZE);
  if (!stack) return -errno.ENOMEM;
  const made = table.createThread(process, thread);
  setRegisters(thread, made, start, stack.start + stack.length, [a0, a1]);
  if (priority > 0) Object.assign(made.scheduling, { policy: Policy.roundRobin, priority });
  threads.set(made.tid, { stack, ended: new WaitQueue(), hasEnded: false, isDetached: false, value: 0n });
  table.makeReady(made);
  return made.tid;
}

/** As its maker's, gp and tp included, but for where it begins and what it is given. */
function setRegisters(
  { kernel }: Thread,
  made: Thread,
  pc: number,
  sp: number,
  args: readonly number[],
): void {
  forkRegisters(kernel.hart, made.context, sp, undefined);
  const view = new DataView(made.context.buffer, made.context.byteOffset);
  const RA = 1;
  const A0 = 10;
  view.setBigInt64(HART.pc, BigInt(pc), true);
  view.setBigInt64(HART.x + RA * 8, 0n, true);
  args.forEach((value, i) => {
    view.setBigInt64(HART.x + (A0 + i) * 8, BigInt(value), true);
  });
}

/** A stack above a page that nobody may touch. */
function mapStack({ memory }: Process, length: number) {
  const whole = length + PAGE_SIZE;
  if (memory.exceedsLimits(whole, true)) return undefined;
  const start = memory.findRoom(whole);
  if (start < 0 || memory.map(start, whole, { prot: Prot.none }) < 0) return undefined;
  if (memory.protect(start + PAGE_SIZE, length, Prot.read | Prot.write) === 0)
    return { start, length: whole };
  memory.unmap(start, whole);
  return undefined;
}

/** 0, or why `target` may not have that priority: 0 is that of everybody. */
function mayHave(thread: Thread, target: Thread, priority: number): number {
  if (!Number.isInteger(priority) || priority < 0 || priority > MOST_URGENT) return -errno.EINVAL;
  return maySchedule(thread, target, { ...target.scheduling, ...scheduled(priority) }) ? 0 : -errno.EPERM;
}

const scheduled = (priority: number) =>
  ({ policy: priority > 0 ? Policy.roundRobin : Policy.other, priority }) as const;

function setPriority(thread: Thread, tid: number, priority: number): number {
  const target = tid === 0 ? thread : thread.process.threads.find((one) => one.tid === tid);
  if (!target) return -errno.ESRCH;
  const refused = mayHave(thread, target, priority);
  if (refused === 0) thread.kernel.use(dispatcher).changeScheduling(target, scheduled(priority));
  return refused;
}

const A0 = 10;

function exit(thread: Thread): number {
  const known = thread.process.get(nativeThreads).get(thread.tid);
  if (known) known.value = thread.kernel.hart.x(A0);
  thread.kernel.use(processTable).exitThread(thread, 0);
  return 0;
}

/** `rk_thread_join(number, where its value goes or 0, timeout)`. */
function join(thread: Thread, tid: number, at: number, timeout: number): number {
  const threads = thread.process.get(nativeThreads);
  const target = threads.get(tid);
  if (tid === thread.tid) return -errno.EDEADLK;
  if (!target || target.isDetached) return -errno.ESRCH;
  return waitUntil(thread, {
    attempt() {
      // Another one has joined it.
      if (threads.get(tid) !== target || target.isDetached) return -errno.ESRCH;
      if (!target.hasEnded) return undefined;
      if (at !== 0) thread.memory.writeU64(at, BigInt.asUintN(64, target.value));
      threads.delete(tid);
      return 0;
    },
    queues: [target.ended],
    ...limitedTo(timeout),
  });
}

function detach({ process }: Thread, tid: number): number {
  const threads = process.get(nativeThreads);
  const target = threads.get(tid);
  if (!target || target.isDetached) return -errno.ESRCH;
  target.isDetached = true;
  if (target.hasEnded) threads.delete(tid);
  target.ended.wake();
  return 0;
}

/** A thread has ended, however: its stack goes, and who joins it goes on. */
export function leaveThread({ process, tid }: Thread): void {
  const threads = process.get(nativeThreads);
  const target = threads.get(tid);
  if (!target || target.hasEnded) return;
  target.hasEnded = true;
  process.memory.unmap(target.stack.start, target.stack.length);
  if (target.isDetached) threads.delete(tid);
  target.ended.wake();
}

function sleep(thread: Thread, duration: number): number {
  if (!(duration >= 0)) return -errno.EINVAL;
  return waitUntil(thread, {
    attempt: () => undefined,
    queues: [],
    timeout: duration,
    timedOut: () => 0,
    interrupted: () => -errno.EINTR,
  });
}

function yieldTurn({ kernel }: Thread): number {
  kernel.use(dispatcher).yield();
  return 0;
}

export const threadCalls: readonly SyscallRow[] = [
  native("rk_thread_create", create),
  native("rk_thread_exit", exit),
  native("rk_thread_join", join),
  native("rk_thread_detach", detach),
  native("rk_thread_self", ({ tid }) => tid),
  native("rk_thread_yield", yieldTurn),
  native("rk_thread_sleep", sleep),
  native("rk_thread_set_priority", setPriority),
];
