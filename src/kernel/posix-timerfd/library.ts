import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { call, fileAt, int } from "../posixfs/call.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { time } from "../rktime/time.ts";
import { readTimespec, readTimespecAfter, writeTimespec } from "../rktime/timespec.ts";
import { full, partial } from "../syscalls/row.ts";
import { eventPlace } from "../vfs/anonymous.ts";
import { fail } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { vfs } from "../vfs/vfs.ts";
import { TimerFile } from "./timerfd.ts";

/** Clocks (linux/time.h); those with an alarm wake a machine that sleeps, and none does. */
const REALTIME_CLOCKS = [0, 8];
const MONOTONIC_CLOCKS = [1, 7, 9];
const TFD_TIMER_ABSTIME = 1;
const TFD_TIMER_CANCEL_ON_SET = 2;

const create = call((thread, files, clock, flags) => {
  if (int(flags) & ~(O.CLOEXEC | O.NONBLOCK)) fail("EINVAL");
  const ofDay = REALTIME_CLOCKS.includes(int(clock));
  if (!ofDay && !MONOTONIC_CLOCKS.includes(int(clock))) fail("EINVAL");
  const clocks = thread.kernel.use(time);
  const file = new TimerFile(eventPlace("[timerfd]", clocks.realtime()), flags, clocks, ofDay);
  return files.fds.add(file, (flags & O.CLOEXEC) !== 0);
});

function timerAt(files: ProcessFiles, fd: number): TimerFile {
  const file = fileAt(files, fd);
  return file instanceof TimerFile ? file : fail("EINVAL");
}

/** `struct itimerspec`: 0 it_interval, 16 it_value. */
function write(thread: Thread, timer: TimerFile, at: number): void {
  const { left, interval } = timer.setting;
  writeTimespec(thread, at, interval);
  writeTimespec(thread, at + 16, left);
}

const setTime = call((thread, files, fd, flags, newAt, oldAt) => {
  if (int(flags) & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) fail("EINVAL");
  const interval = readTimespec(thread, newAt);
  const value = readTimespec(thread, newAt + 16);
  if (interval < 0 || value < 0) fail("EINVAL");
  const timer = timerAt(files, fd);
  if (oldAt !== 0) write(thread, timer, oldAt);
  const clocks = thread.kernel.use(time);
  const start = timer.ofDay ? clocks.realtimeOffset : { seconds: 0, nanoseconds: 0 };
  const left =
    flags & TFD_TIMER_ABSTIME ? readTimespecAfter(thread, newAt + 16, start)! - clocks.monotonic() : value;
  timer.set(left, interval, value > 0);
  return 0;
});

const getTime = call((thread, files, fd, at) => {
  write(thread, timerAt(files, fd), at);
  return 0;
});

/** Timers as files: timerfd_create(2). */
export const posixTimerfd: Library = {
  name: "posix-timerfd",
  summary: librarySummary.posixTimerfd,
  provides: [],
  needs: [vfs, time],
  syscalls: [
    full("timerfd_create", create),
    partial("timerfd_settime", "setting the clock neither moves nor cancels a timer", setTime),
    full("timerfd_gettime", getTime),
  ],
};
