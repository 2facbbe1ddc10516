import type { Kernel } from "../kernel.ts";
import { type Api, api } from "../library.ts";
import { type Scheduler, scheduler } from "../rksched/scheduler.ts";
import type { AddressSpace } from "../rkvm/address-space.ts";
import { Capability } from "./capabilities.ts";
import { CLONE } from "./clone-flags.ts";
import type { ExitStatus } from "./exit.ts";
import { Limit } from "./limits.ts";
import { Process } from "./process.ts";
import { Thread } from "./thread.ts";

/** Numbers of processes and threads are below it (`kernel.pid_max`). */
const PID_MAX = 4_194_304;
/** After the last number come those from here on again, as under Linux. */
const RESERVED_PIDS = 300;

/** Every process of a kernel, and how they begin and end. */
export class ProcessTable {
  /** Most threads that there may be, of all processes. */
  readonly mostThreads: number;
  /** Called for a thread that ends while its process's memory is still there. */
  readonly onThreadExit: ((thread: Thread) => void)[] = [];
  /** Called when a process has ended; its parent is still the one that it had. */
  readonly onExit: ((process: Process) => void)[] = [];
  /** Called when a thread that waited can run again. */
  onReady: (thread: Thread) => void = () => {};
  private readonly kernel: Kernel;
  private readonly scheduler: Scheduler<Thread>;
  private readonly processes = new Map<number, Process>();
  private readonly threads = new Map<number, Thread>();
  private nextId = 1;
  private startedAgain = false;
  /** The first process: when it ends, the machine does. */
  private first: Process | undefined;

  constructor(kernel: Kernel, mostThreads = kernel.limits.threads) {
    this.kernel = kernel;
    this.scheduler = kernel.use(scheduler);
    this.mostThreads = mostThreads;
  }

  /** A process with no threads yet. `flags`: what it shares with `parent` (`CLONE`). */
  create(memory: AddressSpace, parent?: Process, flags = 0): Process {
    const process = new Process(this.newId(), this.kernel, memory, parent, flags);
    this.processes.set(process.pid, process);
    this.first ??= process;
    return process;
  }

  /** A thread that is not yet in the scheduler's queue: its registers (`context`) are to be set first. */
  createThread(process: Process, maker?: Thread): Thread {
    const isFirst = process.threads.length === 0;
    const thread = new Thread(isFirst ? process.pid : this.newId(), process, this.makeReady, maker);
    process.threads.push(thread);
    this.threads.set(thread.tid, thread);
    return thread;
  }

  /** Whether `process` may have one more thread, or child, that shares with it as `flags` (`CLONE`) say: its limit and the kernel's. */
  hasRoom(process: Process, flags: number): boolean {
    if (this.threads.size >= this.mostThreads) return false;
    if (!(flags & CLONE.THREAD)) {
      const { limits, processStates } = this.kernel;
      if (this.processes.size >= limits.processes) return false;
      for (const state of processStates)
        if (state.mayFork?.(process.get(state), flags) === false) return false;
      if (!(flags & CLONE.VM) && !process.memory.mayFork) return false;
    }
    const { credentials, limits } = process;
    if (credentials.uid === 0 || credentials.has(Capability.raiseLimits)) return true;
    if (credentials.has(Capability.administrate)) return true;
    return this.threadsOf(credentials.uid) < limits[Limit.processes].soft;
  }

  find(pid: number): Process | undefined {
    return this.processes.get(pid);
  }

  findThread(tid: number): Thread | undefined {
    return this.threads.get(tid);
  }

  /** All that were not waited for yet, ended ones included. */
  all(): Iterable<Process> {
    return this.processes.values();
  }

  /** How many threads there are. */
  get threadCount(): number {
    return this.threads.size;
  }

  /** How the first process ended, once it has. */
  get outcome(): ExitStatus | undefined {
    return this.first?.exitStatus;
  }

