import { Capability } from "../rkprocess/capabilities.ts";
import type { Process } from "../rkprocess/process.ts";
import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { errno } from "../syscalls/errno.ts";
import { REGISTERS_SET } from "../syscalls/result.ts";
import { full, partial, type SyscallRow } from "../syscalls/row.ts";
import { SIG_IGN, SIGNALS, signalActions } from "./actions.ts";
import { isOnStack, reportedFlags } from "./enter-handler.ts";
import { FRAME_SIZE, INFO_SIZE, restoreFrame } from "./frame.ts";
import { isRealtime } from "./signal-set.ts";
import { type SignalInfo, signal, signals } from "./signals.ts";
import { SS_DISABLE, SS_ONSTACK } from "./thread-signals.ts";
import { readSignalSet, SIGSET_SIZE, writeSignalSet } from "./user-set.ts";

const SP = 2;
const SI_USER = 0;
const SI_TKILL = -6;
const MINSIGSTKSZ = 2048;
const SS_AUTODISARM = 0x8000_0000;

const isCatchable = (number: number): boolean =>
  number >= 1 && number <= SIGNALS && number !== signal.SIGKILL && number !== signal.SIGSTOP;

const isSignal = (number: number): boolean => number >= 0 && number <= SIGNALS;

/** `struct sigaction` of the kernel: handler, flags, mask; riscv64 has no restorer. */
function rtSigaction(thread: Thread, number: number, action: number, old: number, size: number): number {
  if (size !== SIGSET_SIZE || number < 1 || number > SIGNALS) return -errno.EINVAL;
  const { memory } = thread;
  const current = thread.process.get(signalActions)[number];
  const previous = {
    handler: current.handler,
    flags: current.flags,
    low: current.mask.low,
    high: current.mask.high,
  };
  if (action !== 0) {
    if (!isCatchable(number)) return -errno.EINVAL;
    const handler = memory.readWord(action);
    const flags = memory.readU32(action + 8);
    const mask = readSignalSet(thread, action + 16);
    current.handler = handler;
    current.flags = flags;
    Object.assign(current.mask, { low: mask.low, high: mask.high });
    if (handler === SIG_IGN) discard(thread.process, number);
  }
  if (old !== 0) {
    memory.writeWord(old, previous.handler);
    memory.writeWord(old + 8, previous.flags);
    writeSignalSet(thread, old + 16, previous);
  }
  return 0;
}

function discard(process: Process, number: number): void {
  process.pendingSignals.drop(number);
  for (const thread of process.threads) thread.signals.pending.drop(number);
}

function rtSigprocmask(thread: Thread, how: number, set: number, old: number, size: number): number {
  if (size !== SIGSET_SIZE) return -errno.EINVAL;
  const { blocked } = thread.signals;
  const previous = { low: blocked.low, high: blocked.high };
  if (set !== 0) {
    const change = readSignalSet(thread, set);
    if (how === 0) blocked.addAll(change);
    else if (how === 1) blocked.removeAll(change);
    else if (how === 2) blocked.assign(change);
    else return -errno.EINVAL;
    thread.signals.attention = thread.signalPending;
  }
  if (old !== 0) writeSignalSet(thread, old, previous);
  return 0;
}

/** The frame stands where sp points. One that cannot be read ends the process with SIGSEGV. */
function rtSigreturn(thread: Thread): number {
  const { hart } = thread.kernel;
  const frame = restoreFrame(hart, thread.memory.read(hart.xn(SP), FRAME_SIZE));
  const { blocked } = thread.signals;
  blocked.assign(frame);
  blocked.remove(signal.SIGKILL);
  blocked.remove(signal.SIGSTOP);
  const { base, size, flags } = frame.stack;
  thread.signals.alternateStack = { base, size, flags: flags & ~SS_ONSTACK };
  thread.signals.attention = thread.signalPending;
  return REGISTERS_SET;
}

function sigaltstack(thread: Thread, stack: number, old: number): number {
  const { memory, signals: state } = thread;
  const sp = thread.kernel.hart.xn(SP);
  const current = state.alternateStack;
  const given = stack === 0 ? undefined : memory.read(stack, 24);
  if (old !== 0) {
    memory.writeWord(old, current.base);
    memory.writeWord(old + 8, reportedFlags(current, sp));
    memory.writeWord(old + 16, current.size);
  }
  if (!given) return 0;
  if (isOnStack(sp, current)) return -errno.EPERM;
  const view = new DataView(given.buffer);
  const flags = view.getUint32(8, true);
  const mode = flags & ~SS_AUTODISARM;
  if (mode !== 0 && mode !== SS_DISABLE && mode !== SS_ONSTACK) return -errno.EINVAL;
  if (mode === SS_DISABLE) {
    state.alternateStack = { base: 0, size: 0, flags: SS_DISABLE };
    return 0;
  }
  const size = Number(view.getBigUint64(16, true));
  if (size < MINSIGSTKSZ) return -errno.ENOMEM;
  state.alternateStack = {
    base: Number(view.getBigUint64(0, true)),
    size,
    flags: (flags & SS_AUTODISARM) >>> 0,
  };
  return 0;
}

