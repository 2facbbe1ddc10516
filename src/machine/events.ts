import type TypedEmitter from "typed-emitter";
import type { OutOfMemoryReport } from "../kernel/posix-mmap/out-of-memory.ts";
import type { ExitStatus } from "../kernel/rkprocess/exit.ts";

/** What a hosted machine tells whoever listens. Never anything per instruction: listening must not slow a guest. */
export type HostedEvents = {
  /** A system call that no library has was made for the first time. */
  unsupported: (name: string) => void;
  /** Memory was used up: this process was killed. */
  outOfMemory: (report: OutOfMemoryReport) => void;
  /** The program has ended. */
  exit: (status: ExitStatus) => void;
};

export type HostedEmitter = TypedEmitter<HostedEvents>;
