import { PAGE_SIZE } from "../../cpu/sv39.ts";
import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { type AddressSpace, LOWEST, pageUp, USER_END } from "../rkvm/address-space.ts";
import type { Backing } from "../rkvm/backing.ts";
import { fileMappings } from "../rkvm/mappable.ts";
import { memoryManager } from "../rkvm/memory-manager.ts";
import { Prot } from "../rkvm/vma.ts";
import { errno } from "../syscalls/errno.ts";
import { full, partial, type SyscallRow, stub } from "../syscalls/row.ts";
import { discardingAdvice, harmlessAdvice } from "./advice.ts";

const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_SHARED_VALIDATE = 3;
const MAP_TYPE = 15;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;
const MAP_POPULATE = 0x8000;
const MAP_HUGETLB = 0x4_0000;
const MAP_FIXED_NOREPLACE = 0x10_0000;
const MREMAP_MAYMOVE = 1;
const MREMAP_FIXED = 2;
const PROT_MASK = Prot.read | Prot.write | Prot.exec;

const isPage = (address: number): boolean => address % PAGE_SIZE === 0;
/** Whole pages of user space. */
const isRange = (start: number, length: number): boolean =>
  isPage(start) && start >= 0 && length >= 0 && start + length <= USER_END;

function mmap(
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
  if (size <= 0 || !isPage(offset) || offset < 0 || (!shared && type !== MAP_PRIVATE)) return -errno.EINVAL;
  if ((flags & MAP_HUGETLB) !== 0) return -errno.EINVAL;
  if (length > USER_END) return -errno.ENOMEM;
  if (space.violatesWx(prot)) return -errno.EACCES;
  let backing: Backing | undefined;
  if ((flags & MAP_ANONYMOUS) === 0) {
    const found = backingOf(thread, fd, shared && (prot & Prot.write) !== 0);
    if (typeof found === "number") return found;
    backing = found;
  } else if ((flags & MAP_NORESERVE) === 0 && (prot & Prot.write) !== 0) {
    if (length > thread.kernel.use(memoryManager).totalPages * PAGE_SIZE) return -errno.ENOMEM;
  }
  const start = placeFor(space, hint, length, flags);
  if (start < 0) return start;
  const result = space.map(start, length, { prot: prot & PROT_MASK, shared, backing, offset });
  if (result < 0) return result;
  if ((flags & MAP_POPULATE) !== 0) populate(space, start, length, prot);
  return start;
}

function backingOf(thread: Thread, fd: number, sharedWrite: boolean): Backing | undefined | number {
  return thread.kernel.use(fileMappings).backing(thread.process, fd | 0, sharedWrite);
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

function populate(space: AddressSpace, start: number, length: number, prot: number): void {
  const access = (prot & Prot.write) !== 0 ? "write" : "read";
  for (let at = start; at < start + length; at += PAGE_SIZE)
    if (!space.table.lookup(at) && space.fault(at, access) !== undefined) return;
}

function munmap(thread: Thread, start: number, size: number): number {
  const length = pageUp(size);
  if (size <= 0 || !isRange(start, length)) return -errno.EINVAL;
  return thread.process.memory.unmap(start, length);
}

function mprotect(thread: Thread, start: number, size: number, prot: number): number {
  if (!isPage(start) || prot < 0 || prot > PROT_MASK) return -errno.EINVAL;
  const length = pageUp(size);
  if (!isRange(start, length)) return -errno.ENOMEM;
  return length === 0 ? 0 : thread.process.memory.protect(start, length, prot);
}

function mremap(
  thread: Thread,
  start: number,
  oldSize: number,
  newSize: number,
  flags: number,
  fixed: number,
) {
  const space = thread.process.memory;
  const oldLength = pageUp(oldSize);
  const newLength = pageUp(newSize);
  if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED)) !== 0 || newSize <= 0 || oldSize <= 0) return -errno.EINVAL;
  if (!isRange(start, oldLength) || newLength > USER_END) return -errno.EINVAL;
  const vma = space.areas.find(start);
  if (!vma || vma.guard || vma.end < start + oldLength) return -errno.EFAULT;
  if ((flags & MREMAP_FIXED) !== 0) {
    const overlaps = fixed < start + oldLength && start < fixed + newLength;
    if ((flags & MREMAP_MAYMOVE) === 0 || !isRange(fixed, newLength) || overlaps) return -errno.EINVAL;
    if (fixed < LOWEST) return -errno.EPERM;
    return space.move(start, oldLength, fixed, newLength) || fixed;
  }
  if (newLength <= oldLength) return space.unmap(start + newLength, oldLength - newLength) || start;
  const grown = start + oldLength;
  const more = newLength - oldLength;
  if (vma.end === grown && grown + more <= USER_END && space.areas.isFree(grown, grown + more))
    return space.extend(vma, more) || start;
  if ((flags & MREMAP_MAYMOVE) === 0) return -errno.ENOMEM;
  const to = space.findRoom(newLength);
  return to < 0 ? to : space.move(start, oldLength, to, newLength) || to;
}

