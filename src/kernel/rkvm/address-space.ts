import { PageTable } from "../../cpu/page-table.ts";
import { PAGE_SIZE } from "../../cpu/sv39.ts";
import { errno } from "../syscalls/errno.ts";
import { type AreaUsage, usageOf } from "./area-report.ts";
import type { Backing } from "./backing.ts";
import type { MemoryContext } from "./memory-context.ts";
import type { PageObject } from "./page-object.ts";
import { Place } from "./place.ts";
import { type Access, OutOfMemory, ResidentPages } from "./resident-pages.ts";
import { SharedMemory } from "./shared-memory.ts";
import { isData, SpaceAreas, USER_END } from "./space-areas.ts";
import { growStack } from "./stack-growth.ts";
import { AreaFlag, copyArea, Prot, type Vma } from "./vma.ts";

/** Why an access cannot be made good. */
export type Fault =
  /** Nothing is mapped there. */
  | "unmapped"
  /** The mapping does not permit it. */
  | "forbidden"
  /** Beyond the end of the mapped file. */
  | "beyondFile"
  | "outOfMemory";

/** What a new mapping shows. */
export interface MapOptions {
  readonly prot: number;
  /** Writes are seen by everybody who maps the same. */
  readonly shared?: boolean;
  /** Absent: zeros. */
  readonly backing?: Backing | undefined;
  /** Pages that others show as well, in place of a backing. */
  readonly object?: PageObject;
  /** A shared mapping may become writable. Default true. */
  readonly mayWrite?: boolean;
  /** Byte of the file at the first address; whole pages. */
  readonly offset?: number;
  readonly name?: string;
  readonly guard?: boolean;
  /** Of `AreaFlag`. */
  readonly flags?: number;
}

/**
 * A process's address space: its areas, and the Sv39 page table in guest memory that the hart walks. A page gets
 * its frame when it is first touched.
 */
export class AddressSpace extends SpaceAreas {
  readonly table: PageTable;
  readonly resident: ResidentPages;
  /** From here on in memory its pages lie, for the most part. */
  private readonly began: number;
  private users = 1;
  /** Faults made good. */
  faults = 0;

  constructor(context: MemoryContext) {
    super(context);
    this.began = context.frames.lookedUpTo;
    this.table = new PageTable(context.platform.ram, () => {
      const page = context.frames.allocate();
      if (page === -1) throw new OutOfMemory();
      return page;
    });
    this.resident = new ResidentPages(this.table, context.frames, (start, length) => {
      // Where all goes, all is forgotten at once.
      if (this.users > 0) this.forget(start, length);
    });
  }

  /** Maps whole pages over whatever was there. Returns 0 or a negative errno. */
  map(start: number, length: number, options: MapOptions): number {
    if (this.violatesWx(options.prot)) return -errno.EACCES;
    if (this.isCrowded) return -errno.ENOMEM;
    const cleared = this.unmap(start, length);
    if (cleared < 0) return cleared;
    const { backing, shared = false, mayWrite = true, guard = false, flags = 0 } = options;
    this.areas.insert({
      start,
      end: start + length,
      prot: options.prot,
      object: options.object ?? this.objectOf(backing, shared),
      shared,
      mayWrite,
      offset: options.offset ?? 0,
      name: options.name ?? backing?.name ?? "",
      guard,
      flags: this.lockFuture && !guard ? flags | AreaFlag.locked : flags,
      copied: false,
      place: this.placeFor(start, start + length, options.prot),
    });
    return 0;
  }

  /** Takes whole pages out. -EACCES where a guard would go. */
  unmap(start: number, length: number): number {
    const end = start + length;
    if (this.areas.isFree(start, end)) return 0;
    if (this.hasGuard(start, end)) return -errno.EACCES;
    if (this.isCrowded && !this.areas.hasEdges(start, end)) return -errno.ENOMEM;
    const areas = this.areas.isolate(start, end);
    for (const vma of areas) this.resident.drop(vma.start, vma.end);
    this.areas.remove(areas);
    for (const { place } of areas) this.leave(place, start, end);
    return 0;
  }

  /** `mprotect` of whole pages: -ENOMEM where some are not mapped, -EACCES where W^X or a guard says no. */
  protect(start: number, length: number, prot: number): number {
    if (this.violatesWx(prot)) return -errno.EACCES;
    const end = start + length;
    if (this.hasGuard(start, end)) return -errno.EACCES;
    if (this.isCrowded) return -errno.ENOMEM;
    let reached = start;
    let refused = false;
    for (const vma of this.areas.isolate(start, end)) {
      if (vma.start !== reached) break;
      refused = (prot & Prot.write) !== 0 && !vma.mayWrite;
      if (refused) break;
      vma.prot = prot;
      this.resident.protect(vma, vma.start, vma.end);
      reached = vma.end;
    }
    this.areas.mergeAround(start, end);
    if (reached === end) return 0;
    return refused ? -errno.EACCES : -errno.ENOMEM;
  }

