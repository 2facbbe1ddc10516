import type { HostedMachine } from "../machine/hosted.ts";
import { guest } from "../machine/hosted-fixture.ts";
import type { HostedOptions } from "../machine/hosted-options.ts";
import type { Kernel } from "./kernel.ts";
import type { Process } from "./rkprocess/process.ts";
import { processTable } from "./rkprocess/process-table.ts";
import type { Thread } from "./rkprocess/thread.ts";
import { scheduler } from "./rksched/scheduler.ts";
import { dispatcher } from "./rksyscall/dispatcher.ts";
import { timers } from "./rktime/time.ts";
import { UserFault, type UserMemory } from "./rkvm/user-memory.ts";
import { Prot } from "./rkvm/vma.ts";
import { errno } from "./syscalls/errno.ts";
import { WAITING } from "./syscalls/result.ts";
import { Tree } from "./vfs/tree-fixture.ts";
import { vfs } from "./vfs/vfs.ts";

/** Memory of the first process for tests to use, zero at first, and how much of it; nothing is mapped behind it. */
export const DATA = 0x1000_0000;
export const DATA_SIZE = 0x2_0000;
/** The last part of it is for strings among the arguments of calls. */
const STRINGS = DATA + DATA_SIZE - 0x4000;

const NANOSECONDS_PER_TICK = 100;
const SIGCHLD = 17;

/** A system call under way. */
interface Started {
  /** Undefined while the thread waits in it. */
  result: number | undefined;
}

/** A whole kernel, on a machine in virtual time, whose threads make calls where a test says so instead of running code. */
export class TestKernel {
  readonly machine: HostedMachine;
  readonly output: () => string;
  /** Its standard input gets this; `undefined` ends it. */
  readonly type: (text: string | undefined) => void;
  /** The thread of the first process. */
  readonly first: Caller;
  private readonly waiting = new Map<Thread, Started>();

  constructor({
    machine,
    output,
    type,
  }: Pick<Awaited<ReturnType<typeof guest>>, "machine" | "output" | "type">) {
    this.machine = machine;
    this.output = output;
    this.type = type;
    this.settle();
    this.first = this.caller(1);
    machine.process.memory.map(DATA, DATA_SIZE, { prot: Prot.read | Prot.write });
  }

  get kernel(): Kernel {
    return this.machine.kernel;
  }

  get tree(): Tree {
    return new Tree(this.kernel.use(vfs));
  }

  caller(tid: number): Caller {
    const thread = this.kernel.use(processTable).findThread(tid);
    if (!thread) throw new Error(`no thread ${tid}`);
    return new Caller(this, thread);
  }

  /** Lets threads that were woken go on with their calls, until all have ended or wait again. */
  settle(): void {
    const ready = this.kernel.use(scheduler);
    for (let thread = ready.pick(); thread; thread = ready.pick()) {
      const { wait } = thread;
      const result = wait ? errnoOf(() => wait.resume()) : undefined;
      thread.state = result === WAITING ? "blocked" : "running";
      const started = this.waiting.get(thread);
      if (!started || result === WAITING || !wait) continue;
      started.result = result;
      this.waiting.delete(thread);
    }
  }

  /** Nanoseconds go by, in which nothing happens but what waits for the time. */
  pass(nanoseconds: number): void {
    this.machine.board.virtual?.skip(BigInt(Math.ceil(nanoseconds / NANOSECONDS_PER_TICK)));
    this.kernel.use(timers).runDue();
    this.settle();
  }

  /** Makes a call in the name of `thread`. */
  start(thread: Thread, name: string, args: readonly (number | bigint)[]): Started {
    const row = this.kernel.libraries
      .flatMap(({ syscalls = [] }) => syscalls)
      .find((one) => one.name === name);
    if (!row) throw new Error(`no system call ${name}`);
    const { hart } = this.kernel;
    for (let i = 0; i < 6; i++) hart.setX(10 + i, BigInt(args[i] ?? 0));
    const [a0, a1, a2, a3, a4, a5] = [10, 11, 12, 13, 14, 15].map((register) => hart.xn(register));
    this.kernel.use(dispatcher).current = thread;
    const result = errnoOf(() => row.run(thread, a0, a1, a2, a3, a4, a5) as number);
    const started: Started = { result: result === WAITING ? undefined : result };
    if (result === WAITING) {
      thread.state = "blocked";
      this.waiting.set(thread, started);
    }
    this.settle();
    return started;
  }
}

function errnoOf(run: () => number): number {
  try {
    return run();
  } catch (error) {
    if (error instanceof UserFault) return -errno.EFAULT;
    throw error;
  }
}

/** A thread, and the calls that it makes. */
export class Caller {
  readonly thread: Thread;
  private readonly kernel: TestKernel;

  constructor(kernel: TestKernel, thread: Thread) {
    this.kernel = kernel;
    this.thread = thread;
  }

  get process(): Process {
    return this.thread.process;
  }

  get memory(): UserMemory {
    return this.thread.memory;
  }

  /** A call that does not wait. Strings among the arguments are put into memory. */
  call(name: string, ...args: (number | bigint | string)[]): number {
    const { result } = this.start(name, ...args);
    if (result === undefined) throw new Error(`${name} waits`);
    return result;
  }

  /** A call that may wait. */
  start(name: string, ...args: (number | bigint | string)[]): Started {
    let at = STRINGS;
    const numbers = args.map((value) => {
      if (typeof value !== "string") return value;
      const bytes = Buffer.from(`${value}\0`);
      const place = at;
      this.memory.write(place, bytes);
      at += bytes.length;
      return place;
    });
    return this.kernel.start(this.thread, name, numbers);
  }

  /** A child process with a copy of the memory. */
  fork(): Caller {
    return this.kernel.caller(this.call("clone", SIGCHLD));
  }

  text(address: number, length: number): string {
    return Buffer.from(this.memory.read(address, length)).toString("latin1");
  }

  put(address: number, ...words: (number | bigint)[]): number {
    this.memory.write(address, new Uint8Array(BigInt64Array.from(words.map(BigInt)).buffer));
    return address;
  }
}

/** The usual kernel, or one of what `options` say. */
export async function testKernel(options: Partial<HostedOptions> = {}): Promise<TestKernel> {
  return new TestKernel(await guest("_start: j _start", { strace: undefined, ...options }));
}
