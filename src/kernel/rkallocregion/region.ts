import { type FrameAllocator, MAX_ORDER } from "../rkalloc/frames.ts";

/**
 * The simplest allocator: a mark that only moves up. Nothing that is freed is used again, so it suits an image
 * that allocates at its start and then runs, and as the yardstick for the others.
 */
export class RegionAllocator implements FrameAllocator {
  readonly totalPages: number;
  private readonly end: number;
  private mark: number;

  /** Manages `pages` pages from page number `first`. */
  constructor(first: number, pages: number) {
    this.totalPages = pages;
    this.mark = first;
    this.end = first + pages;
  }

  get freePages(): number {
    return this.end - this.mark;
  }

  allocate(order: number): number {
    const size = 2 ** order;
    const start = Math.ceil(this.mark / size) * size;
    if (order > MAX_ORDER || start + size > this.end) return -1;
    this.mark = start + size;
    return start;
  }

  free(_page: number, _order: number): void {}
}
