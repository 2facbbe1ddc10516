import { Csr, MPP_SHIFT, Mstatus } from "./csr-state.ts";
import type { Hart } from "./hart.ts";
import { Privilege } from "./layout.ts";

const INTERRUPT = 1n << 63n;

/**
 * Enters a trap vector of the guest: in S-mode where `medeleg` or `mideleg` says so and the hart is not in
 * M-mode, else in M-mode. `cause`: exception code or interrupt number. The hart's pc is the instruction that
 * trapped or, for an interrupt, the next one.
 */
export function takeTrap(hart: Hart, cause: number, tval: bigint, interrupt: boolean): void {
  const { csrs, privilege } = hart;
  const delegated = csrs.low(interrupt ? Csr.mideleg : Csr.medeleg) & (1 << cause);
  const toSupervisor = privilege !== Privilege.machine && delegated !== 0;
  const code = BigInt(cause) | (interrupt ? INTERRUPT : 0n);
  csrs.set(toSupervisor ? Csr.sepc : Csr.mepc, hart.pc);
  csrs.set(toSupervisor ? Csr.scause : Csr.mcause, code);
  csrs.set(toSupervisor ? Csr.stval : Csr.mtval, tval);
  csrs.status = toSupervisor ? stackSupervisor(csrs.status, privilege) : stackMachine(csrs.status, privilege);
  const vector = csrs.get(toSupervisor ? Csr.stvec : Csr.mtvec);
  const vectored = interrupt && (vector & 1n) !== 0n;
  hart.pc = (vector & ~3n) + (vectored ? BigInt(4 * cause) : 0n);
  enterPrivilege(hart, toSupervisor ? Privilege.supervisor : Privilege.machine);
}

/** xIE goes to xPIE and is cleared; the privilege goes to xPP. */
function stackMachine(status: number, privilege: number): number {
  const kept = status & ~(Mstatus.MPIE | Mstatus.MIE | Mstatus.MPP);
  return kept | ((status & Mstatus.MIE) !== 0 ? Mstatus.MPIE : 0) | (privilege << MPP_SHIFT);
}

function stackSupervisor(status: number, privilege: number): number {
  const kept = status & ~(Mstatus.SPIE | Mstatus.SIE | Mstatus.SPP);
  const previous = privilege === Privilege.supervisor ? Mstatus.SPP : 0;
  return kept | ((status & Mstatus.SIE) !== 0 ? Mstatus.SPIE : 0) | previous;
}

/** `mret`, its legality already checked: back to MPP with MIE from MPIE. */
export function returnFromMachine(hart: Hart): void {
  const { csrs } = hart;
  const status = csrs.status;
  const privilege = (status & Mstatus.MPP) >> MPP_SHIFT;
  let next = (status & ~(Mstatus.MIE | Mstatus.MPP)) | Mstatus.MPIE;
  if ((status & Mstatus.MPIE) !== 0) next |= Mstatus.MIE;
  if (privilege !== Privilege.machine) next &= ~Mstatus.MPRV;
  csrs.status = next;
  hart.pc = csrs.get(Csr.mepc);
  enterPrivilege(hart, privilege);
}

/** `sret`, its legality already checked: back to SPP with SIE from SPIE. */
export function returnFromSupervisor(hart: Hart): void {
  const { csrs } = hart;
  const status = csrs.status;
  let next = (status & ~(Mstatus.SIE | Mstatus.SPP | Mstatus.MPRV)) | Mstatus.SPIE;
  if ((status & Mstatus.SPIE) !== 0) next |= Mstatus.SIE;
  csrs.status = next;
  hart.pc = csrs.get(Csr.sepc);
  enterPrivilege(hart, (status & Mstatus.SPP) !== 0 ? Privilege.supervisor : Privilege.user);
}

function enterPrivilege(hart: Hart, privilege: number): void {
  hart.privilege = privilege;
  hart.csrs.clearReservation();
  hart.mmu.refresh();
}
