import type { Arena } from "../memory/arena.ts";
import { HART } from "./layout.ts";

/**
 * Where the state behind the CSRs stands in the hart block: 64-bit words from `HART.csrs` on. What software
 * reads and may write is decided by the table in `csr.ts`; three things stand elsewhere in the block because
 * compiled code uses them: `mstatus.FS` (`HART.fs`), `fflags` and `frm`.
 */
export const Csr = {
  /** Bits 31 to 0 of `mstatus` without FS; the upper half is constant but for SD. */
  mstatus: 0,
  medeleg: 1,
  mideleg: 2,
  mie: 3,
  /** The bits of `mip` that software writes: SSIP, STIP, SEIP. */
  mip: 4,
  /** The bits of `mip` that devices drive: MSIP, MTIP, SEIP, MEIP. */
  lines: 5,
  mtvec: 6,
  mscratch: 7,
  mepc: 8,
  mcause: 9,
  mtval: 10,
  mcounteren: 11,
  mcountinhibit: 12,
  menvcfg: 13,
  stvec: 14,
  sscratch: 15,
  sepc: 16,
  scause: 17,
  stval: 18,
  scounteren: 19,
  senvcfg: 20,
  satp: 21,
  /** While counting: the counter minus `HART.retired`; while inhibited: the counter. */
  mcycle: 22,
  minstret: 23,
  pmpcfg0: 24,
  pmpcfg2: 25,
  /** 16 words. */
  pmpaddr: 26,
  stimecmp: 42,
} as const;

/** Fields of the low half of `mstatus` (Privileged Architecture, "Machine Status Registers"). */
export const Mstatus = {
  SIE: 1 << 1,
  MIE: 1 << 3,
  SPIE: 1 << 5,
  MPIE: 1 << 7,
  SPP: 1 << 8,
  /** Two bits. */
  MPP: 3 << 11,
  /** Two bits; kept in `HART.fs`. */
  FS: 3 << 13,
  MPRV: 1 << 17,
  SUM: 1 << 18,
  MXR: 1 << 19,
  TVM: 1 << 20,
  TW: 1 << 21,
  TSR: 1 << 22,
} as const;

/** NX of `fflags`. */
export const INEXACT = 1;

export const MPP_SHIFT = 11;
export const FS_SHIFT = 13;

/** Bits of `mip` and `mie`: 1 shifted left by the interrupt's number. */
export const Interrupt = {
  supervisorSoftware: 1,
  machineSoftware: 3,
  supervisorTimer: 5,
  machineTimer: 7,
  supervisorExternal: 9,
  machineExternal: 11,
} as const;

export const SATP_SV39 = 8;
const NEVER = 0xffff_ffff_ffff_ffffn;

/** Typed access to one hart's CSR words. Writing here checks nothing: guest software goes through `csr.ts`. */
export class CsrState {
  /** What `time` reads: ticks since reset. The machine puts its CLINT's `mtime` here. */
  time: () => bigint = () => 0n;
  /** `supervisorTimer` has changed: the machine's CLINT puts here what brings STIP up to date. */
  onSupervisorTimer: () => void = () => {};
  private readonly u64: BigUint64Array;
  private readonly u32: Uint32Array;
  private readonly i32: Int32Array;
  private readonly base: number;

  /** `base`: linear address of the hart block. */
  constructor(arena: Arena, base: number) {
    this.u64 = arena.u64;
    this.u32 = arena.u32;
    this.i32 = arena.i32;
    this.base = base;
    this.reset();
  }

  /** For a block of zeros: what is not zero out of reset. */
  reset(): void {
    this.setFrm(0);
    this.set(Csr.stimecmp, NEVER);
  }

  /** `menvcfg.STCE`: `stimecmp` drives STIP (Privileged Architecture, "Sstc"). */
  get hasSupervisorTimer(): boolean {
    return this.high(Csr.menvcfg) >>> 31 === 1;
  }

  /** When `stimecmp` interrupts S-mode, in ticks of `time`; all ones where it does not. */
  get supervisorTimer(): bigint {
    return this.hasSupervisorTimer ? this.get(Csr.stimecmp) : NEVER;
  }

  /** Unsigned 64 bits of word `index` (`Csr`). */
  get(index: number): bigint {
    return this.u64[(this.base + HART.csrs) / 8 + index];
  }

  /** Keeps the low 64 bits of `value`. */
  set(index: number, value: bigint): void {
    this.u64[(this.base + HART.csrs) / 8 + index] = value;
  }

  /** Bits 31 to 0 as a signed number, for testing bits. */
  low(index: number): number {
    return this.i32[(this.base + HART.csrs) / 4 + index * 2];
  }

  setLow(index: number, value: number): void {
    this.i32[(this.base + HART.csrs) / 4 + index * 2] = value;
  }

  /** Bits 63 to 32, unsigned. */
  high(index: number): number {
    return this.u32[(this.base + HART.csrs) / 4 + index * 2 + 1];
  }

  /** Low half of `mstatus` without FS. */
  get status(): number {
    return this.low(Csr.mstatus);
  }

  set status(value: number) {
    this.setLow(Csr.mstatus, value);
  }

  /** `mstatus.FS`: 0 off, 1 initial, 2 clean, 3 dirty. */
  get floatState(): number {
    return this.i32[(this.base + HART.fs) / 4];
  }

  set floatState(value: number) {
    this.i32[(this.base + HART.fs) / 4] = value;
  }

  get fflags(): number {
    return this.i32[(this.base + HART.fflags) / 4];
  }

  set fflags(value: number) {
    this.i32[(this.base + HART.fflags) / 4] = value & 31;
  }

  get frm(): number {
    return this.i32[(this.base + HART.frm) / 4];
  }

  /** Also fills the table by which an instruction's `rm` field is resolved: 255 is an invalid mode. */
  setFrm(value: number): void {
    const frm = value & 7;
    this.i32[(this.base + HART.frm) / 4] = frm;
    const modes = new Uint8Array(this.u32.buffer, this.base + HART.roundingModes, 8);
    modes.set([0, 1, 2, 3, 4, 255, 255, frm <= 4 ? frm : 255]);
  }

  /** `mip` as software reads it. */
  get pending(): number {
    return this.low(Csr.mip) | this.low(Csr.lines);
  }

  /** A device drives interrupt line `number` (`Interrupt`). */
  setLine(number: number, high: boolean): void {
    const bit = 1 << number;
    this.setLow(Csr.lines, high ? this.low(Csr.lines) | bit : this.low(Csr.lines) & ~bit);
  }

  /** MODE of `satp`: 0 bare, `SATP_SV39`. */
  get satpMode(): number {
    return this.high(Csr.satp) >>> 28;
  }

  get satpAsid(): number {
    return (this.high(Csr.satp) >>> 12) & 0xffff;
  }

  /** Physical page number of the root table. */
  get satpRoot(): number {
    return (this.high(Csr.satp) & 0xfff) * 0x1_0000_0000 + (this.low(Csr.satp) >>> 0);
  }

  /** Clears the LR reservation. */
  clearReservation(): void {
    this.i32[(this.base + HART.reservation) / 4] = 0;
  }
}