  /** Moves the break. Returns the break afterwards: the old one where the new one is refused. */
  setBreak(wanted: number): number {
    if (wanted < this.heapStart || wanted > this.heapLimit) return this.heapEnd;
    const oldTop = pageUp(this.heapEnd);
    const newTop = pageUp(wanted);
    if (newTop > oldTop) {
      const more = newTop - oldTop;
      if (this.promisesTooMuch(more) || this.exceedsLimits(more, true)) return this.heapEnd;
      if (!this.areas.isFree(oldTop, newTop)) return this.heapEnd;
      const prot = Prot.read | Prot.write;
      this.map(oldTop, newTop - oldTop, { prot, name: "[heap]", flags: AreaFlag.growsUp });
    } else if (newTop < oldTop) this.unmap(newTop, oldTop - newTop);
    this.heapEnd = wanted;
    return wanted;
  }

  /** Makes an area longer by whole pages that are free. */
  extend(vma: Vma, more: number): number {
    if (this.promisesTooMuch(more) || this.exceedsLimits(more, isData(vma))) return -errno.ENOMEM;
    const { start, end, offset } = vma;
    this.areas.insert(copyArea(vma, end, end + more, offset + (end - start)));
    return 0;
  }

  /**
   * Moves the pages of one range to another of the same kind of area (`mremap`). Both are whole pages. With `keep` the
   * old area stays and is empty (MREMAP_DONTUNMAP).
   */
  move(from: number, oldLength: number, to: number, newLength: number, keep = false): number {
    const vma = this.areas.find(from);
    if (!vma || vma.end < from + oldLength) return -errno.EFAULT;
    if (newLength > oldLength && this.exceedsLimits(newLength - oldLength, isData(vma))) return -errno.ENOMEM;
    const moved = copyArea(vma, to, to + newLength, vma.offset + (from - vma.start));
    moved.place = vma.place.shifted((to - from) / PAGE_SIZE);
    const cleared = this.unmap(to, newLength);
    if (cleared < 0) return cleared;
    this.areas.insert(moved);
    try {
      this.resident.move(from, to, Math.min(oldLength, newLength));
    } catch (error) {
      this.unmap(to, newLength);
      throw error;
    }
    return keep ? 0 : this.unmap(from, oldLength);
  }

  /** Shows the shared pages that are seen from `start` once more, at `to`. Both are whole pages. */
  duplicate(vma: Vma, start: number, to: number, length: number): number {
    if (this.exceedsLimits(length, false)) return -errno.ENOMEM;
    const copy = copyArea(vma, to, to + length, vma.offset + (start - vma.start));
    const cleared = this.unmap(to, length);
    if (cleared < 0) return cleared;
    this.areas.insert(copy);
    return 0;
  }

  /** Sets and clears flags (`AreaFlag`) of what is mapped in a range of whole pages, guards aside. */
  setFlags(start: number, end: number, set: number, cleared: number): number {
    if (this.isCrowded) return -errno.ENOMEM;
    for (const vma of this.areas.isolate(start, end))
      if (!vma.guard) vma.flags = (vma.flags | set) & ~cleared;
    this.areas.mergeAround(start, end);
    return 0;
  }

  /** Gives the frames of a range back; what is private begins anew when touched (`MADV_DONTNEED`). */
  discard(start: number, length: number): void {
    for (const vma of this.areas.overlapping(start, start + length))
      this.resident.drop(Math.max(vma.start, start), Math.min(vma.end, start + length));
  }

  /** Makes the page at `address` present for an access, if the access is permitted. */
  fault(address: number, access: Access): Fault | undefined {
    let vma = this.areas.find(address);
    if (!vma || vma.guard) vma = growStack(this, address) ?? vma;
    if (!vma || vma.guard) return "unmapped";
    if (!permits(vma.prot, access)) return "forbidden";
    for (;;)
      try {
        if (!this.resident.makePresent(vma, address - (address % PAGE_SIZE), access)) return "beyondFile";
        this.faults++;
        return undefined;
      } catch (error) {
        if (!(error instanceof OutOfMemory)) throw error;
        // The end of the first process is the end of all, this one's too.
        if (!this.context.outOfMemory.makeRoom(this) || this.users <= 0) return "outOfMemory";
      }
  }

  protected override starved(): void {
    this.context.outOfMemory.kill(this);
  }

  /** The bytes of the mapped page that holds `address`, whatever it permits: for the loader and debuggers. */
  forcedPage(address: number): Uint8Array {
    const at = address - (address % PAGE_SIZE);
    const vma = this.areas.find(at);
    const { platform, frames } = this.context;
    if (!vma) throw new RangeError(`nothing is mapped at ${at}`);
    if (!this.resident.makePresent(vma, at, "write")) throw new RangeError(`nothing can be at ${at}`);
    const page = this.resident.entry(at) >>> 10;
    platform.codeWritten(page);
    return frames.bytes(page);
  }

