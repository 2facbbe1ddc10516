import type { Time } from "../rktime/time.ts";

/** Nanoseconds: with a shorter interval a guest might do nothing but take the timer's signals in. */
const SHORTEST = 50_000;
/** What it has of its own then after each one, in which it can also ask what that one's overrun was. */
const REST = 1_000_000;

/** The clock that a timer goes by: the machine's, or that of a process or thread that runs. */
export type TimerSource = Pick<Time, "monotonic" | "after">;

/**
 * A timer that expires once or again and again. One that repeats goes on when what it caused was taken in, as Linux's do:
 * a process is never further behind than one signal, and is told how many there would have been.
 */
export class IntervalTimer {
  interval = 0;
  /** Expirations between the one whose signal was taken in last and that moment. */
  overrun = 0;
  /** When it is to expire, or when it has expired. */
  private deadline = 0;
  private state: "unarmed" | "armed" | "expired" = "unarmed";
  /** Its signal was sent and is still pending. */
  private isQueued = false;
  private cancel = () => {};
  private readonly time: TimerSource;
  private readonly send: (settled: () => void) => void;

  /** `send` sends its signal, and has `settled` called when that is no longer pending. */
  constructor(source: TimerSource, send: (settled: () => void) => void) {
    this.time = source;
    this.send = send;
  }

  /** Nanoseconds until it expires; 0: not armed. */
  get left(): number {
    if (this.state === "unarmed" || (this.state === "expired" && this.interval === 0)) return 0;
    const late = Math.max(0, this.time.monotonic() - this.deadline);
    const next = late === 0 ? this.deadline : this.deadline + (this.expirations(late) + 1) * this.interval;
    return Math.max(1, next - this.time.monotonic());
  }

  /** `first` undefined disarms; `first` and `interval` in nanoseconds. */
  set(first: number | undefined, interval: number): void {
    this.cancel();
    this.interval = interval;
    this.state = "unarmed";
    if (first === undefined) return;
    this.deadline = this.time.monotonic() + first;
    this.arm(first);
  }

  /** What it waits for comes `nanoseconds` later than it was said, or (negative) earlier. */
  delay(nanoseconds: number): void {
    if (this.state !== "armed") return;
    this.cancel();
    this.deadline += nanoseconds;
    this.arm(Math.max(0, this.deadline - this.time.monotonic()));
  }

  private arm(wait: number): void {
    this.state = "armed";
    this.cancel = this.time.after(wait, () => {
      this.state = "expired";
      if (this.isQueued) return;
      this.isQueued = true;
      this.send(() => this.settle());
    });
  }

  /** Its signal was taken in, or was not wanted. */
  private settle(): void {
    this.isQueued = false;
    if (this.state !== "expired") return;
    const now = this.time.monotonic();
    this.overrun = this.interval > 0 ? this.expirations(now - this.deadline) : 0;
    if (this.interval === 0) return;
    this.deadline += (this.overrun + 1) * this.interval;
    this.arm(Math.max(this.deadline - now, this.interval < SHORTEST ? REST : 0));
  }

  /** How often it would have expired in a time since it did. */
  private expirations(late: number): number {
    return this.interval > 0 ? Math.max(0, Math.floor(late / this.interval)) : 0;
  }
}
