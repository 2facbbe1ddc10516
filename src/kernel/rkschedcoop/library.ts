import type { Library } from "../library.ts";
import { scheduler } from "../rksched/scheduler.ts";
import { CooperativeScheduler } from "./cooperative.ts";

export const rkschedcoop: Library = {
  name: "rkschedcoop",
  summary: "cooperative scheduler: a thread runs until it waits, yields or ends",
  provides: [scheduler],
  needs: [],
  start(kernel) {
    kernel.provide(scheduler, new CooperativeScheduler());
  },
};
