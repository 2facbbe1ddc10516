import { type Api, api } from "../library.ts";
import type { AddressSpace } from "./address-space.ts";
import type { OutOfMemoryPolicy } from "./memory-context.ts";
import type { PageFrames } from "./page-frames.ts";

/** Makes address spaces. */
export interface MemoryManager {
  createSpace(): AddressSpace;
  /** The pages of memory that is shared and stays without an address space. */
  readonly frames: PageFrames;
  /** Pages of guest memory, all and unused, and those that hold pages of files (which are given back when wanted). */
  readonly totalPages: number;
  readonly freePages: number;
  readonly cachedPages: number;
  /** Brings what mappings have written to their files. */
  flush(): void;
  /** Without one, nobody is killed for what another wants. */
  outOfMemory: OutOfMemoryPolicy;
}

export const memoryManager: Api<MemoryManager> = api("rkvm");
