import type { Thread } from "../rkprocess/thread.ts";

/** Watches system calls: `--strace`. */
export interface CallTracer {
  /** Before the call: the arguments are in the registers a0 to a5. */
  enter(thread: Thread, number: number): void;
  /** After it. A call that does not return (`exit`) has no result. */
  leave(thread: Thread, number: number, result: number | undefined): void;
  /** A signal is about to be taken. */
  unknown(thread: Thread, number: number): void;
}
