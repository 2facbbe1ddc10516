import { Interrupt } from "../cpu/csr-state.ts";
import type { Hart } from "../cpu/hart.ts";
import type { Device } from "../memory/bus.ts";
import type { Stateful } from "./state.ts";
import { flag, i64, integer, listOf, record, type Shaped, u64 } from "./state-shape.ts";

/** Where `mtime` comes from. */
export interface Clock {
  /** Ticks since reset; never goes back. */
  ticks(): bigint;
}

/** Ticks of `mtime` a second: the timebase of QEMU's `virt` board. */
export const TIMEBASE = 10_000_000;

const MTIMECMP = 0x4000;
const MTIME = 0xbff8;
const MASK = 0xffff_ffff_ffff_ffffn;

const stateOf = (harts: number) =>
  record({
    mtimecmp: listOf(u64, harts),
    msip: listOf(integer(0, 1), harts),
    timerLines: listOf(flag, 2 * harts),
    offset: i64,
  });
type ClintState = Shaped<ReturnType<typeof stateOf>>;

/**
 * The core-local interruptor (SiFive's CLINT): software and timer interrupts of every hart. Registers are 4 or 8
 * bytes wide; smaller accesses read as zero and write nothing.
 *
 *     0x0000 + 4 n   msip      bit 0: software interrupt of hart n
 *     0x4000 + 8 n   mtimecmp  timer interrupt of hart n while mtime >= mtimecmp
 *     0xbff8         mtime
 *
 * The timer lines follow `mtime` when `update` is called: the machine does so between its slices. An `mtimecmp` of all
 * ones is a timer that is not armed.
 */
export class Clint implements Device, Stateful<ClintState> {
  readonly name = "clint";
  /** A guest has set a timer or `mtime`: the machine may have to look at the time sooner. */
  onTimerSet: () => void = () => {};
  private readonly harts: readonly Hart[];
  private readonly clock: Clock;
  private readonly signal: (hart: number) => void;
  private readonly mtimecmp: bigint[];
  private readonly msip: number[];
  /** What each timer's line was last set to: the harts' machine timers, then their supervisor timers (Sstc). */
  private readonly timerLines: boolean[];
  /** The first `mtimecmp` of the timers whose line is low. */
  private next = MASK;
  /** `mtime` minus the clock's ticks: software may set `mtime`. */
  private offset = 0n;

  /**
   * `harts` in the order of their numbers; their `time` CSR reads this `mtime`. `signal`: a store has changed a line of
   * that hart, which may be another one than the hart that stored.
   */
  constructor(harts: readonly Hart[], clock: Clock, signal: (hart: number) => void = () => {}) {
    this.harts = harts;
    this.clock = clock;
    this.signal = signal;
    this.mtimecmp = harts.map(() => MASK);
    this.msip = harts.map(() => 0);
    this.timerLines = [...harts, ...harts].map(() => false);
    harts.forEach(({ csrs }, hart) => {
      csrs.time = () => this.mtime;
      csrs.onSupervisorTimer = () => this.timersSet(harts.length + hart, harts.length + hart + 1);
    });
  }

  get mtime(): bigint {
    return BigInt.asUintN(64, this.clock.ticks() + this.offset);
  }

  /** Ticks until the next timer interrupt of any hart: 0 where one is due, undefined where none is armed. */
  get ticksToTimer(): bigint | undefined {
    return this.timerLines.includes(true) ? 0n : this.ticksToRise;
  }

  /** As `ticksToTimer`, of the timers whose line `update` has not raised yet: a hart may let its line stay high. */
  get ticksToRise(): bigint | undefined {
    if (this.next === MASK) return undefined;
    const now = this.mtime;
    return this.next > now ? this.next - now : 0n;
  }

  /** Raises the timer lines that are due. Costs little while none is. */
  update(): void {
    if (this.next === MASK) return;
    const now = this.mtime;
    if (now < this.next) return;
    for (let timer = 0; timer < this.timerLines.length; timer++) this.driveTimer(timer, now);
    this.findNext();
  }

