import type { Kernel } from "../kernel.ts";
import { PendingSignals } from "../rksignal/signal-set.ts";
import type { AddressSpace } from "../rkvm/address-space.ts";
import type { ExitStatus } from "./exit.ts";
import { initialLimits, type ResourceLimit } from "./limits.ts";
import type { ProcessState } from "./state.ts";
import type { Thread } from "./thread.ts";

/** User and group numbers of a process. */
export interface Credentials {
  uid: number;
  gid: number;
  euid: number;
  egid: number;
  suid: number;
  sgid: number;
  groups: number[];
}

/** A process: what its threads share. Everything else about it is the `ProcessState` of some library. */
export class Process {
  readonly pid: number;
  readonly parent: Process | undefined;
  readonly kernel: Kernel;
  readonly threads: Thread[] = [];
  memory: AddressSpace;
  processGroup: number;
  session: number;
  credentials: Credentials;
  /** By resource number (`RLIMIT_*`). */
  readonly limits: ResourceLimit[];
  /** First 15 bytes of the program's name. */
  name = "";
  /** The path given to `execve` and the argument vector: `/proc/self/exe`, `/proc/self/cmdline`. */
  executable = "";
  arguments: readonly string[] = [];
  /** Signals for any of its threads. */
  readonly pendingSignals = new PendingSignals();
  /** Set when it ends. */
  exitStatus: ExitStatus | undefined = undefined;
  private readonly states: unknown[] = [];

  constructor(pid: number, kernel: Kernel, memory: AddressSpace, parent?: Process) {
    this.pid = pid;
    this.kernel = kernel;
    this.memory = memory;
    this.parent = parent;
    this.processGroup = parent?.processGroup ?? pid;
    this.session = parent?.session ?? pid;
    const from = parent?.credentials;
    this.credentials = from
      ? { ...from, groups: [...from.groups] }
      : { uid: 0, gid: 0, euid: 0, egid: 0, suid: 0, sgid: 0, groups: [] };
    this.limits = parent ? parent.limits.map((limit) => ({ ...limit })) : initialLimits();
    for (const state of kernel.processStates)
      this.states[state.index] = parent ? state.fork(parent.get(state), this) : state.create(this);
  }

  get<T>(state: ProcessState<T>): T {
    return this.states[state.index] as T;
  }
}
