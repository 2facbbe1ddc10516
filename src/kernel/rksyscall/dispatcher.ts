import type { Hart } from "../../cpu/hart.ts";
import { Cause } from "../../cpu/layout.ts";
import type { Supervisor } from "../../cpu/supervisor.ts";
import type { Kernel } from "../kernel.ts";
import { type Api, api } from "../library.ts";
import { type Platform, platform } from "../rkplat/platform.ts";
import { Limit, RLIM_INFINITY } from "../rkprocess/limits.ts";
import type { Process } from "../rkprocess/process.ts";
import { type ProcessTable, processTable } from "../rkprocess/process-table.ts";
import { loadRegisters, passEcall, saveRegisters, startRegisters } from "../rkprocess/registers.ts";
import { abortSequence } from "../rkprocess/restartable.ts";
import type { Thread } from "../rkprocess/thread.ts";
import type { Wait } from "../rkprocess/wait.ts";
import { type Scheduler, type Scheduling, scheduler } from "../rksched/scheduler.ts";
import { type Signals, signal, signals } from "../rksignal/signals.ts";
import { type Timers, time, timers } from "../rktime/time.ts";
import { type Access, OutOfMemory } from "../rkvm/resident-pages.ts";
import { UserFault } from "../rkvm/user-memory.ts";
import { errno, isRestart } from "../syscalls/errno.ts";
import { REGISTERS_SET, WAITING } from "../syscalls/result.ts";
import type { SyscallHandler } from "../syscalls/row.ts";
import { syscallName } from "../syscalls/table.ts";
import { faultSignal, trapSignal } from "./fault-signals.ts";
import { RunClock, RunTimers } from "./run-timers.ts";
import { SLOTS, slotOf } from "./slots.ts";
import { Turn } from "./turn.ts";

const A0 = 10;
const A7 = 17;
const SI_KERNEL = 0x80;
/** Traps between two looks at the timer. */
const LOOKS = 64;
/** Numbers beyond those that are named to the user: a guest has four billion to try. */
const STRANGE_NAMED = 16;

/**
 * The kernel as a hart's supervisor: takes its traps, makes system calls, and decides which thread's registers are
 * in the hart.
 */
