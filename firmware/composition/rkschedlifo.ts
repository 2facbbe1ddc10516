import { type Library, type Schedulable, type Scheduler, scheduler } from "runikraft";

/**
 * A scheduler as small as one can be: the thread that came last runs first, until it waits, yields or ends. It is unfair, as
 * a first scheduler may be; see src/kernel/rkschedfair for one that is not.
 */
class LastComeFirstServed<T extends Schedulable> implements Scheduler<T> {
  private readonly stack: T[] = [];

  get waiting(): number {
    return this.stack.length;
  }

  ready(thread: T): void {
    this.stack.push(thread);
  }

  preempted(thread: T): void {
    this.stack.push(thread);
  }

  /** Behind all others. */
  yielded(thread: T): void {
    this.stack.unshift(thread);
  }

  remove(thread: T): void {
    const place = this.stack.indexOf(thread);
    if (place >= 0) this.stack.splice(place, 1);
  }

  pick(): T | undefined {
    return this.stack.pop();
  }

  /** Nanoseconds that a thread may run: no end. */
  slice(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** Of `sched_rr_get_interval`: there are no time slices. */
  interval(): number {
    return 0;
  }

  /** What a thread has used does not matter here. */
  charge(): void {}

  preempts(): boolean {
    return false;
  }
}

const rkschedlifo: Library = {
  name: "rkschedlifo",
  summary: () => "scheduler: last come, first served",
  provides: [scheduler],
  needs: [],
  start(kernel) {
    kernel.provide(scheduler, new LastComeFirstServed());
  },
};

// A micro-library of one's own is a file's default export.
export default rkschedlifo;
