import { Interrupt } from "../cpu/csr-state.ts";
import type { Hart } from "../cpu/hart.ts";
import type { Device } from "../memory/bus.ts";

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

/**
 * The core-local interruptor (SiFive's CLINT): software and timer interrupts of every hart. Registers are 4 or 8
 * bytes wide; smaller accesses read as zero and write nothing.
 *
 *     0x0000 + 4 n   msip      bit 0: software interrupt of hart n
 *     0x4000 + 8 n   mtimecmp  timer interrupt of hart n while mtime >= mtimecmp
 *     0xbff8         mtime
 *
 * The timer lines follow `mtime` when `update` is called: the machine does so between its slices.
 */
export class Clint implements Device {
  readonly name = "clint";
  /** A guest has set a timer or `mtime`: the machine may have to look at the time sooner. */
  onTimerSet: () => void = () => {};
  private readonly harts: readonly Hart[];
  private readonly clock: Clock;
  private readonly mtimecmp: bigint[];
  private readonly msip: number[];
  /** `mtime` minus the clock's ticks: software may set `mtime`. */
  private offset = 0n;

  /** `harts` in the order of their numbers; their `time` CSR reads this `mtime`. */
  constructor(harts: readonly Hart[], clock: Clock) {
    this.harts = harts;
    this.clock = clock;
    this.mtimecmp = harts.map(() => MASK);
    this.msip = harts.map(() => 0);
    for (const hart of harts) hart.csrs.time = () => this.mtime;
  }

  get mtime(): bigint {
    return (this.clock.ticks() + this.offset) & MASK;
  }

  /** Ticks until the next timer interrupt of any hart: 0 where one is due, undefined where none is armed. */
  get ticksToTimer(): bigint | undefined {
    let first = MASK;
    for (const time of this.mtimecmp) if (time < first) first = time;
    if (first === MASK) return undefined;
    const now = this.mtime;
    return first > now ? first - now : 0n;
  }

  /** Brings every hart's timer line up to date. */
  update(): void {
    const now = this.mtime;
    this.harts.forEach((hart, i) => {
      hart.csrs.setLine(Interrupt.machineTimer, now >= this.mtimecmp[i]);
    });
  }

  load(offset: number, size: 1 | 2 | 4): number {
    if (size !== 4) return 0;
    const half = BigInt((offset & 4) * 8);
    if (offset < MTIMECMP) return this.msip[offset / 4] ?? 0;
    if (offset === MTIME || offset === MTIME + 4) return Number((this.mtime >> half) & 0xffff_ffffn);
    const time = this.mtimecmp[(offset - MTIMECMP) >> 3];
    return time === undefined ? 0 : Number((time >> half) & 0xffff_ffffn);
  }

  store(offset: number, size: 1 | 2 | 4, value: number): void {
    if (size !== 4) return;
    const replace = (old: bigint): bigint => {
      const half = BigInt((offset & 4) * 8);
      return (old & ~(0xffff_ffffn << half)) | (BigInt(value) << half);
    };
    const timer = (offset - MTIMECMP) >> 3;
    if (offset < MTIMECMP) {
      const hart = this.harts[offset / 4];
      if (!hart) return;
      this.msip[offset / 4] = value & 1;
      hart.csrs.setLine(Interrupt.machineSoftware, (value & 1) !== 0);
      hart.requestAttention();
    } else if (offset === MTIME || offset === MTIME + 4) {
      this.offset += replace(this.mtime) - this.mtime;
      this.timerSet();
    } else if (timer < this.mtimecmp.length) {
      this.mtimecmp[timer] = replace(this.mtimecmp[timer]);
      this.timerSet();
    }
  }

  private timerSet(): void {
    this.update();
    this.onTimerSet();
  }
}
