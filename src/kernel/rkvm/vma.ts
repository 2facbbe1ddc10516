import type { MappingSpace, PageObject } from "./page-object.ts";
import type { Place } from "./place.ts";

/** Protection bits of `mmap` and `mprotect`. */
export const Prot = { none: 0, read: 1, write: 2, exec: 4 } as const;

/** A virtual memory area: pages next to each other with one protection and one origin. Addresses are bytes. */
export interface Vma {
  start: number;
  end: number;
  prot: number;
  /** Pages come from here; without it they begin as zeros. */
  readonly object: PageObject | undefined;
  /** Writes go to the object; otherwise to private copies of its pages. */
  readonly shared: boolean;
  /** `mprotect` may make it writable: not so for a shared mapping of a file that was not opened for writing. */
  readonly mayWrite: boolean;
  /** Byte in the object that stands at `start`. */
  offset: number;
  /** Of `AreaFlag`. */
  flags: number;
  /** Pages of the object may have been copied here. */
  copied: boolean;
  /** Of its own pages, by address / 4096. Areas that follow each other may share it. */
  place: Place;
  /** The file's path, `[heap]`, `[stack]`; empty for anonymous memory. */
  readonly name: string;
  /** Never handed out, and not to be replaced by a mapping or a change of protection. */
  readonly guard: boolean;
}

/** What else is to know of an area. */
export const AreaFlag = {
  /** Is not there in a child (MADV_DONTFORK). */
  dontFork: 1,
  /** Begins as zeros in a child (MADV_WIPEONFORK). */
  wipeOnFork: 2,
  /** Counts against RLIMIT_MEMLOCK (mlock). */
  locked: 4,
  /** Is made longer downwards by faults below it (MAP_GROWSDOWN, the stack). */
  growsDown: 8,
  /** Is made longer upwards (the heap). */
  growsUp: 16,
} as const;

/** How many areas there are in all address spaces, and may be. */
export interface AreaTotal {
  count: number;
  readonly most: number;
}

/**
 * A copy of an area for other addresses, where byte `offset` of its object stands first. Written out, because a spread object
 * costs microseconds.
 */
export function copyArea(vma: Vma, start: number, end: number, offset: number): Vma {
  const { prot, object, shared, mayWrite, flags, copied, place, name, guard } = vma;
  return { start, end, prot, object, shared, mayWrite, offset, name, guard, flags, copied, place };
}

/** The areas of one address space: sorted, not overlapping, merged where nothing tells neighbours apart. */
export class VmaList {
  private readonly list: Vma[] = [];
  private last: Vma | undefined;
  /** Between `top` and `high` nothing of `length` bytes is free: where `findRoom` goes on, instead of over all areas again. */
  private full = { high: -1, top: -1, length: 0 };
  private readonly owner: MappingSpace;
  private readonly total: AreaTotal;

  /** `total` is kept up to date. */
  constructor(owner: MappingSpace, total: AreaTotal = { count: 0, most: Number.POSITIVE_INFINITY }) {
    this.owner = owner;
    this.total = total;
  }

  get areas(): readonly Vma[] {
    return this.list;
  }

  /** The area that holds `address`. */
  find(address: number): Vma | undefined {
    if (this.last && address >= this.last.start && address < this.last.end) return this.last;
    const vma = this.list[this.indexAfter(address) - 1];
    if (!vma || address >= vma.end) return undefined;
    this.last = vma;
    return vma;
  }

  /** The first area that ends behind `address`: the one that holds it, or the next one. */
  findFrom(address: number): Vma | undefined {
    return this.list[this.firstEndingAfter(address)];
  }

  /** The areas that share an address with the range, in order. */
  overlapping(start: number, end: number): Vma[] {
    const found: Vma[] = [];
    for (let i = this.firstEndingAfter(start); i < this.list.length && this.list[i].start < end; i++)
      found.push(this.list[i]);
    return found;
  }

  isFree(start: number, end: number): boolean {
    const vma = this.list[this.firstEndingAfter(start)];
    return !vma || vma.start >= end;
  }

