import type { Timers } from "../timers.ts";

/**
 * A timer that is set again and again, mostly to a later time: it leaves the timer below alone as long as that ends
 * before the new time, and sleeps on when it does.
 */
export class Alarm {
  private readonly timers: Timers;
  private readonly ring: () => void;
  private due: number | undefined;
  private wakes = Number.POSITIVE_INFINITY;
  private cancel: () => void = () => {};

  constructor(timers: Timers, ring: () => void) {
    this.timers = timers;
    this.ring = ring;
  }

  get isSet(): boolean {
    return this.due !== undefined;
  }

  /** Rings once, this many milliseconds from now, and not when it was to ring before. */
  set(milliseconds: number): void {
    this.due = this.timers.now() + milliseconds;
    if (this.wakes <= this.due) return;
    this.cancel();
    this.sleep(milliseconds);
  }

  clear(): void {
    this.due = undefined;
  }

  /** Clears it and leaves no timer behind. */
  close(): void {
    this.due = undefined;
    this.cancel();
    this.wakes = Number.POSITIVE_INFINITY;
  }

  private sleep(milliseconds: number): void {
    this.wakes = this.timers.now() + milliseconds;
    this.cancel = this.timers.after(milliseconds, () => this.wake());
  }

  private wake(): void {
    this.wakes = Number.POSITIVE_INFINITY;
    if (this.due === undefined) return;
    const left = this.due - this.timers.now();
    if (left > 0) {
      this.sleep(left);
      return;
    }
    this.due = undefined;
    this.ring();
  }
}
