import { Limit } from "../rkprocess/limits.ts";
import type { Process } from "../rkprocess/process.ts";
import { fromKernel, type Signals, signal } from "../rksignal/signals.ts";
import type { Time } from "../rktime/time.ts";

const SECOND = 1e9;
/** Nanoseconds: what is left of sums of parts of one must not come due at once for ever. */
const LEAST_WAIT = 1000;

/**
 * RLIMIT_CPU: a process that has run for its soft limit gets SIGXCPU, and again each second after it, and at its hard limit
 * SIGKILL (setrlimit(2)). A timer is set only while such a process has the hart.
 */
export class RunLimit {
  private readonly time: Time;
  private readonly signals: Signals;
  private readonly countTime: () => void;
  private cancel: (() => void) | undefined;

  /** `countTime` brings the running thread's time up to date. */
  constructor(time: Time, signals: Signals, countTime: () => void) {
    this.time = time;
    this.signals = signals;
    this.countTime = countTime;
  }

  /** A thread of the process goes on, or its limit has changed. */
  watch(process: Process): void {
    this.cancel?.();
    const left = softLimit(process) - process.usageSoFar().runTime;
    this.cancel =
      left === Number.POSITIVE_INFINITY
        ? undefined
        : this.time.after(Math.max(left, LEAST_WAIT), () => this.check(process));
  }

  /** Another one has the hart. */
  rest(): void {
    if (this.cancel === undefined) return;
    this.cancel();
    this.cancel = undefined;
  }

  private check(process: Process): void {
    this.cancel = undefined;
    this.countTime();
    const used = process.usageSoFar().runTime;
    if (used >= softLimit(process)) {
      const limit = process.limits[Limit.cpu];
      const isOver = used >= Number(limit.hard) * SECOND;
      if (!isOver) limit.soft = BigInt(Math.floor(used / SECOND) + 1);
      this.signals.toProcess(process, fromKernel(isOver ? signal.SIGKILL : signal.SIGXCPU));
    }
    if (!process.exitStatus) this.watch(process);
  }
}

/** In nanoseconds; infinite where there is none. */
function softLimit({ limits }: Process): number {
  const seconds = Number(limits[Limit.cpu].soft);
  return seconds >= 2 ** 63 ? Number.POSITIVE_INFINITY : seconds * SECOND;
}