  /** Adds an area where nothing is. Joins it to its neighbours where they continue each other. */
  insert(vma: Vma): void {
    const at = this.indexAfter(vma.start);
    this.retain(vma);
    this.list.splice(at, 0, vma);
    this.total.count++;
    this.joinWithNext(at);
    this.joinWithNext(at - 1);
    this.last = undefined;
  }

  /** Takes out areas that follow each other, as `isolate` gives them. */
  remove(areas: readonly Vma[]): void {
    if (areas.length === 0) return;
    const at = this.indexAfter(areas[0].start) - 1;
    this.list.splice(at, areas.length);
    this.total.count -= areas.length;
    this.last = undefined;
    const { full } = this;
    full.top = Math.max(full.top, Math.min(full.high, this.list[at]?.start ?? full.high));
    for (const vma of areas) this.release(vma);
  }

  /** Cuts areas so that `start` and `end` are edges; the areas between them. */
  isolate(start: number, end: number): Vma[] {
    this.splitAt(start);
    this.splitAt(end);
    return this.overlapping(start, end);
  }

  /** Joins areas around a range whose protection has changed. */
  mergeAround(start: number, end: number): void {
    const { list } = this;
    let kept = Math.max(0, this.firstEndingAfter(start) - 1);
    let next = kept + 1;
    for (; next < list.length && list[kept].start <= end; next++) {
      if (continues(list[kept], list[next])) {
        this.join(list[kept], list[next]);
      } else list[++kept] = list[next];
    }
    list.splice(kept + 1, next - kept - 1);
    this.total.count -= next - kept - 1;
    this.last = undefined;
  }

  /** No area reaches across `start` or `end`: taking the range out cuts none in two. */
  hasEdges(start: number, end: number): boolean {
    const crosses = (at: number) => (this.find(at)?.start ?? at) < at;
    return !crosses(start) && !crosses(end);
  }

  /** The highest start of a free range of `length` bytes inside `low` to `high`, or -1. */
  findRoom(length: number, low: number, high: number): number {
    const { full } = this;
    const isKnown = full.high === high && full.length <= length;
    let top = isKnown ? full.top : high;
    for (let i = this.indexAfter(top) - 1; i >= 0 && top - length >= low; i--) {
      const vma = this.list[i];
      if (vma.end <= top - length) break;
      if (vma.start < top) top = vma.start;
    }
    // What a shorter range did not find is worth more than what this one did not.
    if (!isKnown || full.length === length) this.full = { high, top, length };
    return top - length >= low ? top - length : -1;
  }

  private splitAt(address: number): void {
    const at = this.indexAfter(address) - 1;
    const vma = this.list[at];
    if (!vma || vma.start === address || vma.end <= address) return;
    this.retain(vma);
    const upper = copyArea(vma, address, vma.end, vma.offset + (address - vma.start));
    vma.end = address;
    this.list.splice(at + 1, 0, upper);
    this.total.count++;
    this.last = undefined;
  }

  private joinWithNext(at: number): boolean {
    const lower = this.list[at];
    const upper = this.list[at + 1];
    if (!lower || !upper || !continues(lower, upper)) return false;
    this.join(lower, upper);
    this.list.splice(at + 1, 1);
    this.total.count--;
    return true;
  }

  private join(lower: Vma, upper: Vma): void {
    lower.end = upper.end;
    lower.copied ||= upper.copied;
    this.release(upper);
  }

  private retain(vma: Vma): void {
    vma.object?.retain(this.owner, vma.shared);
  }

  private release(vma: Vma): void {
    vma.object?.release(this.owner, vma.shared);
  }

  /** Index of the first area that starts after `address`. */
  private indexAfter(address: number): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.list[middle].start > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private firstEndingAfter(address: number): number {
    const at = this.indexAfter(address);
    return at > 0 && this.list[at - 1].end > address ? at - 1 : at;
  }
}

function continues(lower: Vma, upper: Vma): boolean {
  return (
    lower.end === upper.start &&
    lower.prot === upper.prot &&
    lower.object === upper.object &&
    lower.shared === upper.shared &&
    lower.mayWrite === upper.mayWrite &&
    lower.flags === upper.flags &&
    lower.name === upper.name &&
    lower.guard === upper.guard &&
    (!lower.object || lower.offset + (lower.end - lower.start) === upper.offset)
  );
}
