import { type Clock, TIMEBASE } from "../devices/clint.ts";

/** The nominal speed of virtual time: 100 million instructions a second. */
const INSTRUCTIONS_PER_TICK = 10;
/** In the host's time fewer are not worth a turn of their own. */
const FEWEST_INSTRUCTIONS = 500;

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

  /** Goes on from `ticks`. */
  set(ticks: bigint): void {
    this.skipped += ticks - this.ticks();
  }

  /** Instructions after which `ticks` more ticks have passed. */
  instructionsFor(ticks: bigint): number {
    return Number(ticks) * INSTRUCTIONS_PER_TICK - (this.retired() % INSTRUCTIONS_PER_TICK);
  }
}

/** A host's clocks. */
export interface HostTime {
  /** Monotonic, in milliseconds with fractions. */
  milliseconds(): number;
  /** Nanoseconds since 1970. */
  now(): bigint;
}

/** The host's time. */
export class HostClock implements Clock {
  private readonly milliseconds: () => number;
  private start: number;

  /** `milliseconds`: a monotonic clock, with fractions. */
  constructor(milliseconds: () => number) {
    this.milliseconds = milliseconds;
    this.start = milliseconds();
  }

  ticks(): bigint {
    return BigInt(Math.floor((this.milliseconds() - this.start) * (TIMEBASE / 1000)));
  }

  /**
   * Instructions that take about half of `ticks`, since a hart does more of them in a tick than virtual time has. After
   * some rounds of this a timer is met within microseconds.
   */
  instructionsFor(ticks: bigint): number {
    return Math.max(FEWEST_INSTRUCTIONS, Number(ticks) * INSTRUCTIONS_PER_TICK);
  }

  /** Goes on from `ticks`. */
  set(ticks: bigint): void {
    this.start = this.milliseconds() - Number(ticks) / (TIMEBASE / 1000);
  }
}
