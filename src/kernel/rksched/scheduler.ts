import { type Api, api } from "../library.ts";
import type { Thread } from "../rkprocess/thread.ts";

/** Who runs next on a hart. Knows only of threads that could run; one that waits is in no queue. */
export interface Scheduler {
  /** `thread` can run (again). */
  ready(thread: Thread): void;
  /** `thread` cannot run any more, or is about to run. */
  remove(thread: Thread): void;
  /** Takes out the thread to run next; `undefined`: none can. */
  pick(): Thread | undefined;
  /** Others could run. */
  readonly waiting: number;
  /** Instructions that a thread may run while others could: Infinity for a cooperative scheduler. */
  readonly timeSlice: number;
}

export const scheduler: Api<Scheduler> = api("rksched");
