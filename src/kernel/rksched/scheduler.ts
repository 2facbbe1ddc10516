import { type Api, api } from "../library.ts";
import type { Thread } from "../rkprocess/thread.ts";

/** Scheduling policies (`sched_setscheduler`). */
export const Policy = { other: 0, fifo: 1, roundRobin: 2, batch: 3, idle: 5 } as const;

/** How a thread wants to be scheduled. */
export interface Scheduling {
  /** One of `Policy`. */
  policy: number;
  /** Of `fifo` and `roundRobin`: 1 to 99, more is more urgent. Otherwise 0. */
  priority: number;
  /** -20 (most) to 19 (least of the time). */
  nice: number;
  /** What it makes does not inherit its privileges (SCHED_RESET_ON_FORK). */
  resetOnFork: boolean;
  /** `ioprio_set`: class and level, kept for those who ask. */
  io: number;
}

export const INITIAL_SCHEDULING: Readonly<Scheduling> = {
  policy: Policy.other,
  priority: 0,
  nice: 0,
  resetOnFork: false,
  io: 0,
};

export function isRealtime(policy: number): boolean {
  return policy === Policy.fifo || policy === Policy.roundRobin;
}

/** Of a thread that `maker` makes. */
export function inheritedScheduling(maker: Scheduling): Scheduling {
  if (!maker.resetOnFork) return { ...maker };
  const policy = isRealtime(maker.policy) ? Policy.other : maker.policy;
  const nice = isRealtime(maker.policy) ? 0 : Math.max(0, maker.nice);
  return { ...maker, policy, priority: 0, nice, resetOnFork: false };
}

/** Something that can be scheduled: a thread. */
export interface Schedulable {
  readonly scheduling: Readonly<Scheduling>;
}

/**
 * Who runs next on a hart. Knows only of threads that could run: the one that runs and one that waits are in no queue.
 * A thread's `scheduling` does not change while it is in one. Times are nanoseconds.
 */
export interface Scheduler<T extends Schedulable = Schedulable> {
  /** `thread` can run: it is new, or has waited. */
  ready(thread: T): void;
  /** `thread` has run and could go on, but its time is over or another one is more urgent. It has been charged. */
  preempted(thread: T): void;
  /** `thread` has run and lets others go first. It has been charged. */
  yielded(thread: T): void;
  /** `thread` cannot run any more. Does nothing where it is in no queue. */
  remove(thread: T): void;
  /** Takes out the thread to run next; `undefined`: none can. */
  pick(): T | undefined;
  /** How many could run, beside the one that runs. */
  readonly waiting: number;
  /** How long `thread`, just picked, may run while others could. Infinity: until it waits. */
  slice(thread: T): number;
  /** What `slice` is for `thread` when it begins anew (`sched_rr_get_interval`). */
  interval(thread: T): number;
  /** `thread` has had the hart for so long. */
  charge(thread: T, nanoseconds: number): void;
  /** `candidate`, which has just become ready, is to have the hart at once in place of `running`, which has been charged. */
  preempts(candidate: T, running: T): boolean;
}

export const scheduler: Api<Scheduler<Thread>> = api("rksched");
