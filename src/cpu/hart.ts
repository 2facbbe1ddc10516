import type { Arena } from "../memory/arena.ts";
import type { Bus } from "../memory/bus.ts";
import type { CodeCache } from "./code-cache.ts";
import { CsrState } from "./csr-state.ts";
import { Engine } from "./engine.ts";
import { isHartBlock } from "./hart-block.ts";
import { interruptToTake } from "./interrupts.ts";
import { LARGEST_REGION } from "./jit/region.ts";
import { Reliance } from "./jit/reliance.ts";
import { Cause, Exit, HART, HART_BLOCK_SIZE, Privilege, TLB, TLB_ENTRIES } from "./layout.ts";
import { Mmu } from "./mmu.ts";
import { STORE_DONE } from "./port.ts";
import { SLOTS_PER_PAGE } from "./slots.ts";
import type { FloatEnvironment } from "./softfloat/environment.ts";
import { floatOperation } from "./softfloat/float-operation.ts";
import type { Supervisor } from "./supervisor.ts";
import { executeSystem } from "./system.ts";
import { takeTrap } from "./traps.ts";
import { FLOAT_OPS } from "./wasm/float-functions.ts";
import type { Mode } from "./wasm/handler.ts";

/** Why `Hart.run` returned. */
export type RunResult =
  /** All the instructions asked for have been spent. */
  | "limit"
  /** The supervisor said that the hart must not go on. */
  | "supervisor"
  /** `wfi` with no enabled interrupt pending. */
  | "wait";

/**
 * Chained handlers look at their budget only where they jump, so they may overrun it by a straight run: a page of compressed
 * instructions, and behind them a translated region. The last instructions of a grant are stepped.
 */
export const LONGEST_STRAIGHT_RUN = SLOTS_PER_PAGE + LARGEST_REGION + 52;
const LARGEST_GRANT = 2 ** 30;
/** Instructions in a grant while some code has no fused handlers yet: a few milliseconds of work. */
const WARM_UP = 1_000_000;
const ECALL = 0x73;
/**
 * Working fields of the block, and what was reserved: addresses in this arena mean nothing in another, and what else was left
 * behind depends on how the hart was run.
 */
const BETWEEN_RUNS_UNUSED = [
  [HART.trash, HART.f],
  [HART.exit, HART.fs],
  [HART.reservation, HART.retired],
  [HART.regionExit, HART.csrs],
] as const;

/**
 * One RV64GC hart: typed access to its block in linear memory, and the loop that runs it.
 *
 * Register values are signed 64-bit bigints; `xn`/`setXn` give the same as JavaScript numbers where the value
 * is known to be small (an address of a Sv39 space, a length, a file descriptor).
 */
export class Hart {
  readonly id: number;
  readonly arena: Arena;
  readonly bus: Bus;
  /** Linear address of the hart block. */
  readonly base: number;
  readonly csrs: CsrState;
  readonly mmu: Mmu;
  readonly engine: Engine;
  supervisor: Supervisor | undefined;

  private readonly i32: Int32Array;
  private readonly i64: BigInt64Array;
  private readonly environment: FloatEnvironment = { roundingMode: 0, flags: 0 };
  /** A device wants the run loop's attention after the store that is being done. */
  attention = false;
  /** What the last run spent of its limit: instructions that retired, and traps. */
  spent = 0;
  /** The run that is going on ends when this much is spent. */
  private limit = 0;
  /** Instructions retired since decoded code was last looked over for fusion. */
  private sinceFusion = 0;
  /** Instructions granted to the Wasm that is running now, without those that have been spent otherwise; 0 outside it. */
  private granted = 0;
  /** What the last system instruction ended the run by, if it did. */
  private ended: RunResult | undefined;
  private readonly reliance = new Reliance();
  /** The page being fetched from is only partly executable: the next instruction is to be stepped, checked. */
  private checkEveryFetch = false;

  /** Harts of one machine share `engine`. */
  constructor(id: number, arena: Arena, bus: Bus, engine: Engine = new Engine(bus.ram)) {
    this.id = id;
    this.arena = arena;
    this.bus = bus;
    this.engine = engine;
    this.i32 = arena.i32;
    this.i64 = arena.i64;
    this.base = arena.reserve(HART_BLOCK_SIZE, HART_BLOCK_SIZE);
    this.privilege = Privilege.machine;
    this.csrs = new CsrState(arena, this.base);
    this.mmu = new Mmu(this);
    const { code } = engine;
    this.mmu.isCodePage = (page) => code.isWatched(page);
    this.mmu.codePageWritten = (page) => code.written(page);
    code.attach(this.mmu);
    engine.addHart(this);
  }

