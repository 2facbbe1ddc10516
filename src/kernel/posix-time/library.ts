import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { signals } from "../rksignal/signals.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { time } from "../rktime/time.ts";
import { adjustmentSyscalls, ClockAdjustment, clockAdjustment } from "./adjustment.ts";
import { clockSyscalls } from "./clocks.ts";
import { processTimers, timeOfDayMoved, timerSyscalls } from "./timers.ts";

export const posixTime: Library = {
  name: "posix-time",
  summary: librarySummary.posixTime,
  provides: [clockAdjustment],
  needs: [time, signals, processTable, dispatcher],
  syscalls: [...clockSyscalls, ...timerSyscalls, ...adjustmentSyscalls],
  processState: [processTimers],
  start(kernel) {
    kernel.provide(clockAdjustment, new ClockAdjustment());
    const table = kernel.use(processTable);
    kernel.use(time).onSet.push((shift) => {
      for (const process of table.all()) timeOfDayMoved(process.get(processTimers), shift);
    });
  },
};
