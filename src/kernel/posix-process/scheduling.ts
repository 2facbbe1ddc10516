import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { writeTimespec } from "../rktime/timespec.ts";
import { errno } from "../syscalls/errno.ts";
import { full, partial, type SyscallRow, stub } from "../syscalls/row.ts";

const known = (thread: Thread, tid: number): boolean =>
  tid === 0 || thread.kernel.use(processTable).findThread(tid) !== undefined;

/** One hart: bit 0. The kernel's mask is 8 bytes long. */
function getAffinity(thread: Thread, tid: number, size: number, mask: number): number {
  if (!known(thread, tid)) return -errno.ESRCH;
  if (size < 8 || size % 8 !== 0) return -errno.EINVAL;
  thread.memory.writeU64(mask, 1n);
  return 8;
}

function setAffinity(thread: Thread, tid: number, size: number, mask: number): number {
  if (!known(thread, tid)) return -errno.ESRCH;
  const first = size > 0 ? thread.memory.readU8(mask) : 0;
  return (first & 1) !== 0 ? 0 : -errno.EINVAL;
}

const SCHED_OTHER = 0;
const SCHED_FIFO = 1;
const SCHED_RR = 2;
const SCHED_BATCH = 3;
const SCHED_IDLE = 5;

const isRealtime = (policy: number): boolean => policy === SCHED_FIFO || policy === SCHED_RR;

const PLAIN_POLICIES: readonly number[] = [SCHED_OTHER, SCHED_BATCH, SCHED_IDLE];

/** The end of a policy's range of priorities: `realtime`, or 0. */
function priority(policy: number, realtime: number): number {
  if (isRealtime(policy)) return realtime;
  return PLAIN_POLICIES.includes(policy) ? 0 : -errno.EINVAL;
}

function setScheduler(thread: Thread, tid: number, policy: number, parameters: number): number {
  if (!known(thread, tid)) return -errno.ESRCH;
  if (!PLAIN_POLICIES.includes(policy)) return isRealtime(policy) ? -errno.EPERM : -errno.EINVAL;
  return thread.memory.readI32(parameters) === 0 ? 0 : -errno.EINVAL;
}

function getParameters(thread: Thread, tid: number, parameters: number): number {
  if (!known(thread, tid)) return -errno.ESRCH;
  thread.memory.writeU32(parameters, 0);
  return 0;
}

function interval(thread: Thread, tid: number, address: number): number {
  if (!known(thread, tid)) return -errno.ESRCH;
  writeTimespec(thread, address, 0);
  return 0;
}

function getcpu(thread: Thread, cpu: number, node: number): number {
  if (cpu !== 0) thread.memory.writeU32(cpu, 0);
  if (node !== 0) thread.memory.writeU32(node, 0);
  return 0;
}

const oneHart = "one hart";
const onePolicy = "every thread is SCHED_OTHER at priority 0";

export const schedulingSyscalls: readonly SyscallRow[] = [
  full("sched_getaffinity", getAffinity),
  stub("sched_setaffinity", oneHart, setAffinity),
  full("getcpu", getcpu),
  stub("sched_setscheduler", onePolicy, setScheduler),
  full("sched_getscheduler", (thread, tid) => (known(thread, tid) ? SCHED_OTHER : -errno.ESRCH)),
  full("sched_getparam", getParameters),
  stub("sched_setparam", onePolicy, (thread, tid, at) => setScheduler(thread, tid, SCHED_OTHER, at)),
  full("sched_get_priority_max", (_thread, policy) => priority(policy, 99)),
  full("sched_get_priority_min", (_thread, policy) => priority(policy, 1)),
  full("sched_rr_get_interval", interval),
  stub("setpriority", "one scheduling class", () => 0),
  partial("getpriority", "niceness 0", () => 20),
];
