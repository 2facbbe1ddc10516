import type { Kernel } from "../kernel.ts";
import { ThreadSignals } from "../rksignal/thread-signals.ts";
import type { UserMemory } from "../rkvm/user-memory.ts";
import type { Process } from "./process.ts";
import { CONTEXT_BYTES } from "./registers.ts";
import type { RestartableArea } from "./restartable.ts";

/**
 * `running`: its registers are the hart's. `ready`: in the scheduler's queue. `blocked`: in a system call that
 * waits. `stopped`: by a signal, until SIGCONT. `dead`: ended.
 */
export type ThreadState = "running" | "ready" | "blocked" | "stopped" | "dead";

/** One thread of a process. System calls get the calling one. */
export class Thread {
  readonly tid: number;
  readonly process: Process;
  readonly kernel: Kernel;
  state: ThreadState = "ready";
  /**
   * Set by a system call before it waits for something that a signal should end: called at most once when one
   * arrives. It must give the wait up and settle the call's promise at once, usually with -ERESTARTSYS (or with
   * what is already done). Cleared by the dispatcher when the call returns. Unset: signals wait for the call.
   */
  interrupt: (() => void) | undefined = undefined;
  /** Its signal mask, alternate stack and pending signals. */
  readonly signals = new ThreadSignals();
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
  /** The call that it waits in, or waited in last. */
  waitNumber = 0;

  constructor(tid: number, process: Process) {
    this.tid = tid;
    this.process = process;
    this.kernel = process.kernel;
    this.name = process.name;
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
}
