import { CLONE, hasFlag } from "../rkprocess/clone-flags.ts";
import { pidFiles } from "../rkprocess/pid-files.ts";
import type { Process } from "../rkprocess/process.ts";
import { type ProcessTable, processTable } from "../rkprocess/process-table.ts";
import { forkRegisters } from "../rkprocess/registers.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { waitUntil } from "../rkprocess/wait.ts";
import { errno } from "../syscalls/errno.ts";
import { partial, type SyscallRow } from "../syscalls/row.ts";

/** What `clone` and `clone3` are asked for. Addresses are the caller's; 0: none. */
interface CloneArguments {
  /** `CLONE` bits, without the exit signal. */
  readonly flags: number;
  readonly exitSignal: number;
  /** The new thread's sp; 0: the caller's. */
  readonly stack: number;
  readonly tls: bigint;
  readonly parentTid: number;
  readonly childTid: number;
  readonly pidfd: number;
}

const EXIT_SIGNAL = 0xff;
const NAMESPACES =
  CLONE.NEWNS | CLONE.NEWCGROUP | CLONE.NEWUTS | CLONE.NEWIPC | CLONE.NEWUSER | CLONE.NEWPID | CLONE.NEWNET;

/** Combinations that clone(2) refuses, and what there is no more of. */
function refusal(thread: Thread, { flags, exitSignal, parentTid, pidfd }: CloneArguments): number {
  if (flags & CLONE.THREAD && !(flags & CLONE.SIGHAND)) return -errno.EINVAL;
  if (flags & CLONE.SIGHAND && !(flags & CLONE.VM)) return -errno.EINVAL;
  if (flags & CLONE.SIGHAND && hasFlag(flags, CLONE.CLEAR_SIGHAND)) return -errno.EINVAL;
  if (flags & CLONE.FS && flags & (CLONE.NEWNS | CLONE.NEWUSER)) return -errno.EINVAL;
  if (flags & CLONE.THREAD && !(flags & CLONE.FILES && flags & CLONE.FS)) return -errno.EINVAL;
  if (flags & CLONE.PIDFD && flags & CLONE.PARENT_SETTID && parentTid === pidfd) return -errno.EINVAL;
  if (exitSignal > 64) return -errno.EINVAL;
  if (flags & NAMESPACES) return -errno.EPERM;
  return thread.kernel.use(processTable).hasRoom(thread.process, flags) ? 0 : -errno.EAGAIN;
}

function start(thread: Thread, args: CloneArguments): number {
  const refused = refusal(thread, args);
  if (refused < 0) return refused;
  const { flags, stack, tls, parentTid, childTid, pidfd } = args;
  // Addresses that cannot be written are found before anything is made.
  if (flags & CLONE.PARENT_SETTID) thread.memory.writeU32(parentTid, 0);
  if (flags & CLONE.PIDFD) thread.memory.writeU32(pidfd, 0);
  const table = thread.kernel.use(processTable);
  const child = flags & CLONE.THREAD ? table.createThread(thread.process, thread) : fork(table, thread, args);
  forkRegisters(thread.kernel.hart, child.context, stack, flags & CLONE.SETTLS ? tls : undefined);
  if (flags & CLONE.CHILD_CLEARTID) child.clearTidAddress = childTid;
  if (flags & CLONE.PARENT_SETTID) thread.memory.writeU32(parentTid, child.tid);
  if (flags & CLONE.CHILD_SETTID) child.memory.writeU32(childTid, child.tid);
  if (flags & CLONE.PIDFD) thread.memory.writeU32(pidfd, openPidfd(thread, child.process));
  table.makeReady(child);
  return flags & CLONE.VFORK ? waitForExec(thread, child.process) : child.tid;
}

/** Not possible where no library has files for processes, or there is no descriptor left: -1 then, as no call fails that late. */
const openPidfd = (thread: Thread, process: Process): number =>
  Math.max(-1, thread.kernel.use(pidFiles)?.open(thread, process, false) ?? -1) >>> 0;

