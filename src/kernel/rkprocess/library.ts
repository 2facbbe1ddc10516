import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { scheduler } from "../rksched/scheduler.ts";
import { time } from "../rktime/time.ts";
import { ProcessTable, processTable } from "./process-table.ts";

/** `mostThreads`: of all processes together, where not what the kernel's limits say. */
export function rkprocess(mostThreads?: number): Library {
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