export class Dispatcher implements Supervisor {
  /** Calls made, by the slots of their numbers. */
  readonly counts = new Uint32Array(SLOTS);
  pageFaults = 0;
  /** All traps: page faults, calls, interrupts and the rest. */
  traps = 0;
  /** Called when a thread that waited can run again, and when something went wrong inside the kernel. */
  onReady: () => void = () => {};
  /** What a system call that waited threw and should not have. */
  failure: unknown;
  /** The thread that runs, if any does. */
  current: Thread | undefined;
  private readonly kernel: Kernel;
  private readonly hart: Hart;
  private readonly platform: Platform;
  private readonly scheduler: Scheduler<Thread>;
  private readonly processes: ProcessTable;
  private readonly signals: Signals;
  private readonly timers: Timers;
  private readonly handlers: (SyscallHandler | undefined)[] = new Array(SLOTS).fill(undefined);
  private readonly strange = new Set<number>();
  /** The machine has to be told: it may have let the hart run beyond the next interrupt. */
  private timerChanged = false;
  /** Whose registers are in the hart, running or not. */
  private holder: Thread | undefined;
  private addressSpace: unknown;
  private readonly turn: Turn;
  private readonly runTimers: RunTimers;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.hart = kernel.hart;
    this.platform = kernel.use(platform);
    this.scheduler = kernel.use(scheduler);
    this.signals = kernel.use(signals);
    this.timers = kernel.use(timers);
    this.turn = new Turn(this.scheduler, kernel.use(time));
    this.processes = kernel.use(processTable);
    this.runTimers = new RunTimers(kernel.use(time), this.signals, () => this.countTime());
    this.processes.onReady = (thread) => this.madeReady(thread);
    // A thread's last moments count too, and so have to be known before it is gone.
    this.processes.onThreadExit.push(() => this.countTime());
    this.timers.onArm = () => {
      this.timerChanged = true;
    };
    for (const library of kernel.libraries)
      for (const row of library.syscalls ?? []) this.handlers[slotOf(row.number)] = row.run;
  }

  trap(hart: Hart, cause: number, tval: bigint, interrupt: boolean): boolean {
    const goOn = this.take(hart, cause, tval, interrupt);
    // A call takes as long as many instructions do: after some of them the timer may be due long before the machine looks.
    if (!this.timerChanged && (this.traps % LOOKS !== 0 || !this.timers.isDue)) return goOn;
    this.timerChanged = false;
    return false;
  }

  private take(hart: Hart, cause: number, tval: bigint, interrupt: boolean): boolean {
    const thread = this.current;
    this.traps++;
    if (!thread) return false;
    if (interrupt) {
      this.timers.runDue();
      return this.proceed(thread);
    }
    switch (cause) {
      case Cause.ecallU:
        return this.call(hart, thread);
      case Cause.loadPage:
        return this.pageFault(thread, tval, "read");
      case Cause.storePage:
        return this.pageFault(thread, tval, "write");
      case Cause.instructionPage:
        return this.pageFault(thread, tval, "execute");
      default:
        this.signals.fault(thread, trapSignal(cause, tval, hart.pc));
        return this.proceed(thread);
    }
  }

  /**
   * Makes sure that some thread's registers are in the hart and its signals are taken, for `Hart.run`. False: every
   * thread waits.
   */
  resume(): boolean {
    const { current } = this;
    if (current?.state !== "running") return this.switchToNext();
    return current.signals.attention || this.turn.isOver ? this.proceed(current) : true;
  }

  /** The running thread lets others run first, if there are any. */
  yield(): void {
    const { current } = this;
    if (!current || this.scheduler.waiting === 0) return;
    this.takeHart(current);
    this.scheduler.yielded(current);
  }

  /** A thread wants to be scheduled otherwise. */
  changeScheduling(thread: Thread, change: Partial<Scheduling>): void {
    if (thread === this.current) {
      this.turn.charge(thread);
      this.turn.isOver = true;
    }
    const isReady = thread.state === "ready";
    if (isReady) this.scheduler.remove(thread);
    Object.assign(thread.scheduling, change);
    if (isReady) this.processes.makeReady(thread);
  }

  /** The thread's program is another one now: its registers begin anew, in the address space that its process has now. */
  begin(thread: Thread, pc: number, sp: number): void {
    startRegisters(thread.context, pc, sp);
    if (this.holder !== thread) return;
    loadRegisters(this.hart, thread.context);
    if (this.current === thread) this.useMemoryOf(thread);
  }

  /** A system call. What follows is on the way of every call: nothing is allocated for one that does not wait. */
  private call(hart: Hart, thread: Thread): boolean {
    const { i32 } = hart.arena;
    const registers = hart.base >> 2;
    const number = i32[registers + A7 * 2 + 1] === 0 ? i32[registers + A7 * 2] : -1;
    thread.callLow = i32[registers + A0 * 2];
    thread.callHigh = i32[registers + A0 * 2 + 1];
    this.kernel.tracer?.enter(thread, number);
    passEcall(hart);
    const slot = slotOf(number);
    const handler = slot < 0 ? undefined : this.handlers[slot];
    if (!handler) return this.unsupported(thread, number);
    this.counts[slot]++;
    let result: number | Promise<number>;
    try {
      result = handler(thread, hart.xn(10), hart.xn(11), hart.xn(12), hart.xn(13), hart.xn(14), hart.xn(15));
    } catch (error) {
      result = errorResult(error);
    }
    if (typeof result !== "number") return this.wait(thread, number, result);
    if (result === WAITING) {
      thread.waitNumber = number;
      return this.block(thread);
    }
    if (thread.state !== "running") {
      this.kernel.tracer?.leave(thread, number, thread.state === "dead" ? undefined : result);
      if (thread.state !== "dead" && result !== REGISTERS_SET) hart.setXn(A0, result);
      return this.switchToNext();
    }
    return this.finish(thread, number, result);
  }

  /** Puts a call's result into the registers and lets the thread go on. */
  private finish(thread: Thread, number: number, result: number): boolean {
    thread.interrupt = undefined;
    this.kernel.tracer?.leave(thread, number, result);
    if (isRestart(result)) {
      this.signals.deliver(thread, -result);
      return this.proceed(thread);
    }
    if (result !== REGISTERS_SET) this.hart.setXn(A0, result);
    return thread.signals.attention || this.turn.isOver ? this.proceed(thread) : true;
  }

  private unsupported(thread: Thread, number: number): boolean {
    const slot = slotOf(number);
    if (slot >= 0) {
      if (this.counts[slot]++ === 0) this.kernel.onUnsupported(syscallName(number));
    } else if (!this.strange.has(number) && this.strange.size < STRANGE_NAMED) {
      this.strange.add(number);
      this.kernel.onUnsupported(syscallName(number));
    }
    return this.finish(thread, number, -errno.ENOSYS);
  }

  /** The thread waits for what its `wait` says. */
  private block(thread: Thread): boolean {
    thread.state = "blocked";
    thread.process.usage.voluntarySwitches++;
    return this.switchToNext();
  }

  /** The call's result comes from the host: the thread is blocked until it does. */
  private wait(thread: Thread, number: number, promise: Promise<number>): boolean {
    thread.state = "blocked";
    const done = (result: number) => {
      if (thread.state !== "blocked") return;
      thread.waitResult = result;
      thread.waitNumber = number;
      thread.interrupt = undefined;
      this.processes.makeReady(thread);
    };
    promise
      .then(done, (error) => done(errorResult(error)))
      .catch((error) => {
        this.failure = error;
        this.onReady();
      });
    // A signal that came while the call was being made ends the wait too.
    if (thread.signalPending) {
      const { interrupt } = thread;
      thread.interrupt = undefined;
      interrupt?.();
    }
    return this.switchToNext();
  }

  /** Takes due signals; goes on with the thread, or with another when it no longer runs or its time is over. */
  private proceed(thread: Thread): boolean {
    if (thread.state === "running" && thread.signals.attention) this.signals.deliver(thread, 0);
    if (thread.state !== "running") return this.switchToNext();
    if (!this.turn.isOver) return true;
    this.turn.isOver = false;
    if (this.scheduler.waiting === 0) return true;
    if (!abortSequence(this.hart, thread)) {
      this.signals.fault(thread, { signal: signal.SIGSEGV, code: SI_KERNEL });
      return this.proceed(thread);
    }
    thread.process.usage.involuntarySwitches++;
    this.takeHart(thread);
    this.scheduler.preempted(thread);
    return this.switchToNext();
  }

  private switchToNext(): boolean {
    if (this.current) this.turn.charge(this.current);
    else this.turn.skip();
    this.turn.isOver = false;
    for (;;) {
      const next = this.scheduler.pick();
      this.current = next;
      if (!next) {
        this.runTimers.rest();
        return false;
      }
      const result = next.wait ? resume(next.wait) : next.waitResult;
      if (result === WAITING) {
        next.state = "blocked";
        continue;
      }
      this.giveHart(next);
      next.state = "running";
      if (result !== undefined) {
        next.waitResult = undefined;
        this.kernel.tracer?.leave(next, next.waitNumber, result);
        if (isRestart(result)) this.signals.deliver(next, -result);
        else if (result !== REGISTERS_SET) this.hart.setXn(A0, result);
      }
      if (next.state === "running" && next.signals.attention) this.signals.deliver(next, 0);
      // Its registers are current now, but a signal may have ended or stopped it.
      if ((next.state as string) !== "running") continue;
      this.turn.start(next);
      this.runTimers.watch(next);
      return true;
    }
  }

  /** Brings the running thread's `runTime` up to date. */
  countTime(): void {
    if (this.current) this.turn.charge(this.current);
  }

  /** RLIMIT_CPU of a process has changed. */
  runLimitChanged(process: Process): void {
    process.hasRunLimit = process.limits[Limit.cpu].soft !== RLIM_INFINITY;
    this.watchRunTime(process);
  }

  /** The clock of the time that a process has run. */
  clockOfProcess(process: Process): RunClock {
    const ran = () => {
      this.countTime();
      return process.usageSoFar().runTime;
    };
    process.runClock ??= new RunClock(ran, () => this.watchRunTime(process));
    return process.runClock;
  }

  /** The same of a thread. */
  clockOfThread(thread: Thread): RunClock {
    const ran = () => {
      this.countTime();
      return thread.runTime;
    };
    thread.runClock ??= new RunClock(ran, () => this.watchRunTime(thread.process));
    return thread.runClock;
  }

  /** What comes due by a process's run time has changed. */
  private watchRunTime(process: Process): void {
    if (this.current?.process !== process) return;
    this.countTime();
    this.runTimers.watch(this.current);
  }

  /** The running thread could go on, but is in the scheduler's queue soon. */
  private takeHart(thread: Thread): void {
    this.turn.charge(thread);
    this.current = undefined;
    thread.state = "ready";
  }

  /** A thread that waited can run. */
  private madeReady(thread: Thread): void {
    this.onReady();
    const { current } = this;
    if (current?.state !== "running") return;
    this.turn.charge(current);
    if (this.scheduler.preempts(thread, current)) this.turn.isOver = true;
    else this.turn.arm();
  }

  private giveHart(thread: Thread): void {
    if (this.holder !== thread) {
      if (this.holder && this.holder.state !== "dead") saveRegisters(this.hart, this.holder.context);
      loadRegisters(this.hart, thread.context);
      this.holder = thread;
    }
    this.useMemoryOf(thread);
  }

  private useMemoryOf({ process: { memory } }: Thread): void {
    if (this.addressSpace === memory) return;
    this.addressSpace = memory;
    this.platform.useAddressSpace(memory.table.rootPage, memory.asid);
  }

  private pageFault(thread: Thread, tval: bigint, access: Access): boolean {
    this.pageFaults++;
    const address = Number(tval);
    const fault = thread.process.memory.fault(address, access);
    if (fault === undefined) return true;
    this.signals.fault(thread, faultSignal(fault, tval), access);
    return this.proceed(thread);
  }
}

/** Looks again whether a call that waits can be finished. */
function resume(wait: Wait): number {
  try {
    return wait.resume();
  } catch (error) {
    return errorResult(error);
  }
}

export const dispatcher: Api<Dispatcher> = api("rksyscall");

/** What a call returns that ended with an exception: these two, and no other. */
function errorResult(error: unknown): number {
  if (error instanceof UserFault) return -errno.EFAULT;
  if (error instanceof OutOfMemory) return -errno.ENOMEM;
  throw error;
}
