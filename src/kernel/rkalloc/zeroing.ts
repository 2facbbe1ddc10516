import { PAGE_SIZE } from "../../cpu/sv39.ts";
import type { PhysicalMemory } from "../../memory/physical-memory.ts";
import type { FrameAllocator } from "./frames.ts";

/**
 * Hands a used page out as zeros again. Its host memory stays: it will be wanted for the next owner. `reused` is
 * called for each freed page, so that what was decoded from it is forgotten.
 */
export function zeroing(
  frames: FrameAllocator,
  ram: PhysicalMemory,
  reused: (page: number) => void,
): FrameAllocator {
  const firstPage = ram.base / PAGE_SIZE;
  /** By page: it has had an owner since it was last zero. */
  const used = new Uint8Array(ram.size / PAGE_SIZE);
  return {
    get totalPages() {
      return frames.totalPages;
    },
    get freePages() {
      return frames.freePages;
    },
    allocate(order) {
      const first = frames.allocate(order);
      if (first === -1) return -1;
      for (let page = first; page < first + 2 ** order; page++) {
        if (used[page - firstPage] === 0) continue;
        used[page - firstPage] = 0;
        // One that its owner never touched has no host memory, and reads as zero.
        if (ram.map[page - firstPage] === 0) continue;
        const start = ram.writable(page);
        ram.arena.u8.fill(0, start, start + PAGE_SIZE);
      }
      return first;
    },
    free(first, order) {
      for (let page = first; page < first + 2 ** order; page++) {
        used[page - firstPage] = 1;
        reused(page);
      }
      frames.free(first, order);
    },
  };
}
