import type { PhysicalMemory } from "../memory/physical-memory.ts";
import { Cause, Privilege } from "./layout.ts";
import { Access, type Pmp } from "./pmp.ts";
import { PAGE_SIZE, PTE_SIZE, Pte, type WalkStep, walk } from "./sv39.ts";
import { View } from "./tlb.ts";

/** Where an access would go, and what it would change. */
export interface Translation {
  /** Physical page number; -1 where the access faults. */
  readonly page: number;
  /** Exception code (`Cause`); -1 where it does not fault. */
  readonly cause: number;
  /** The leaf as it must be before the access is done, where A or D is not set yet. */
  readonly update: WalkStep | undefined;
  /** Level of the leaf: above 0 inside a large page. */
  readonly level: number;
}

/** Highest physical address + 1: 56 bits. */
const PHYSICAL_END = 2 ** 56;

/**
 * Translates a virtual address for one access, by the view's privilege, SUM and MXR (Privileged Architecture,
 * "Virtual Address Translation Process"). Changes nothing.
 *
 * A and D bits: an access whose leaf lacks A, or a store whose leaf lacks D, asks for an update and goes on,
 * as QEMU's `virt` board does by default; no page fault is raised for them.
 */
export function translate(
  ram: PhysicalMemory,
  pmp: Pmp,
  root: number,
  view: number,
  va: number,
  access: Access,
): Translation {
  if ((view & View.sv39) === 0) {
    if (va < 0 || va >= PHYSICAL_END) return fault(accessFault(access));
    return { page: Math.floor(va / PAGE_SIZE), cause: -1, update: undefined, level: 0 };
  }
  const { steps, end, page, flags } = walk(ram, root, va);
  for (const step of steps)
    if (!pmp.allows(step.address, PTE_SIZE, Access.read, Privilege.supervisor))
      return fault(accessFault(access));
  if (end === "noMemory") return fault(accessFault(access));
  if (end !== "leaf" || !permits(flags, view, access)) return fault(pageFault(access));
  const leaf = steps[steps.length - 1];
  const wanted = access === Access.write ? Pte.A | Pte.D : Pte.A;
  if ((flags & wanted) === wanted) return { page, cause: -1, update: undefined, level: leaf.level };
  if (!pmp.allows(leaf.address, PTE_SIZE, Access.write, Privilege.supervisor))
    return fault(accessFault(access));
  return { page, cause: -1, update: { ...leaf, flags: flags | wanted }, level: leaf.level };
}

function permits(flags: number, view: number, access: Access): boolean {
  const isUserPage = (flags & Pte.U) !== 0;
  if ((view & 3) === Privilege.user) {
    if (!isUserPage) return false;
  } else if (isUserPage && (access === Access.fetch || (view & View.sum) === 0)) return false;
  if (access === Access.fetch) return (flags & Pte.X) !== 0;
  if (access === Access.write) return (flags & Pte.W) !== 0;
  return (flags & (view & View.mxr ? Pte.R | Pte.X : Pte.R)) !== 0;
}

const fault = (cause: number): Translation => ({ page: -1, cause, update: undefined, level: 0 });

export function pageFault(access: Access): number {
  if (access === Access.fetch) return Cause.instructionPage;
  return access === Access.write ? Cause.storePage : Cause.loadPage;
}

export function accessFault(access: Access): number {
  if (access === Access.fetch) return Cause.instructionAccess;
  return access === Access.write ? Cause.storeAccess : Cause.loadAccess;
}
