import { Csr, FS_SHIFT, MPP_SHIFT, Mstatus, SATP_SV39 } from "./csr-state.ts";
import { HART, HART_BLOCK_SIZE, Privilege } from "./layout.ts";

const INTERRUPTS = 0xaaan;
/** Bits that a CSR's word can have set, where those are not all. */
const POSSIBLE: readonly (readonly [number, bigint])[] = [
  [Csr.mstatus, BigInt(Object.values(Mstatus).reduce((all, bits) => all | bits) & ~(3 << FS_SHIFT))],
  [Csr.mie, INTERRUPTS],
  [Csr.mip, INTERRUPTS],
  [Csr.lines, INTERRUPTS],
  [Csr.mideleg, INTERRUPTS],
  [Csr.mepc, ~1n],
  [Csr.sepc, ~1n],
  [Csr.mtvec, ~2n],
  [Csr.stvec, ~2n],
];

/**
 * Whether a hart can have come to such a block. A saved one may come from anybody, and the interpreter believes what stands
 * in it: that instructions are at even addresses, that x0 is zero.
 */
export function isHartBlock(block: Uint8Array): boolean {
  if (block.length !== HART_BLOCK_SIZE) return false;
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  const word = (at: number) => view.getInt32(at, true);
  const csr = (index: number) => view.getBigUint64(HART.csrs + index * 8, true);
  const within = (at: number, least: number, most: number) => word(at) >= least && word(at) <= most;
  const retired = view.getBigInt64(HART.retired, true);
  const mpp = Number((csr(Csr.mstatus) >> BigInt(MPP_SHIFT)) & 3n);
  const mode = csr(Csr.satp) >> 60n;
  return (
    view.getBigUint64(HART.x, true) === 0n &&
    view.getBigUint64(HART.pc, true) % 2n === 0n &&
    word(HART.budget) === 0 &&
    within(HART.fs, 0, 3) &&
    within(HART.fflags, 0, 31) &&
    within(HART.frm, 0, 7) &&
    retired >= 0n &&
    retired <= Number.MAX_SAFE_INTEGER &&
    isPrivilege(word(HART.privilege)) &&
    isPrivilege(mpp) &&
    (mode === 0n || mode === BigInt(SATP_SV39)) &&
    POSSIBLE.every(([index, bits]) => (csr(index) & ~bits & ALL) === 0n)
  );
}

const ALL = 0xffff_ffff_ffff_ffffn;

const isPrivilege = (mode: number) => (Object.values(Privilege) as number[]).includes(mode);
