import type { Kernel } from "../kernel.ts";
import { WaitQueue } from "../rksched/wait-queue.ts";
import { PendingSignals } from "../rksignal/signal-set.ts";
import type { RunClock } from "../rksyscall/run-timers.ts";
import { time } from "../rktime/time.ts";
import type { AddressSpace } from "../rkvm/address-space.ts";
import { isSubset } from "./capabilities.ts";
import { type Credentials, ROOT } from "./credentials.ts";
import type { ExitStatus } from "./exit.ts";
import { initialLimits, type ResourceLimit } from "./limits.ts";
import type { ProcessState } from "./state.ts";
import type { Thread } from "./thread.ts";
import { ResourceUsage } from "./usage.ts";

/** Settings of `prctl` that are kept for those who ask. */
export interface ProcessControl {
  /** Others of the same user may look into it. */
  dumpable: boolean;
  noNewPrivileges: boolean;
  /** Nanoseconds. */
  timerSlack: number;
  /** Asks for pages of the usual size; there are no others. */
  hugePagesDisabled: boolean;
}

const SIGCHLD = 17;

const INITIAL_CONTROL: ProcessControl = {
  dumpable: true,
  noNewPrivileges: false,
  timerSlack: 50_000,
  hugePagesDisabled: false,
};

/** A process: what its threads share. Everything else about it is the `ProcessState` of some library. */
export class Process {
  readonly pid: number;
  /** Changes when the parent ends. */
  parent: Process | undefined;
  readonly children = new Set<Process>();
  readonly kernel: Kernel;
  readonly threads: Thread[] = [];
  memory: AddressSpace;
  processGroup: number;
  session: number;
  /** Changed by `become`. */
  credentials: Credentials;
  /** By resource number (`RLIMIT_*`). */
  readonly limits: ResourceLimit[];
  /** RLIMIT_CPU is one. */
  hasRunLimit = false;
  /** Once somebody has asked for it: `clockOfProcess` of the dispatcher. */
  runClock: RunClock | undefined = undefined;
  /** First 15 bytes of the program's name. */
  name: string;
  /** The path given to `execve`, the argument vector and the environment: `/proc/self/exe`, `cmdline`, `environ`. */
  executable: string;
  arguments: readonly string[];
  environment: readonly string[];
  /** Signals for any of its threads. */
  readonly pendingSignals: PendingSignals;
  /** Woken when a signal for it, or for one of its threads, becomes pending. */
  readonly signalArrivals = new WaitQueue();
  /** The signal that tells the parent of the end; 0: none. */
  exitSignal = 0;
  /** Set when it ends. */
  exitStatus: ExitStatus | undefined = undefined;
  /** What `exit` of its first thread said, while others go on. */
  firstThreadCode: number | undefined = undefined;
  /** The signal that it gets when its parent ends (PR_SET_PDEATHSIG); 0: none. */
  parentDeathSignal = 0;
  /** The signal that has stopped it; 0: it is not stopped. */
  stoppedBy = 0;
  /** What its parent has not been told yet. */
  unreported: "stopped" | "continued" | undefined = undefined;
  /** Woken when a child has ended, stopped or goes on. */
  readonly childEvents = new WaitQueue();
  /** Woken when it has ended, or (for who waits in `vfork`) runs another program. */
  readonly ended = new WaitQueue();
  /** It was waited for: nobody will hear of it any more. */
  isReaped = false;
  /** What `prctl` sets and tells. */
  readonly control: ProcessControl;
  /** It has run `execve` since it was made. */
  hasExecuted = false;
  /** Orphans among its descendants become its children (PR_SET_CHILD_SUBREAPER). */
  isSubreaper = false;
  /** Nanoseconds since boot. */
  readonly startTime: number;
  /** Of threads that have ended and address spaces that are gone. `usageSoFar` has all. */
  readonly usage = new ResourceUsage();
  /** Of children that were waited for, and theirs. */
  readonly childUsage = new ResourceUsage();
  private readonly states: unknown[] = [];

  /** `flags`: `CLONE` bits, what is shared with `parent`. */
  constructor(pid: number, kernel: Kernel, memory: AddressSpace, parent?: Process, flags = 0) {
    this.pid = pid;
    this.kernel = kernel;
    this.memory = memory;
    this.pendingSignals = new PendingSignals(kernel.queuedSignals);
    this.startTime = kernel.use(time).monotonic();
    this.parent = parent;
    parent?.children.add(this);
    this.name = parent?.name ?? "";
    this.executable = parent?.executable ?? "";
    this.arguments = parent?.arguments ?? [];
    this.environment = parent?.environment ?? [];
    this.processGroup = parent?.processGroup ?? pid;
    this.session = parent?.session ?? pid;
    this.credentials = parent?.credentials ?? ROOT;
    this.control = { ...(parent?.control ?? INITIAL_CONTROL) };
    this.limits = parent ? parent.limits.map((limit) => ({ ...limit })) : initialLimits();
    this.hasRunLimit = parent?.hasRunLimit ?? false;
    memory.limits ??= this.limits;
    for (const state of kernel.processStates)
      this.states[state.index] = parent ? state.fork(parent.get(state), this, flags) : state.create(this);
  }

  get<T>(state: ProcessState<T>): T {
    return this.states[state.index] as T;
  }

  /** What it shares with others it has for itself from now on: `flags` of CLONE. */
  unshareStates(flags: number): void {
    for (const state of this.kernel.processStates)
      if (state.unshare) this.states[state.index] = state.unshare(this.get(state), this, flags);
  }

  /** Another program begins: what its libraries keep begins anew where `execve` says so. */
  resetStates(): void {
    // Whatever its maker wanted to hear, it is a child like others now.
    this.exitSignal = SIGCHLD;
    for (const state of this.kernel.processStates)
      if (state.exec) this.states[state.index] = state.exec(this.get(state), this);
  }

  /**
   * Takes other credentials. With another effective id, or more capabilities, it is not to be looked into any more, and
   * its parent's end is not its business (PR_SET_DUMPABLE, PR_SET_PDEATHSIG).
   */
  become(next: Credentials): void {
    const old = this.credentials;
    this.credentials = next;
    const isSame = (["euid", "egid", "fsuid", "fsgid"] as const).every((id) => old[id] === next[id]);
    if (isSame && isSubset(next.permitted, old.permitted)) return;
    this.control.dumpable = false;
    this.parentDeathSignal = 0;
  }

  /** What it has used so far. */
  usageSoFar(): ResourceUsage {
    const sum = new ResourceUsage();
    sum.add(this.usage);
    for (const thread of this.threads) sum.runTime += thread.runTime;
    sum.faults += this.memory.faults;
    sum.peakPages = Math.max(sum.peakPages, this.memory.resident.peak);
    return sum;
  }

  /** Takes another address space in place of its own, which goes when nobody else has it. */
  replaceMemory(memory: AddressSpace): void {
    this.leaveMemory();
    this.memory = memory;
    memory.limits = this.limits;
  }

  /** Its address space is gone for it. */
  leaveMemory(): void {
    this.usage.faults += this.memory.faults;
    this.usage.peakPages = Math.max(this.usage.peakPages, this.memory.resident.peak);
    this.memory.release();
  }
}
