import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { platform } from "../rkplat/platform.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { scheduler } from "../rksched/scheduler.ts";
import { signals } from "../rksignal/signals.ts";
import { timers } from "../rktime/time.ts";
import { memoryManager } from "../rkvm/memory-manager.ts";
import { Dispatcher, dispatcher } from "./dispatcher.ts";

export const rksyscall: Library = {
  name: "rksyscall",
  summary: librarySummary.rksyscall,
  provides: [dispatcher],
  needs: [platform, scheduler, signals, processTable, memoryManager, timers],
  start(kernel) {
    const supervisor = new Dispatcher(kernel);
    kernel.hart.supervisor = supervisor;
    kernel.provide(dispatcher, supervisor);
  },
};
