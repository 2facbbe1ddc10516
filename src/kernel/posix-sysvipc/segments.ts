import { PAGE_SIZE } from "../../cpu/sv39.ts";
import type { Kernel } from "../kernel.ts";
import { call, int } from "../posixfs/call.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import type { AddressSpace } from "../rkvm/address-space.ts";
import { memoryManager } from "../rkvm/memory-manager.ts";
import { LOWEST, USER_END } from "../rkvm/space-areas.ts";
import { Prot, type Vma } from "../rkvm/vma.ts";
import { full, partial, type SyscallRow } from "../syscalls/row.ts";
import { fail } from "../vfs/error.ts";
import {
  beginReport,
  CHANGE,
  IPC,
  IpcTable,
  now,
  PERM_SIZE,
  READ,
  requireOwner,
  requirePermission,
  setOwner,
  setWords,
} from "./object.ts";
import { Segment, SegmentMemory, SHM_DEST, SHM_LOCKED } from "./segment.ts";
import { sysvIpc } from "./state.ts";

/** Flags of `shmat` and of `shmget` (linux/shm.h). */
const SHM = { RDONLY: 0o10000, RND: 0o20000, REMAP: 0o40000, EXEC: 0o100000, HUGETLB: 0o4000 } as const;
/** Commands beside those of all kinds. */
const [SHM_LOCK, SHM_UNLOCK, SHM_STAT, SHM_INFO, SHM_STAT_ANY] = [11, 12, 13, 14, 15];
/** SHMMNI */
const MOST_SEGMENTS = 4096;

export const newSegments = () => new IpcTable<Segment>(MOST_SEGMENTS);

const segmentsOf = (thread: Thread) => thread.kernel.use(sysvIpc).segments;
const pagesOf = (size: number) => Math.ceil(size / PAGE_SIZE);

function shmget(thread: Thread, key: number, size: number, flags: number): number {
  const segments = segmentsOf(thread);
  const check = (segment: Segment) => {
    if (segment.size < size || size < 0) fail("EINVAL");
  };
  return segments.get(thread, int(key), int(flags), check, () => {
    const { totalPages, frames } = thread.kernel.use(memoryManager);
    if (size < 1) fail("EINVAL");
    if (flags & SHM.HUGETLB) fail("EINVAL");
    if (pagesOf(size) > totalPages) fail("ENOMEM");
    // Together they are as big as the machine at most.
    if (segments.weight + pagesOf(size) > totalPages) fail("ENOSPC");
    const memory = new SegmentMemory(frames, pagesOf(size) * PAGE_SIZE);
    const segment = new Segment(thread, int(key), int(flags), size, memory);
    const { kernel } = thread;
    memory.onDetach = () => detached(kernel, segments, segment);
    return segment;
  });
}

/** An area shows it no more: who did that is known, unless a whole machine ends. */
function detached(kernel: Kernel, segments: IpcTable<Segment>, segment: Segment): void {
  const caller = kernel.use(dispatcher).current;
  if (caller) {
    segment.lastPid = caller.process.pid;
    segment.detachedAt = now(caller);
  }
  if (segment.memory.attached === 0 && segment.mode & SHM_DEST) segments.remove(segment);
}

function shmat(thread: Thread, id: number, wanted: number, flags: number): number {
  if (int(id) < 0) fail("EINVAL");
  const at = placeOf(wanted, flags);
  const segment = segmentsOf(thread).find(int(id));
  const readOnly = (flags & SHM.RDONLY) !== 0;
  requirePermission(thread, segment, readOnly ? READ : READ | CHANGE);
  const { memory: space } = thread.process;
  const length = pagesOf(segment.size) * PAGE_SIZE;
  if (at !== 0 && !(flags & SHM.REMAP) && !space.areas.isFree(at, at + length)) fail("EINVAL");
  const start = at === 0 ? space.findRoom(length) : at;
  if (start < 0) return start;
  if (space.exceedsLimits(length, false)) fail("ENOMEM");
  const key = (segment.key >>> 0).toString(16).padStart(8, "0");
  const result = space.map(start, length, {
    prot: Prot.read | (readOnly ? 0 : Prot.write) | (flags & SHM.EXEC ? Prot.exec : 0),
    shared: true,
    object: segment.memory,
    mayWrite: !readOnly,
    name: `/SYSV${key} (deleted)`,
  });
  if (result < 0) return result;
  segment.lastPid = thread.process.pid;
  segment.attachedAt = now(thread);
  return start;
}

/** The address that is asked for, a whole page; 0: none. */
function placeOf(wanted: number, flags: number): number {
  if (wanted === 0) return flags & SHM.REMAP ? fail("EINVAL") : 0;
  const beyond = wanted % PAGE_SIZE;
  if (beyond !== 0 && !(flags & SHM.RND)) fail("EINVAL");
  const at = wanted - beyond;
  if (at === 0 && flags & SHM.REMAP) fail("EINVAL");
  return at < LOWEST || at >= USER_END ? fail("EINVAL") : at;
}