  get code(): CodeCache {
    return this.engine.code;
  }

  x(index: number): bigint {
    return this.i64[(this.base + HART.x) / 8 + index];
  }

  setX(index: number, value: bigint): void {
    if (index !== 0) this.i64[(this.base + HART.x) / 8 + index] = value;
  }

  /** Register as a number: exact for values between -2^53 and 2^53. */
  xn(index: number): number {
    const word = (this.base + HART.x) / 4 + index * 2;
    return this.i32[word + 1] * 0x1_0000_0000 + this.arena.u32[word];
  }

  /** Stores an integer between -2^53 and 2^53. */
  setXn(index: number, value: number): void {
    if (index === 0) return;
    const word = (this.base + HART.x) / 4 + index * 2;
    this.i32[word] = value;
    this.i32[word + 1] = Math.floor(value / 0x1_0000_0000);
  }

  /** The 64 bits of a floating-point register. */
  f(index: number): bigint {
    return this.arena.u64[(this.base + HART.f) / 8 + index];
  }

  setF(index: number, value: bigint): void {
    this.arena.u64[(this.base + HART.f) / 8 + index] = value;
  }

  /** Signed 64 bits, as the registers. */
  get pc(): bigint {
    return this.i64[(this.base + HART.pc) / 8];
  }

  set pc(value: bigint) {
    this.i64[(this.base + HART.pc) / 8] = value;
  }

  get privilege(): number {
    return this.word(HART.privilege);
  }

  set privilege(value: number) {
    this.setWord(HART.privilege, value);
  }

  /** Instructions retired since reset; exact at any moment, also while a device is being accessed. */
  get retired(): number {
    return Number(this.i64[(this.base + HART.retired) / 8]) + this.granted - this.word(HART.budget);
  }

  /**
   * Runs until `limit` instructions are spent: those that retire, and one for each trap taken (so that a guest
   * that only traps comes to an end too). Interrupts are looked at on entry, after every trap and CSR access and
   * when a device asks for it; whoever else raises one between, ends the run there by its limit.
   */
  run(limit: number): RunResult {
    return this.runUntil(limit, 0);
  }

  /**
   * As `run`, but ends without stepping the last instructions, which is slower: where a few thousand fewer than
   * `limit` will do. Something is spent in any case.
   */
  runAbout(limit: number): RunResult {
    return this.runUntil(limit, LONGEST_STRAIGHT_RUN);
  }

  /** `slack`: so many instructions of `limit` may be left. */
  private runUntil(limit: number, slack: number): RunResult {
    this.limit = limit;
    this.spent = 0;
    while (this.spent + (this.spent === 0 ? 0 : slack) < this.limit) {
      this.attention = false;
      const interrupt = interruptToTake(this);
      if (interrupt >= 0) {
        this.spent++;
        if (!this.enterTrap(interrupt, 0n, true)) return "supervisor";
        continue;
      }
      const retired = this.grant(this.limit - this.spent);
      this.spent += retired;
      switch (this.word(HART.exit)) {
        case Exit.trap:
          if (this.checkEveryFetch) break;
          this.spent++;
          if (this.word(HART.cause) === STORE_DONE) this.retireStore();
          else if (!this.enterPendingTrap()) return "supervisor";
          break;
        case Exit.floatState:
          if (!this.settleFloatState()) {
            this.spent++;
            if (!this.enterPendingTrap()) return "supervisor";
          }
          break;
        case Exit.system:
          if (this.ended !== undefined) return this.ended;
          break;
      }
    }
    return "limit";
  }

  /**
   * For devices, while a guest's store reaches them: what they changed (an interrupt line, a timer) has to be looked
   * at before the next instruction, and the run ends after `instructions` more at the latest.
   */
  requestAttention(instructions = Number.POSITIVE_INFINITY): void {
    this.limit = Math.min(this.limit, this.spentSoFar + instructions);
    this.attention = true;
  }

  /** `spent` of the run that is going on, at this moment. */
  get spentSoFar(): number {
    return this.spent + this.granted - this.word(HART.budget);
  }

