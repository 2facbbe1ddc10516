import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { platform } from "../rkplat/platform.ts";
import { ClintDriver } from "./clint-driver.ts";
import { KernelTime } from "./kernel-time.ts";
import { time, timers } from "./time.ts";

export const rktime: Library = {
  name: "rktime",
  summary: librarySummary.rktime,
  provides: [time, timers],
  needs: [platform],
  start(kernel) {
    const { bus, clint, epoch } = kernel.use(platform);
    const clock = new ClintDriver(bus, clint.base, clint.nanosecondsPerTick);
    const implementation = new KernelTime(clock, epoch);
    kernel.provide(time, implementation);
    kernel.provide(timers, implementation);
  },
};
