import { Csr, Interrupt, Mstatus } from "./csr-state.ts";
import type { Hart } from "./hart.ts";
import { Privilege } from "./layout.ts";

/** Highest priority first (Privileged Architecture, "Machine Interrupt Registers"). */
const PRIORITY = [
  Interrupt.machineExternal,
  Interrupt.machineSoftware,
  Interrupt.machineTimer,
  Interrupt.supervisorExternal,
  Interrupt.supervisorSoftware,
  Interrupt.supervisorTimer,
];

/** Number of the interrupt that the hart takes before its next instruction, or -1. */
export function interruptToTake(hart: Hart): number {
  const { csrs, privilege } = hart;
  const pending = csrs.pending & csrs.low(Csr.mie);
  if (pending === 0) return -1;
  const delegated = csrs.low(Csr.mideleg);
  const status = csrs.status;
  let taken = 0;
  if (privilege < Privilege.machine || (status & Mstatus.MIE) !== 0) taken = pending & ~delegated;
  if (taken === 0) {
    const enabled =
      privilege === Privilege.supervisor ? (status & Mstatus.SIE) !== 0 : privilege === Privilege.user;
    if (enabled) taken = pending & delegated;
  }
  return PRIORITY.find((number) => (taken & (1 << number)) !== 0) ?? -1;
}

/** An enabled interrupt is pending, whether or not it can be taken now: `wfi` goes on. */
export function isInterruptPending(hart: Hart): boolean {
  return (hart.csrs.pending & hart.csrs.low(Csr.mie)) !== 0;
}
