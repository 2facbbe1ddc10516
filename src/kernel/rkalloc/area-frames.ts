import type { BlockArea } from "./block-area.ts";
import type { FrameAllocator } from "./frames.ts";

/** Page frames out of an area whose units are pages. */
export class AreaFrames implements FrameAllocator {
  private readonly first: number;
  private readonly area: BlockArea;

  /** `first`: the area's first page. */
  constructor(first: number, area: BlockArea) {
    this.first = first;
    this.area = area;
  }

  get totalPages(): number {
    return this.area.units;
  }

  get freePages(): number {
    return this.area.freeUnits;
  }

  allocate(order: number): number {
    const size = 2 ** order;
    const page = this.area.allocate(size, size);
    return page === -1 ? -1 : this.first + page;
  }

  free(page: number, order: number): void {
    if (this.area.size(page - this.first) !== 2 ** order)
      throw new RangeError(`page ${page} is no allocated block of order ${order}`);
    this.area.free(page - this.first);
  }

  take(page: number, pages: number): number {
    return this.area.take?.(page - this.first, pages) ?? 0;
  }

  room(from: number, pages: number): number {
    const unit = this.area.room?.(from - this.first, pages) ?? -1;
    return unit === -1 ? -1 : this.first + unit;
  }
}
