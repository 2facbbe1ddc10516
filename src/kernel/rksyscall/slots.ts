import { NATIVE_BASE, NATIVE_CALLS } from "../syscalls/native.ts";

/** Linux's numbers are below it. */
const LINUX_CALLS = 512;

/** Numbers that there are: Linux's, then the native ones. Handlers and counts stand in arrays of so many. */
export const SLOTS = LINUX_CALLS + NATIVE_CALLS;

/** The place of a number, or -1 for one that is nobody's. */
export function slotOf(number: number): number {
  if (number < LINUX_CALLS) return number < 0 ? -1 : number;
  const native = number - NATIVE_BASE;
  return native >= 0 && native < NATIVE_CALLS ? LINUX_CALLS + native : -1;
}

/** The number whose place it is. */
export const numberOf = (slot: number): number =>
  slot < LINUX_CALLS ? slot : NATIVE_BASE + slot - LINUX_CALLS;
