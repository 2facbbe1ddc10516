import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { errno } from "../syscalls/errno.ts";
import { full, type SyscallRow, stub } from "../syscalls/row.ts";
import { isPrivileged, mayHaveNice, ownsThread } from "./scheduling-permission.ts";

/** Whom `setpriority` and `getpriority` mean. `ioprio_set` and `ioprio_get` have numbers greater by one. */
const WHO = { process: 0, group: 1, user: 2 } as const;

/** The threads meant; `undefined`: `which` means nothing. `PRIO_PROCESS` is one thread, as under Linux. */
function threadsOf(thread: Thread, which: number, who: number): Thread[] | undefined {
  const table = thread.kernel.use(processTable);
  switch (which) {
    case WHO.process: {
      const found = who === 0 ? thread : table.findThread(who);
      return found ? [found] : [];
    }
    case WHO.group: {
      const group = who || thread.process.processGroup;
      return [...table.all()].filter((one) => one.processGroup === group).flatMap((one) => one.threads);
    }
    case WHO.user: {
      const user = who || thread.process.credentials.uid;
      return [...table.all()].filter((one) => one.credentials.uid === user).flatMap((one) => one.threads);
    }
    default:
      return undefined;
  }
}

function setpriority(thread: Thread, which: number, who: number, value: number): number {
  const nice = Math.min(19, Math.max(-20, value | 0));
  const targets = threadsOf(thread, which | 0, who | 0);
  if (!targets) return -errno.EINVAL;
  let result = targets.length === 0 ? -errno.ESRCH : 0;
  for (const target of targets) {
    const refused = refusal(thread, target, nice);
    if (refused < 0) result = refused;
    else thread.kernel.use(dispatcher).changeScheduling(target, { nice });
  }
  return result;
}

function refusal(thread: Thread, target: Thread, nice: number): number {
  if (isPrivileged(thread)) return 0;
  if (!ownsThread(thread, target)) return -errno.EPERM;
  return nice < target.scheduling.nice && !mayHaveNice(target, nice) ? -errno.EACCES : 0;
}

/** The lowest nice value of those meant, as 40 (most of the time) to 1. */
function getpriority(thread: Thread, which: number, who: number): number {
  const targets = threadsOf(thread, which | 0, who | 0);
  if (!targets) return -errno.EINVAL;
  if (targets.length === 0) return -errno.ESRCH;
  return 20 - Math.min(...targets.map(({ scheduling }) => scheduling.nice));
}

/** Classes of `ioprio_set`: the value's bits from 13 up. */
const IoClass = { none: 0, realtime: 1, bestEffort: 2, idle: 3 } as const;
const CLASS_SHIFT = 13;
const LEVEL = 7;

function ioprioSet(thread: Thread, which: number, who: number, given: number): number {
  const io = given & 0xffff;
  const level = io & LEVEL;
  switch (io >> CLASS_SHIFT) {
    case IoClass.realtime:
      if (!isPrivileged(thread)) return -errno.EPERM;
      break;
    case IoClass.bestEffort:
    case IoClass.idle:
      break;
    case IoClass.none:
      if (level !== 0) return -errno.EINVAL;
      break;
    default:
      return -errno.EINVAL;
  }
  const targets = threadsOf(thread, (which | 0) - 1, who | 0);
  if (!targets) return -errno.EINVAL;
  if (targets.length === 0) return -errno.ESRCH;
  for (const target of targets) {
    if (!isPrivileged(thread) && !ownsThread(thread, target)) return -errno.EPERM;
    target.scheduling.io = io;
  }
  return 0;
}

/** The most urgent of those meant: the lowest value that is not `none`. */
function ioprioGet(thread: Thread, which: number, who: number): number {
  const targets = threadsOf(thread, (which | 0) - 1, who | 0);
  if (!targets) return -errno.EINVAL;
  if (targets.length === 0) return -errno.ESRCH;
  return targets.map(({ scheduling }) => scheduling.io).reduce((a, b) => Math.min(a || b, b || a));
}

const kept = "kept and told; files are read and written in the order of the calls";

export const prioritySyscalls: readonly SyscallRow[] = [
  full("setpriority", setpriority),
  full("getpriority", getpriority),
  stub("ioprio_set", kept, ioprioSet),
  stub("ioprio_get", kept, ioprioGet),
];
