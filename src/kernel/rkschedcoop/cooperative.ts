import type { Schedulable, Scheduler } from "../rksched/scheduler.ts";

/** First come, first served; a thread runs until it waits, yields or ends. */
export class CooperativeScheduler<T extends Schedulable> implements Scheduler<T> {
  /** A Set keeps the order of insertion and takes out any member in constant time. */
  private readonly queue = new Set<T>();

  get waiting(): number {
    return this.queue.size;
  }

  ready(thread: T): void {
    this.queue.add(thread);
  }

  preempted(thread: T): void {
    this.queue.add(thread);
  }

  yielded(thread: T): void {
    this.queue.add(thread);
  }

  remove(thread: T): void {
    this.queue.delete(thread);
  }

  pick(): T | undefined {
    for (const thread of this.queue) {
      this.queue.delete(thread);
      return thread;
    }
    return undefined;
  }

  slice(): number {
    return Number.POSITIVE_INFINITY;
  }

  interval(): number {
    return 0;
  }

  charge(): void {}

  preempts(): boolean {
    return false;
  }
}
