import { type Api, api } from "../library.ts";
import type { Thread } from "../rkprocess/thread.ts";

/** Scheduling policies (`sched_setscheduler`). */
export const Policy = { other: 0, fifo: 1, roundRobin: 2, batch: 3, idle: 5 } as const;

/** How a thread wants to be scheduled. */
export interface Scheduling {
  /** One of `Policy`. */
  policy: number;
  /** Of `fifo` and `roundRobin`: 1 to 99, more is more urgent. */
  priority: number;
  /** -20 (most) to 19 (least of the time). */
  nice: number;
}

/** Something that can be scheduled: a thread. */
export interface Schedulable {
  readonly scheduling: Scheduling;
}

/** Who runs next on a hart. Knows only of threads that could run; one that waits is in no queue. Times are nanoseconds. */
export interface Scheduler<T extends Schedulable = Schedulable> {
  /** `thread` can run (again). */
  ready(thread: T): void;
  /** `thread` cannot run any more. */
  remove(thread: T): void;
  /** Takes out the thread to run next; `undefined`: none can. */
  pick(): T | undefined;
  /** How many could run, beside the one that runs. */
  readonly waiting: number;
  /** How long `thread` may run while others could. Infinity: until it waits. */
  slice(thread: T): number;
  /** `thread` has had the hart for so long. */
  charge(thread: T, nanoseconds: number): void;
  /** `candidate`, which has just become ready, is to have the hart at once in place of `running`. */
  preempts(candidate: T, running: T): boolean;
}

export const scheduler: Api<Scheduler<Thread>> = api("rksched");
