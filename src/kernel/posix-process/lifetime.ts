import { mayInspect } from "../rkprocess/inspection.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { SMALLEST_AREA, writeHartNumber } from "../rkprocess/restartable.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { errno } from "../syscalls/errno.ts";
import { full, type SyscallRow } from "../syscalls/row.ts";

function exit(thread: Thread, code: number): number {
  thread.kernel.use(processTable).exitThread(thread, code & 0xff);
  return 0;
}

function exitGroup(thread: Thread, code: number): number {
  thread.kernel.use(processTable).exit(thread.process, { kind: "exit", code: code & 0xff });
  return 0;
}

function setTidAddress(thread: Thread, address: number): number {
  thread.clearTidAddress = address;
  return thread.tid;
}

const ROBUST_LIST_HEAD = 24;

function setRobustList(thread: Thread, head: number, size: number): number {
  if (size !== ROBUST_LIST_HEAD) return -errno.EINVAL;
  thread.robustList = head;
  return 0;
}

function getRobustList(thread: Thread, tid: number, head: number, size: number): number {
  const target = tid === 0 ? thread : thread.kernel.use(processTable).findThread(tid);
  if (!target) return -errno.ESRCH;
  if (!mayInspect(thread.process, target.process)) return -errno.EPERM;
  thread.memory.writeWord(size, ROBUST_LIST_HEAD);
  thread.memory.writeWord(head, target.robustList);
  return 0;
}

const RSEQ_FLAG_UNREGISTER = 1;

function rseq(thread: Thread, address: number, length: number, flags: number, given: number): number {
  const signature = given >>> 0;
  const known = thread.restartable;
  if (flags === RSEQ_FLAG_UNREGISTER) {
    if (!known || known.address !== address || known.length !== length) return -errno.EINVAL;
    if (known.signature !== signature) return -errno.EPERM;
    thread.restartable = undefined;
    return 0;
  }
  if (flags !== 0) return -errno.EINVAL;
  if (known) {
    if (known.address !== address || known.length !== length) return -errno.EINVAL;
    return known.signature === signature ? -errno.EBUSY : -errno.EPERM;
  }
  if (length < SMALLEST_AREA || address % 32 !== 0) return -errno.EINVAL;
  const area = { address, length, signature };
  writeHartNumber(thread.memory, area);
  thread.restartable = area;
  return 0;
}

function schedYield(thread: Thread): number {
  thread.kernel.use(dispatcher).yield();
  return 0;
}

export const lifetimeSyscalls: readonly SyscallRow[] = [
  full("exit", exit),
  full("exit_group", exitGroup),
  full("set_tid_address", setTidAddress),
  full("set_robust_list", setRobustList),
  full("get_robust_list", getRobustList),
  full("rseq", rseq),
  full("sched_yield", schedYield),
];
