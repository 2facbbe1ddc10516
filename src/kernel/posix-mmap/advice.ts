import { PAGE_SIZE } from "../../cpu/sv39.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { type AddressSpace, type Fault, pageUp } from "../rkvm/address-space.ts";
import { AreaFlag, Prot, type Vma } from "../rkvm/vma.ts";
import { errno } from "../syscalls/errno.ts";
import { isPage, isRange, isWhollyMapped, populate } from "./range.ts";

/** Values of `madvise` (uapi/asm-generic/mman-common.h) that do something. */
const Advice = {
  dontNeed: 4,
  free: 8,
  remove: 9,
  dontFork: 10,
  doFork: 11,
  wipeOnFork: 18,
  keepOnFork: 19,
  populateRead: 22,
  populateWrite: 23,
  dontNeedLocked: 24,
} as const;

/**
 * Values that change nothing a program could see: NORMAL, RANDOM, SEQUENTIAL, WILLNEED, MERGEABLE, UNMERGEABLE,
 * HUGEPAGE, NOHUGEPAGE, DONTDUMP, DODUMP, COLD, PAGEOUT.
 */
const HINTS: ReadonlySet<number> = new Set([0, 1, 2, 3, 12, 13, 14, 15, 16, 17, 20, 21]);

const isLocked = (vma: Vma): boolean => (vma.flags & AreaFlag.locked) !== 0;

export function madvise(thread: Thread, start: number, size: number, advice: number): number {
  const length = pageUp(size);
  if (!isPage(start) || !isRange(start, length) || size < 0) return -errno.EINVAL;
  const space = thread.process.memory;
  const result = HINTS.has(advice) ? 0 : follow(space, start, start + length, advice);
  if (result < 0) return result;
  return isWhollyMapped(space, start, length) ? 0 : -errno.ENOMEM;
}

function follow(space: AddressSpace, start: number, end: number, advice: number): number {
  const areas = space.areas.overlapping(start, end);
  const flag = (set: number, cleared: number) => space.setFlags(start, end, set, cleared);
  switch (advice) {
    case Advice.dontNeed:
      if (areas.some(isLocked)) return -errno.EINVAL;
      break;
    case Advice.dontNeedLocked:
      break;
    case Advice.free:
      if (areas.some((vma) => vma.object !== undefined || isLocked(vma))) return -errno.EINVAL;
      break;
    case Advice.remove:
      return remove(areas, start, end);
    case Advice.dontFork:
      return flag(AreaFlag.dontFork, 0);
    case Advice.doFork:
      return flag(0, AreaFlag.dontFork);
    case Advice.wipeOnFork:
      if (areas.some((vma) => vma.object !== undefined)) return -errno.EINVAL;
      return flag(AreaFlag.wipeOnFork, 0);
    case Advice.keepOnFork:
      return flag(0, AreaFlag.wipeOnFork);
    case Advice.populateRead:
      return ofFault(populate(space, start, end - start, "read"));
    case Advice.populateWrite:
      return ofFault(populate(space, start, end - start, "write"));
    default:
      return -errno.EINVAL;
  }
  space.discard(start, end - start);
  return 0;
}

/** MADV_REMOVE: a hole in what is shared, here and in the file. */
function remove(areas: readonly Vma[], start: number, end: number): number {
  for (const vma of areas) {
    if (isLocked(vma) || !vma.object) return -errno.EINVAL;
    if (!vma.shared || !vma.mayWrite) return -errno.EACCES;
    const from = Math.max(vma.start, start) - vma.start + vma.offset;
    const to = Math.min(vma.end, end) - vma.start + vma.offset;
    if (!vma.object.punch(from, to)) return -errno.EOPNOTSUPP;
  }
  return 0;
}

/** madvise(2), "EFAULT" and "EINVAL" of MADV_POPULATE_READ. */
function ofFault(fault: Fault | undefined): number {
  if (fault === undefined) return 0;
  if (fault === "beyondFile") return -errno.EFAULT;
  return fault === "forbidden" ? -errno.EINVAL : -errno.ENOMEM;
}

/** One byte a page: whether it is in memory, for this process or as a page of its file. */
export function mincore(thread: Thread, start: number, size: number, vector: number): number {
  const length = pageUp(size);
  if (!isPage(start)) return -errno.EINVAL;
  const space = thread.process.memory;
  if (size < 0 || !isRange(start, length) || !isWhollyMapped(space, start, length)) return -errno.ENOMEM;
  for (let done = 0; done < length; done += PIECE) {
    const end = Math.min(length, done + PIECE);
    const bytes = new Uint8Array((end - done) / PAGE_SIZE);
    for (let i = 0; i < bytes.length; i++) bytes[i] = isPresent(space, start + done + i * PAGE_SIZE) ? 1 : 0;
    thread.memory.write(vector + done / PAGE_SIZE, bytes);
  }
  return 0;
}

/** Bytes that `mincore` looks at before it writes. */
const PIECE = 4096 * PAGE_SIZE;

function isPresent(space: AddressSpace, at: number): boolean {
  if (space.resident.isTouched(at)) return true;
  const vma = space.areas.find(at);
  if (!vma?.object || (vma.prot & Prot.write && !vma.shared)) return false;
  return vma.object.known((vma.offset + (at - vma.start)) / PAGE_SIZE) !== -1;
}
