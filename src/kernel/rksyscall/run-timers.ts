import { Limit } from "../rkprocess/limits.ts";
import type { Process } from "../rkprocess/process.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { fromKernel, type Signals, signal } from "../rksignal/signals.ts";
import { KernelTime } from "../rktime/kernel-time.ts";
import type { Time } from "../rktime/time.ts";

const SECOND = 1e9;
/** Nanoseconds: what is left of sums of parts of one must not come due at once for ever. */
const LEAST_WAIT = 1000;

/** The time that a process or a thread has run, and timers by it. */
export class RunClock extends KernelTime {
  /** When the first timer comes due. */
  deadline: number;

  /** `ran`: nanoseconds. `changed` is called when the first timer is another one. */
  constructor(ran: () => number, changed: () => void) {
    const driver = {
      now: ran,
      setTimer: (deadline: number) => {
        this.deadline = deadline;
        changed();
      },
    };
    super(driver, 0n);
    this.deadline = Number.POSITIVE_INFINITY;
  }

  /** Nanoseconds until then. */
  get left(): number {
    return this.deadline === Number.POSITIVE_INFINITY ? this.deadline : this.deadline - this.monotonic();
  }
}

/**
 * What comes due by the time that someone has run: timers of run clocks, and RLIMIT_CPU. A process that has run for its soft
 * limit gets SIGXCPU, and again each second after it, and at its hard limit SIGKILL (setrlimit(2)). A timer of the machine is
 * set only while one of whom that is wanted has the hart.
 */
export class RunTimers {
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

  /** A thread goes on, or what it has to be watched for has changed. */
  watch(thread: Thread): void {
    this.rest();
    const { process, runClock } = thread;
    if (!(process.hasRunLimit || process.runClock || runClock)) return;
    const limit = softLimit(process) - process.usageSoFar().runTime;
    const none = Number.POSITIVE_INFINITY;
    const left = Math.min(limit, process.runClock?.left ?? none, runClock?.left ?? none);
    if (left !== none) this.cancel = this.time.after(Math.max(left, LEAST_WAIT), () => this.expire(thread));
  }

  /** Another one has the hart. */
  rest(): void {
    if (this.cancel === undefined) return;
    this.cancel();
    this.cancel = undefined;
  }

  private expire(thread: Thread): void {
    this.cancel = undefined;
    this.countTime();
    const { process } = thread;
    process.runClock?.runDue();
    thread.runClock?.runDue();
    this.checkLimit(process);
    if (!process.exitStatus) this.watch(thread);
  }

  private checkLimit(process: Process): void {
    const used = process.usageSoFar().runTime;
    if (used < softLimit(process)) return;
    const limit = process.limits[Limit.cpu];
    const isOver = used >= Number(limit.hard) * SECOND;
    if (!isOver) limit.soft = BigInt(Math.floor(used / SECOND) + 1);
    this.signals.toProcess(process, fromKernel(isOver ? signal.SIGKILL : signal.SIGXCPU));
  }
}

/** In nanoseconds; infinite where there is none. */
function softLimit({ limits }: Process): number {
  const seconds = Number(limits[Limit.cpu].soft);
  return seconds >= 2 ** 63 ? Number.POSITIVE_INFINITY : seconds * SECOND;
}
