import { MOST_REGIONS } from "./fusion.ts";

/** A place where a jump to a register led: where the jump of `region-support.ts` looks before it looks for a slot. */
export const TARGET = {
  /** i64: the address. */
  address: 0,
  /** i32: generation of the TLB context that it is an address of. */
  generation: 8,
  /** i32: table index of the region there. */
  body: 12,
  size: 16,
} as const;
export const TARGETS = 1024;

/** What all regions of a machine have in common in linear memory. */
export const AREA = {
  /** By region, an i32: the handler that it stands in the place of. */
  originals: 0,
  /** `TARGETS` of `TARGET`, by bits 1 and up of the address. */
  targets: MOST_REGIONS * 4,
  size: MOST_REGIONS * 4 + TARGETS * TARGET.size,
} as const;