  load(offset: number, size: 1 | 2 | 4): number {
    if (size !== 4 || offset % 4 !== 0) return 0;
    // What is asked for all the time; of these operations V8 makes no bigint on the heap.
    if (offset === MTIME) return Number(BigInt.asUintN(32, this.mtime));
    if (offset === MTIME + 4) return Number(BigInt.asUintN(32, this.mtime >> 32n));
    if (offset < MTIMECMP) return this.msip[offset / 4] ?? 0;
    const half = BigInt((offset & 4) * 8);
    const time = this.mtimecmp[(offset - MTIMECMP) >> 3];
    return time === undefined ? 0 : Number((time >> half) & 0xffff_ffffn);
  }

  store(offset: number, size: 1 | 2 | 4, value: number): void {
    if (size !== 4 || offset % 4 !== 0) return;
    const replace = (old: bigint): bigint => {
      const half = BigInt((offset & 4) * 8);
      return (old & ~(0xffff_ffffn << half)) | (BigInt(value) << half);
    };
    const timer = (offset - MTIMECMP) >> 3;
    if (offset < MTIMECMP) this.setMsip(offset / 4, value & 1);
    else if (offset === MTIME || offset === MTIME + 4) {
      this.offset = BigInt.asIntN(64, this.offset + replace(this.mtime) - this.mtime);
      this.timersSet(0, this.timerLines.length);
    } else if (timer < this.mtimecmp.length) {
      this.mtimecmp[timer] = replace(this.mtimecmp[timer]);
      this.timersSet(timer, timer + 1);
    }
  }

  save(): ClintState {
    const { mtimecmp, msip, timerLines, offset } = this;
    return { mtimecmp: [...mtimecmp], msip: [...msip], timerLines: [...timerLines], offset };
  }

  /** The clock is the machine's to restore. */
  restore(state: ClintState): void {
    const { mtimecmp, msip, timerLines, offset } = stateOf(this.harts.length)(state);
    for (let hart = 0; hart < this.harts.length; hart++) {
      this.mtimecmp[hart] = mtimecmp[hart];
      this.msip[hart] = msip[hart];
    }
    timerLines.forEach((high, timer) => {
      this.timerLines[timer] = high;
    });
    this.offset = offset;
    this.findNext();
  }

  private setMsip(hart: number, value: number): void {
    if (hart >= this.harts.length || this.msip[hart] === value) return;
    this.msip[hart] = value;
    this.harts[hart].csrs.setLine(Interrupt.machineSoftware, value !== 0);
    this.signal(hart);
  }

  /** What timers `first` to `end` (exclusive) are compared with, or to, has changed. */
  private timersSet(first: number, end: number): void {
    const now = this.mtime;
    for (let timer = first; timer < end; timer++)
      if (this.driveTimer(timer, now)) this.signal(timer % this.harts.length);
    this.findNext();
    this.onTimerSet();
  }

  /** Returns whether the line changed. */
  private driveTimer(timer: number, now: bigint): boolean {
    const high = now >= this.dueTime(timer);
    if (high === this.timerLines[timer]) return false;
    this.timerLines[timer] = high;
    const { length } = this.harts;
    const interrupt = timer < length ? Interrupt.machineTimer : Interrupt.supervisorTimer;
    this.harts[timer % length].csrs.setLine(interrupt, high);
    return true;
  }

  private dueTime(timer: number): bigint {
    const { length } = this.harts;
    return timer < length ? this.mtimecmp[timer] : this.harts[timer - length].csrs.supervisorTimer;
  }

  private findNext(): void {
    this.next = MASK;
    this.timerLines.forEach((high, timer) => {
      const time = this.dueTime(timer);
      if (!high && time < this.next) this.next = time;
    });
  }
}
