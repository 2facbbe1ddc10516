import type { Time, Timers } from "./time.ts";

interface Timer {
  readonly deadline: number;
  readonly callback: () => void;
}

const SECOND = 1_000_000_000n;
/** Nanoseconds since boot are exact up to here, some 104 days: what is to come later never does. */
const END_OF_TIME = 2 ** 53;

/** A clock in nanoseconds since boot, with one timer that interrupts. */
export interface ClockDriver {
  now(): number;
  setTimer(deadline: number): void;
}

/** Time from one clock. Its timer is set to the first of the callbacks that are waited for. */
export class KernelTime implements Time, Timers {
  realtimeOffset: { seconds: number; nanoseconds: number };
  onArm: () => void = () => {};
  readonly onSet: ((shift: number) => void)[] = [];
  private readonly clock: ClockDriver;
  /** Sorted by deadline; equal ones in the order they were set. */
  private readonly queue: Timer[] = [];
  private idle = 0;

  /** `epoch`: when boot was, in nanoseconds since 1970. */
  constructor(clock: ClockDriver, epoch: bigint) {
    this.clock = clock;
    this.realtimeOffset = split(epoch);
  }

  monotonic(): number {
    return this.clock.now();
  }

  realtime(): bigint {
    const { seconds, nanoseconds } = this.realtimeOffset;
    return BigInt(seconds) * SECOND + BigInt(nanoseconds) + BigInt(Math.floor(this.clock.now()));
  }

  setRealtime(nanoseconds: bigint): void {
    const shift = Number(nanoseconds - this.realtime());
    this.realtimeOffset = split(nanoseconds - BigInt(Math.floor(this.clock.now())));
    for (const hook of this.onSet) hook(shift);
  }

  busy(): number {
    return this.clock.now() - this.idle;
  }

  addIdle(nanoseconds: number): void {
    this.idle += nanoseconds;
  }

  after(nanoseconds: number, callback: () => void): () => void {
    const timer = { deadline: this.clock.now() + Math.max(0, nanoseconds), callback };
    if (timer.deadline > END_OF_TIME) return () => {};
    let at = this.queue.length;
    while (at > 0 && this.queue[at - 1].deadline > timer.deadline) at--;
    this.queue.splice(at, 0, timer);
    if (at === 0) this.arm();
    return () => {
      const index = this.queue.indexOf(timer);
      if (index === -1) return;
      this.queue.splice(index, 1);
      if (index === 0) this.arm();
    };
  }

  get isDue(): boolean {
    return this.queue.length > 0 && this.queue[0].deadline <= this.clock.now();
  }

  runDue(): void {
    const now = this.clock.now();
    while (this.queue.length > 0 && this.queue[0].deadline <= now) this.queue.shift()!.callback();
    this.arm();
  }

  private arm(): void {
    this.clock.setTimer(this.queue.length === 0 ? Number.POSITIVE_INFINITY : this.queue[0].deadline);
    this.onArm();
  }
}

function split(nanoseconds: bigint): { seconds: number; nanoseconds: number } {
  const rest = ((nanoseconds % SECOND) + SECOND) % SECOND;
  return { seconds: Number((nanoseconds - rest) / SECOND), nanoseconds: Number(rest) };
}
