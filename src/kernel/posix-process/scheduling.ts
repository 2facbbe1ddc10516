import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { isRealtime, Policy, type Scheduling, scheduler } from "../rksched/scheduler.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { writeTimespec } from "../rktime/timespec.ts";
import { errno } from "../syscalls/errno.ts";
import { full, partial, type SyscallRow, stub } from "../syscalls/row.ts";
import { isPrivileged, maySchedule, ownsThread } from "./scheduling-permission.ts";

/** A flag beside the policy in `sched_setscheduler` and `sched_getscheduler`. */
const RESET_ON_FORK = 0x4000_0000;
const MOST_URGENT = 99;
/** One word of 64 processors. */
const MASK_BYTES = 8;

function find(thread: Thread, tid: number): Thread | undefined {
  return tid === 0 ? thread : thread.kernel.use(processTable).findThread(tid);
}

/** One hart: bit 0. */
function getAffinity(thread: Thread, tid: number, size: number, mask: number): number {
  if (size < MASK_BYTES || size % MASK_BYTES !== 0) return -errno.EINVAL;
  if (!find(thread, tid | 0)) return -errno.ESRCH;
  thread.memory.writeU64(mask, 1n);
  return MASK_BYTES;
}

function setAffinity(thread: Thread, tid: number, size: number, mask: number): number {
  const first = size > 0 ? thread.memory.read(mask, Math.min(size, MASK_BYTES))[0] : 0;
  const target = find(thread, tid | 0);
  if (!target) return -errno.ESRCH;
  if (!isPrivileged(thread) && !ownsThread(thread, target)) return -errno.EPERM;
  return (first & 1) !== 0 ? 0 : -errno.EINVAL;
}

const POLICIES: readonly number[] = Object.values(Policy);
/** Has a range of priorities, but nothing can be scheduled by it. */
const SCHED_DEADLINE = 6;

/** The end of a policy's range of priorities: `realtime`, or 0. */
function priority(policy: number, realtime: number): number {
  if (isRealtime(policy)) return realtime;
  return POLICIES.includes(policy) || policy === SCHED_DEADLINE ? 0 : -errno.EINVAL;
}

function schedule(thread: Thread, target: Thread, change: Partial<Scheduling>): number {
  const wanted = { ...target.scheduling, ...change };
  if (!POLICIES.includes(wanted.policy)) return -errno.EINVAL;
  const least = isRealtime(wanted.policy) ? 1 : 0;
  const most = isRealtime(wanted.policy) ? MOST_URGENT : 0;
  if (wanted.priority < least || wanted.priority > most) return -errno.EINVAL;
  if (!maySchedule(thread, target, wanted)) return -errno.EPERM;
  thread.kernel.use(dispatcher).changeScheduling(target, wanted);
  return 0;
}

function setScheduler(thread: Thread, tid: number, given: number, parameters: number): number {
  const policy = given | 0;
  if (policy < 0 || parameters === 0 || (tid | 0) < 0) return -errno.EINVAL;
  const wanted = {
    policy: policy & ~RESET_ON_FORK,
    resetOnFork: (policy & RESET_ON_FORK) !== 0,
    priority: thread.memory.readI32(parameters),
  };
  const target = find(thread, tid | 0);
  return target ? schedule(thread, target, wanted) : -errno.ESRCH;
}

function setParameters(thread: Thread, tid: number, parameters: number): number {
  if (parameters === 0 || (tid | 0) < 0) return -errno.EINVAL;
  const wanted = thread.memory.readI32(parameters);
  const target = find(thread, tid | 0);
  return target ? schedule(thread, target, { priority: wanted }) : -errno.ESRCH;
}

function getScheduler(thread: Thread, tid: number): number {
  if ((tid | 0) < 0) return -errno.EINVAL;
  const target = find(thread, tid | 0);
  if (!target) return -errno.ESRCH;
  return target.scheduling.policy | (target.scheduling.resetOnFork ? RESET_ON_FORK : 0);
}

function getParameters(thread: Thread, tid: number, parameters: number): number {
  if (parameters === 0 || (tid | 0) < 0) return -errno.EINVAL;
  const target = find(thread, tid | 0);
  if (!target) return -errno.ESRCH;
  thread.memory.writeU32(parameters, target.scheduling.priority);
  return 0;
}

/**
 * `struct sched_attr`: 0 size, 4 sched_policy, 8 sched_flags, 16 sched_nice, 20 sched_priority, 24 sched_runtime,
 * 32 sched_deadline, 40 sched_period, 48 sched_util_min, 52 sched_util_max.
 */
