import { PageTable } from "../../cpu/page-table.ts";
import { LOWER_HALF_END, PAGE_SIZE } from "../../cpu/sv39.ts";
import type { AreaDescription } from "../rkprocess/exit.ts";
import { errno } from "../syscalls/errno.ts";
import type { Backing } from "./backing.ts";
import type { MemoryContext } from "./memory-context.ts";
import { type Access, OutOfMemory, ResidentPages } from "./resident-pages.ts";
import { SharedObject } from "./shared-object.ts";
import { UserAccess } from "./user-access.ts";
import { Prot, retain, type Vma, VmaList } from "./vma.ts";

/** User addresses end here. */
export const USER_END = LOWER_HALF_END;
/** Nothing is mapped below this (Linux's `vm.mmap_min_addr`). */
export const LOWEST = 65536;

const MOST_AREAS = 65_530;

/** Why an access cannot be made good. */
export type Fault =
  /** Nothing is mapped there. */
  | "unmapped"
  /** The mapping does not permit it. */
  | "forbidden"
  /** Beyond the end of the mapped file. */
  | "beyondFile"
  | "outOfMemory";

/** What a new mapping shows. At most one of `shared` and `backing` is absent for a file. */
interface MapOptions {
  readonly prot: number;
  readonly shared?: boolean;
  readonly backing?: Backing | undefined;
  /** Byte of the file at the first address; whole pages. */
  readonly offset?: number;
  readonly name?: string;
  readonly guard?: boolean;
}

/**
 * A process's address space: its areas, and the Sv39 page table in guest memory that the hart walks. A page gets
 * its frame when it is first touched.
 */
export class AddressSpace extends UserAccess {
  readonly areas = new VmaList();
  readonly table: PageTable;
  readonly resident: ResidentPages;
  /** The program break: `[heap].start` at first. */
  heapStart = 0;
  heapEnd = 0;
  private heapLimit = 0;
  private users = 1;
  private mmapStart = LOWEST;
  private mmapEnd = USER_END;
  /** Faults made good. */
  faults = 0;
  private readonly context: MemoryContext;

  constructor(context: MemoryContext) {
    super(context.frames, context.platform);
    this.context = context;
    this.table = new PageTable(context.platform.ram, () => {
      const page = context.frames.allocate();
      if (page === -1) throw new OutOfMemory();
      return page;
    });
    this.resident = new ResidentPages(this.table, context.frames, (start, length) =>
      this.forget(start, length),
    );
  }

  /** Where `brk` moves between, and where `mmap` finds room (from the top down). */
  setLayout(heap: { start: number; end: number }, mmap: { start: number; end: number }): void {
    this.heapStart = heap.start;
    this.heapEnd = heap.start;
    this.heapLimit = heap.end;
    this.mmapStart = mmap.start;
    this.mmapEnd = mmap.end;
  }

  /** A free range of `length` bytes in the `mmap` area, or -ENOMEM. */
  findRoom(length: number): number {
    const start = this.areas.findRoom(length, this.mmapStart, this.mmapEnd);
    if (start !== -1) return start;
    const anywhere = this.areas.findRoom(length, LOWEST, USER_END);
    return anywhere === -1 ? -errno.ENOMEM : anywhere;
  }

  /** Maps whole pages over whatever was there. Returns 0 or a negative errno. */
  map(start: number, length: number, options: MapOptions): number {
    if (this.violatesWx(options.prot)) return -errno.EACCES;
    if (this.isCrowded) return -errno.ENOMEM;
    const cleared = this.unmap(start, length);
    if (cleared < 0) return cleared;
    const object = options.shared ? this.sharedObject(options.backing) : undefined;
    const vma: Vma = {
      start,
      end: start + length,
      prot: options.prot,
      object,
      backing: options.shared ? undefined : options.backing,
      offset: options.offset ?? 0,
      name: options.name ?? options.backing?.name ?? "",
      guard: options.guard ?? false,
    };
    retain(vma);
    this.areas.insert(vma);
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
    return 0;
  }

  /** `mprotect` of whole pages: -ENOMEM where some are not mapped, -EACCES where W^X or a guard says no. */
  protect(start: number, length: number, prot: number): number {
    if (this.violatesWx(prot)) return -errno.EACCES;
    const end = start + length;
    if (this.hasGuard(start, end)) return -errno.EACCES;
    if (this.isCrowded) return -errno.ENOMEM;
    let reached = start;
    for (const vma of this.areas.isolate(start, end)) {
      if (vma.start !== reached) break;
      if (vma.object?.backing && (prot & Prot.write) !== 0 && !vma.object.backing.writeAt)
        return -errno.EACCES;
      vma.prot = prot;
      this.resident.protect(vma, vma.start, vma.end);
      reached = vma.end;
    }
    this.areas.mergeAround(start, end);
    return reached < end ? -errno.ENOMEM : 0;
  }

  /** Moves the break. Returns the break afterwards: the old one where the new one is refused. */
  setBreak(wanted: number): number {
    if (wanted < this.heapStart || wanted > this.heapLimit) return this.heapEnd;
    const oldTop = pageUp(this.heapEnd);
    const newTop = pageUp(wanted);
    if (newTop > oldTop) {
      const free = this.context.frames.allocator.freePages * PAGE_SIZE;
      if (newTop - oldTop > free || !this.areas.isFree(oldTop, newTop)) return this.heapEnd;
      this.map(oldTop, newTop - oldTop, { prot: Prot.read | Prot.write, name: "[heap]" });
    } else if (newTop < oldTop) this.unmap(newTop, oldTop - newTop);
    this.heapEnd = wanted;
    return wanted;
  }

