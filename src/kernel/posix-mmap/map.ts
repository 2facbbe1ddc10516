import { PAGE_SIZE } from "../../cpu/sv39.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { type AddressSpace, pageUp } from "../rkvm/address-space.ts";
import type { Backing } from "../rkvm/backing.ts";
import { fileMappings } from "../rkvm/mappable.ts";
import { LOWEST, USER_END } from "../rkvm/space-areas.ts";
import { AreaFlag, Prot } from "../rkvm/vma.ts";
import { errno } from "../syscalls/errno.ts";
import { lockingRefused } from "./lock.ts";
import { isPage, isRange, isWhollyMapped, populate } from "./range.ts";

const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_SHARED_VALIDATE = 3;
const MAP_TYPE = 15;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_GROWSDOWN = 0x100;
const MAP_LOCKED = 0x2000;
const MAP_NORESERVE = 0x4000;
const MAP_POPULATE = 0x8000;
const MAP_NONBLOCK = 0x1_0000;
const MAP_HUGETLB = 0x4_0000;
const MAP_FIXED_NOREPLACE = 0x10_0000;
/** What MAP_SHARED_VALIDATE lets through: these, sizes of huge pages, and those that Linux has always ignored (linux/mman.h). */
const KNOWN = 0x7c1f_fbff;
const PROT_MASK = Prot.read | Prot.write | Prot.exec;

export function mmap(
  thread: Thread,
  hint: number,
  size: number,
  prot: number,
  flags: number,
  fd: number,
  offset: number,
) {
  const space = thread.process.memory;
  const length = pageUp(size);
  const type = flags & MAP_TYPE;
  const shared = type === MAP_SHARED || type === MAP_SHARED_VALIDATE;
  if (size === 0 || !isPage(offset) || offset < 0 || (!shared && type !== MAP_PRIVATE)) return -errno.EINVAL;
  if (type === MAP_SHARED_VALIDATE && (flags & MAP_ANONYMOUS) !== 0) return -errno.EINVAL;
  if (type === MAP_SHARED_VALIDATE && (flags & ~KNOWN) !== 0) return -errno.EOPNOTSUPP;
  if ((flags & MAP_HUGETLB) !== 0) return -errno.EINVAL;
  if (size < 0 || length > USER_END) return -errno.ENOMEM;
  if (space.violatesWx(prot)) return -errno.EACCES;
  const found = (flags & MAP_ANONYMOUS) === 0 ? fileOf(thread, fd, shared, prot) : ANONYMOUS;
  if (typeof found === "number") return found;
  const { backing, mayWrite } = found;
  const data = !shared && (prot & Prot.write) !== 0;
  if (!backing && (flags & MAP_NORESERVE) === 0 && (prot & Prot.write) !== 0 && space.promisesTooMuch(length))
    return -errno.ENOMEM;
  const start = placeFor(space, hint, length, flags);
  if (start < 0) return start;
  if (space.exceedsLimits(length - mappedIn(space, start, length), data)) return -errno.ENOMEM;
  const locked = (flags & MAP_LOCKED) !== 0 || space.lockFuture;
  const refused = locked ? lockingRefused(thread, length) : 0;
  if (refused < 0) return refused === -errno.ENOMEM ? -errno.EAGAIN : refused;
  const areaFlags = (locked ? AreaFlag.locked : 0) | (flags & MAP_GROWSDOWN ? AreaFlag.growsDown : 0);
  const result = space.map(start, length, {
    prot: prot & PROT_MASK,
    shared,
    backing,
    mayWrite,
    offset,
    flags: areaFlags,
  });
  if (result < 0) return result;
  if (locked || (flags & (MAP_POPULATE | MAP_NONBLOCK)) === MAP_POPULATE)
    populate(space, start, length, data ? "write" : "read");
  return start;
}

const ANONYMOUS = { backing: undefined, mayWrite: true };