const FIRST_SIZE = 48;
const KNOWN_SIZE = 56;
const PAGE = 4096;
/** `sched_flags`. */
const FLAG = {
  resetOnFork: 0x01,
  keepPolicy: 0x08,
  keepParameters: 0x10,
  utilization: 0x60,
  all: 0x7f,
} as const;

function setAttributes(thread: Thread, tid: number, at: number, flags: number): number {
  if (at === 0 || (tid | 0) < 0 || flags !== 0) return -errno.EINVAL;
  const { memory } = thread;
  const size = memory.readU32(at) || FIRST_SIZE;
  const bytes = size < FIRST_SIZE || size > PAGE ? undefined : memory.read(at, size);
  if (!bytes || bytes.subarray(KNOWN_SIZE).some((byte) => byte !== 0)) {
    memory.writeU32(at, KNOWN_SIZE);
    return -errno.E2BIG;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const asked = view.getBigUint64(8, true);
  const wanted = Number(asked & BigInt(FLAG.all));
  if (wanted & FLAG.utilization && size < KNOWN_SIZE) return -errno.EINVAL;
  const policy = view.getInt32(4, true);
  if (policy < 0) return -errno.EINVAL;
  const target = find(thread, tid | 0);
  if (!target) return -errno.ESRCH;
  const change: Partial<Scheduling> = { resetOnFork: (wanted & FLAG.resetOnFork) !== 0 };
  if (!(wanted & FLAG.keepPolicy)) change.policy = policy;
  else change.resetOnFork = target.scheduling.resetOnFork;
  if (!(wanted & FLAG.keepParameters)) {
    change.priority = view.getInt32(20, true);
    if (!isRealtime(change.policy ?? target.scheduling.policy))
      change.nice = Math.min(19, Math.max(-20, view.getInt32(16, true)));
  }
  if (asked !== BigInt(wanted)) return -errno.EINVAL;
  if (wanted & FLAG.utilization) return -errno.EOPNOTSUPP;
  return schedule(thread, target, change);
}

function getAttributes(thread: Thread, tid: number, at: number, given: number, flags: number): number {
  const size = given >>> 0;
  if (at === 0 || (tid | 0) < 0 || flags !== 0 || size < FIRST_SIZE || size > PAGE) return -errno.EINVAL;
  const target = find(thread, tid | 0);
  if (!target) return -errno.ESRCH;
  const { policy, priority: urgency, nice, resetOnFork } = target.scheduling;
  const bytes = new Uint8Array(Math.min(size, KNOWN_SIZE));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint32(4, policy, true);
  view.setUint32(8, resetOnFork ? FLAG.resetOnFork : 0, true);
  if (isRealtime(policy)) view.setUint32(20, urgency, true);
  else {
    view.setInt32(16, nice, true);
    view.setBigUint64(24, BigInt(thread.kernel.use(scheduler).interval(target)), true);
  }
  thread.memory.write(at, bytes);
  return 0;
}

function interval(thread: Thread, tid: number, address: number): number {
  if ((tid | 0) < 0) return -errno.EINVAL;
  const target = find(thread, tid | 0);
  if (!target) return -errno.ESRCH;
  writeTimespec(thread, address, thread.kernel.use(scheduler).interval(target));
  return 0;
}

function getcpu(thread: Thread, cpu: number, node: number): number {
  if (cpu !== 0) thread.memory.writeU32(cpu, 0);
  if (node !== 0) thread.memory.writeU32(node, 0);
  return 0;
}

const noDeadlines = "no SCHED_DEADLINE";

export const schedulingSyscalls: readonly SyscallRow[] = [
  full("sched_getaffinity", getAffinity),
  stub("sched_setaffinity", "one hart", setAffinity),
  full("getcpu", getcpu),
  partial("sched_setscheduler", noDeadlines, setScheduler),
  full("sched_getscheduler", getScheduler),
  full("sched_setparam", setParameters),
  full("sched_getparam", getParameters),
  partial("sched_setattr", `${noDeadlines}, no utilization clamps`, setAttributes),
  full("sched_getattr", getAttributes),
  full("sched_get_priority_max", (_thread, policy) => priority(policy | 0, MOST_URGENT)),
  full("sched_get_priority_min", (_thread, policy) => priority(policy | 0, 1)),
  full("sched_rr_get_interval", interval),
];
