import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { scheduler } from "../rksched/scheduler.ts";
import { time } from "../rktime/time.ts";
import { ProcessTable, processTable } from "./process-table.ts";

/** Each thread takes some kilobytes of the host's memory. */
const MOST_THREADS = 4096;

/** `mostThreads`: of all processes together, so that a guest cannot fill the host's memory with them. */
export function rkprocess(mostThreads = MOST_THREADS): Library {
  return {
    name: "rkprocess",
    summary: librarySummary.rkprocess,
    provides: [processTable],
    needs: [scheduler, time],
    start(kernel) {
      kernel.provide(processTable, new ProcessTable(kernel, mostThreads));
    },
  };
}
