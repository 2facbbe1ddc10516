import { type Api, api } from "../library.ts";
import type { Process } from "./process.ts";
import type { Thread } from "./thread.ts";

/** File descriptors that stand for processes (pidfd_open(2)). Provided by the library that has the files. */
export interface PidFiles {
  /** A new descriptor of the calling process, closed on exec. Negative errno: EMFILE. */
  open(thread: Thread, process: Process, nonblocking: boolean): number;
  /** What a descriptor stands for; -EBADF. */
  find(thread: Thread, fd: number): PidFileView | number;
}

export interface PidFileView {
  readonly process: Process;
  /** Who waits for the process by it does not wait: EAGAIN. */
  readonly isNonblocking: boolean;
}

export const pidFiles: Api<PidFiles> = api("pid-files");