  /** Executes one instruction, or takes one trap. */
  step(): RunResult {
    return this.run(1);
  }

  /** Out of reset: every register zero, machine mode, no translation. What was retired stays counted. */
  reset(): void {
    const { retired } = this;
    this.arena.u8.fill(0, this.base, this.base + HART_BLOCK_SIZE);
    this.i64[(this.base + HART.retired) / 8] = BigInt(retired);
    this.privilege = Privilege.machine;
    this.csrs.reset();
    this.mmu.reset();
  }

  /** All of the hart's state, for a hart of any machine. */
  save(): Uint8Array {
    const block = this.arena.u8.slice(this.base, this.base + HART_BLOCK_SIZE);
    for (const [from, to] of BETWEEN_RUNS_UNUSED) block.fill(0, from, to);
    return block;
  }

  /** Becomes the hart that `save` was asked of; RAM has to be that one's, too. Throws `RangeError` where it was of none. */
  restore(block: Uint8Array): void {
    if (!isHartBlock(block)) throw new RangeError("not a hart block");
    this.arena.u8.set(block, this.base);
    this.csrs.setFrm(this.csrs.frm);
    this.csrs.clearReservation();
    this.mmu.reset();
  }

  /** Gives its memory back. It must not be used afterwards. */
  release(): void {
    this.arena.release(this.base, HART_BLOCK_SIZE);
    this.mmu.release();
  }

  private word(offset: number): number {
    return this.i32[(this.base + offset) / 4];
  }

  private setWord(offset: number, value: number): void {
    this.i32[(this.base + offset) / 4] = value;
  }

  /** Enters Wasm with at most `left` instructions. Returns how many retired. */
  private grant(left: number): number {
    const { jit } = this.engine;
    let mode: Mode = "chain";
    // This run may set it for the next one.
    const checked = this.checkEveryFetch;
    const most = jit ? Math.max(1, jit.untilSample) : this.code.canFuse ? WARM_UP : LARGEST_GRANT;
    let granted = Math.min(left - LONGEST_STRAIGHT_RUN, most);
    if (granted <= 0 || checked) {
      mode = "step";
      granted = checked ? 1 : Math.min(left, LONGEST_STRAIGHT_RUN);
    } else if (jit?.mode === "always" && !jit.ensure(this)) {
      mode = "step";
      granted = 1;
    }
    this.setWord(HART.budget, granted);
    this.setWord(HART.exit, Exit.budget);
    this.granted = granted;
    let retired = 0;
    try {
      this.engine.run(this, mode, granted);
    } finally {
      retired = this.granted - this.word(HART.budget);
      this.granted = 0;
      this.setWord(HART.budget, 0);
      this.addRetired(retired);
    }
    if (checked) {
      this.checkEveryFetch = false;
      this.mmu.dropFetchEntries();
    }
    this.warmUp(retired);
    if (jit && mode === "chain") {
      jit.untilSample -= retired;
      const exit = this.word(HART.exit);
      const isSpent = exit === Exit.budget || exit === Exit.regionBudget;
      if (isSpent && jit.untilSample <= 0) jit.sample(this, exit === Exit.regionBudget);
      else if (exit === Exit.hot) jit.exitIsHot(this);
    }
    return retired;
  }

  /** Code that has been run for a while is worth its fused handlers. */
  private warmUp(retired: number): void {
    this.sinceFusion += retired;
    if (this.sinceFusion < WARM_UP / 2) return;
    this.sinceFusion = 0;
    if (this.code.canFuse) this.code.fuse();
  }

  private addRetired(count: number): void {
    const before = this.word(HART.retired);
    const low = before + count;
    // A 32-bit addition that carries, or overflows as a signed one, is left to the bigint: once in 2^31 instructions.
    if (low <= 0x7fff_ffff && low < 0 === before < 0) this.setWord(HART.retired, low);
    else this.i64[(this.base + HART.retired) / 8] += BigInt(count);
  }

  /** Returns false when the hart must not go on. */
  private enterTrap(cause: number, tval: bigint, interrupt: boolean): boolean {
    if (this.supervisor && this.privilege === Privilege.user) {
      this.csrs.clearReservation();
      return this.supervisor.trap(this, cause, tval, interrupt);
    }
    takeTrap(this, cause, tval, interrupt);
    return true;
  }

