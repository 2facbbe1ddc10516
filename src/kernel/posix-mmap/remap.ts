import type { Thread } from "../rkprocess/thread.ts";
import { type AddressSpace, pageUp } from "../rkvm/address-space.ts";
import { LOWEST, USER_END } from "../rkvm/space-areas.ts";
import { AreaFlag, type Vma } from "../rkvm/vma.ts";
import { errno } from "../syscalls/errno.ts";
import { lockingRefused } from "./lock.ts";
import { isRange, populate } from "./range.ts";

const MREMAP_MAYMOVE = 1;
const MREMAP_FIXED = 2;
const MREMAP_DONTUNMAP = 4;

export function mremap(
  thread: Thread,
  start: number,
  oldSize: number,
  newSize: number,
  flags: number,
  fixed: number,
): number {
  const space = thread.process.memory;
  const oldLength = pageUp(oldSize);
  const newLength = pageUp(newSize);
  const has = (flag: number) => (flags & flag) !== 0;
  if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0) return -errno.EINVAL;
  if ((has(MREMAP_FIXED) || has(MREMAP_DONTUNMAP)) && !has(MREMAP_MAYMOVE)) return -errno.EINVAL;
  if (has(MREMAP_DONTUNMAP) && oldLength !== newLength) return -errno.EINVAL;
  if (newSize <= 0 || oldSize < 0 || !isRange(start, oldLength) || newLength > USER_END) return -errno.EINVAL;
  const to = has(MREMAP_FIXED) ? fixed : -1;
  if (to !== -1) {
    const overlaps = to < start + oldLength && start < to + newLength;
    if (!isRange(to, newLength) || overlaps) return -errno.EINVAL;
    if (to < LOWEST) return -errno.EPERM;
  }
  const vma = space.areas.find(start);
  if (!vma || vma.guard) return -errno.EFAULT;
  if (oldLength === 0) return duplicate(space, vma, start, newLength, has(MREMAP_MAYMOVE), to);
  if (vma.end < start + oldLength) return -errno.EFAULT;
  const more = newLength - oldLength;
  const locked = (vma.flags & AreaFlag.locked) !== 0;
  if (locked && more > 0 && lockingRefused(thread, more) < 0) return -errno.EAGAIN;
  const result = resize(space, vma, { start, oldLength, newLength, to, flags });
  if (result >= 0 && locked && more > 0) populate(space, result + oldLength, more, "read");
  return result;
}

interface Resizing {
  readonly start: number;
  readonly oldLength: number;
  readonly newLength: number;
  /** -1: anywhere. */
  readonly to: number;
  readonly flags: number;
}

function resize(space: AddressSpace, vma: Vma, { start, oldLength, newLength, to, flags }: Resizing): number {
  const keep = (flags & MREMAP_DONTUNMAP) !== 0;
  if (to !== -1) return space.move(start, oldLength, to, newLength, keep) || to;
  if (!keep && newLength <= oldLength) return space.unmap(start + newLength, oldLength - newLength) || start;
  const grown = start + oldLength;
  const more = newLength - oldLength;
  if (!keep && vma.end === grown && grown + more <= USER_END && space.areas.isFree(grown, grown + more))
    return space.extend(vma, more) || start;
  if ((flags & MREMAP_MAYMOVE) === 0) return -errno.ENOMEM;
  const room = space.findRoom(newLength);
  return room < 0 ? room : space.move(start, oldLength, room, newLength, keep) || room;
}

/** An old length of 0: the same shared pages once more (mremap(2)). */
function duplicate(
  space: AddressSpace,
  vma: Vma,
  start: number,
  length: number,
  mayMove: boolean,
  to: number,
): number {
  if (!vma.shared || !mayMove) return -errno.EINVAL;
  const place = to === -1 ? space.findRoom(length) : to;
  return place < 0 ? place : space.duplicate(vma, start, place, length) || place;
}
