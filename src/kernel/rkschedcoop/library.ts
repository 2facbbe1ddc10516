import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { scheduler } from "../rksched/scheduler.ts";
import { CooperativeScheduler } from "./cooperative.ts";

export const rkschedcoop: Library = {
  name: "rkschedcoop",
  summary: librarySummary.rkschedcoop,
  provides: [scheduler],
  needs: [],
  start(kernel) {
    kernel.provide(scheduler, new CooperativeScheduler());
  },
};
