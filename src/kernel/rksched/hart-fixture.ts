import { INITIAL_SCHEDULING, type Schedulable, type Scheduler, type Scheduling } from "./scheduler.ts";

/** A thread of a `ModelHart`: it computes for `burst`, then sleeps for `pause`, again and again. Nanoseconds. */
export class ModelThread implements Schedulable {
  readonly name: string;
  readonly scheduling: Scheduling;
  readonly burst: number;
  readonly pause: number;
  /** Time that it has had the hart. */
  ran = 0;
  left: number;
  wakesAt: number | undefined;

  constructor(
    name: string,
    scheduling: Partial<Scheduling> = {},
    burst = Number.POSITIVE_INFINITY,
    pause = 0,
  ) {
    this.name = name;
    this.scheduling = { ...INITIAL_SCHEDULING, ...scheduling };
    this.burst = burst;
    this.left = burst;
    this.pause = pause;
  }
}

/** A hart in virtual time that does with a scheduler what the kernel's dispatcher does. */
export class ModelHart {
  now = 0;
  /** Who got the hart, one after the other. */
  readonly order: string[] = [];
  private readonly scheduler: Scheduler<ModelThread>;
  private readonly threads: readonly ModelThread[];
  /** A slice's end is met so much too late. */
  private readonly late: number;

  constructor(scheduler: Scheduler<ModelThread>, threads: readonly ModelThread[], late = 0) {
    this.scheduler = scheduler;
    this.threads = threads;
    this.late = late;
    for (const thread of threads) scheduler.ready(thread);
  }

  /** Runs for so long, and calls `look` whenever a thread has left the hart. */
  run(duration: number, look: () => void = () => {}): void {
    const end = this.now + duration;
    while (this.now < end) {
      const thread = this.scheduler.pick();
      if (thread) {
        this.order.push(thread.name);
        this.turn(thread, end);
        look();
      } else if (!this.sleepUntilWake(end)) return;
    }
  }

  private turn(thread: ModelThread, end: number): void {
    const sliceEnd = this.now + this.scheduler.slice(thread) + this.late;
    for (;;) {
      // While nobody else could run it keeps the hart.
      const others = this.scheduler.waiting > 0;
      const next = Math.min(
        others ? sliceEnd : Number.POSITIVE_INFINITY,
        end,
        this.now + thread.left,
        this.nextWake(),
      );
      const ran = Math.max(0, next - this.now);
      this.now += ran;
      thread.ran += ran;
      thread.left -= ran;
      this.scheduler.charge(thread, ran);
      if (thread.left <= 0) {
        thread.left = thread.burst;
        thread.wakesAt = this.now + thread.pause;
        this.wakeDue(undefined);
        return;
      }
      const preempted = this.wakeDue(thread);
      if (preempted || this.now >= end || (this.now >= sliceEnd && this.scheduler.waiting > 0)) {
        this.scheduler.preempted(thread);
        return;
      }
    }
  }

  /** Returns whether one of those that wake is to run in place of `running`. */
  private wakeDue(running: ModelThread | undefined): boolean {
    let preempted = false;
    for (const thread of this.threads) {
      if (thread.wakesAt === undefined || thread.wakesAt > this.now) continue;
      thread.wakesAt = undefined;
      this.scheduler.ready(thread);
      if (running && this.scheduler.preempts(thread, running)) preempted = true;
    }
    return preempted;
  }

  private nextWake(): number {
    return Math.min(...this.threads.map(({ wakesAt = Number.POSITIVE_INFINITY }) => wakesAt));
  }

  private sleepUntilWake(end: number): boolean {
    const next = this.nextWake();
    this.now = Math.min(end, next);
    this.wakeDue(undefined);
    return next <= end;
  }
}