  /** Puts a thread into the scheduler's queue. */
  readonly makeReady = (thread: Thread): void => {
    thread.state = "ready";
    this.scheduler.ready(thread);
    this.onReady(thread);
  };

  /** Ends one thread; with the last one its process ends. */
  exitThread(thread: Thread, code: number): void {
    const { process } = thread;
    if (thread.tid === process.pid) process.firstThreadCode = code;
    this.bury(thread);
    if (process.threads.length === 0)
      this.exit(process, { kind: "exit", code: process.firstThreadCode ?? code });
  }

  /** Ends all threads of a process but one, which takes the first one's number (`execve`). */
  exitOthers(thread: Thread): void {
    const { process } = thread;
    for (const other of [...process.threads]) if (other !== thread) this.bury(other);
    if (thread.tid === process.pid) return;
    this.threads.delete(thread.tid);
    thread.tid = process.pid;
    this.threads.set(thread.tid, thread);
  }

  /** Ends a process. Does nothing to one that has ended. With the first process all end. */
  exit(process: Process, status: ExitStatus): void {
    if (process.exitStatus) return;
    process.exitStatus = status;
    this.kernel.tracer?.ended(process, status);
    for (const thread of [...process.threads]) this.bury(thread);
    process.pendingSignals.clear();
    for (const state of this.kernel.processStates) state.exit?.(process.get(state), process);
    if (process === this.first) {
      for (const other of [...this.processes.values()]) this.exit(other, KILLED);
      // The machine goes as a whole.
      return;
    }
    process.leaveMemory();
    process.ended.wake();
    for (const hook of this.onExit) hook(process);
    this.leaveChildren(process);
  }

  /** Forgets an ended process; what it used counts for its parent. */
  reap(process: Process): void {
    const { parent } = process;
    process.isReaped = true;
    this.processes.delete(process.pid);
    if (!parent) return;
    parent.children.delete(process);
    parent.childUsage.add(process.usage);
    parent.childUsage.add(process.childUsage);
  }

  /** Orphans go to the nearest ancestor that collects them, at last to the first process. */
  private leaveChildren(process: Process): void {
    let adopter = process.parent;
    while (adopter && (adopter.exitStatus || !adopter.isSubreaper)) adopter = adopter.parent;
    adopter ??= this.first as Process;
    for (const child of process.children) {
      child.parent = adopter;
      child.exitSignal = SIGCHLD;
      adopter.children.add(child);
    }
    process.children.clear();
    adopter.childEvents.wake();
  }

  private bury(thread: Thread): void {
    for (const hook of this.onThreadExit) hook(thread);
    thread.wait?.abandon();
    thread.signals.pending.clear();
    thread.state = "dead";
    this.scheduler.remove(thread);
    thread.interrupt = undefined;
    this.threads.delete(thread.tid);
    const { threads, usage } = thread.process;
    threads.splice(threads.indexOf(thread), 1);
    usage.runTime += thread.runTime;
  }

  private threadsOf(uid: number): number {
    let count = 0;
    for (const { process } of this.threads.values()) if (process.credentials.uid === uid) count++;
    return count;
  }

  /** A number that no process, thread, group or session has. */
  private newId(): number {
    for (;;) {
      const id = this.nextId++;
      if (this.nextId === PID_MAX) {
        this.nextId = RESERVED_PIDS;
        this.startedAgain = true;
      }
      // A number that was never given out is nobody's.
      if (!this.startedAgain || !this.isTaken(id)) return id;
    }
  }

  private isTaken(id: number): boolean {
    if (this.processes.has(id) || this.threads.has(id)) return true;
    for (const { processGroup, session } of this.processes.values())
      if (processGroup === id || session === id) return true;
    return false;
  }
}

/** What tells of children that were not one's own, whatever their maker wanted to hear. */
const SIGCHLD = 17;
const KILLED: ExitStatus = { kind: "signal", signal: 9, crash: undefined };

export const processTable: Api<ProcessTable> = api("rkprocess");
