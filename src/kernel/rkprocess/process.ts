import type { Kernel } from "../kernel.ts";
import type { ProcessState } from "./state.ts";
import type { Thread } from "./thread.ts";

/** User and group numbers of a process. */
export interface Credentials {
  uid: number;
  gid: number;
  euid: number;
  egid: number;
  suid: number;
  sgid: number;
  groups: number[];
}

/** A process: what its threads share. Everything else about it is the `ProcessState` of some library. */
export interface Process {
  readonly pid: number;
  readonly parent: Process | undefined;
  readonly kernel: Kernel;
  readonly threads: readonly Thread[];
  processGroup: number;
  session: number;
  credentials: Credentials;
  /** First 15 bytes of the program's name. */
  name: string;
  /** The path given to `execve` and the argument vector: `/proc/self/exe`, `/proc/self/cmdline`. */
  executable: string;
  arguments: readonly string[];
  get<T>(state: ProcessState<T>): T;
}