/** A new process with one thread. */
function fork(table: ProcessTable, thread: Thread, { flags, exitSignal }: CloneArguments): Thread {
  const { process: parent } = thread;
  const memory = flags & CLONE.VM ? parent.memory.retain() : parent.memory.fork();
  const process = table.create(memory, parent, flags);
  process.exitSignal = exitSignal;
  if (flags & CLONE.PARENT && parent.parent) {
    parent.children.delete(process);
    process.parent = parent.parent;
    process.parent.children.add(process);
    process.exitSignal = parent.exitSignal;
  }
  const child = table.createThread(process, thread);
  // A new process on the same memory must not take over what is registered for its maker's thread.
  if (flags & CLONE.VM && !(flags & CLONE.VFORK)) return child;
  child.signals.alternateStack = { ...thread.signals.alternateStack };
  if (!(flags & CLONE.VM)) child.restartable = thread.restartable;
  return child;
}

/** `vfork`: the caller waits until its memory is its own again. */
function waitForExec(thread: Thread, child: Process): number {
  return waitUntil(thread, {
    attempt: () => (child.hasExecuted || child.exitStatus ? child.pid : undefined),
    queues: [child.ended],
    uninterruptible: true,
  });
}

/** riscv64 has the arguments in the order of CONFIG_CLONE_BACKWARDS. */
function clone(
  thread: Thread,
  word: number,
  stack: number,
  parentTid: number,
  _tls: number,
  childTid: number,
) {
  const flags = Number(BigInt.asUintN(32, BigInt(word)));
  const separate = hasFlag(flags, CLONE.IO) ? flags - CLONE.IO : flags;
  return start(thread, {
    flags: separate - (separate & EXIT_SIGNAL),
    exitSignal: separate & EXIT_SIGNAL,
    stack,
    tls: thread.kernel.hart.x(13),
    parentTid,
    childTid,
    // The two are one argument: clone(2), CLONE_PIDFD.
    pidfd: parentTid,
  });
}

/**
 * `struct clone_args`: 0 flags, 8 pidfd, 16 child_tid, 24 parent_tid, 32 exit_signal, 40 stack, 48 stack_size, 56 tls,
 * 64 set_tid, 72 set_tid_size, 80 cgroup.
 */
const SMALLEST_ARGUMENTS = 64;
const KNOWN_ARGUMENTS = 88;
const PAGE = 4096;
/** Flags that mean something else or nothing to `clone3`. */
const NOT_CLONE3 = CLONE.DETACHED | EXIT_SIGNAL;
const ALL_FLAGS = 0x3_ffff_ff00;

function clone3(thread: Thread, at: number, size: number): number {
  const { memory } = thread;
  if (size > PAGE) return -errno.E2BIG;
  if (size < SMALLEST_ARGUMENTS) return -errno.EINVAL;
  const bytes = memory.read(at, size);
  if (bytes.subarray(KNOWN_ARGUMENTS).some((byte) => byte !== 0)) return -errno.E2BIG;
  const word = (offset: number) => (offset + 8 <= size ? memory.readWord(at + offset) : 0);
  const flags = word(0);
  const [stack, stackSize] = [word(40), word(48)];
  const exitSignal = word(32);
  if (flags < 0 || flags > ALL_FLAGS || flags & NOT_CLONE3) return -errno.EINVAL;
  if (hasFlag(flags, CLONE.INTO_CGROUP) || word(64) !== 0 || word(72) !== 0) return -errno.EINVAL;
  if ((stack === 0) !== (stackSize === 0) || exitSignal < 0 || exitSignal > 64) return -errno.EINVAL;
  if (flags & (CLONE.THREAD | CLONE.PARENT) && exitSignal !== 0) return -errno.EINVAL;
  return start(thread, {
    flags: hasFlag(flags, CLONE.IO) ? flags - CLONE.IO : flags,
    exitSignal,
    stack: stack + stackSize,
    tls: memory.readU64(at + 56),
    parentTid: word(24),
    childTid: word(16),
    pidfd: word(8),
  });
}

const missing = "no namespaces; a thread shares files and working directory with its process";

export const cloneSyscalls: readonly SyscallRow[] = [
  partial("clone", missing, clone),
  partial("clone3", `${missing}; no set_tid`, clone3),
];
