import type { Kernel } from "../kernel.ts";
import { type Api, api } from "../library.ts";
import type { Scheduler } from "../rksched/scheduler.ts";
import type { AddressSpace } from "../rkvm/address-space.ts";
import type { ExitStatus } from "./exit.ts";
import { Process } from "./process.ts";
import { Thread } from "./thread.ts";

/** Every process of a kernel, and how they begin and end. */
export class ProcessTable {
  private readonly kernel: Kernel;
  private readonly scheduler: Scheduler;
  private readonly processes = new Map<number, Process>();
  private nextId = 1;
  /** The first process: when it ends, the machine does. */
  private first: Process | undefined;

  constructor(kernel: Kernel, scheduler: Scheduler) {
    this.kernel = kernel;
    this.scheduler = scheduler;
  }

  /** A process with no threads yet. */
  create(memory: AddressSpace, parent?: Process): Process {
    const process = new Process(this.nextId++, this.kernel, memory, parent);
    this.processes.set(process.pid, process);
    this.first ??= process;
    return process;
  }

  /** A thread that is not yet in the scheduler's queue: its registers (`context`) are to be set first. */
  createThread(process: Process): Thread {
    const thread = new Thread(process.threads.length === 0 ? process.pid : this.nextId++, process);
    process.threads.push(thread);
    return thread;
  }

  find(pid: number): Process | undefined {
    return this.processes.get(pid);
  }

  findThread(tid: number): Thread | undefined {
    for (const process of this.processes.values())
      for (const thread of process.threads) if (thread.tid === tid) return thread;
    return undefined;
  }

  all(): Iterable<Process> {
    return this.processes.values();
  }

  /** How the first process ended, once it has. */
  get outcome(): ExitStatus | undefined {
    return this.first?.exitStatus;
  }

  /** Ends one thread; with the last one its process ends with `code`. */
  exitThread(thread: Thread, code: number): void {
    this.bury(thread);
    if (thread.process.threads.length === 0) this.exit(thread.process, { kind: "exit", code });
  }

  /** Ends a process. Does nothing to one that has ended. */
  exit(process: Process, status: ExitStatus): void {
    if (process.exitStatus) return;
    process.exitStatus = status;
    this.kernel.tracer?.ended(process, status);
    for (const thread of [...process.threads]) this.bury(thread);
    for (const state of this.kernel.processStates) state.exit?.(process.get(state), process);
    this.processes.delete(process.pid);
    // The machine ends with its first process and goes as a whole.
    if (process !== this.first) process.memory.destroy();
  }

  private bury(thread: Thread): void {
    thread.state = "dead";
    this.scheduler.remove(thread);
    thread.interrupt = undefined;
    const { threads } = thread.process;
    threads.splice(threads.indexOf(thread), 1);
  }
}

export const processTable: Api<ProcessTable> = api("rkprocess");