/** What a descriptor maps. A shared mapping may be made writable later where the file was opened for writing. */
function fileOf(
  thread: Thread,
  fd: number,
  shared: boolean,
  prot: number,
): { backing: Backing | undefined; mayWrite: boolean } | number {
  const files = thread.kernel.use(fileMappings);
  const writes = shared && (prot & Prot.write) !== 0;
  const backing = files.backing(thread.process, fd | 0, writes, (prot & Prot.exec) !== 0);
  if (typeof backing === "number") return backing;
  const mayWrite =
    !shared || writes || typeof files.backing(thread.process, fd | 0, true, false) !== "number";
  return { backing, mayWrite };
}

/** Where a new mapping goes: at a fixed address, at its hint where that is free, else where there is room. */
function placeFor(space: AddressSpace, hint: number, length: number, flags: number): number {
  if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) !== 0) {
    if (!isPage(hint)) return -errno.EINVAL;
    if (!isRange(hint, length)) return -errno.ENOMEM;
    if (hint < LOWEST) return -errno.EPERM;
    const free = space.areas.isFree(hint, hint + length);
    return (flags & MAP_FIXED_NOREPLACE) !== 0 && !free ? -errno.EEXIST : hint;
  }
  const wanted = hint - (hint % PAGE_SIZE);
  if (wanted >= LOWEST && isRange(wanted, length) && space.areas.isFree(wanted, wanted + length))
    return wanted;
  return space.findRoom(length);
}

/** Bytes of a range that are mapped, and will be replaced. */
function mappedIn(space: AddressSpace, start: number, length: number): number {
  const end = start + length;
  return space.areas
    .overlapping(start, end)
    .reduce((sum, vma) => sum + Math.min(vma.end, end) - Math.max(vma.start, start), 0);
}

export function munmap(thread: Thread, start: number, size: number): number {
  const length = pageUp(size);
  if (size <= 0 || !isRange(start, length)) return -errno.EINVAL;
  return thread.process.memory.unmap(start, length);
}

const PROT_GROWSDOWN = 0x100_0000;
const PROT_GROWSUP = 0x200_0000;

export function mprotect(thread: Thread, start: number, size: number, wanted: number): number {
  const downwards = wanted >= 0 && wanted <= 0xffff_ffff && (wanted & PROT_GROWSDOWN) !== 0;
  const prot = downwards ? wanted - PROT_GROWSDOWN : wanted;
  if (!isPage(start) || prot < 0 || prot > PROT_MASK || (prot & PROT_GROWSUP) !== 0) return -errno.EINVAL;
  const length = pageUp(size);
  if (!isRange(start, length)) return -errno.ENOMEM;
  const space = thread.process.memory;
  if (!downwards) return length === 0 ? 0 : space.protect(start, length, prot);
  // From the start of the stack that the range is in.
  const vma = space.areas.find(start);
  if (!vma) return -errno.ENOMEM;
  if ((vma.flags & AreaFlag.growsDown) === 0) return -errno.EINVAL;
  return space.protect(vma.start, start + length - vma.start, prot);
}

const MS_ASYNC = 1;
const MS_INVALIDATE = 2;
const MS_SYNC = 4;

export function msync(thread: Thread, start: number, size: number, flags: number): number {
  const length = pageUp(size);
  if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) !== 0 || !isPage(start)) return -errno.EINVAL;
  if ((flags & MS_ASYNC) !== 0 && (flags & MS_SYNC) !== 0) return -errno.EINVAL;
  if (!isRange(start, length)) return -errno.ENOMEM;
  const space = thread.process.memory;
  for (const vma of space.areas.overlapping(start, start + length)) {
    if ((flags & MS_INVALIDATE) !== 0 && (vma.flags & AreaFlag.locked) !== 0) return -errno.EBUSY;
    if (!vma.shared) continue;
    const first = Math.max(vma.start, start) - vma.start + vma.offset;
    const end = Math.min(vma.end, start + length) - vma.start + vma.offset;
    vma.object?.sync(first / PAGE_SIZE, end / PAGE_SIZE);
  }
  return isWhollyMapped(space, start, length) ? 0 : -errno.ENOMEM;
}

/** The break counts against RLIMIT_MEMLOCK as well where all memory is locked. */
export function brk(thread: Thread, wanted: number): number {
  const space = thread.process.memory;
  const more = wanted - space.heapEnd;
  const known = more > 0 && space.lockFuture && lockingRefused(thread, more) < 0;
  return known ? space.heapEnd : space.setBreak(wanted);
}
