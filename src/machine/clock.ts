import { type Clock, TIMEBASE } from "../devices/clint.ts";

/** The nominal speed of virtual time: 100 million instructions a second. */
const INSTRUCTIONS_PER_TICK = 10;

/**
 * Virtual time, from retired instructions: the same run sees the same times. While a hart waits, time is skipped
 * to the next timer.
 */
export class VirtualClock implements Clock {
  private readonly retired: () => number;
  private skipped = 0n;

  /** `retired`: instructions so far. */
  constructor(retired: () => number) {
    this.retired = retired;
  }

  ticks(): bigint {
    return BigInt(Math.floor(this.retired() / INSTRUCTIONS_PER_TICK)) + this.skipped;
  }

  skip(ticks: bigint): void {
    this.skipped += ticks;
  }

  /** Instructions after which `ticks` more ticks have passed. */
  instructionsFor(ticks: bigint): number {
    return Number(ticks) * INSTRUCTIONS_PER_TICK - (this.retired() % INSTRUCTIONS_PER_TICK);
  }
}

/** The host's time. `milliseconds`: a monotonic clock, with fractions. */
export function hostClock(milliseconds: () => number): Clock {
  const start = milliseconds();
  return { ticks: () => BigInt(Math.floor((milliseconds() - start) * (TIMEBASE / 1000))) };
}
