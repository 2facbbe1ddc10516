import { type Api, api } from "../library.ts";
import type { AddressSpace } from "./address-space.ts";

/** Makes address spaces. */
export interface MemoryManager {
  createSpace(): AddressSpace;
  /** Pages of guest memory, all and unused. */
  readonly totalPages: number;
  readonly freePages: number;
}

export const memoryManager: Api<MemoryManager> = api("rkvm");
