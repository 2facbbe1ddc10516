import { PAGE_SIZE } from "../../cpu/sv39.ts";
import type { PageFrames } from "./page-frames.ts";
import { AreaFlag, type Vma } from "./vma.ts";

/** An area may become longer: it is put where there is room for so many times as much more, up to this part of all memory. */
const GROWTH = 7;
const MOST_GROWTH = 16;
/** How many pages a page is above its neighbours. */
const NEIGHBOURS = [1, -1];

/**
 * A frame for the page at `at` of an area: next to a neighbour's, or else where its neighbours' will be. -1: memory is used
 * up. `present`: the page that the area has of its own at an address, or -1. `isCopy`: it has another one at `at`.
 */
export function chooseFrame(
  frames: PageFrames,
  vma: Vma,
  at: number,
  isCopy: boolean,
  present: (at: number) => number,
): number {
  for (const step of NEIGHBOURS) {
    const neighbour = present(at - step * PAGE_SIZE);
    if (neighbour !== -1 && frames.allocateFrom(neighbour + step, 1) === 1) return neighbour + step;
  }
  const pages = (vma.end - vma.start) / PAGE_SIZE;
  const growth = Math.min(GROWTH * pages, Math.floor(frames.allocator.totalPages / MOST_GROWTH));
  const below = Math.floor(growth * growthBelow(vma)) + (at - vma.start) / PAGE_SIZE;
  return frames.allocateIn(vma, at / PAGE_SIZE, pages + growth, below, isCopy);
}

/** The part of an area's growth that there has to be room for below it. What follows a program's data is its as well. */
function growthBelow({ flags, object }: Vma): number {
  if ((flags & AreaFlag.growsUp) !== 0 || object) return 0;
  return (flags & AreaFlag.growsDown) !== 0 ? 1 : 0.5;
}
