import { LOWER_HALF_END, PAGE_SIZE } from "../../cpu/sv39.ts";
import type { AreaDescription } from "../rkprocess/exit.ts";
import { Limit, type ResourceLimit } from "../rkprocess/limits.ts";
import { errno } from "../syscalls/errno.ts";
import { describeArea } from "./area-report.ts";
import type { MemoryContext } from "./memory-context.ts";
import type { MappingSpace, PageObject } from "./page-object.ts";
import { UserAccess } from "./user-access.ts";
import { AreaFlag, Prot, type Vma, VmaList } from "./vma.ts";

/** User addresses end here. */
export const USER_END = LOWER_HALF_END;
/** Nothing is mapped below this (Linux's `vm.mmap_min_addr`). */
export const LOWEST = 65536;

const MOST_AREAS = 65_530;

/** The areas of an address space, where they may be and how much of them there may be. */
export abstract class SpaceAreas extends UserAccess implements MappingSpace {
  readonly areas: VmaList;
  /** The program break: `[heap].start` at first. */
  heapStart = 0;
  heapEnd = 0;
  protected heapLimit = 0;
  protected mmapStart = LOWEST;
  protected mmapEnd = USER_END;
  /** Where sp pointed when its program began; 0: nobody said. */
  initialStack = 0;
  /** Pages may be writable and executable at once. */
  allowWx: boolean;
  /** New areas are locked (MCL_FUTURE). */
  lockFuture = false;
  /** Its processes are being killed for their memory. */
  isDoomed = false;
  /** Its process's limits, by `RLIMIT_*`. */
  limits: readonly ResourceLimit[] | undefined;
  protected readonly context: MemoryContext;

  abstract dropPages(object: PageObject, first: number, end: number, copies: boolean): void;
  abstract protectPages(object: PageObject, first: number, end: number): void;

  constructor(context: MemoryContext) {
    super(context.frames, context.platform);
    this.context = context;
    this.allowWx = context.allowWx;
    this.areas = new VmaList(this, context.areas);
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

  /** The area that holds `address`, for people. */
  describe(address: number): AreaDescription | undefined {
    const vma = this.areas.find(address);
    return vma && describeArea(vma);
  }

  /** All areas, in order: `/proc/self/maps`. */
  mappings(): AreaDescription[] {
    return this.areas.areas.map(describeArea);
  }

  /**
   * What everybody who shares the memory at `address` calls it: an object and a byte in it. `undefined` for private
   * memory.
   */
  sharedPlace(address: number): { readonly object: PageObject; readonly offset: number } | undefined {
    const vma = this.areas.find(address);
    if (!vma?.shared || !vma.object) return undefined;
    return { object: vma.object, offset: vma.offset + (address - vma.start) };
  }

  /** Asks for W and X at once, against the policy. */
  violatesWx(prot: number): boolean {
    return !this.allowWx && (prot & Prot.write) !== 0 && (prot & Prot.exec) !== 0;
  }

  /** More than there could ever be: Linux's default heuristic refuses only that (vm.overcommit_memory = 0). */
  promisesTooMuch(bytes: number): boolean {
    return bytes > this.context.frames.allocator.totalPages * PAGE_SIZE;
  }

  /** Whether `more` bytes are against RLIMIT_AS or, for private writable memory, RLIMIT_DATA. */
  exceedsLimits(more: number, data: boolean): boolean {
    return (
      this.exceeds(Limit.addressSpace, more, (vma) => !vma.guard) ||
      (data && this.exceeds(Limit.data, more, isData))
    );
  }

  /** Whether `more` bytes of areas that `counts` holds for are more than the limit. */
  exceeds(limit: number, more: number, counts: (vma: Vma) => boolean): boolean {
    const soft = Number(this.limits?.[limit]?.soft ?? Number.POSITIVE_INFINITY);
    if (soft >= USER_END) return false;
    let total = more;
    for (const vma of this.areas.areas) if (counts(vma)) total += vma.end - vma.start;
    return total > soft;
  }

  /** More areas are refused (Linux's `vm.max_map_count`, and what there may be of all processes). */
  protected get isCrowded(): boolean {
    const { count, most } = this.context.areas;
    return this.areas.areas.length >= MOST_AREAS || count >= most;
  }

  /** There may be as many areas again. */
  get mayFork(): boolean {
    const { count, most } = this.context.areas;
    return count + this.areas.areas.length <= most;
  }

  protected hasGuard(start: number, end: number): boolean {
    return this.areas.overlapping(start, end).some((vma) => vma.guard);
  }

  /** Calls `visit` for the addresses at which pages `first` up to `end` of an object are shown. */
  protected eachShowing(
    object: PageObject,
    first: number,
    end: number,
    visit: (from: number, to: number, vma: Vma) => void,
  ): void {
    for (const vma of this.areas.areas) {
      if (vma.object !== object) continue;
      const origin = vma.start - vma.offset;
      const from = Math.max(vma.start, origin + first * PAGE_SIZE);
      const to = Math.min(vma.end, origin + end * PAGE_SIZE);
      if (from < to) visit(from, to, vma);
    }
  }
}

/** Counts against RLIMIT_DATA. */
export function isData({ prot, shared, flags }: Vma): boolean {
  return (prot & Prot.write) !== 0 && !shared && (flags & AreaFlag.growsDown) === 0;
}
