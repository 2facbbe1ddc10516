import { MOST_ENTRIES } from "./fusion.ts";

/** A place where a jump to a register led: where the jump of `region-support.ts` looks before it looks for a slot. */
export const TARGET = {
  /** i64: the address. */
  address: 0,
  /** i32: table index of the region there. */
  body: 8,
  /** i32: linear address of its cell. */
  cell: 12,
  size: 16,
} as const;
export const TARGETS = 1024;

/** What all regions have in common in one TLB context, in linear memory at `TLB.regions`. */
export const AREA = {
  /** i32, by the number of an entry: linear address of its region's cell here, with `ENTRY_MASK` bits; 0: there is none yet. */
  cells: 0,
  /** `TARGETS` of `TARGET`, by bits 1 and up of the address. */
  targets: MOST_ENTRIES * 4,
  size: MOST_ENTRIES * 4 + TARGETS * TARGET.size,
} as const;

/** Bytes of the handlers that a machine's regions stand in the place of: an i32 by the number of an entry. */
export const ORIGINALS_SIZE = MOST_ENTRIES * 4;
