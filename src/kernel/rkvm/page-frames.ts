import { PAGE_SIZE } from "../../cpu/sv39.ts";
import type { PhysicalMemory } from "../../memory/physical-memory.ts";
import type { FrameAllocator } from "../rkalloc/frames.ts";

/** Single pages with a count of who holds them: page tables of several processes, shared objects. */
export class PageFrames {
  readonly allocator: FrameAllocator;
  readonly ram: PhysicalMemory;
  /** Called when memory is used up; true when some was given back. */
  reclaim: () => boolean = () => false;
  /** By page of RAM: holders beyond the first. */
  private readonly extra: Uint32Array;
  private readonly firstPage: number;

  constructor(allocator: FrameAllocator, ram: PhysicalMemory) {
    this.allocator = allocator;
    this.ram = ram;
    this.firstPage = ram.base / PAGE_SIZE;
    this.extra = new Uint32Array(ram.size / PAGE_SIZE);
  }

  /** A zeroed page with one holder, or -1 when memory is used up and nothing can be given back. */
  allocate(from: FrameAllocator = this.allocator): number {
    for (;;) {
      const page = from.allocate(0);
      if (page !== -1 || !this.reclaim()) return page;
    }
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
    const { arena } = this.ram;
    const source = this.ram.readable(from);
    arena.u8.copyWithin(this.ram.writable(to), source, source + PAGE_SIZE);
  }
}
