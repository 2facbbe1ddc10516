import type { Process } from "./process.ts";

/**
 * Something that a micro-library keeps for each process: the table of files, the signal handlers, the address
 * space. Declared once at module level and listed in the library's `processState`; read with
 * `process.get(state)`.
 */
export interface ProcessState<T> {
  /** Place in a process's list of states; the same in every kernel. */
  readonly index: number;
  /** For a new process without a parent. */
  create(process: Process): T;
  /** For a child: what it inherits, or shares with the parent where `flags` (`CLONE`) say so. */
  fork(parent: T, child: Process, flags: number): T;
  /** Whether a child could have what `fork` makes for it: otherwise there is no child. */
  mayFork?(parent: T, flags: number): boolean;
  /** What it shares with other processes as `flags` (`CLONE`) say is its own from now on. */
  unshare?(value: T, process: Process, flags: number): T;
  /** The process is about to run another program: what `execve` resets. Returns the value from now on. */
  exec?(value: T, process: Process): T;
  /** The process has ended: give everything back. */
  exit?(value: T, process: Process): void;
}

let states = 0;

export function processState<T>(definition: Omit<ProcessState<T>, "index">): ProcessState<T> {
  return { index: states++, ...definition };
}
