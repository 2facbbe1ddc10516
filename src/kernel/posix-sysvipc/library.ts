import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { time } from "../rktime/time.ts";
import { memoryManager } from "../rkvm/memory-manager.ts";
import { Budget } from "../vfs/limits.ts";
import { MOST_BYTES, newQueues, queueCalls } from "./queues.ts";
import { newSegments, segmentCalls } from "./segments.ts";
import { MOST_UNDOS, MOST_WAITING, newSets, semaphoreCalls } from "./semaphores.ts";
import { sysvIpc } from "./state.ts";
import { undoLists } from "./undo.ts";

/** Shared memory, semaphores and message queues of System V: sysvipc(7). */
export const posixSysvipc: Library = {
  name: "posix-sysvipc",
  summary: librarySummary.posixSysvipc,
  provides: [sysvIpc],
  needs: [memoryManager, time, processTable, dispatcher],
  syscalls: [...segmentCalls, ...semaphoreCalls, ...queueCalls],
  processState: [undoLists],
  start(kernel) {
    const messageBytes = new Budget(MOST_BYTES, "ENOMEM");
    const undoBudget = new Budget(MOST_UNDOS, "ENOMEM");
    const waitingBudget = new Budget(MOST_WAITING, "ENOMEM");
    kernel.provide(sysvIpc, {
      queues: newQueues(),
      messageBytes,
      sets: newSets(),
      undoBudget,
      waitingBudget,
      segments: newSegments(),
    });
  },
};
