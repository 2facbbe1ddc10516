import { Kernel } from "../kernel/kernel.ts";
import type { Library } from "../kernel/library.ts";
import { rkplat } from "../kernel/rkplat/platform.ts";
import type { AreaDescription, ExitStatus } from "../kernel/rkprocess/exit.ts";
import type { Process } from "../kernel/rkprocess/process.ts";
import { processTable } from "../kernel/rkprocess/process-table.ts";
import { startRegisters } from "../kernel/rkprocess/registers.ts";
import { scheduler } from "../kernel/rksched/scheduler.ts";
import { signalTrampoline } from "../kernel/rksignal/trampoline.ts";
import { type Dispatcher, dispatcher } from "../kernel/rksyscall/dispatcher.ts";
import { time, timers } from "../kernel/rktime/time.ts";
import { memoryManager } from "../kernel/rkvm/memory-manager.ts";
import { StraceWriter } from "../kernel/strace/writer.ts";
import { syscallName } from "../kernel/syscalls/table.ts";
import { parseElf } from "../loader/elf.ts";
import type { Layout } from "../loader/layout.ts";
import { type LoadedProgram, loadProgram } from "../loader/program.ts";
import { HostedBoard } from "./hosted-board.ts";
import type { HostedOptions } from "./hosted-options.ts";
import { LoadTarget } from "./load-target.ts";

/** Instructions between two looks at the host's events. */
const SLICE = 1_000_000;
/** Milliseconds between two turns of the host's event loop while the guest computes. */
const TURN = 20;
/** The longest single wait, in milliseconds; a guest that waits for nothing waits again and again. */
const LONGEST_WAIT = 2 ** 30;
const NANOSECONDS_PER_MILLISECOND = 1e6;

/** What a run has cost. */
export interface HostedStats {
  readonly instructions: number;
  readonly pageFaults: number;
  /** All traps: page faults, system calls, timer interrupts and exceptions. */
  readonly traps: number;
  /** Calls made, by name, only those that were. */
  readonly syscalls: Readonly<Record<string, number>>;
  /** Most pages of guest memory that the program had mapped at a time, in bytes. */
  readonly peakBytes: number;
  /** Host memory behind the guest's RAM, in bytes. */
  readonly residentBytes: number;
  /** Guest time since boot, and what of it no thread ran, in nanoseconds. */
  readonly elapsed: number;
  readonly idle: number;
}

/** A riscv64 Linux program on its own machine under the library OS. Made by `createHosted`. */
export class HostedMachine {
  readonly board: HostedBoard;
  readonly kernel: Kernel;
  readonly process: Process;
  readonly program: LoadedProgram;
  private readonly dispatcher: Dispatcher;
  private readonly options: HostedOptions;
  private lastTurn = 0;

  constructor(
    board: HostedBoard,
    kernel: Kernel,
    process: Process,
    program: LoadedProgram,
    options: HostedOptions,
  ) {
    this.board = board;
    this.kernel = kernel;
    this.process = process;
    this.program = program;
    this.options = options;
    this.dispatcher = kernel.use(dispatcher);
  }

  get layout(): Layout {
    return this.program.layout;
  }

  /** How the program ended, once it has. */
  get outcome(): ExitStatus | undefined {
    return this.kernel.use(processTable).outcome;
  }

  /** The program's memory areas, in order. */
  areas(): readonly AreaDescription[] {
    return this.process.memory.mappings();
  }

  /**
   * Runs until the program ends, or for at most `steps` steps: instructions retired and traps taken. Returns how
   * the program ended, `undefined` when the steps are spent.
   */
  async run(steps = Number.POSITIVE_INFINITY): Promise<ExitStatus | undefined> {
    const { hart, clint } = this.board;
    let left = steps;
    this.board.lines[0].pump();
    while (!this.outcome && left > 0) {
      if (this.dispatcher.failure) throw this.dispatcher.failure;
      if (!this.dispatcher.resume()) {
        this.board.flush();
        if (!this.outcome) await this.wait();
        continue;
      }
      clint.update();
      const before = hart.retired + this.dispatcher.traps;
      const slice = Math.min(left, this.slice());
      const result = hart.run(slice);
      left -= result === "limit" ? slice : Math.max(1, hart.retired + this.dispatcher.traps - before);
      this.board.flush();
      await this.turn();
    }
    this.board.flush();
    return this.outcome;
  }

