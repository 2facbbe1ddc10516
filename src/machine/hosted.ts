import { TIMEBASE } from "../devices/clint.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { AreaDescription, ExitStatus } from "../kernel/rkprocess/exit.ts";
import type { Process } from "../kernel/rkprocess/process.ts";
import { processTable } from "../kernel/rkprocess/process-table.ts";
import { scheduler } from "../kernel/rksched/scheduler.ts";
import { type Dispatcher, dispatcher } from "../kernel/rksyscall/dispatcher.ts";
import { timers } from "../kernel/rktime/time.ts";
import { VfsError } from "../kernel/vfs/error.ts";
import { vfs } from "../kernel/vfs/vfs.ts";
import type { Layout } from "../loader/layout.ts";
import type { LoadedProgram } from "../loader/program.ts";
import { RefusedError } from "../messages/errors.ts";
import { kernelMessages } from "../messages/kernel.ts";
import type { HostedEmitter } from "./events.ts";
import type { HostedBoard } from "./hosted-board.ts";
import type { HostServices } from "./hosted-options.ts";
import { collectStats, type HostedStats } from "./hosted-stats.ts";
import { Pace } from "./pace.ts";

/** Instructions between two looks at the host's events. */
const SLICE = 1_000_000;
/** Milliseconds between two turns of the host's event loop while the guest computes. */
const TURN = 20;
/** The longest single wait, in milliseconds; a guest that waits for nothing waits again and again. */
const LONGEST_WAIT = 2 ** 30;
const NANOSECONDS_PER_MILLISECOND = 1e6;

/** A riscv64 Linux program on its own machine under the library OS. Made by `createHosted`. */
export class HostedMachine {
  readonly board: HostedBoard;
  readonly kernel: Kernel;
  readonly process: Process;
  readonly program: LoadedProgram;
  readonly events: HostedEmitter;
  private readonly dispatcher: Dispatcher;
  private readonly host: HostServices;
  private readonly pace = new Pace();
  private lastTurn = 0;
  private ended = false;

  constructor(
    board: HostedBoard,
    kernel: Kernel,
    process: Process,
    program: LoadedProgram,
    host: HostServices,
  ) {
    this.board = board;
    this.kernel = kernel;
    this.process = process;
    this.program = program;
    this.host = host;
    this.events = host.emitter();
    this.dispatcher = kernel.use(dispatcher);
    kernel.onUnsupported = (name) => this.events.emit("unsupported", name);
    kernel.onOutOfMemory = (report) => this.events.emit("outOfMemory", report);
  }

  /**
   * Brings what is left to the disks and lets go of them, and of who translates. The machine is not used any more. Rejects with `RefusedError`
   * where a disk could not be written.
   */
  async close(): Promise<void> {
    this.board.hart.engine.jit?.close();
    const disks = this.board.disks.splice(0);
    if (disks.length === 0) return;
    try {
      this.kernel.use(vfs).unmount();
    } catch (error) {
      if (!(error instanceof VfsError)) throw error;
      throw new RefusedError(kernelMessages.notWritten());
    } finally {
      for (const disk of disks) await disk.close();
    }
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
    this.board.hostTurns.count++;
    const [line] = this.board.lines;
    // A terminal's keys are wanted even while nobody reads: Ctrl-C is one.
    if (line.inputTerminal) line.pump();
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
      const began = this.host.milliseconds();
      // Where only the time says when to stop, there is no need to step up to the last instruction.
      const isExact = this.board.virtual !== undefined || steps !== Number.POSITIVE_INFINITY;
      const result = isExact ? hart.run(slice) : hart.runAbout(slice);
      const done = hart.retired + this.dispatcher.traps - before;
      if (result === "limit") this.pace.measured(done, this.host.milliseconds() - began);
      left -= result === "limit" ? slice : Math.max(1, done);
      this.board.flush();
      await this.turn();
    }
    this.board.flush();
    if (this.outcome && !this.ended) {
      this.ended = true;
      this.events.emit("exit", this.outcome);
    }
    return this.outcome;
  }

  get stats(): HostedStats {
    return collectStats(this);
  }

  /** Instructions until the timer is to be looked at: exactly those until it is due where time is virtual. */
  private slice(): number {
    const ticks = this.board.clint.ticksToTimer;
    if (ticks === undefined) return SLICE;
    if (this.board.virtual) return Math.max(1, Math.min(SLICE, this.board.virtual.instructionsFor(ticks)));
    return ticks > PATIENT_TICKS ? SLICE : this.pace.stepsFor(Number(ticks) / TICKS_PER_MILLISECOND);
  }

  /** Lets the host's events in now and then. */
  private async turn(): Promise<void> {
    const now = this.host.milliseconds();
    if (now - this.lastTurn < TURN) return;
    await this.host.nextTurn();
    this.board.hostTurns.count++;
    this.lastTurn = this.host.milliseconds();
  }

  /** No thread can run: waits for the host, or for the timer. */
  private async wait(): Promise<void> {
    const { clint, virtual } = this.board;
    const before = this.host.milliseconds();
    // What a call has just finished, or the host has already brought, needs no time.
    if (await this.settled(0)) return;
    const ticks = clint.ticksToTimer;
    if (virtual) {
      if (ticks === undefined) await this.settled(LONGEST_WAIT);
      else {
        virtual.skip(ticks);
        this.kernel.use(timers).addIdle(Number(ticks) * NANOSECONDS_PER_TICK);
      }
    } else {
      await this.waitForHost(ticks);
      const waited = this.host.milliseconds() - before;
      this.kernel.use(timers).addIdle(waited * NANOSECONDS_PER_MILLISECOND);
    }
    if (clint.ticksToTimer === 0n) this.kernel.use(timers).runDue();
  }

  /** Waits in the host's time, for `ticks` of the clock at most. */
  private async waitForHost(ticks: bigint | undefined): Promise<void> {
    if (ticks === undefined || ticks > SHORT_WAIT) {
      const limit = ticks === undefined ? LONGEST_WAIT : Math.ceil(Number(ticks) / TICKS_PER_MILLISECOND);
      await this.settled(Math.min(limit, LONGEST_WAIT));
    } else while (this.board.clint.ticksToTimer !== 0n && !(await this.settled(0)));
  }

  /** Waits at most `milliseconds` for a thread that can run. 0: for the next turn of the event loop. */
  private async settled(milliseconds: number): Promise<boolean> {
    const isReady = () => this.kernel.use(scheduler).waiting > 0 || this.dispatcher.failure !== undefined;
    if (milliseconds === 0) await this.host.nextTurn();
    else if (!isReady())
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        this.dispatcher.onReady = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    this.board.hostTurns.count++;
    return isReady();
  }
}

const TICKS_PER_MILLISECOND = TIMEBASE / 1000;
const NANOSECONDS_PER_TICK = 1e9 / TIMEBASE;
/** The host's timers are no finer than 1 ms: less than 2 ms is waited for in turns of the event loop. */
const SHORT_WAIT = 20_000n;
/** A timer that is further away than this (20 ms) is not looked for yet. */
const PATIENT_TICKS = 200_000n;
