import type { PageCache } from "../rkpagecache/page-cache.ts";
import type { Platform } from "../rkplat/platform.ts";
import type { AddressSpace } from "./address-space.ts";
import type { PageFrames } from "./page-frames.ts";
import type { AreaTotal } from "./vma.ts";

/** What all address spaces of a kernel have in common. */
export interface MemoryContext {
  readonly platform: Platform;
  readonly frames: PageFrames;
  /** The pages of files. */
  readonly cache: PageCache;
  readonly areas: AreaTotal;
  /** Pages may be writable and executable at once. */
  readonly allowWx: boolean;
  outOfMemory: OutOfMemoryPolicy;
}

/** What is done when no page is left, and none of files can be given back. */
export interface OutOfMemoryPolicy {
  /** `asking` wants a page. True: some were given back. */
  makeRoom(asking: AddressSpace): boolean;
  /** A system call of `asking` got no page: its process ends. */
  kill(asking: AddressSpace): void;
}