  private enterPendingTrap(): boolean {
    const cause = this.word(HART.cause);
    if (cause === Cause.illegalInstruction) this.i64[(this.base + HART.tval) / 8] = this.fetchedBits();
    return this.enterTrap(cause, this.i64[(this.base + HART.tval) / 8], false);
  }

  /** The store at pc has reached its device; Wasm was left before it retired. */
  private retireStore(): void {
    this.pc += (this.fetchedBits() & 3n) === 3n ? 4n : 2n;
    this.addRetired(1);
  }

  /** The instruction at pc, which has just been fetched; for `tval`. */
  private fetchedBits(): bigint {
    const half = (address: bigint) => {
      this.i64[(this.base + HART.address) / 8] = address;
      const page = this.mmu.translateFetch();
      if (page < 0) return 0;
      return this.arena.u16[(this.bus.ram.readable(page) + Number(address & 0xfffn)) / 2];
    };
    const low = half(this.pc);
    return BigInt((low & 3) === 3 ? half(this.pc + 2n) * 0x10000 + low : low);
  }

  /** Returns false with a trap pending where the floating-point unit is off. */
  private settleFloatState(): boolean {
    if (this.csrs.floatState === 0) {
      this.setWord(HART.cause, Cause.illegalInstruction);
      return false;
    }
    this.csrs.floatState = 3;
    return true;
  }

  /**
   * For compiled code: executes the system instruction at pc, whose bits are in `HART.value`, with `HART.budget` what remained
   * before it. Returns whether the code goes on: the interpreter's at pc; a region's behind the instruction, with all that it
   * relies on as it was. Otherwise Wasm has to be left.
   */
  executeSystem(inRegion: boolean): boolean {
    const { jit } = this.engine;
    const { reliance } = this;
    if (inRegion) reliance.note(this);
    this.spent++;
    this.granted--;
    this.setWord(HART.budget, this.word(HART.budget) - 1);
    this.ended = this.system();
    const isSteady = inRegion ? reliance.holdsBehind(this) : jit?.mode !== "always";
    const goesOn = isSteady && this.ended === undefined && !this.attention && interruptToTake(this) < 0;
    if (!goesOn) this.setWord(HART.exit, Exit.system);
    return goesOn && (inRegion || this.word(HART.budget) >= 0);
  }

  private system(): RunResult | undefined {
    const bits = this.word(HART.value);
    if (bits === ECALL && this.supervisor && this.privilege === Privilege.user) {
      return this.enterTrap(Cause.ecallU, 0n, false) ? undefined : "supervisor";
    }
    const outcome = executeSystem(this, bits);
    if (outcome === "trap") return this.enterPendingTrap() ? undefined : "supervisor";
    if (outcome !== "jumped") this.pc += 4n;
    this.addRetired(1);
    return outcome === "wait" ? "wait" : undefined;
  }

  /** For compiled code: an operation by softfloat; arguments and result stand in the hart block. */
  float(op: number, mode: number): void {
    const { environment } = this;
    const args = (this.base + HART.floatArgs) / 8;
    environment.roundingMode = mode;
    environment.flags = 0;
    const [a, b, c] = [this.i64[args], this.i64[args + 1], this.i64[args + 2]];
    this.i64[(this.base + HART.value) / 8] = floatOperation(FLOAT_OPS[op], environment, a, b, c);
    this.setWord(HART.fflags, this.word(HART.fflags) | environment.flags);
  }

  /** For compiled code: brings the page of HART.address into the fetch table. Returns its slot page, or 0 with a trap set. */
  fetch(): number {
    const page = this.mmu.translateFetch();
    if (page < 0) return 0;
    if (!this.mmu.fetchesWholePage && !this.checkEveryFetch) {
      // Leave as by a trap, to come back stepping.
      this.checkEveryFetch = true;
      return 0;
    }
    const slots = this.code.slotPage(page);
    const low = this.word(HART.address);
    const entry = (this.word(HART.fetchTlb) >>> 0) + TLB.fetch + ((low >>> 12) & (TLB_ENTRIES - 1)) * 16;
    this.i32[entry / 4] = low & ~0xfff;
    this.i32[entry / 4 + 1] = this.word(HART.address + 4);
    this.i32[entry / 4 + 2] = slots;
    return slots;
  }
}
