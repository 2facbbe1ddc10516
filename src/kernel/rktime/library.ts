import type { Library } from "../library.ts";
import { platform } from "../rkplat/platform.ts";
import { KernelTime } from "./kernel-time.ts";
import { time, timers } from "./time.ts";

export const rktime: Library = {
  name: "rktime",
  summary: "clocks and timers over the machine's CLINT",
  provides: [time, timers],
  needs: [platform],
  start(kernel) {
    const { monotonic, epoch } = kernel.use(platform);
    const implementation = new KernelTime(monotonic, epoch);
    kernel.provide(time, implementation);
    kernel.provide(timers, implementation);
  },
};
