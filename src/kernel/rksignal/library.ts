import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { scheduler } from "../rksched/scheduler.ts";
import { time } from "../rktime/time.ts";
import { signalActions } from "./actions.ts";
import { SignalDispatcher } from "./dispatcher.ts";
import { signals } from "./signals.ts";
import { signalSyscalls } from "./syscalls.ts";
import { signalTrampoline } from "./trampoline.ts";
import { waitingSyscalls } from "./waiting.ts";

export const rksignal: Library = {
  name: "rksignal",
  summary: librarySummary.rksignal,
  provides: [signals],
  needs: [processTable, scheduler, time],
  syscalls: [...signalSyscalls, ...waitingSyscalls],
  processState: [signalActions, signalTrampoline],
  start(kernel) {
    kernel.provide(
      signals,
      new SignalDispatcher(kernel.hart, kernel.use(processTable), kernel.use(scheduler)),
    );
  },
};
