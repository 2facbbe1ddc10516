import { type Api, api } from "../library.ts";
import type { Process } from "./process.ts";
import type { Thread } from "./thread.ts";

/** File descriptors that stand for processes (pidfd_open(2)). Provided by the library that has the files. */
export interface PidFiles {
  /** A new descriptor of the calling process, closed on exec. Negative errno: EMFILE. */
  open(thread: Thread, process: Process, nonblocking: boolean): number;
  /** The process behind a descriptor; -EBADF. */
  processOf(thread: Thread, fd: number): Process | number;
}

export const pidFiles: Api<PidFiles> = api("pid-files");
