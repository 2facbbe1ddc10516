import { PAGE_SIZE } from "../../cpu/sv39.ts";
import type { PhysicalMemory } from "../../memory/physical-memory.ts";
import type { FrameAllocator } from "../rkalloc/frames.ts";
import { Place, type Placed } from "./place.ts";

/** Pages that nobody places are put together, about so many at a time. */
const LOOSE = 64;

/** Single pages with a count of who holds them: page tables of several processes, shared objects. */
export class PageFrames {
  readonly allocator: FrameAllocator;
  readonly ram: PhysicalMemory;
  /** Called when memory is used up; true when some was given back. */
  reclaim: () => boolean = () => false;
  /** By page of RAM: holders beyond the first. */
  private readonly extra: Uint32Array;
  private readonly firstPage: number;
  /** Where room is looked for next: what was found last lies before it, and is still to be filled. */
  private next = 0;
  /** Where the room begins that was found last, and where it ends. */
  private found = 0;
  private foundEnd = 0;
  /** The page that was given last to who said nothing of its place. */
  private last = -1;

  constructor(allocator: FrameAllocator, ram: PhysicalMemory) {
    this.allocator = allocator;
    this.ram = ram;
    this.firstPage = ram.base / PAGE_SIZE;
    this.extra = new Uint32Array(ram.size / PAGE_SIZE);
  }

  /** A zeroed page with one holder, or -1 when memory is used up and nothing can be given back. */
  allocate(): number {
    const { allocator } = this;
    const next = this.last + 1;
    this.last = allocator.take?.(next, 1) === 1 ? next : this.newRoom(LOOSE, 0, allocator);
    return this.last;
  }

  /**
   * The same, for page `number` of `owner`. Where its place is not free it gets another one, which has room for `room` pages
   * if there is any, `below` of them below this one. `isCopy`: the page has an original, which may be where this one would be.
   */
  allocateIn(
    owner: Placed,
    number: number,
    room: number,
    below: number,
    isCopy = false,
    from = this.allocator,
  ): number {
    const { place } = owner;
    if (!from.take) return this.anyPage(from);
    const home = number + place.main;
    // What is behind its own room is somebody else's, if only to grow into.
    const isOwn = home < place.roomEnd || place.roomEnd === this.next;
    if (isOwn && from.take(home, 1) === 1) return home;
    if (isCopy && from.take(number + place.aside, 1) === 1) return number + place.aside;
    const page = this.newRoom(room, below, from);
    if (page === -1) return -1;
    // Who shares the place goes on there.
    if (Number.isNaN(place.main)) place.main = page - number;
    else if (isCopy) place.aside = page - number;
    else owner.place = new Place(page - number);
    owner.place.room = this.found;
    owner.place.roomEnd = this.foundEnd;
    return page;
  }

  /** Takes page `page` and those behind it as far as they are free, `pages` at most. Returns how many. */
  allocateFrom(page: number, pages: number): number {
    return this.allocator.take?.(page, pages) ?? 0;
  }

  private newRoom(room: number, below: number, from: FrameAllocator): number {
    for (let pages = room; pages > 0; pages >>= 1) {
      const start = from.room?.(this.next, pages) ?? -1;
      const page = pages === room ? start + below : start;
      if (start === -1 || from.take?.(page, 1) !== 1) continue;
      this.next = start + pages;
      this.found = start;
      this.foundEnd = this.next;
      return page;
    }
    this.found = this.next;
    this.foundEnd = Number.POSITIVE_INFINITY;
    return this.anyPage(from);
  }

  private anyPage(from: FrameAllocator): number {
    for (;;) {
      const page = from.allocate(0);
      if (page !== -1 || !this.reclaim()) return page;
    }
  }

  /** Where room is looked for, to be handed to `lookFrom`. */
  get lookedUpTo(): number {
    return this.next;
  }

  /** Memory above has become free: it is looked through again, so that what has been used lately is used first. */
  lookFrom(page: number): void {
    if (page >= this.next) return;
    this.next = page;
    this.last = -1;
  }

  /** The same for room that was found for an area alone. */
  reuse(room: number): void {
    if (room < this.next) this.next = room;
  }

  share(page: number): void {
    this.extra[page - this.firstPage]++;
  }

  release(page: number): void {
    const index = page - this.firstPage;
    if (this.extra[index] > 0) this.extra[index]--;
    else this.allocator.free(page, 0);
  }

  isShared(page: number): boolean {
    return this.extra[page - this.firstPage] > 0;
  }

  /** The page's bytes, to be written at once: a view that copying or freeing the page makes stale. */
  bytes(page: number): Uint8Array {
    const start = this.ram.writable(page);
    return this.ram.arena.u8.subarray(start, start + PAGE_SIZE);
  }

  /** Copies a page's contents into another page. */
  copy(from: number, to: number): void {
    const source = this.ram.readable(from);
    this.ram.arena.copyFrame(this.ram.writable(to), source);
  }
}
