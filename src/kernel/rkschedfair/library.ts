import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { scheduler } from "../rksched/scheduler.ts";
import type { SliceLengths } from "../rkschedpreem/preemptive.ts";
import { FairScheduler } from "./fair.ts";

export const rkschedfair = (lengths?: SliceLengths): Library => ({
  name: "rkschedfair",
  summary: librarySummary.rkschedfair,
  provides: [scheduler],
  needs: [],
  start(kernel) {
    kernel.provide(scheduler, new FairScheduler(lengths));
  },
});
