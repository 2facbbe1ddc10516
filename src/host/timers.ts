import type { Timers } from "../net/timers.ts";

/** Node's timers. */
export const nodeTimers: Timers = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};
