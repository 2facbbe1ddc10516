import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { scheduler } from "../rksched/scheduler.ts";
import { PreemptiveScheduler, type SliceLengths } from "./preemptive.ts";

export const rkschedpreem = (lengths?: SliceLengths): Library => ({
  name: "rkschedpreem",
  summary: librarySummary.rkschedpreem,
  provides: [scheduler],
  needs: [],
  start(kernel) {
    kernel.provide(scheduler, new PreemptiveScheduler(lengths));
  },
});
