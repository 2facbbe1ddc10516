import type { Arena } from "../memory/arena.ts";
import type { Bus } from "../memory/bus.ts";
import { HART, HART_BLOCK_SIZE, Privilege } from "./layout.ts";
import type { Supervisor } from "./supervisor.ts";

/** Why `Hart.run` returned. */
export type RunResult =
  /** All the instructions asked for have been retired. */
  | "limit"
  /** The supervisor said that the hart must not go on. */
  | "supervisor"
  /** `wfi` with no interrupt pending. */
  | "wait";

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
  supervisor: Supervisor | undefined;

  constructor(id: number, arena: Arena, bus: Bus) {
    this.id = id;
    this.arena = arena;
    this.bus = bus;
    this.base = arena.reserve(HART_BLOCK_SIZE, HART_BLOCK_SIZE);
    this.privilege = Privilege.machine;
  }

  x(index: number): bigint {
    return this.arena.i64[(this.base + HART.x) / 8 + index];
  }

  setX(index: number, value: bigint): void {
    if (index !== 0) this.arena.i64[(this.base + HART.x) / 8 + index] = value;
  }

  /** Register as a number: exact for values between -2^53 and 2^53. */
  xn(index: number): number {
    const word = (this.base + HART.x) / 4 + index * 2;
    return this.arena.i32[word + 1] * 0x1_0000_0000 + this.arena.u32[word];
  }

  /** Stores an integer between -2^53 and 2^53. */
  setXn(index: number, value: number): void {
    if (index === 0) return;
    const word = (this.base + HART.x) / 4 + index * 2;
    this.arena.u32[word] = value >>> 0;
    this.arena.i32[word + 1] = Math.floor(value / 0x1_0000_0000);
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
    return this.arena.i64[(this.base + HART.pc) / 8];
  }

  set pc(value: bigint) {
    this.arena.i64[(this.base + HART.pc) / 8] = value;
  }

  get privilege(): number {
    return this.arena.i32[(this.base + HART.privilege) / 4];
  }

  set privilege(value: number) {
    this.arena.i32[(this.base + HART.privilege) / 4] = value;
  }

  /** Instructions retired since reset. */
  get retired(): number {
    return Number(this.arena.i64[(this.base + HART.retired) / 8]);
  }
}
