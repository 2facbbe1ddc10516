import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { locks } from "../rklock/locks.ts";
import { nativeResources } from "../rknative/library.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { time } from "../rktime/time.ts";
import { memoryManager } from "../rkvm/memory-manager.ts";
import { lockCalls } from "./locks.ts";
import { leaveThread, nativeThreads, threadCalls } from "./threads.ts";

/** rksched and rklock for programs: threads, with stacks that the kernel gives them, and locks. */
export const rknativesched: Library = {
  name: "rknativesched",
  summary: librarySummary.rknativesched,
  provides: [],
  needs: [nativeResources, locks, processTable, dispatcher, memoryManager, time],
  processState: [nativeThreads],
  syscalls: [...threadCalls, ...lockCalls],
  start(kernel) {
    kernel.use(processTable).onThreadExit.push(leaveThread);
  },
};
