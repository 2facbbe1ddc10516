import type { PageCache } from "../rkpagecache/page-cache.ts";
import type { Platform } from "../rkplat/platform.ts";
import type { AddressSpace } from "./address-space.ts";
import type { PageFrames } from "./page-frames.ts";

/** What all address spaces of a kernel have in common. */
export interface MemoryContext {
  readonly platform: Platform;
  readonly frames: PageFrames;
  /** The pages of files. */
  readonly cache: PageCache;
  /** Pages may be writable and executable at once. */
  readonly allowWx: boolean;
  /** No page is left for `space`. True: some were given back. */
  exhausted: (space: AddressSpace) => boolean;
}
