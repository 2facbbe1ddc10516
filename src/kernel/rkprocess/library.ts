import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { scheduler } from "../rksched/scheduler.ts";
import { ProcessTable, processTable } from "./process-table.ts";

export const rkprocess: Library = {
  name: "rkprocess",
  summary: librarySummary.rkprocess,
  provides: [processTable],
  needs: [scheduler],
  start(kernel) {
    kernel.provide(processTable, new ProcessTable(kernel, kernel.use(scheduler)));
  },
};
