import type { Timers } from "../net/timers.ts";

/** The host's time, by Node. A timer that is set keeps the process running. */
export const nodeTimers: Timers = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};