  /**
   * The bytes from `address` to its page's end, whatever the area permits: for one process that looks at another. A write goes
   * to a copy, unless the memory is shared and may be written. Undefined where nothing is. Throws `OutOfMemory`.
   */
  forced(address: number, access: "read" | "write"): Uint8Array | undefined {
    const vma = this.areas.find(address);
    if (!vma || vma.guard || (access === "write" && vma.shared && !permits(vma.prot, access)))
      return undefined;
    const at = address - (address % PAGE_SIZE);
    if (!this.resident.makePresent(vma, at, access)) return undefined;
    const page = this.resident.entry(at) >>> 10;
    if (access === "write") this.context.platform.codeWritten(page);
    return this.context.frames.bytes(page).subarray(address - at);
  }

  /** The page of a file that would be at `address` were it touched: for onlookers. Not to be written. */
  untouchedPage(address: number): Uint8Array | undefined {
    const vma = this.areas.find(address);
    const offset = vma ? vma.offset + (address - (address % PAGE_SIZE) - vma.start) : 0;
    if (!vma?.object?.holds(offset)) return undefined;
    const page = vma.object.page(offset / PAGE_SIZE);
    return page === -1 ? undefined : this.context.frames.bytes(page);
  }

  /** A copy for a child: private pages are shared until one side writes. Throws `OutOfMemory`. */
  fork(): AddressSpace {
    const child = new AddressSpace(this.context);
    Object.assign(child, {
      heapStart: this.heapStart,
      heapEnd: this.heapEnd,
      heapLimit: this.heapLimit,
      mmapStart: this.mmapStart,
      mmapEnd: this.mmapEnd,
      initialStack: this.initialStack,
      allowWx: this.allowWx,
    });
    try {
      let known: Vma | undefined;
      let place = new Place();
      for (const vma of this.areas.areas) {
        if (vma.flags & AreaFlag.dontFork) continue;
        // Which of them share a place is the same in the child, but the place is its own.
        if (vma.place !== known?.place) place = vma.place.shifted(0);
        known = vma;
        const copy = copyArea(vma, vma.start, vma.end, vma.offset);
        copy.flags &= ~AreaFlag.locked;
        copy.place = place;
        child.areas.insert(copy);
        if (!vma.shared && !(vma.flags & AreaFlag.wipeOnFork)) this.resident.shareWith(child.resident, vma);
      }
      return child;
    } catch (error) {
      child.release();
      throw error;
    }
  }

  /** One more process has it (CLONE_VM). */
  retain(): this {
    this.users++;
    return this;
  }

  /** Several processes have it. */
  get isShared(): boolean {
    return this.users > 1;
  }

  /** A process has it no more; with the last one everything is given back. It must not be a hart's any more. */
  release(): void {
    if (--this.users > 0) return;
    const areas = [...this.areas.areas];
    for (const vma of areas) this.resident.drop(vma.start, vma.end);
    this.areas.remove(areas);
    this.forget(0, USER_END);
    for (const page of this.table.tables()) this.context.frames.release(page);
    this.context.frames.lookFrom(this.began);
  }

  /** All areas with what of them is in memory: `/proc/self/smaps`. */
  usage(): AreaUsage[] {
    return this.areas.areas.map((vma) => usageOf(vma, this.resident, this.context.frames));
  }

  dropPages(object: PageObject, first: number, end: number, copies: boolean): void {
    this.eachShowing(object, first, end, (from, to) => this.resident.dropSome(from, to, copies));
  }

  protectPages(object: PageObject, first: number, end: number): void {
    this.eachShowing(object, first, end, (from, to, vma) => {
      if (vma.shared) this.resident.forbidWrites(from, to);
    });
  }

  /** Nothing is mapped from `start` to `end` any more: memory that has just been used there is used again first. */
  private leave(place: Place, start: number, end: number): void {
    const isLeft = this.areas.find(start - 1)?.place !== place && this.areas.find(end)?.place !== place;
    if (isLeft) this.context.frames.reuse(place.room);
  }

  /** A new area that is to be written to continues such a one next to it. */
  private placeFor(start: number, end: number, prot: number): Place {
    const isWritten = (area: Vma | undefined) =>
      area !== undefined && !area.shared && (area.prot & Prot.write) !== 0;
    const below = this.areas.find(start - 1);
    const above = this.areas.find(end);
    if ((prot & Prot.write) === 0) return new Place();
    if (below && isWritten(below)) return below.place;
    return above && isWritten(above) && !above.object ? above.place : new Place();
  }

  private objectOf(backing: Backing | undefined, shared: boolean): PageObject | undefined {
    if (backing) return this.context.cache.file(backing);
    return shared ? new SharedMemory(this.context.frames) : undefined;
  }
}

export const pageUp = (address: number): number => Math.ceil(address / PAGE_SIZE) * PAGE_SIZE;

function permits(prot: number, access: Access): boolean {
  if (access === "execute") return (prot & Prot.exec) !== 0;
  if (access === "write") return (prot & Prot.write) !== 0;
  return (prot & (Prot.read | Prot.write)) !== 0;
}
