import { Capability } from "../rkprocess/capabilities.ts";
import { Limit } from "../rkprocess/limits.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { isRealtime, Policy, type Scheduling } from "../rksched/scheduler.ts";

/** CAP_SYS_NICE */
export function isPrivileged(thread: Thread): boolean {
  return thread.process.credentials.has(Capability.schedule);
}

/** Whether both have the same owner. */
export function ownsThread(caller: Thread, target: Thread): boolean {
  const { euid } = caller.process.credentials;
  const owner = target.process.credentials;
  return euid === owner.euid || euid === owner.uid;
}

/** RLIMIT_NICE lets a thread have this nice value. */
export function mayHaveNice({ process }: Thread, nice: number): boolean {
  return BigInt(20 - nice) <= process.limits[Limit.nice].soft;
}

/** Whether `caller` may have `target` scheduled so (sched(7), "Privileges and resource limits"). */
export function maySchedule(caller: Thread, target: Thread, wanted: Scheduling): boolean {
  return isPrivileged(caller) || (ownsThread(caller, target) && needsNoPrivilege(target, wanted));
}

function needsNoPrivilege(target: Thread, wanted: Scheduling): boolean {
  const { scheduling, process } = target;
  if (isRealtime(wanted.policy)) {
    const limit = process.limits[Limit.realtimePriority].soft;
    if (wanted.policy !== scheduling.policy && limit === 0n) return false;
    if (wanted.priority > scheduling.priority && BigInt(wanted.priority) > limit) return false;
  } else if (wanted.nice < scheduling.nice && !mayHaveNice(target, wanted.nice)) return false;
  const leavesIdle = scheduling.policy === Policy.idle && wanted.policy !== Policy.idle;
  if (leavesIdle && !mayHaveNice(target, scheduling.nice)) return false;
  return wanted.resetOnFork || !scheduling.resetOnFork;
}
