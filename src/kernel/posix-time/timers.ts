import type { Process } from "../rkprocess/process.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { processState } from "../rkprocess/state.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { type SignalInfo, signal, signals } from "../rksignal/signals.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { time } from "../rktime/time.ts";
import { readTimespec, readTimeval, writeTimespec, writeTimeval } from "../rktime/timespec.ts";
import { errno } from "../syscalls/errno.ts";
import { full, type SyscallRow } from "../syscalls/row.ts";
import { clockKind, timerSource, untilClock } from "./clocks.ts";
import { IntervalTimer } from "./interval-timer.ts";

interface PosixTimer {
  readonly clock: number;
  readonly timer: IntervalTimer;
  /** It is to expire at a time of day, whenever that comes. */
  isOfDay: boolean;
}

/** The clock of day was set on by `shift` nanoseconds: what waits for a time of day has so much less to wait. */
export function timeOfDayMoved(timers: ProcessTimers, shift: number): void {
  for (const { timer, isOfDay } of timers.posix.values()) if (isOfDay) timer.delay(-shift);
}

/** A process's timers. A child starts without any. */
interface ProcessTimers {
  readonly interval: (IntervalTimer | undefined)[];
  readonly posix: Map<number, PosixTimer>;
  nextId: number;
}

const none = (): ProcessTimers => ({ interval: [], posix: new Map(), nextId: 0 });

function disarm(timers: ProcessTimers, process: Process): void {
  for (const timer of timers.interval) timer?.set(undefined, 0);
  clearPosixTimers(timers, process);
}

function clearPosixTimers({ posix }: ProcessTimers, { kernel }: Process): void {
  for (const { timer } of posix.values()) timer.set(undefined, 0);
  kernel.queuedSignals.discharge(posix.size);
  posix.clear();
}

export const processTimers = processState<ProcessTimers>({
  create: none,
  fork: none,
  exec(timers, process) {
    clearPosixTimers(timers, process);
    return timers;
  },
  exit: disarm,
});

const ITIMER_REAL = 0;
/** ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF and their signals. The last two go by all time that the process runs. */
const INTERVAL_SIGNALS = [signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF];
const SI_KERNEL = 0x80;
const SI_TIMER = -2;

function intervalTimer(process: Process, which: number): IntervalTimer {
  const { interval } = process.get(processTimers);
  const { kernel } = process;
  const clock = which === ITIMER_REAL ? kernel.use(time) : kernel.use(dispatcher).clockOfProcess(process);
  interval[which] ??= new IntervalTimer(clock, (settled) =>
    process.kernel
      .use(signals)
      .toProcess(process, { signal: INTERVAL_SIGNALS[which], code: SI_KERNEL, settled }),
  );
  return interval[which];
}

function getitimer(thread: Thread, which: number, address: number): number {
  if (INTERVAL_SIGNALS[which] === undefined) return -errno.EINVAL;
  const timer = intervalTimer(thread.process, which);
  writeTimeval(thread, address, timer.interval);
  writeTimeval(thread, address + 16, timer.left);
  return 0;
}

function setitimer(thread: Thread, which: number, value: number, old: number): number {
  if (INTERVAL_SIGNALS[which] === undefined) return -errno.EINVAL;
  const interval = value === 0 ? 0 : readTimeval(thread, value);
  const first = value === 0 ? 0 : readTimeval(thread, value + 16);
  if (interval < 0 || first < 0) return -errno.EINVAL;
  if (old !== 0) getitimer(thread, which, old);
  intervalTimer(thread.process, which).set(first === 0 ? undefined : first, interval);
  return 0;
}

const SIGEV_SIGNAL = 0;
const SIGEV_NONE = 1;
const SIGEV_THREAD_ID = 4;
const MOST_TIMERS = 1024;

