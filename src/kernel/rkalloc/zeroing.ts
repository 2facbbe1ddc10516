import type { PhysicalMemory } from "../../memory/physical-memory.ts";
import type { FrameAllocator } from "./frames.ts";

/**
 * Gives a freed block's host memory back, through which every view of its pages (software TLBs, decoded code)
 * learns of the change, and which makes the pages zero for their next owner.
 */
export function discarding(frames: FrameAllocator, ram: PhysicalMemory): FrameAllocator {
  return {
    get totalPages() {
      return frames.totalPages;
    },
    get freePages() {
      return frames.freePages;
    },
    allocate: (order) => frames.allocate(order),
    free(page, order) {
      for (let i = 0; i < 2 ** order; i++) ram.discard(page + i);
      frames.free(page, order);
    },
  };
}
