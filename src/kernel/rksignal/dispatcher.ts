import type { Hart } from "../../cpu/hart.ts";
import type { Crash } from "../rkprocess/exit.ts";
import type { Process } from "../rkprocess/process.ts";
import type { ProcessTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { ERESTARTSYS, errno } from "../syscalls/errno.ts";
import {
  defaultAction,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SA_RESTART,
  SIG_DFL,
  SIG_IGN,
  STOPPING,
  signalActions,
} from "./actions.ts";
import { childInfo } from "./child-info.ts";
import { enterHandler } from "./enter-handler.ts";
import { fromKernel, type SignalInfo, type Signals, signal } from "./signals.ts";

const A0 = 10;
const ECALL_SIZE = 4n;

/** Sends signals, and takes them at a thread's way back to user mode. */
export class SignalDispatcher implements Signals {
  private readonly hart: Hart;
  private readonly processes: ProcessTable;

  constructor(hart: Hart, processes: ProcessTable) {
    this.hart = hart;
    this.processes = processes;
  }

  toThread(thread: Thread, info: SignalInfo): void {
    if (info.signal === signal.SIGKILL) {
      this.killProcess(thread.process);
      return;
    }
    if (!this.prepare(thread.process, info.signal, thread.signals.blocked.has(info.signal))) {
      info.settled?.();
      return;
    }
    thread.signals.pending.add(info);
    thread.process.signalArrivals.wake();
    this.notice(thread, info.signal);
  }

  toProcess(process: Process, info: SignalInfo): void {
    if (process.exitStatus) return;
    if (info.signal === signal.SIGKILL) {
      this.killProcess(process);
      return;
    }
    const taker = process.threads.find((thread) => !thread.signals.blocked.has(info.signal));
    if (!this.prepare(process, info.signal, taker === undefined)) {
      info.settled?.();
      return;
    }
    process.pendingSignals.add(info);
    process.signalArrivals.wake();
    if (taker) this.notice(taker, info.signal);
  }

  toGroup(group: number, info: SignalInfo): number {
    const members = [...this.processes.all()].filter((process) => process.processGroup === group);
    for (const process of members) this.toProcess(process, info);
    return members.length;
  }

  fault(thread: Thread, info: SignalInfo, access?: Crash["access"]): void {
    thread.kernel.tracer?.signal(thread, info);
    const { handler } = thread.process.get(signalActions)[info.signal];
    if (handler === SIG_DFL || handler === SIG_IGN || thread.signals.blocked.has(info.signal))
      this.terminate(thread, info, this.describeCrash(thread, info, access));
    else if (!enterHandler(this.hart, thread, info)) this.killAtFrame(thread, access);
  }

  deliver(thread: Thread, restart: number): void {
    let mayRestart = restart !== 0;
    if (thread.process.stoppedBy !== 0) {
      if (mayRestart) this.rewind(thread);
      thread.state = "stopped";
      return;
    }
    const actions = thread.process.get(signalActions);
    for (let info = this.take(thread); info; info = this.take(thread)) {
      const action = actions[info.signal];
      if (action.handler === SIG_IGN) continue;
      thread.kernel.tracer?.signal(thread, info);
      if (action.handler === SIG_DFL) {
        if (!this.actByDefault(thread, info)) continue;
        if (mayRestart) this.rewind(thread);
        return;
      }
      if (mayRestart) {
        if (restart === ERESTARTSYS && (action.flags & SA_RESTART) !== 0) this.rewind(thread);
        else this.hart.setXn(A0, -errno.EINTR);
        thread.deadline = undefined;
        mayRestart = false;
      }
      if (!enterHandler(this.hart, thread, info)) {
        this.killAtFrame(thread, undefined);
        return;
      }
    }
    if (mayRestart) this.rewind(thread);
    const { signals } = thread;
    if (signals.maskToRestore) signals.blocked.assign(signals.maskToRestore);
    signals.maskToRestore = undefined;
    signals.attention = thread.signalPending;
  }

  useMaskForCall(thread: Thread, low: number, high: number): void {
    const { signals } = thread;
    signals.maskToRestore = { low: signals.blocked.low, high: signals.blocked.high };
    signals.blocked.assign({ low, high });
    signals.blocked.remove(signal.SIGKILL);
    signals.blocked.remove(signal.SIGSTOP);
    signals.attention = true;
  }

  /** Ends the thread's process by a signal. */
  private terminate(thread: Thread, info: SignalInfo, crash: Crash | undefined): void {
    this.processes.exit(thread.process, { kind: "signal", signal: info.signal, crash });
  }

  /** No room for a signal frame: the kernel's last word (Linux's `force_sigsegv`). */
  private killAtFrame(thread: Thread, access: Crash["access"]): void {
    const info = { signal: signal.SIGSEGV, code: 0x80, address: this.hart.x(2) };
    this.terminate(thread, info, this.describeCrash(thread, info, access));
  }

  /** What a signal does at once when it is sent. False: it goes no further. */
  private prepare(process: Process, number: number, blocked: boolean): boolean {
    if (number === 0) return false;
    if (number === signal.SIGCONT) {
      for (const stopping of STOPPING) this.dropEverywhere(process, stopping);
      if (process.stoppedBy !== 0) this.goOn(process);
    } else if (STOPPING.has(number)) this.dropEverywhere(process, signal.SIGCONT);
    const { handler } = process.get(signalActions)[number];
    const ignored = handler === SIG_IGN || (handler === SIG_DFL && this.isIgnored(process, number));
    return blocked || !ignored;
  }

  /** The thread looks at its signals before it goes on, and gives up an interruptible wait. */
  private notice(thread: Thread, number: number): void {
    if (thread.signals.blocked.has(number)) return;
    thread.signals.attention = true;
    const { interrupt } = thread;
    thread.interrupt = undefined;
    interrupt?.();
  }

  private dropEverywhere(process: Process, number: number): void {
    process.pendingSignals.drop(number);
    for (const thread of process.threads) thread.signals.pending.drop(number);
  }

  private take(thread: Thread): SignalInfo | undefined {
    const { blocked, pending } = thread.signals;
    const wanted = (number: number) => !blocked.has(number);
    return pending.take(wanted) ?? thread.process.pendingSignals.take(wanted);
  }

  /** Returns true when the thread does not go on. */
  private actByDefault(thread: Thread, info: SignalInfo): boolean {
    switch (defaultAction(info.signal)) {
      case "terminate":
        this.terminate(thread, info, undefined);
        return true;
      case "stop":
        if (this.isIgnored(thread.process, info.signal)) return false;
        this.stop(thread, info.signal);
        return true;
      default:
        return false;
    }
  }

  /** By default. A process group that nobody could continue is stopped by SIGSTOP alone (POSIX, orphaned groups). */
  private isIgnored(process: Process, number: number): boolean {
    if (isIgnoredByDefault(number)) return true;
    return (
      defaultAction(number) === "stop" && number !== signal.SIGSTOP && this.isOrphaned(process.processGroup)
    );
  }

  isOrphaned(group: number): boolean {
    return isOrphaned(this.processes.all(), group);
  }

  private killProcess(process: Process): void {
    this.processes.exit(process, { kind: "signal", signal: signal.SIGKILL, crash: undefined });
  }

  /** Stops a process: each thread where it would go on in user mode. The given one is there. */
  private stop(thread: Thread, number: number): void {
    const { process } = thread;
    process.stoppedBy = number;
    process.unreported = "stopped";
    for (const other of process.threads) other.signals.attention = true;
    thread.state = "stopped";
    this.tellParent(process);
  }

  private goOn(process: Process): void {
    process.stoppedBy = 0;
    process.unreported = "continued";
    for (const thread of process.threads) if (thread.state === "stopped") this.processes.makeReady(thread);
    this.tellParent(process);
  }

  /** Of a stop and of its end. */
  private tellParent(process: Process): void {
    const { parent } = process;
    if (!parent) return;
    const { handler, flags } = parent.get(signalActions)[signal.SIGCHLD];
    if (handler !== SIG_IGN && !(flags & SA_NOCLDSTOP)) this.toProcess(parent, childInfo(process));
    parent.childEvents.wake();
  }

  /** A process has ended: its parent is told, or has said that it does not want to know. */
  ended(process: Process): void {
    this.leaveGroups(process);
    const { parent, exitSignal } = process;
    if (!parent) return;
    const { handler, flags } = parent.get(signalActions)[signal.SIGCHLD];
    const isUnwanted = exitSignal === signal.SIGCHLD && (handler === SIG_IGN || (flags & SA_NOCLDWAIT) !== 0);
    if (exitSignal !== 0) this.toProcess(parent, { ...childInfo(process), signal: exitSignal });
    if (isUnwanted) this.processes.reap(process);
    parent.childEvents.wake();
  }

  /** Groups that have no controller any more and are stopped would be so for ever (POSIX, `_exit`). */
  private leaveGroups(process: Process): void {
    // Only a process outside of a group looks after it: its own lives on as it was when the parent is of it, too.
    const { parent, processGroup, session } = process;
    const groups = new Set<number>();
    if (parent?.session === session && parent.processGroup !== processGroup) groups.add(processGroup);
    for (const child of process.children) {
      if (child.session === session && child.processGroup !== processGroup) groups.add(child.processGroup);
      if (child.parentDeathSignal !== 0) this.toProcess(child, fromKernel(child.parentDeathSignal));
    }
    for (const group of groups) {
      const members = [...this.processes.all()].filter(
        (one) => one.processGroup === group && !one.exitStatus,
      );
      if (!members.some((one) => one.stoppedBy !== 0) || !isOrphaned(members, group, process)) continue;
      for (const number of [signal.SIGHUP, signal.SIGCONT]) this.toGroup(group, fromKernel(number));
    }
  }

  /** Back to the `ecall`, with a0 as it was. */
  private rewind(thread: Thread): void {
    this.hart.pc -= ECALL_SIZE;
    this.hart.setX(A0, (BigInt(thread.callHigh) << 32n) | BigInt(thread.callLow >>> 0));
  }

  private describeCrash(thread: Thread, info: SignalInfo, access: Crash["access"]): Crash {
    const address = info.address === undefined ? undefined : Number(info.address);
    return {
      signal: info.signal,
      code: info.code,
      address,
      access,
      area: address === undefined ? undefined : thread.process.memory.describe(address),
      pc: this.hart.pc,
      registers: Array.from({ length: 32 }, (_, i) => this.hart.x(i)),
    };
  }
}

/** No member of the group has a parent of its session outside of the group who lives on after `leaving`. */
function isOrphaned(processes: Iterable<Process>, group: number, leaving?: Process): boolean {
  for (const { processGroup, parent, session, exitStatus } of processes) {
    if (processGroup !== group || exitStatus || !parent || parent === leaving || parent.exitStatus) continue;
    if (parent.session === session && parent.processGroup !== group) return false;
  }
  return true;
}

const isIgnoredByDefault = (number: number): boolean => {
  const action = defaultAction(number);
  return action === "ignore" || action === "continue";
};
