import type { Thread } from "../rkprocess/thread.ts";
import type { Scheduler } from "../rksched/scheduler.ts";

/** First come, first served; a thread runs until it waits, yields or ends. */
export class CooperativeScheduler implements Scheduler {
  readonly timeSlice = Number.POSITIVE_INFINITY;
  /** A Set keeps the order of insertion and takes out any member in constant time. */
  private readonly queue = new Set<Thread>();

  get waiting(): number {
    return this.queue.size;
  }

  ready(thread: Thread): void {
    this.queue.add(thread);
  }

  remove(thread: Thread): void {
    this.queue.delete(thread);
  }

  pick(): Thread | undefined {
    for (const thread of this.queue) {
      this.queue.delete(thread);
      return thread;
    }
    return undefined;
  }
}
