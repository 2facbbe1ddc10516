import { PAGE_SIZE } from "../../cpu/sv39.ts";
import { Capability } from "../rkprocess/capabilities.ts";
import { Limit } from "../rkprocess/limits.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { type AddressSpace, pageUp } from "../rkvm/address-space.ts";
import { AreaFlag, Prot, type Vma } from "../rkvm/vma.ts";
import { errno } from "../syscalls/errno.ts";
import { isRange, isWhollyMapped, populate } from "./range.ts";

const MLOCK_ONFAULT = 1;
const MCL_CURRENT = 1;
const MCL_FUTURE = 2;
const MCL_ONFAULT = 4;

const isLocked = (vma: Vma): boolean => (vma.flags & AreaFlag.locked) !== 0;

/** EPERM or ENOMEM where `more` bytes must not be locked: RLIMIT_MEMLOCK, which CAP_IPC_LOCK goes beyond. */
export function lockingRefused(thread: Thread, more: number): number {
  const { credentials, limits, memory } = thread.process;
  if (credentials.has(Capability.lockMemory)) return 0;
  if (limits[Limit.locked].soft === 0n) return -errno.EPERM;
  return memory.exceeds(Limit.locked, more, isLocked) ? -errno.ENOMEM : 0;
}

/** Outside of user space nothing is mapped; what goes beyond the end of all is no range at all (mlock(2)). */
function refusedRange(from: number, length: number): number {
  const start = from < 0 ? from + 2 ** 64 : from;
  return length < 0 || start + length >= 2 ** 64 ? -errno.EINVAL : -errno.ENOMEM;
}

function lock(thread: Thread, start: number, size: number, onFault: boolean): number {
  const from = start - (start % PAGE_SIZE);
  const length = pageUp(size + (start % PAGE_SIZE));
  if (!isRange(from, length)) return refusedRange(from, length);
  const space = thread.process.memory;
  let more = 0;
  for (const vma of space.areas.overlapping(from, from + length))
    if (!isLocked(vma)) more += Math.min(vma.end, from + length) - Math.max(vma.start, from);
  const refused = lockingRefused(thread, more);
  if (refused < 0) return refused;
  if (!isWhollyMapped(space, from, length)) return -errno.ENOMEM;
  setLocked(space, from, from + length, true);
  return onFault ? 0 : fill(space, from, from + length);
}

export const mlock = (thread: Thread, start: number, size: number): number =>
  lock(thread, start, size, false);

export function mlock2(thread: Thread, start: number, size: number, flags: number): number {
  if ((flags & ~MLOCK_ONFAULT) !== 0) return -errno.EINVAL;
  return lock(thread, start, size, (flags & MLOCK_ONFAULT) !== 0);
}

export function munlock(thread: Thread, start: number, size: number): number {
  const from = start - (start % PAGE_SIZE);
  const length = pageUp(size + (start % PAGE_SIZE));
  if (!isRange(from, length)) return refusedRange(from, length);
  const space = thread.process.memory;
  setLocked(space, from, from + length, false);
  return isWhollyMapped(space, from, length) ? 0 : -errno.ENOMEM;
}

export function mlockall(thread: Thread, flags: number): number {
  if (flags === 0 || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) !== 0 || flags === MCL_ONFAULT)
    return -errno.EINVAL;
  const space = thread.process.memory;
  if ((flags & MCL_CURRENT) !== 0) {
    const all = space.areas.areas.reduce((sum, vma) => sum + vma.end - vma.start, 0);
    const refused = lockingRefused(thread, all);
    if (refused < 0) return refused;
  } else if (lockingRefused(thread, 0) === -errno.EPERM) return -errno.EPERM;
  space.lockFuture = (flags & MCL_FUTURE) !== 0;
  if ((flags & MCL_CURRENT) === 0) return 0;
  const end = space.areas.areas.at(-1)?.end ?? 0;
  setLocked(space, 0, end, true);
  // As on Linux, what cannot be brought in is passed over.
  if ((flags & MCL_ONFAULT) === 0) for (const vma of [...space.areas.areas]) fill(space, vma.start, vma.end);
  return 0;
}

export function munlockall(thread: Thread): number {
  const space = thread.process.memory;
  space.lockFuture = false;
  setLocked(space, 0, space.areas.areas.at(-1)?.end ?? 0, false);
  return 0;
}

function setLocked(space: AddressSpace, start: number, end: number, locked: boolean): void {
  space.setFlags(start, end, locked ? AreaFlag.locked : 0, locked ? 0 : AreaFlag.locked);
}

/** Brings the pages in, each for what its area permits. */
function fill(space: AddressSpace, start: number, end: number): number {
  for (const vma of space.areas.overlapping(start, end)) {
    if ((vma.prot & (Prot.read | Prot.write | Prot.exec)) === 0) continue;
    const from = Math.max(vma.start, start);
    const length = Math.min(vma.end, end) - from;
    const readable = (vma.prot & Prot.read) !== 0 ? "read" : "execute";
    const access = (vma.prot & Prot.write) !== 0 && !vma.shared ? "write" : readable;
    if (populate(space, from, length, access) !== undefined) return -errno.ENOMEM;
  }
  return 0;
}
