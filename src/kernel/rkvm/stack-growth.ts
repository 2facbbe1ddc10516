import { PAGE_SIZE } from "../../cpu/sv39.ts";
import { Limit } from "../rkprocess/limits.ts";
import type { AddressSpace } from "./address-space.ts";
import { AreaFlag, type Vma } from "./vma.ts";

/** What stays free between a stack and what lies below it (Linux's `stack_guard_gap`): 256 pages. */
const GAP = 256 * PAGE_SIZE;

/**
 * An access to memory below an area that grows downwards makes it longer, up to RLIMIT_STACK and the gap below. A
 * guard that stands there, because the limit was smaller once, moves down. The area as it is then; `undefined` where
 * the address is no business of a stack.
 */
export function growStack(space: AddressSpace, address: number): Vma | undefined {
  const { areas } = space;
  const found = areas.findFrom(address);
  if (!found) return undefined;
  const guard = found.guard ? found : undefined;
  const stack = guard ? areas.findFrom(guard.end) : found;
  if (!stack || (stack.flags & AreaFlag.growsDown) === 0 || address >= stack.start) return undefined;
  const start = address - (address % PAGE_SIZE);
  const limit = Number(space.limits?.[Limit.stack].soft ?? Number.POSITIVE_INFINITY);
  if (stack.end - start > limit || space.exceedsLimits(stack.start - start, false)) return undefined;
  const below = guard ? guard.start : stack.start;
  const isRoomFor = (end: number) => areas.isFree(start - end, below);
  if (guard) {
    // Behind its guard nothing else may come nearer than the guard did.
    if (!isRoomFor(guard.end - guard.start)) return undefined;
    const size = guard.end - guard.start;
    areas.remove(areas.isolate(guard.start, guard.end));
    areas.insert({ ...guard, start: start - size, end: start });
  } else if (!isRoomFor(0) || !(isRoomFor(GAP) || guardBelow(space, start))) return undefined;
  areas.insert({ ...stack, start, end: stack.start, offset: 0 });
  return areas.find(address);
}

/** The nearest area below is a guard, which is all the gap that is needed. */
function guardBelow(space: AddressSpace, start: number): boolean {
  const nearest = space.areas.overlapping(start - GAP, start).at(-1);
  return nearest?.guard === true;
}