function madvise(thread: Thread, start: number, size: number, advice: number): number {
  const length = pageUp(size);
  if (!isRange(start, length)) return -errno.EINVAL;
  const space = thread.process.memory;
  if (discardingAdvice.has(advice)) space.discard(start, length);
  else if (!harmlessAdvice.has(advice)) return -errno.EINVAL;
  return isWhollyMapped(space, start, length) ? 0 : -errno.ENOMEM;
}

function isWhollyMapped(space: AddressSpace, start: number, length: number): boolean {
  let reached = start;
  for (const vma of space.areas.overlapping(start, start + length)) {
    if (vma.start > reached) return false;
    reached = vma.end;
  }
  return reached >= start + length;
}

const MS_ASYNC = 1;
const MS_INVALIDATE = 2;
const MS_SYNC = 4;

function msync(thread: Thread, start: number, size: number, flags: number): number {
  const length = pageUp(size);
  if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) !== 0 || !isRange(start, length)) return -errno.EINVAL;
  if ((flags & MS_ASYNC) !== 0 && (flags & MS_SYNC) !== 0) return -errno.EINVAL;
  const space = thread.process.memory;
  if (!isWhollyMapped(space, start, length)) return -errno.ENOMEM;
  for (const vma of space.areas.overlapping(start, start + length)) {
    const first = Math.max(vma.start, start) - vma.start + vma.offset;
    const end = Math.min(vma.end, start + length) - vma.start + vma.offset;
    vma.object?.sync(first / PAGE_SIZE, end / PAGE_SIZE);
  }
  return 0;
}

/** One byte a page: whether it is in memory. */
function mincore(thread: Thread, start: number, size: number, vector: number): number {
  const length = pageUp(size);
  if (!isRange(start, length)) return -errno.EINVAL;
  const space = thread.process.memory;
  if (!isWhollyMapped(space, start, length)) return -errno.ENOMEM;
  thread.memory.fill(vector, length / PAGE_SIZE, 0);
  space.resident.each(start, start + length, (at) =>
    thread.memory.writeU8(vector + (at - start) / PAGE_SIZE, 1),
  );
  return 0;
}

function lockRange(thread: Thread, start: number, size: number): number {
  const from = start - (start % PAGE_SIZE);
  const length = pageUp(size + (start % PAGE_SIZE));
  if (!isRange(from, length)) return -errno.EINVAL;
  return isWhollyMapped(thread.process.memory, from, length) ? 0 : -errno.ENOMEM;
}

const resident = "guest memory is never swapped out";

const mmapSyscalls: readonly SyscallRow[] = [
  partial("mmap", "no huge pages; MAP_GROWSDOWN is ignored", mmap),
  full("munmap", munmap),
  full("mprotect", mprotect),
  full("brk", (thread, wanted) => thread.process.memory.setBreak(wanted)),
  partial("mremap", "no MREMAP_DONTUNMAP", mremap),
  partial("madvise", "what is only a hint is accepted and ignored", madvise),
  full("msync", msync),
  full("mincore", mincore),
  stub("mlock", resident, lockRange),
  stub("mlock2", resident, lockRange),
  stub("munlock", resident, lockRange),
  stub("mlockall", resident, () => 0),
  stub("munlockall", resident, () => 0),
];

/** Memory as POSIX programs ask for it. */
export const posixMmap: Library = {
  name: "posix-mmap",
  summary: librarySummary.posixMmap,
  provides: [],
  needs: [memoryManager, fileMappings],
  syscalls: mmapSyscalls,
};