  /** Makes an area longer by whole pages that are free. */
  extend(vma: Vma, more: number): number {
    if (more > this.context.frames.allocator.totalPages * PAGE_SIZE) return -errno.ENOMEM;
    retain(vma);
    this.areas.insert({
      ...vma,
      start: vma.end,
      end: vma.end + more,
      offset: vma.offset + (vma.end - vma.start),
    });
    return 0;
  }

  /** Moves the pages of one range to another of the same kind of area (`mremap`). Both are whole pages. */
  move(from: number, oldLength: number, to: number, newLength: number): number {
    const vma = this.areas.find(from);
    if (!vma || vma.end < from + oldLength) return -errno.EFAULT;
    const moved = { ...vma, start: to, end: to + newLength, offset: vma.offset + (from - vma.start) };
    const cleared = this.unmap(to, newLength);
    if (cleared < 0) return cleared;
    retain(moved);
    this.areas.insert(moved);
    try {
      this.resident.move(from, to, Math.min(oldLength, newLength));
    } catch (error) {
      this.unmap(to, newLength);
      throw error;
    }
    return this.unmap(from, oldLength);
  }

  /** Gives the frames of a range back; what is private begins anew when touched (`MADV_DONTNEED`). */
  discard(start: number, length: number): void {
    for (const vma of this.areas.overlapping(start, start + length))
      this.resident.drop(Math.max(vma.start, start), Math.min(vma.end, start + length));
  }

  /** Makes the page at `address` present for an access, if the access is permitted. */
  fault(address: number, access: Access): Fault | undefined {
    const vma = this.areas.find(address);
    if (!vma) return "unmapped";
    if (!permits(vma.prot, access)) return "forbidden";
    try {
      if (!this.resident.makePresent(vma, address - (address % PAGE_SIZE), access)) return "beyondFile";
      this.faults++;
      return undefined;
    } catch (error) {
      if (error instanceof OutOfMemory) return "outOfMemory";
      throw error;
    }
  }

  /** The bytes of the mapped page that holds `address`, whatever it permits: for the loader and debuggers. */
  forcedPage(address: number): Uint8Array {
    const at = address - (address % PAGE_SIZE);
    const vma = this.areas.find(at);
    const { platform, frames } = this.context;
    if (!vma) throw new RangeError(`nothing is mapped at ${at}`);
    let leaf = this.table.lookup(at);
    if (!leaf || frames.isShared(leaf.page)) this.resident.makePresent(vma, at, "write");
    leaf = this.table.lookup(at);
    if (!leaf) throw new RangeError(`nothing can be at ${at}`);
    platform.codeWritten(leaf.page);
    return frames.bytes(leaf.page);
  }

  /** A copy for a child: private pages are shared until one side writes. */
  fork(): AddressSpace {
    const child = new AddressSpace(this.context);
    Object.assign(child, {
      heapStart: this.heapStart,
      heapEnd: this.heapEnd,
      heapLimit: this.heapLimit,
      mmapStart: this.mmapStart,
      mmapEnd: this.mmapEnd,
    });
    for (const vma of this.areas.areas) {
      retain(vma);
      child.areas.insert({ ...vma });
      if (!vma.object) this.resident.shareWith(child.resident, vma);
    }
    return child;
  }

  /** One more process has it (CLONE_VM). */
  retain(): this {
    this.users++;
    return this;
  }

  /** A process has it no more; with the last one everything is given back. It must not be a hart's any more. */
  release(): void {
    if (--this.users > 0) return;
    const areas = [...this.areas.areas];
    for (const vma of areas) this.resident.drop(vma.start, vma.end);
    this.areas.remove(areas);
    for (const page of this.table.tables()) this.context.frames.release(page);
  }

  /** The area that holds `address`, for people. */
  describe(address: number): AreaDescription | undefined {
    const vma = this.areas.find(address);
    return vma && describeArea(vma);
  }

  /** All areas, in order: `/proc/self/maps`. */
  mappings(): AreaDescription[] {
    return this.areas.areas.map(describeArea);
  }

  /** Asks for W and X at once, against the policy. */
  violatesWx(prot: number): boolean {
    return !this.context.allowWx && (prot & Prot.write) !== 0 && (prot & Prot.exec) !== 0;
  }

  /** More areas are refused (Linux's `vm.max_map_count`). */
  private get isCrowded(): boolean {
    return this.areas.areas.length >= MOST_AREAS;
  }

  private hasGuard(start: number, end: number): boolean {
    return this.areas.overlapping(start, end).some((vma) => vma.guard);
  }

  private sharedObject(backing: Backing | undefined): SharedObject {
    const { frames, objects } = this.context;
    if (!backing) return new SharedObject(frames, undefined, () => {});
    let object = objects.get(backing);
    if (!object) {
      object = new SharedObject(frames, backing, () => objects.delete(backing));
      objects.set(backing, object);
    }
    return object;
  }
}

const describeArea = ({ start, end, prot, name, guard, object, offset }: Vma): AreaDescription => ({
  start,
  end,
  prot,
  name,
  guard,
  shared: object !== undefined,
  offset,
});

export const pageUp = (address: number): number => Math.ceil(address / PAGE_SIZE) * PAGE_SIZE;

function permits(prot: number, access: Access): boolean {
  if (access === "execute") return (prot & Prot.exec) !== 0;
  if (access === "write") return (prot & Prot.write) !== 0;
  return (prot & (Prot.read | Prot.write)) !== 0;
}
