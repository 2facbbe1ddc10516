import type { Platform } from "../rkplat/platform.ts";
import type { Backing } from "./backing.ts";
import type { PageFrames } from "./page-frames.ts";
import type { SharedObject } from "./shared-object.ts";

/** What all address spaces of a kernel have in common. */
export interface MemoryContext {
  readonly platform: Platform;
  readonly frames: PageFrames;
  /** Objects behind MAP_SHARED files, by file. */
  readonly objects: Map<Backing, SharedObject>;
  /** Pages may be writable and executable at once. */
  readonly allowWx: boolean;
}
