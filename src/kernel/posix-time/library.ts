import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { signals } from "../rksignal/signals.ts";
import { time } from "../rktime/time.ts";
import { clockSyscalls } from "./clocks.ts";
import { processTimers, timerSyscalls } from "./timers.ts";

export const posixTime: Library = {
  name: "posix-time",
  summary: librarySummary.posixTime,
  provides: [],
  needs: [time, signals, processTable],
  syscalls: [...clockSyscalls, ...timerSyscalls],
  processState: [processTimers],
};
