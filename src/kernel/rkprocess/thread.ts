import type { Kernel } from "../kernel.ts";
import type { UserMemory } from "../rkvm/user-memory.ts";
import type { Process } from "./process.ts";

/** One thread of a process. System calls get the calling one. */
export interface Thread {
  readonly tid: number;
  readonly process: Process;
  readonly kernel: Kernel;
  /** The process's memory (which `execve` replaces). */
  readonly memory: UserMemory;
  /**
   * Set by a system call before it waits for something that a signal should end: called at most once when one
   * arrives. It must give the wait up and settle the call's promise at once, usually with -ERESTARTSYS (or with
   * what is already done). Cleared by the dispatcher when the call returns. Unset: signals wait for the call.
   */
  interrupt: (() => void) | undefined;
  /** A signal is pending that the thread does not block: a call that is about to wait should not. */
  readonly signalPending: boolean;
}
