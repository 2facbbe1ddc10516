import type { Hart } from "../../cpu/hart.ts";
import type { PhysicalMemory } from "../../memory/physical-memory.ts";
import { type Api, api } from "../library.ts";

/** What the machine gives the kernel to stand on. */
export interface Platform {
  readonly hart: Hart;
  readonly ram: PhysicalMemory;
  /** Lets the hart translate through the page table whose root is in physical page `rootPage`. */
  useAddressSpace(rootPage: number): void;
  /** Page-table entries changed: forget translations of `pages` pages from `address`. */
  fence(address: number, pages: number): void;
  /** The kernel wrote to physical page `page` (address / 4096): forget what was decoded from it. */
  codeWritten(page: number): void;
  /** Nanoseconds since boot, from the CLINT's `mtime`. */
  readonly monotonic: () => number;
  /** When boot was: nanoseconds since 1970. */
  readonly epoch: bigint;
  /** Random bytes from the host, or from the seed of a deterministic machine. */
  entropy(into: Uint8Array): void;
}

export const platform: Api<Platform> = api("rkplat");
