import type { Time, Timers } from "./time.ts";

interface Timer {
  readonly deadline: number;
  readonly callback: () => void;
}

const SECOND = 1_000_000_000n;

/** Time from one source, `now` in nanoseconds since boot; `epoch` is when boot was, since 1970. */
export class KernelTime implements Time, Timers {
  realtimeOffset: { seconds: number; nanoseconds: number };
  private readonly now: () => number;
  /** Sorted by deadline; equal ones in the order they were set. */
  private readonly queue: Timer[] = [];
  private idle = 0;

  constructor(now: () => number, epoch: bigint) {
    this.now = now;
    this.realtimeOffset = split(epoch);
  }

  monotonic(): number {
    return this.now();
  }

  realtime(): bigint {
    const { seconds, nanoseconds } = this.realtimeOffset;
    return BigInt(seconds) * SECOND + BigInt(nanoseconds) + BigInt(Math.floor(this.now()));
  }

  setRealtime(nanoseconds: bigint): void {
    this.realtimeOffset = split(nanoseconds - BigInt(Math.floor(this.now())));
  }

  busy(): number {
    return this.now() - this.idle;
  }

  addIdle(nanoseconds: number): void {
    this.idle += nanoseconds;
  }

  after(nanoseconds: number, callback: () => void): () => void {
    const timer = { deadline: this.now() + Math.max(0, nanoseconds), callback };
    let at = this.queue.length;
    while (at > 0 && this.queue[at - 1].deadline > timer.deadline) at--;
    this.queue.splice(at, 0, timer);
    return () => {
      const index = this.queue.indexOf(timer);
      if (index !== -1) this.queue.splice(index, 1);
    };
  }

  get nextDeadline(): number {
    return this.queue.length === 0 ? Number.POSITIVE_INFINITY : this.queue[0].deadline;
  }

  runDue(): void {
    const now = this.now();
    while (this.queue.length > 0 && this.queue[0].deadline <= now) this.queue.shift()!.callback();
  }
}

function split(nanoseconds: bigint): { seconds: number; nanoseconds: number } {
  const rest = ((nanoseconds % SECOND) + SECOND) % SECOND;
  return { seconds: Number((nanoseconds - rest) / SECOND), nanoseconds: Number(rest) };
}