  get stats(): HostedStats {
    const source = this.kernel.use(time);
    const { counts, pageFaults, traps } = this.dispatcher;
    const made = [...counts.entries()].filter(([, count]) => count > 0);
    made.sort(([, a], [, b]) => b - a);
    return {
      instructions: this.board.hart.retired,
      pageFaults,
      traps,
      syscalls: Object.fromEntries(made.map(([number, count]) => [syscallName(number), count])),
      peakBytes: this.process.memory.peakPages * 4096,
      residentBytes: this.board.ram.residentPages * 4096,
      elapsed: source.monotonic(),
      idle: source.monotonic() - source.busy(),
    };
  }

  /** Instructions until the timer is to be looked at. */
  private slice(): number {
    const ticks = this.board.clint.ticksToTimer;
    if (ticks === undefined) return SLICE;
    if (this.board.virtual) return Math.max(1, Math.min(SLICE, this.board.virtual.instructionsFor(ticks)));
    return ticks > PATIENT_TICKS ? SLICE : SHORT_SLICE;
  }

  /** Lets the host's events in now and then. */
  private async turn(): Promise<void> {
    const now = this.options.milliseconds();
    if (now - this.lastTurn < TURN) return;
    await this.options.nextTurn();
    this.lastTurn = this.options.milliseconds();
  }

  /** No thread can run: waits for the host, or for the timer. */
  private async wait(): Promise<void> {
    const { clint, virtual } = this.board;
    // What a call has just finished, or the host has already brought, needs no time.
    if (await this.settled(0)) return;
    const ticks = clint.ticksToTimer;
    if (virtual) {
      if (ticks === undefined) await this.settled(LONGEST_WAIT);
      else virtual.skip(ticks);
    } else {
      const before = this.options.milliseconds();
      const limit = ticks === undefined ? LONGEST_WAIT : Math.ceil(Number(ticks) / TICKS_PER_MILLISECOND);
      await this.settled(Math.min(limit, LONGEST_WAIT));
      const waited = this.options.milliseconds() - before;
      this.kernel.use(timers).addIdle(waited * NANOSECONDS_PER_MILLISECOND);
    }
    if (clint.ticksToTimer === 0n) this.kernel.use(timers).runDue();
  }

  /** Waits at most `milliseconds` for a thread that can run. 0: for the next turn of the event loop. */
  private async settled(milliseconds: number): Promise<boolean> {
    const isReady = () => this.kernel.use(scheduler).waiting > 0 || this.dispatcher.failure !== undefined;
    if (milliseconds === 0) await this.options.nextTurn();
    else if (!isReady())
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        this.dispatcher.onReady = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    return isReady();
  }
}

const TICKS_PER_MILLISECOND = 10_000;
/** A timer nearer than this (20 ms) is looked for in short slices, of some 50 microseconds. */
const PATIENT_TICKS = 200_000n;
const SHORT_SLICE = 10_000;

/**
 * Puts a machine together and loads a program into it, up to its first instruction. Rejects with `LoadError` for an
 * image that cannot be loaded and `LinkError` for libraries that do not fit together.
 */
export async function createHosted(options: HostedOptions): Promise<HostedMachine> {
  const { program, allowWx = false } = options;
  const image = await parseElf(program.bytes, program.path);
  const host = options.deterministic ? undefined : { milliseconds: options.milliseconds, now: options.now };
  const board = new HostedBoard(options.memory, options.console, host, options.entropy);
  const libraries: Library[] = [rkplat(board.platform), ...options.libraries];
  const kernel = new Kernel(board.hart, libraries);
  if (options.strace) kernel.tracer = new StraceWriter(options.strace);
  if (options.onUnsupported) kernel.onUnsupported = options.onUnsupported;

  const interpreter =
    image.interpreter === undefined ? undefined : options.readFile?.(kernel, image.interpreter);
  const process = kernel.use(processTable).create(kernel.use(memoryManager).createSpace());
  const { uid, euid, gid, egid } = process.credentials;
  const loaded = loadProgram(
    new LoadTarget(process.memory),
    image,
    interpreter && (await parseElf(interpreter, image.interpreter as string)),
    {
      argv: options.args,
      envp: options.env,
      path: program.path,
      ids: { uid, euid, gid, egid },
      seed: options.seed,
      aslr: options.aslr ?? true,
      allowWx,
      stackSize: options.stackSize,
    },
  );
  process.memory.setLayout(loaded.layout.heap, loaded.layout.mmap);
  process.name = (program.path.split("/").pop() as string).slice(0, 15);
  process.executable = program.path;
  process.arguments = options.args;
  process.get(signalTrampoline).address = loaded.sigreturn;
  options.prepare?.(process);
  const thread = kernel.use(processTable).createThread(process);
  startRegisters(thread.context, loaded.entry, loaded.stackPointer);
  kernel.use(scheduler).ready(thread);
  return new HostedMachine(board, kernel, process, loaded, options);
}
