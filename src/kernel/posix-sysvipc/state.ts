import { type Api, api } from "../library.ts";
import type { Budget } from "../vfs/limits.ts";
import type { IpcTable } from "./object.ts";
import type { Queue } from "./queue.ts";
import type { Segment } from "./segment.ts";
import type { SemaphoreSet } from "./semaphore-set.ts";

/** All that there is of System V IPC in a machine. */
export interface SysvIpc {
  readonly queues: IpcTable<Queue>;
  /** What messages may take. */
  readonly messageBytes: Budget;
  readonly sets: IpcTable<SemaphoreSet>;
  /** Semaphores that something is to be undone of, of all processes. */
  readonly undoBudget: Budget;
  /** Operations on semaphores that wait: all of them are looked at when a value changes. */
  readonly waitingBudget: Budget;
  readonly segments: IpcTable<Segment>;
}

export const sysvIpc: Api<SysvIpc> = api("posix-sysvipc");
