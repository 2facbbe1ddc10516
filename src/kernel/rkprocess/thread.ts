import type { Kernel } from "../kernel.ts";
import { INITIAL_SCHEDULING, inheritedScheduling, type Scheduling } from "../rksched/scheduler.ts";
import { ThreadSignals } from "../rksignal/thread-signals.ts";
import type { RunClock } from "../rksyscall/run-timers.ts";
import type { UserMemory } from "../rkvm/user-memory.ts";
import type { Process } from "./process.ts";
import { CONTEXT_BYTES } from "./registers.ts";
import type { RestartableArea } from "./restartable.ts";
import type { Wait } from "./wait.ts";

/**
 * `running`: its registers are the hart's. `ready`: in the scheduler's queue. `blocked`: in a system call that
 * waits. `stopped`: by a signal, until SIGCONT. `dead`: ended.
 */
export type ThreadState = "running" | "ready" | "blocked" | "stopped" | "dead";

/** One thread of a process. System calls get the calling one. */
export class Thread {
  /** Changed by an `execve` of a thread that is not its process's first: it takes that one's place. */
  tid: number;
  readonly process: Process;
  readonly kernel: Kernel;
  state: ThreadState = "ready";
  readonly scheduling: Scheduling;
  /** Nanoseconds that it has had the hart. */
  runTime = 0;
  /** Once somebody has asked for it: `clockOfThread` of the dispatcher. */
  runClock: RunClock | undefined = undefined;
  /** What it waits for in a system call. */
  wait: Wait | undefined = undefined;
  /**
   * Set while a wait may be ended by a signal: called at most once when one arrives. Of a call that waits for a promise
   * it must settle that at once, usually with -ERESTARTSYS. Unset: signals wait for the call.
   */
  interrupt: (() => void) | undefined = undefined;
  /** Its signal mask, alternate stack and pending signals. */
  readonly signals: ThreadSignals;
  /** Where to write 0 when the thread ends (`set_tid_address`); 0: nowhere. */
  clearTidAddress = 0;
  /** Where `rseq` registered its area. */
  restartable: RestartableArea | undefined = undefined;
  /** `set_robust_list` */
  robustList = 0;
  name: string;
  /** Registers while another thread has the hart (`registers.ts`). */
  readonly context = new Uint8Array(CONTEXT_BYTES);
  /** What the system call that it waited in has returned. */
  waitResult: number | undefined = undefined;
  /** a0 before the system call, to make it again after a signal: low and high half. */
  callLow = 0;
  callHigh = 0;
  /** Until when the call that is made again may wait, from its first try (`takeDeadline`). */
  deadline: number | undefined = undefined;
  /** The call that it waits in, or waited in last. */
  waitNumber = 0;
  private readonly makeReady: (thread: Thread) => void;

  /** `maker`: the thread that made it, from which it inherits. */
  constructor(tid: number, process: Process, makeReady: (thread: Thread) => void, maker?: Thread) {
    this.tid = tid;
    this.process = process;
    this.kernel = process.kernel;
    this.name = maker?.name ?? process.name;
    this.makeReady = makeReady;
    this.scheduling = maker ? inheritedScheduling(maker.scheduling) : { ...INITIAL_SCHEDULING };
    this.signals = new ThreadSignals(this.kernel.queuedSignals);
    if (maker) this.signals.blocked.assign(maker.signals.blocked);
  }

  /** The process's memory (which `execve` replaces). */
  get memory(): UserMemory {
    return this.process.memory;
  }

  /** A signal is pending that the thread does not block: a call that is about to wait should not. */
  get signalPending(): boolean {
    return (
      this.signals.pending.hasOutside(this.signals.blocked) ||
      this.process.pendingSignals.hasOutside(this.signals.blocked)
    );
  }

  /** Ends a wait inside a system call, so that the thread looks at what it waits for again. */
  wake(): void {
    if (this.state === "blocked") this.makeReady(this);
  }
}
