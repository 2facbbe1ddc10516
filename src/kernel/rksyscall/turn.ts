import type { Thread } from "../rkprocess/thread.ts";
import type { Scheduler } from "../rksched/scheduler.ts";
import type { Time } from "../rktime/time.ts";

/** How long the hart is whose: counts the running thread's time, and ends its slice when others could run. */
export class Turn {
  /** Another thread is to run before the current one goes on. */
  isOver = false;
  private readonly scheduler: Scheduler<Thread>;
  private readonly time: Time;
  /** When the running thread's time was counted last, and until when it may go on while others could run. */
  private since = 0;
  private end = 0;
  private timer: (() => void) | undefined;
  private timerEnd = 0;

  constructor(scheduler: Scheduler<Thread>, time: Time) {
    this.scheduler = scheduler;
    this.time = time;
  }

  /** The thread's time on the hart since it was last counted. */
  charge(thread: Thread): void {
    const now = this.time.monotonic();
    const ran = now - this.since;
    this.since = now;
    thread.runTime += ran;
    this.scheduler.charge(thread, ran);
  }

  /** Nobody's time ends here. */
  skip(): void {
    this.since = this.time.monotonic();
  }

  /** The thread has the hart from when time was last counted. */
  start(thread: Thread): void {
    this.end = this.since + this.scheduler.slice(thread);
    if (this.scheduler.waiting > 0) this.arm();
  }

  /**
   * Others could run. The timer is left alone when the thread changes: when it comes too early for the present one, it is set
   * again. What is to come too late is set anew.
   */
  arm(): void {
    if (this.end === Number.POSITIVE_INFINITY) return;
    if (this.timer) {
      if (this.timerEnd <= this.end) return;
      this.timer();
    }
    this.timerEnd = this.end;
    this.timer = this.time.after(this.end - this.time.monotonic(), () => {
      this.timer = undefined;
      if (this.scheduler.waiting === 0) return;
      if (this.time.monotonic() >= this.end) this.isOver = true;
      else this.arm();
    });
  }
}
