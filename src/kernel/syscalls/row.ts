import type { Thread } from "../rkprocess/thread.ts";
import { type SyscallName, syscallNumbers } from "./numbers.ts";

/**
 * How much of a call works: `full`; `partial` (the note says what does not); `stub` (accepted, does nothing: the
 * note says why that is right); `none` (ENOSYS).
 */
export type Support = "full" | "partial" | "stub" | "none";

/**
 * A system call's code. Arguments are the registers a0 to a5 as JavaScript numbers (signed, exact to 2^53: see
 * `Hart.xn`; `thread.kernel.hart.x(10 + i)` has all 64 bits while the call has not waited). Returns 0 or more,
 * or a negative errno (`-ENOENT`).
 *
 * A call that must wait returns a promise of that result; the thread is blocked until it is settled. Before it
 * waits for something a signal should interrupt, it sets `thread.interrupt` (see there).
 *
 * A user address that cannot be read or written throws `UserFault` from the accessors of `thread.memory`; the
 * dispatcher answers it with EFAULT (also in a rejected promise). Nothing else may be thrown.
 */
export type SyscallHandler = (
  thread: Thread,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  a4: number,
  a5: number,
) => number | Promise<number>;

/** One row of the system call table. */
export interface SyscallRow {
  /** The number in a7 (asm-generic, 64-bit). */
  readonly number: number;
  readonly name: string;
  readonly support: Exclude<Support, "none">;
  /** What is missing or why nothing need be done; empty for `full`. */
  readonly note: string;
  readonly run: SyscallHandler;
}

/** A row of a call done in full. The number comes from `syscallNumbers`. */
export function full(name: SyscallName, run: SyscallHandler): SyscallRow {
  return { number: syscallNumbers[name], name, support: "full", note: "", run };
}

export function partial(name: SyscallName, note: string, run: SyscallHandler): SyscallRow {
  return { number: syscallNumbers[name], name, support: "partial", note, run };
}

export function stub(name: SyscallName, note: string, run: SyscallHandler): SyscallRow {
  return { number: syscallNumbers[name], name, support: "stub", note, run };
}
