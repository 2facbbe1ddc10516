import type { Hart } from "../cpu/hart.ts";
import type { Supervisor } from "../cpu/supervisor.ts";
import type { AreaDescription, ExitStatus } from "../kernel/rkprocess/exit.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { isCall, type Line, lineAt, type Symbolize } from "./listing.ts";
import {
  type RegisterChange,
  type Registers,
  readRegisters,
  registerChanges,
  registerWords,
} from "./registers.ts";
import { type MemoryChange, memoryChange, storedValue } from "./stored.ts";
import { TrapLog, type TrapRecord } from "./trap-log.ts";

/**
 * A machine to be looked into. It must be deterministic: made again with the same options and input, it does the
 * same.
 */
export interface DebugTarget {
  readonly hart: Hart;
  readonly memory: GuestMemory;
  readonly symbolize: Symbolize;
  /** The address of a symbol. */
  find(name: string): number | undefined;
  areas(): readonly AreaDescription[];
  /** Retires instructions and takes traps, `steps` of both together at most. */
  run(steps: number): Promise<void>;
  readonly ended: ExitStatus | undefined;
  /** The last system calls, as strace writes them. */
  readonly calls: readonly string[];
}

/** What one step did. */
export interface StepReport {
  /** The instruction that stood at the pc, where there was one. */
  readonly line: Line | undefined;
  readonly changes: readonly RegisterChange[];
  /** What it changed in memory. */
  readonly stored: MemoryChange | undefined;
  /** The step was a trap: the instruction did not retire (a page fault is made good, and it comes again). */
  readonly trap: TrapRecord | undefined;
}

export type StopReason = "there" | "ended" | "limit";

const SP = 2;
/** Steps after which a search for an address is given up. */
const SEARCH_LIMIT = 20_000_000;

/**
 * Steps a machine forward and backward. A step is one instruction retired or one trap taken, so a position is a
 * number of steps from the start; going back is a new machine that runs one step less far.
 */
export class Debugger {
  readonly breakpoints = new Set<number>();
  private readonly create: () => Promise<DebugTarget>;
  private target: DebugTarget;
  private traps: TrapLog;

  private constructor(create: () => Promise<DebugTarget>, target: DebugTarget) {
    this.create = create;
    this.target = target;
    this.traps = watch(target);
  }

  /** `create` makes the machine; it is called again to go back. */
  static async start(create: () => Promise<DebugTarget>): Promise<Debugger> {
    return new Debugger(create, await create());
  }

  get hart(): Hart {
    return this.target.hart;
  }

  get memory(): GuestMemory {
    return this.target.memory;
  }

  get ended(): ExitStatus | undefined {
    return this.target.ended;
  }

  /** Steps from the start. */
  get position(): number {
    return this.hart.retired + this.traps.count;
  }

  get pc(): number {
    return Number(BigInt.asUintN(64, this.hart.pc));
  }

  get registers(): Registers {
    return readRegisters(this.hart);
  }

  get areas(): readonly AreaDescription[] {
    return this.target.areas();
  }

  /** The last traps, oldest first. */
  get lastTraps(): readonly TrapRecord[] {
    return this.traps.last;
  }

  get lastCalls(): readonly string[] {
    return this.target.calls;
  }

  /** The instruction at the pc, or at `address`. */
  line(address: number = this.pc): Line | undefined {
    return lineAt(this.memory, address, this.target.symbolize);
  }

  symbolize(address: number): string | undefined {
    return this.target.symbolize(BigInt(address));
  }

  find(name: string): number | undefined {
    return this.target.find(name);
  }

  /** One step forward. Nothing happens once the program has ended. */
  async step(): Promise<StepReport> {
    const line = this.line();
    const before = registerWords(this.hart);
    const target = line?.instruction && storedValue(line.instruction, (n) => this.hart.x(n), this.memory);
    const traps = this.traps.count;
    if (!this.ended) await this.target.run(1);
    const trap = this.traps.count > traps ? this.traps.last.at(-1) : undefined;
    const stored = target && !trap ? memoryChange(target, this.memory) : undefined;
    return { line, changes: registerChanges(before, registerWords(this.hart)), stored, trap };
  }

  /** `steps` steps back, as far as there are any. */
  async stepBack(steps = 1): Promise<void> {
    await this.goTo(Math.max(0, this.position - steps));
  }

  /** Goes to a position, in either direction. Stops short of it where the program ends before. */
  async goTo(position: number): Promise<void> {
    if (position < this.position) {
      this.target = await this.create();
      this.traps = watch(this.target);
    }
    while (this.position < position && !this.ended) await this.target.run(position - this.position);
  }

  /** Steps at least once, then until the pc is at one of `addresses`. */
  async runTo(addresses: ReadonlySet<number>, limit = SEARCH_LIMIT): Promise<StopReason> {
    return this.search((pc) => addresses.has(pc), limit);
  }

  /** To a breakpoint, or the end. */
  async continue(limit = SEARCH_LIMIT): Promise<StopReason> {
    return this.runTo(this.breakpoints, limit);
  }

  /** One instruction; where it is a call, until that call has returned. */
  async next(limit = SEARCH_LIMIT): Promise<StopReason> {
    const line = this.line();
    const from = this.pc;
    if (line === undefined || !isCall(line.instruction)) return this.search((pc) => pc !== from, limit);
    const stack = this.hart.x(SP);
    const behind = from + line.length;
    // Deeper calls of the same function pass the same address with more on the stack.
    return this.search((pc) => pc === behind && this.hart.x(SP) >= stack, limit);
  }

  private async search(found: (pc: number) => boolean, limit: number): Promise<StopReason> {
    for (let steps = 0; steps < limit; steps++) {
      if (this.ended) break;
      await this.target.run(1);
      if (!this.ended && found(this.pc)) return "there";
    }
    return this.ended ? "ended" : "limit";
  }
}

function watch(target: DebugTarget): TrapLog {
  const log = new TrapLog(target.hart.supervisor as Supervisor);
  target.hart.supervisor = log;
  return log;
}
