import type { Hart } from "../../cpu/hart.ts";
import { HART } from "../../cpu/layout.ts";

/**
 * A thread's registers while another one has the hart, as bytes: x0 … x31, a spare word, f0 … f31 and pc as they
 * stand in the hart block, then `fflags` and `frm`, 4 bytes each.
 */
const BLOCK_BYTES = HART.pc + 8;
export const CONTEXT_BYTES = BLOCK_BYTES + 8;

export function saveRegisters(hart: Hart, into: Uint8Array): void {
  into.set(hart.arena.u8.subarray(hart.base, hart.base + BLOCK_BYTES));
  const { fflags, frm } = hart.csrs;
  into[BLOCK_BYTES] = fflags;
  into[BLOCK_BYTES + 4] = frm;
}

export function loadRegisters(hart: Hart, from: Uint8Array): void {
  hart.arena.u8.set(from.subarray(0, BLOCK_BYTES), hart.base);
  hart.csrs.fflags = from[BLOCK_BYTES];
  if (hart.csrs.frm !== from[BLOCK_BYTES + 4]) hart.csrs.setFrm(from[BLOCK_BYTES + 4]);
  hart.csrs.clearReservation();
}

/** The registers of a thread about to start: all zero but pc and sp. */
export function startRegisters(into: Uint8Array, pc: number, sp: number): void {
  into.fill(0);
  const view = new DataView(into.buffer, into.byteOffset);
  view.setBigInt64(HART.pc, BigInt(pc), true);
  view.setBigInt64(HART.x + 2 * 8, BigInt(sp), true);
}

/** Sets pc behind the `ecall` it stands at. Without a bigint but where the low half carries: it is on every call's way. */
export function passEcall(hart: Hart): void {
  const word = (hart.base + HART.pc) >> 2;
  const low = hart.arena.i32[word];
  if (low < -4 || low >= 0) hart.arena.i32[word] = low + 4;
  else hart.pc += 4n;
}

/** A new thread's registers: the ones of its maker, which has the hart, but for a0, sp (0: the same) and tp. */
export function forkRegisters(hart: Hart, into: Uint8Array, sp: number, tp: bigint | undefined): void {
  saveRegisters(hart, into);
  const view = new DataView(into.buffer, into.byteOffset);
  view.setBigInt64(HART.x + 10 * 8, 0n, true);
  if (sp !== 0) view.setBigInt64(HART.x + 2 * 8, BigInt(sp), true);
  if (tp !== undefined) view.setBigInt64(HART.x + 4 * 8, BigInt.asIntN(64, tp), true);
}
