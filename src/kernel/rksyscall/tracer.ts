import type { ExitStatus } from "../rkprocess/exit.ts";
import type { Process } from "../rkprocess/process.ts";
import type { Thread } from "../rkprocess/thread.ts";
import type { SignalInfo } from "../rksignal/signals.ts";

/** Watches system calls and signals: `--strace`. */
export interface CallTracer {
  /** Before a call: its arguments are in the registers a0 to a5. */
  enter(thread: Thread, number: number): void;
  /** After it. `undefined`: it does not return. */
  leave(thread: Thread, number: number, result: number | undefined): void;
  /** A signal is taken. */
  signal(thread: Thread, info: SignalInfo): void;
  ended(process: Process, status: ExitStatus): void;
}
