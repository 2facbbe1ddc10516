import { PAGE_SIZE } from "../../cpu/sv39.ts";
import { Limit, RLIM_INFINITY } from "../rkprocess/limits.ts";
import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { time } from "../rktime/time.ts";
import { writeTimeval } from "../rktime/timespec.ts";
import { memoryManager } from "../rkvm/memory-manager.ts";
import { errno } from "../syscalls/errno.ts";
import { full, partial, type SyscallRow } from "../syscalls/row.ts";

/** Most files that a process may be allowed (`fs.nr_open`). */
const MOST_FILES = 1_048_576n;

function prlimit(thread: Thread, pid: number, resource: number, limit: number, old: number): number {
  const process = pid === 0 ? thread.process : thread.kernel.use(processTable).find(pid);
  if (!process) return -errno.ESRCH;
  const current = process.limits[resource];
  if (!current) return -errno.EINVAL;
  const { memory } = thread;
  const previous = { ...current };
  if (limit !== 0) {
    const soft = memory.readU64(limit);
    const hard = memory.readU64(limit + 8);
    if (soft > hard) return -errno.EINVAL;
    if (hard > current.hard && thread.process.credentials.euid !== 0) return -errno.EPERM;
    if (resource === Limit.files && hard > MOST_FILES && hard !== RLIM_INFINITY) return -errno.EPERM;
    Object.assign(current, { soft, hard });
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
const RUSAGE_SIZE = 144;

/** `struct rusage`: user and system time, the largest resident size in KiB, minor faults. */
function getrusage(thread: Thread, who: number, address: number): number {
  if (who !== RUSAGE_CHILDREN && who !== RUSAGE_SELF && who !== RUSAGE_THREAD) return -errno.EINVAL;
  thread.memory.fill(address, RUSAGE_SIZE, 0);
  if (who === RUSAGE_CHILDREN) return 0;
  const { memory } = thread.process;
  writeTimeval(thread, address, thread.kernel.use(time).busy());
  thread.memory.writeWord(address + 32, (memory.resident.peak * PAGE_SIZE) / 1024);
  thread.memory.writeWord(address + 64, memory.faults);
  return 0;
}

const CLOCK_TICK = 1e7;

/** `struct tms` in ticks of 1/100 s; returns ticks since boot. */
function times(thread: Thread, address: number): number {
  const ticks = Math.floor(thread.kernel.use(time).monotonic() / CLOCK_TICK);
  if (address !== 0) {
    thread.memory.fill(address, 32, 0);
    thread.memory.writeWord(address, ticks);
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
