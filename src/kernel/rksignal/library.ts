import type { Library } from "../library.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { scheduler } from "../rksched/scheduler.ts";
import { signalActions } from "./actions.ts";
import { SignalDispatcher } from "./dispatcher.ts";
import { signals } from "./signals.ts";
import { signalSyscalls } from "./syscalls.ts";
import { signalTrampoline } from "./trampoline.ts";

export const rksignal: Library = {
  name: "rksignal",
  summary: "signals: actions, masks, handlers on the user's stack",
  provides: [signals],
  needs: [processTable, scheduler],
  syscalls: signalSyscalls,
  processState: [signalActions, signalTrampoline],
  start(kernel) {
    kernel.provide(
      signals,
      new SignalDispatcher(kernel.hart, kernel.use(processTable), kernel.use(scheduler)),
    );
  },
};
