import { PAGE_SIZE } from "../../cpu/sv39.ts";
import type { PhysicalMemory } from "../../memory/physical-memory.ts";
import { AreaFrames } from "./area-frames.ts";
import type { FrameAllocator } from "./frames.ts";

/** Pages that were set aside, and who serves them. */
interface Reserve {
  readonly first: number;
  readonly end: number;
  readonly frames: FrameAllocator;
}

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
  const reserves: Reserve[] = [];
  const ownerOf = (page: number): FrameAllocator =>
    reserves.find(({ first, end }) => page >= first && page < end)?.frames ?? frames;
  const clear = (first: number, pages: number): void => {
    for (let page = first; page < first + pages; page++) {
      if (used[page - firstPage] === 0) continue;
      used[page - firstPage] = 0;
      // One that its owner never touched has no host memory, and reads as zero.
      if (ram.map[page - firstPage] === 0) continue;
      ram.arena.clearFrame(ram.writable(page));
    }
  };
  const free = (first: number, order: number): void => {
    const owner = reserves.length === 0 ? frames : ownerOf(first);
    owner.free(first, order);
    for (let page = first; page < first + 2 ** order; page++) {
      used[page - firstPage] = 1;
      reused(page);
    }
  };
  const serve = (from: FrameAllocator) => ({
    allocate(order: number): number {
      const first = from.allocate(order);
      if (first !== -1) clear(first, 2 ** order);
      return first;
    },
    take(page: number, pages: number): number {
      const taken = from.take?.(page, pages) ?? 0;
      clear(page, taken);
      return taken;
    },
    room: (start: number, pages: number) => from.room?.(start, pages) ?? -1,
    free,
  });
  return {
    ...serve(frames),
    get totalPages() {
      return frames.totalPages;
    },
    get freePages() {
      return reserves.reduce((sum, reserve) => sum + reserve.frames.freePages, frames.freePages);
    },
    reserve(pages, kind) {
      const first = frames.allocate(Math.ceil(Math.log2(pages)));
      if (first === -1) return undefined;
      const own = new AreaFrames(first, kind.area(first, pages));
      reserves.push({ first, end: first + pages, frames: own });
      return {
        ...serve(own),
        totalPages: pages,
        get freePages() {
          return own.freePages;
        },
      };
    },
  };
}
