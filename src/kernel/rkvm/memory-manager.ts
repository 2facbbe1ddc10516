import { type Api, api } from "../library.ts";
import type { AddressSpace } from "./address-space.ts";

/** Makes address spaces. */
export interface MemoryManager {
  createSpace(): AddressSpace;
  /** Pages of guest memory, all and unused, and those that hold pages of files (which are given back when wanted). */
  readonly totalPages: number;
  readonly freePages: number;
  readonly cachedPages: number;
  /** Brings what mappings have written to their files. */
  flush(): void;
  /** Called when no page is left for a space and none can be given back; true when it has made room. */
  exhausted: (space: AddressSpace) => boolean;
}

export const memoryManager: Api<MemoryManager> = api("rkvm");
