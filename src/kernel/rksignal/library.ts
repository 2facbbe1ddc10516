import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { time } from "../rktime/time.ts";
import { signalActions } from "./actions.ts";
import { SignalDispatcher } from "./dispatcher.ts";
import { signals } from "./signals.ts";
import { signalSyscalls } from "./syscalls.ts";
import { vdsoPlace } from "./vdso-place.ts";
import { waitingSyscalls } from "./waiting.ts";

export const rksignal: Library = {
  name: "rksignal",
  summary: librarySummary.rksignal,
  provides: [signals],
  needs: [processTable, time],
  syscalls: [...signalSyscalls, ...waitingSyscalls],
  processState: [signalActions, vdsoPlace],
  start(kernel) {
    const processes = kernel.use(processTable);
    const dispatcher = new SignalDispatcher(kernel.hart, processes);
    processes.onExit.push((process) => dispatcher.ended(process));
    kernel.provide(signals, dispatcher);
  },
};
