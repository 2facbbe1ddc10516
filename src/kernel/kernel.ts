import type { Hart } from "../cpu/hart.ts";
import { kernelMessages } from "../messages/kernel.ts";
import { type Api, type Library, LinkError, startOrder } from "./library.ts";
import { DEFAULT_LIMITS, type KernelLimits } from "./limits.ts";
import type { OutOfMemoryReport } from "./posix-mmap/out-of-memory.ts";
import type { ProcessState } from "./rkprocess/state.ts";
import type { CallTracer } from "./rksyscall/tracer.ts";
import { Budget } from "./vfs/limits.ts";

/** A composed kernel: the started micro-libraries. */
export class Kernel {
  readonly hart: Hart;
  readonly limits: KernelLimits;
  /** Real-time signals that wait to be taken, and timers that send some. */
  readonly queuedSignals: Budget;
  /** In the order they were started. */
  readonly libraries: readonly Library[];
  /** Milliseconds that the start of each took. */
  readonly startTimes: readonly number[];
  /** What all libraries keep for each process. */
  readonly processStates: readonly ProcessState<unknown>[];
  /** Watches system calls and signals. */
  tracer: CallTracer | undefined;
  /** Called the first time that a system call is made which no library has. */
  onUnsupported: (name: string) => void = () => {};
  /** Called when a process was killed because memory was used up. */
  onOutOfMemory: (report: OutOfMemoryReport) => void = () => {};
  private readonly implementations: unknown[] = [];
  private starting: Library | undefined;

  constructor(hart: Hart, libraries: readonly Library[], limits: KernelLimits = DEFAULT_LIMITS) {
    this.hart = hart;
    this.limits = limits;
    this.queuedSignals = new Budget(limits.queuedSignals, "EAGAIN");
    this.libraries = startOrder(libraries);
    this.processStates = this.libraries.flatMap((library) => library.processState ?? []);
    this.startTimes = this.libraries.map((library) => this.start(library));
    this.starting = undefined;
  }

  private start(library: Library): number {
    const before = performance.now();
    this.starting = library;
    library.start?.(this);
    for (const provided of library.provides)
      if (this.implementations[provided.index] === undefined)
        throw new LinkError(kernelMessages.notProvided(library.name, provided.name));
    return performance.now() - before;
  }

  /** What stands behind an API. Only for what the caller's library lists in its needs (or provides). */
  use<T>(api: Api<T>): T {
    return this.implementations[api.index] as T;
  }

  /** Hands over what the library being started provides. */
  provide<T>(api: Api<T>, implementation: T): void {
    if (!this.starting?.provides.includes(api))
      throw new LinkError(kernelMessages.notDeclared(this.starting?.name ?? "", api.name));
    this.implementations[api.index] = implementation;
  }
}
