import { decode } from "../isa/decode.ts";
import type { SystemRoutine } from "../isa/meaning.ts";
import type { Fields } from "../isa/row.ts";
import { accessCsr, type CsrChange } from "./csr.ts";
import { Mstatus } from "./csr-state.ts";
import type { Hart } from "./hart.ts";
import { isInterruptPending } from "./interrupts.ts";
import { Cause, HART, Privilege } from "./layout.ts";
import { returnFromMachine, returnFromSupervisor } from "./traps.ts";

/** What comes after a system instruction. */
export type SystemResult =
  /** It is done; the next instruction follows. */
  | "next"
  /** It is done and has set pc. */
  | "jumped"
  /** `wfi`: it is done, and no enabled interrupt is pending. */
  | "wait"
  /** It did not happen: `HART.cause` and `HART.tval` are set. */
  | "trap";

type Routine = (hart: Hart, fields: Fields, bits: number) => SystemResult;

/** Executes a legal encoding whose row's meaning is a `system` routine. The hart's pc is its address. */
export function executeSystem(hart: Hart, bits: number): SystemResult {
  let known = decoded.get(bits);
  if (known === undefined) {
    const instruction = decode(bits);
    if (instruction?.row.meaning.kind !== "system") return illegal(hart, bits);
    known = { routine: routines[instruction.row.meaning.routine], fields: instruction.fields };
    if (decoded.size >= DECODED_LIMIT) decoded.clear();
    decoded.set(bits, known);
  }
  return known.routine(hart, known.fields, bits);
}

/** System instructions by their bits; programs have few different ones, and a hostile one gains nothing. */
const decoded = new Map<number, { readonly routine: Routine; readonly fields: Fields }>();
const DECODED_LIMIT = 1024;

function trap(hart: Hart, cause: number, tval: bigint): SystemResult {
  hart.arena.i32[(hart.base + HART.cause) / 4] = cause;
  hart.arena.i64[(hart.base + HART.tval) / 8] = tval;
  return "trap";
}

const illegal = (hart: Hart, bits: number) => trap(hart, Cause.illegalInstruction, BigInt(bits >>> 0));

/**
 * `csrrs` and `csrrc` with x0 (or the immediate 0) only read. The old value is read for `csrrw` with x0, too:
 * no CSR here does anything when read.
 */
const csr =
  (change: CsrChange, immediate: boolean): Routine =>
  (hart, { rd, rs1, imm }, bits) => {
    const operand = immediate ? BigInt(rs1) : hart.x(rs1);
    const old = accessCsr(hart, imm, change !== "write" && rs1 === 0 ? undefined : change, operand);
    if (old === undefined) return illegal(hart, bits);
    hart.setX(rd, old);
    return "next";
  };

const routines: Readonly<Record<SystemRoutine, Routine>> = {
  csrrw: csr("write", false),
  csrrs: csr("set", false),
  csrrc: csr("clear", false),
  csrrwi: csr("write", true),
  csrrsi: csr("set", true),
  csrrci: csr("clear", true),

  ecall: (hart) => trap(hart, Cause.ecallU + hart.privilege, 0n),
  ebreak: (hart) => trap(hart, Cause.breakpoint, hart.pc),

  mret: (hart, _, bits) => {
    if (hart.privilege !== Privilege.machine) return illegal(hart, bits);
    returnFromMachine(hart);
    return "jumped";
  },

  sret: (hart, _, bits) => {
    if (!supervisorMay(hart, Mstatus.TSR)) return illegal(hart, bits);
    returnFromSupervisor(hart);
    return "jumped";
  },

  wfi: (hart, _, bits) => {
    if (!supervisorMay(hart, Mstatus.TW)) return illegal(hart, bits);
    return isInterruptPending(hart) ? "next" : "wait";
  },

  "fence.i": (hart) => {
    hart.code.fence();
    return "next";
  },

  "sfence.vma": (hart, { rs1, rs2 }, bits) => {
    if (!supervisorMay(hart, Mstatus.TVM)) return illegal(hart, bits);
    hart.mmu.fence(rs1 === 0 ? undefined : hart.xn(rs1), rs2 === 0 ? undefined : hart.xn(rs2) & 0xffff);
    // More than is asked for: xv6 puts programs where others were and never executes `fence.i`.
    hart.code.fence();
    return "next";
  },
};

/** M-mode may; S-mode may unless `trapBit` of `mstatus` is set; U-mode may not. */
function supervisorMay({ privilege, csrs }: Hart, trapBit: number): boolean {
  if (privilege === Privilege.supervisor) return (csrs.status & trapBit) === 0;
  return privilege === Privilege.machine;
}
