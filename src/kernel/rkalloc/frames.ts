import { type Api, api } from "../library.ts";

/**
 * The allocator of physical pages. Pages are named by number (physical address / 4096); blocks are 2^order pages,
 * aligned to their size. A page reads as zero when it is handed out.
 */
export interface FrameAllocator {
  readonly totalPages: number;
  readonly freePages: number;
  /** The first page of a block of 2^`order` pages, or -1 when there is none. */
  allocate(order: number): number;
  /** Gives back a block as it was allocated. */
  free(page: number, order: number): void;
}

export const frameAllocator: Api<FrameAllocator> = api("rkalloc");

/** Largest block: 2^18 pages, 1 GiB. */
export const MAX_ORDER = 18;
