import { type Api, api } from "../library.ts";
import type { AllocatorKind } from "./kind.ts";

/**
 * The allocator of physical pages. Pages are named by number (physical address / 4096); blocks are 2^order pages,
 * aligned to their size. A page reads as zero when it is handed out.
 */
export interface FrameAllocator {
  readonly totalPages: number;
  readonly freePages: number;
  /** The first page of a block of 2^`order` pages, or -1 when there is none. */
  allocate(order: number): number;
  /** Gives back a block as it was allocated. Throws a RangeError for anything else: only the kernel calls this. */
  free(page: number, order: number): void;
  /**
   * Takes page `page` (any number) and those behind it, `pages` together, as far as they are free; each is a block of order 0.
   * Returns how many. Absent where that cannot be asked for.
   */
  take?(page: number, pages: number): number;
  /**
   * Where `pages` (1 or more) free pages follow each other, looked for from page `from` (any number) on; -1: none were found.
   * Takes none of them.
   */
  room?(from: number, pages: number): number;
  /**
   * Sets `pages` aside and lets `kind` serve them: the allocator for somebody who is to have so much and no more.
   * `undefined`: there are not so many in one piece. What that allocator gave may be given back to this one too.
   */
  reserve?(pages: number, kind: AllocatorKind): FrameAllocator | undefined;
}

export const frameAllocator: Api<FrameAllocator> = api("rkalloc");
