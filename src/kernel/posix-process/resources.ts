import { PAGE_SIZE } from "../../cpu/sv39.ts";
import { Capability } from "../rkprocess/capabilities.ts";
import { Limit, RLIM_INFINITY } from "../rkprocess/limits.ts";
import type { Process } from "../rkprocess/process.ts";
import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { time } from "../rktime/time.ts";
import { memoryManager } from "../rkvm/memory-manager.ts";
import { errno } from "../syscalls/errno.ts";
import { full, partial, type SyscallRow } from "../syscalls/row.ts";
import { writeUsage } from "./usage.ts";

/** Most files that a process may be allowed (`fs.nr_open`). */
const MOST_FILES = 1_048_576n;

/** Whose limits a process may look at and change: those of its own user, and with CAP_SYS_RESOURCE everybody's. */
function mayLimit(caller: Process, target: Process): boolean {
  const { uid, gid } = caller.credentials;
  const theirs = target.credentials;
  const isSame =
    [theirs.uid, theirs.euid, theirs.suid].every((id) => id === uid) &&
    [theirs.gid, theirs.egid, theirs.sgid].every((id) => id === gid);
  return caller === target || isSame || caller.credentials.has(Capability.raiseLimits);
}

function prlimit(thread: Thread, pid: number, resource: number, limit: number, old: number): number {
  const { memory } = thread;
  const given = limit === 0 ? undefined : { soft: memory.readU64(limit), hard: memory.readU64(limit + 8) };
  const process = pid === 0 ? thread.process : thread.kernel.use(processTable).find(pid);
  if (!process) return -errno.ESRCH;
  if (!mayLimit(thread.process, process)) return -errno.EPERM;
  const current = process.limits[resource];
  if (!current) return -errno.EINVAL;
  const previous = { ...current };
  if (given) {
    const { soft, hard } = given;
    if (soft > hard) return -errno.EINVAL;
    if (hard > current.hard && !thread.process.credentials.has(Capability.raiseLimits)) return -errno.EPERM;
    if (resource === Limit.files && hard > MOST_FILES && hard !== RLIM_INFINITY) return -errno.EPERM;
    Object.assign(current, { soft, hard });
    if (resource === Limit.cpu) {
      // A limit of no time would never be noticed to be passed.
      if (soft === 0n) current.soft = 1n;
      thread.kernel.use(dispatcher).runLimitChanged(process);
    }
  }
  if (old !== 0) {
    memory.writeU64(old, previous.soft);
    memory.writeU64(old + 8, previous.hard);
  }
  return 0;
}

const RUSAGE_CHILDREN = -1;
const RUSAGE_SELF = 0;
const RUSAGE_THREAD = 1;

function getrusage(thread: Thread, who: number, address: number): number {
  if (who !== RUSAGE_CHILDREN && who !== RUSAGE_SELF && who !== RUSAGE_THREAD) return -errno.EINVAL;
  thread.kernel.use(dispatcher).countTime();
  const { process } = thread;
  const used = who === RUSAGE_CHILDREN ? process.childUsage : process.usageSoFar();
  if (who === RUSAGE_THREAD) used.runTime = thread.runTime;
  writeUsage(thread.memory, address, [used]);
  return 0;
}

const CLOCK_TICK = 1e7;

/** `struct tms` in ticks of 1/100 s: user and system time of the process, and of its children; returns ticks since boot. */
function times(thread: Thread, address: number): number {
  const ticks = Math.floor(thread.kernel.use(time).monotonic() / CLOCK_TICK);
  if (address !== 0) {
    thread.kernel.use(dispatcher).countTime();
    thread.memory.fill(address, 32, 0);
    const { process } = thread;
    thread.memory.writeWord(address, Math.floor(process.usageSoFar().runTime / CLOCK_TICK));
    thread.memory.writeWord(address + 16, Math.floor(process.childUsage.runTime / CLOCK_TICK));
  }
  return ticks;
}

const SYSINFO_SIZE = 112;

function sysinfo(thread: Thread, address: number): number {
  const { memory, kernel } = thread;
  const { totalPages, freePages } = kernel.use(memoryManager);
  memory.fill(address, SYSINFO_SIZE, 0);
  memory.writeWord(address, Math.floor(kernel.use(time).monotonic() / 1e9));
  memory.writeWord(address + 32, totalPages * PAGE_SIZE);
  memory.writeWord(address + 40, freePages * PAGE_SIZE);
  memory.writeU16(address + 80, [...kernel.use(processTable).all()].length);
  memory.writeU32(address + 104, 1);
  return 0;
}

export const resourceSyscalls: readonly SyscallRow[] = [
  partial("prlimit64", "limits are kept and inherited; the one of files is enforced", prlimit),
  partial("getrlimit", "as prlimit64", (thread, resource, limit) => prlimit(thread, 0, resource, 0, limit)),
  partial("setrlimit", "as prlimit64", (thread, resource, limit) => prlimit(thread, 0, resource, limit, 0)),
  partial("getrusage", "all time counts as user time", getrusage),
  partial("times", "all time counts as user time", times),
  full("sysinfo", sysinfo),
];