/** `struct sigevent`: value, signal, how to notify, thread. */
function timerCreate(thread: Thread, clock: number, event: number, idAddress: number): number {
  const { process, memory, kernel } = thread;
  const timers = process.get(processTimers);
  if (clockKind(thread, clock) === undefined) return -errno.EINVAL;
  if (timers.posix.size >= MOST_TIMERS || !kernel.queuedSignals.has(1)) return -errno.EAGAIN;
  const id = timers.nextId;
  const number = event === 0 ? signal.SIGALRM : memory.readI32(event + 8);
  const notify = event === 0 ? SIGEV_SIGNAL : memory.readI32(event + 12);
  const value = event === 0 ? BigInt(id) : BigInt.asIntN(64, memory.readU64(event));
  const target = notify === SIGEV_THREAD_ID ? memory.readI32(event + 16) : 0;
  if (![SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD_ID].includes(notify)) return -errno.EINVAL;
  if (notify !== SIGEV_NONE && (number < 1 || number > 64)) return -errno.EINVAL;
  if (target !== 0 && kernel.use(processTable).findThread(target)?.process !== process) return -errno.EINVAL;
  memory.writeU32(idAddress, id);
  timers.nextId++;
  kernel.queuedSignals.charge(1);
  const timer: IntervalTimer = new IntervalTimer(timerSource(thread, clock), (settled) => {
    // si_timerid and si_overrun stand where si_pid and si_uid do.
    const info: SignalInfo = {
      signal: number,
      code: SI_TIMER,
      pid: id,
      get uid() {
        return timer.overrun;
      },
      value,
      settled,
    };
    const receiver = target === 0 ? undefined : kernel.use(processTable).findThread(target);
    if (notify === SIGEV_SIGNAL) kernel.use(signals).toProcess(process, info);
    else if (receiver) kernel.use(signals).toThread(receiver, info);
    else settled();
  });
  timers.posix.set(id, { clock, timer, isOfDay: false });
  return 0;
}

const TIMER_ABSTIME = 1;

function timerSettime(thread: Thread, id: number, flags: number, value: number, old: number): number {
  const found = thread.process.get(processTimers).posix.get(id);
  if (!found || value === 0) return -errno.EINVAL;
  const interval = readTimespec(thread, value);
  const first = readTimespec(thread, value + 16);
  if (interval < 0 || first < 0) return -errno.EINVAL;
  if (old !== 0) writeSetting(thread, found.timer, old);
  const absolute = (flags & TIMER_ABSTIME) !== 0;
  const wait = absolute ? Math.max(0, untilClock(thread, found.clock, value + 16)) : first;
  found.isOfDay = absolute && clockKind(thread, found.clock) === "wall";
  found.timer.set(first === 0 ? undefined : wait, interval);
  return 0;
}

function writeSetting(thread: Thread, timer: IntervalTimer, address: number): number {
  writeTimespec(thread, address, timer.interval);
  writeTimespec(thread, address + 16, timer.left);
  return 0;
}

function timerGettime(thread: Thread, id: number, address: number): number {
  const found = thread.process.get(processTimers).posix.get(id);
  return found ? writeSetting(thread, found.timer, address) : -errno.EINVAL;
}

function timerDelete(thread: Thread, id: number): number {
  const { posix } = thread.process.get(processTimers);
  const found = posix.get(id);
  if (!found) return -errno.EINVAL;
  thread.kernel.queuedSignals.discharge(1);
  found.timer.set(undefined, 0);
  posix.delete(id);
  return 0;
}

const overrun = (thread: Thread, id: number): number =>
  thread.process.get(processTimers).posix.get(id)?.timer.overrun ?? -errno.EINVAL;

export const timerSyscalls: readonly SyscallRow[] = [
  full("getitimer", getitimer),
  full("setitimer", setitimer),
  full("timer_create", timerCreate),
  full("timer_settime", timerSettime),
  full("timer_gettime", timerGettime),
  full("timer_getoverrun", overrun),
  full("timer_delete", timerDelete),
];