export const sentSignal = (thread: Thread, number: number, code = SI_USER): SignalInfo => ({
  signal: number,
  code,
  pid: thread.process.pid,
  uid: thread.process.credentials.uid,
});

/** With CAP_KILL everybody may be signalled, else those of the own user, and SIGCONT goes to the session (kill(2)). */
export function maySignal(thread: Thread, to: Process, number: number): boolean {
  const { credentials, session } = thread.process;
  if (to === thread.process || credentials.has(Capability.kill)) return true;
  if (number === signal.SIGCONT && to.session === session) return true;
  const { euid, uid } = credentials;
  return [to.credentials.uid, to.credentials.suid].some((other) => other === euid || other === uid);
}

function kill(thread: Thread, pid: number, number: number): number {
  if (!isSignal(number)) return -errno.EINVAL;
  const sender = thread.kernel.use(signals);
  const table = thread.kernel.use(processTable);
  const info = sentSignal(thread, number);
  if (pid > 0) {
    const process = table.find(pid);
    if (!process) return -errno.ESRCH;
    if (!maySignal(thread, process, number)) return -errno.EPERM;
    sender.toProcess(process, info);
    return 0;
  }
  const group = pid === 0 ? thread.process.processGroup : -pid;
  if (pid !== -1 && thread.process.credentials.has(Capability.kill))
    return sender.toGroup(group, info) > 0 ? 0 : -errno.ESRCH;
  const others = [...table.all()].filter((process) =>
    pid === -1 ? process.pid !== 1 && process !== thread.process : process.processGroup === group,
  );
  const allowed = others.filter((process) => maySignal(thread, process, number));
  for (const process of allowed) sender.toProcess(process, info);
  if (allowed.length > 0) return 0;
  return others.length > 0 ? -errno.EPERM : -errno.ESRCH;
}

function tgkill(thread: Thread, tgid: number, tid: number, number: number): number {
  if (tgid <= 0) return -errno.EINVAL;
  return toThread(thread, tgid, tid, number);
}

function toThread(thread: Thread, tgid: number, tid: number, number: number): number {
  if (tid <= 0 || !isSignal(number)) return -errno.EINVAL;
  const target = thread.kernel.use(processTable).findThread(tid);
  if (!target || (tgid !== -1 && target.process.pid !== tgid)) return -errno.ESRCH;
  if (!maySignal(thread, target.process, number)) return -errno.EPERM;
  thread.kernel.use(signals).toThread(target, sentSignal(thread, number, SI_TKILL));
  return 0;
}

/** The part of a user's `siginfo_t` that a sent signal keeps. Only codes below zero may be claimed for others. */
export function readSignalInfo(thread: Thread, number: number, address: number): SignalInfo {
  const view = new DataView(thread.memory.read(address, INFO_SIZE).buffer);
  const code = view.getInt32(8, true);
  return {
    signal: number,
    code,
    errno: view.getInt32(4, true),
    pid: view.getInt32(16, true),
    uid: view.getInt32(20, true),
    value: view.getBigInt64(24, true),
  };
}

/** Codes that tell of the kernel, `kill` and `tgkill`: nobody may pretend them to others. */
export const isReserved = (code: number): boolean => code >= 0 || code === SI_TKILL;

function rtSigqueueinfo(thread: Thread, pid: number, number: number, address: number): number {
  if (!isSignal(number)) return -errno.EINVAL;
  const info = readSignalInfo(thread, number, address);
  const process = thread.kernel.use(processTable).find(pid);
  if (!process) return -errno.ESRCH;
  if (isReserved(info.code) && process !== thread.process) return -errno.EPERM;
  if (!maySignal(thread, process, number)) return -errno.EPERM;
  if (isRealtime(number) && !process.pendingSignals.mayQueue) return -errno.EAGAIN;
  thread.kernel.use(signals).toProcess(process, info);
  return 0;
}

function rtTgsigqueueinfo(
  thread: Thread,
  tgid: number,
  tid: number,
  number: number,
  address: number,
): number {
  if (tgid <= 0 || tid <= 0 || !isSignal(number)) return -errno.EINVAL;
  const info = readSignalInfo(thread, number, address);
  const target = thread.kernel.use(processTable).findThread(tid);
  if (!target || target.process.pid !== tgid) return -errno.ESRCH;
  if (isReserved(info.code) && target.process !== thread.process) return -errno.EPERM;
  if (!maySignal(thread, target.process, number)) return -errno.EPERM;
  if (isRealtime(number) && !target.signals.pending.mayQueue) return -errno.EAGAIN;
  thread.kernel.use(signals).toThread(target, info);
  return 0;
}

const restartSyscall = () => -errno.EINTR;

export const signalSyscalls: readonly SyscallRow[] = [
  full("rt_sigaction", rtSigaction),
  full("rt_sigprocmask", rtSigprocmask),
  full("rt_sigreturn", rtSigreturn),
  full("rt_sigqueueinfo", rtSigqueueinfo),
  full("rt_tgsigqueueinfo", rtTgsigqueueinfo),
  full("sigaltstack", sigaltstack),
  full("kill", kill),
  full("tkill", (thread, tid, number) => toThread(thread, -1, tid, number)),
  full("tgkill", tgkill),
  partial("restart_syscall", "interrupted calls are made again from their start", restartSyscall),
];
