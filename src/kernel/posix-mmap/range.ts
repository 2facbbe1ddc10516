import { PAGE_SIZE } from "../../cpu/sv39.ts";
import type { AddressSpace, Fault } from "../rkvm/address-space.ts";
import type { Access } from "../rkvm/resident-pages.ts";
import { USER_END } from "../rkvm/space-areas.ts";

export const isPage = (address: number): boolean => address % PAGE_SIZE === 0;

/** Whole pages of user space. */
export const isRange = (start: number, length: number): boolean =>
  isPage(start) && start >= 0 && length >= 0 && start + length <= USER_END;

export function isWhollyMapped(space: AddressSpace, start: number, length: number): boolean {
  let reached = start;
  for (const vma of space.areas.overlapping(start, start + length)) {
    if (vma.start > reached) return false;
    reached = vma.end;
  }
  return reached >= start + length;
}

/** Brings the pages of a range in, up to the first that cannot be; why that is. */
export function populate(
  space: AddressSpace,
  start: number,
  length: number,
  access: Access,
): Fault | undefined {
  for (let at = start; at < start + length; at += PAGE_SIZE) {
    if (space.resident.isReady(at, access)) continue;
    const fault = space.fault(at, access);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
