import { Cause, Privilege } from "./layout.ts";
import { Access, PHYSICAL_END, type Pmp } from "./pmp.ts";
import { PAGE_SIZE, PTE_SIZE, Pte, type Walker } from "./sv39.ts";
import { View } from "./tlb.ts";

/** Where an access would go, and what it would change. Filled in by `translate`; made once and used again. */
export class Translation {
  /** Physical page number; -1 where the access faults. */
  page = -1;
  /** Exception code (`Cause`); -1 where it does not fault. */
  cause = -1;
  /** Level of the leaf: above 0 inside a large page. */
  level = 0;
  /** Physical address of the leaf, where its A or D bit has to be set before the access is done; -1 where not. */
  update = -1;
  /** What the leaf must be then. */
  ppn = 0;
  flags = 0;
}

/**
 * Translates a virtual address for one access, by the view's privilege, SUM and MXR (Privileged Architecture,
 * "Virtual Address Translation Process"). Changes nothing but `into` and `walker`.
 *
 * A and D bits: an access whose leaf lacks A, or a store whose leaf lacks D, asks for an update and goes on,
 * as QEMU's `virt` board does by default; no page fault is raised for them.
 */
export function translate(
  pmp: Pmp,
  root: number,
  view: number,
  va: number,
  access: Access,
  walker: Walker,
  into: Translation,
): void {
  into.update = -1;
  into.level = 0;
  into.page = -1;
  if ((view & View.sv39) === 0) {
    into.cause = va < 0 || va >= PHYSICAL_END ? accessFault(access) : -1;
    if (into.cause < 0) into.page = Math.floor(va / PAGE_SIZE);
    return;
  }
  into.cause = walkFor(pmp, root, view, va, access, walker);
  if (into.cause >= 0) return;
  const { flags, level, address, ppn } = walker;
  const wanted = access === Access.write ? Pte.A | Pte.D : Pte.A;
  if ((flags & wanted) !== wanted) {
    if (!pmp.allows(address, PTE_SIZE, Access.write, Privilege.supervisor)) {
      into.cause = accessFault(access);
      return;
    }
    into.update = address;
    into.ppn = ppn;
    into.flags = flags | wanted;
  }
  into.page = walker.page;
  into.level = level;
}

/** Walks to the leaf. Returns the exception code where there is none or it forbids the access, else -1. */
function walkFor(pmp: Pmp, root: number, view: number, va: number, access: Access, walker: Walker): number {
  walker.start(root, va);
  while (walker.next())
    if (!pmp.allows(walker.address, PTE_SIZE, Access.read, Privilege.supervisor)) return accessFault(access);
  if (walker.end === "noMemory") return accessFault(access);
  return walker.end === "leaf" && permits(walker.flags, view, access) ? -1 : pageFault(access);
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

export function pageFault(access: Access): number {
  if (access === Access.fetch) return Cause.instructionPage;
  return access === Access.write ? Cause.storePage : Cause.loadPage;
}

export function accessFault(access: Access): number {
  if (access === Access.fetch) return Cause.instructionAccess;
  return access === Access.write ? Cause.storeAccess : Cause.loadAccess;
}