/** Takes out what is left of the attachment that began at an address. */
function shmdt(thread: Thread, at: number): number {
  const { memory: space } = thread.process;
  if (at % PAGE_SIZE !== 0) fail("EINVAL");
  const parts = attachment(space, at);
  if (parts.length === 0) fail("EINVAL");
  for (const { start, end } of parts) space.unmap(start, end - start);
  return 0;
}

function attachment({ areas }: AddressSpace, at: number): Vma[] {
  const begins = (vma: Vma) => vma.object instanceof SegmentMemory && vma.start - vma.offset === at;
  const object = areas.areas.find(begins)?.object;
  return areas.areas.filter((vma) => begins(vma) && vma.object === object);
}

/** `struct shmid64_ds`: perm, 48 size, 56 attached, 64 detached, 72 changed, 80 creator, 84 last, 88 attachments. */
const REPORT = 112;

function report(thread: Thread, segment: Segment, at: number): void {
  const view = beginReport(segment, REPORT);
  const { size, attachedAt, detachedAt, changedAt, memory } = segment;
  setWords(view, PERM_SIZE, [size, attachedAt, detachedAt, changedAt]);
  view.setInt32(80, segment.creatorPid, true);
  view.setInt32(84, segment.lastPid, true);
  setWords(view, 88, [memory.attached]);
  thread.memory.write(at, new Uint8Array(view.buffer));
}

/** `struct shminfo64`: the greatest and smallest segment, how many there may be, also for a process, and pages of all. */
function limits(thread: Thread, at: number): number {
  const { totalPages } = thread.kernel.use(memoryManager);
  const view = new DataView(new ArrayBuffer(72));
  setWords(view, 0, [totalPages * PAGE_SIZE, 1, MOST_SEGMENTS, MOST_SEGMENTS, totalPages]);
  thread.memory.write(at, new Uint8Array(view.buffer));
  return segmentsOf(thread).highest;
}

/** `struct shm_info`: 0 how many, 8 pages of all, 16 of these in memory, and of swapping. */
function usage(thread: Thread, at: number): number {
  const segments = segmentsOf(thread);
  const resident = segments.all().reduce((sum, { memory }) => sum + memory.count, 0);
  const view = new DataView(new ArrayBuffer(48));
  setWords(view, 0, [segments.count, segments.weight, resident]);
  thread.memory.write(at, new Uint8Array(view.buffer));
  return segments.highest;
}

function shmctl(thread: Thread, idGiven: number, commandGiven: number, at: number): number {
  const [id, command] = [int(idGiven), int(commandGiven)];
  const segments = segmentsOf(thread);
  if (id < 0 || command < 0) fail("EINVAL");
  switch (command) {
    case IPC.INFO:
      return limits(thread, at);
    case SHM_INFO:
      return usage(thread, at);
    case IPC.STAT:
    case SHM_STAT:
    case SHM_STAT_ANY: {
      const segment = command === IPC.STAT ? segments.find(id) : segments.at(id);
      if (command !== SHM_STAT_ANY) requirePermission(thread, segment, READ);
      report(thread, segment, at);
      return command === IPC.STAT ? 0 : segment.id;
    }
    case IPC.SET: {
      thread.memory.read(at, REPORT);
      const segment = segments.find(id);
      requireOwner(thread, segment);
      setOwner(thread, segment, at);
      return 0;
    }
    case IPC.RMID: {
      const segment = segments.find(id);
      requireOwner(thread, segment);
      if (segment.memory.attached === 0) segments.remove(segment);
      else {
        segment.mode |= SHM_DEST;
        segments.hide(segment);
      }
      return 0;
    }
    case SHM_LOCK:
    case SHM_UNLOCK: {
      const segment = segments.find(id);
      requireOwner(thread, segment);
      segment.mode = command === SHM_LOCK ? segment.mode | SHM_LOCKED : segment.mode & ~SHM_LOCKED;
      return 0;
    }
    default:
      return fail("EINVAL");
  }
}

export const segmentCalls: readonly SyscallRow[] = [
  partial(
    "shmget",
    "no huge pages",
    call((thread, _files, key, size, flags) => shmget(thread, key, size, flags)),
  ),
  full(
    "shmat",
    call((thread, _files, id, at, flags) => shmat(thread, id, at, flags)),
  ),
  full(
    "shmdt",
    call((thread, _files, at) => shmdt(thread, at)),
  ),
  full(
    "shmctl",
    call((thread, _files, id, command, at) => shmctl(thread, id, command, at)),
  ),
];
