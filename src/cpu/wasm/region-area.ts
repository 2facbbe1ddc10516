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

/** An entry of a region, by its number. */
export const ENTRY = {
  /** i32: the handler that it stands in the place of. */
  original: 0,
  /** i32: linear address of the region's cell, with `ENTRY_MASK` bits. */
  cell: 4,
  size: 8,
} as const;

/** What all regions of a machine have in common in linear memory. */
export const AREA = {
  /** `MOST_ENTRIES` of `ENTRY`. */
  entries: 0,
  /** `TARGETS` of `TARGET`, by bits 1 and up of the address. */
  targets: MOST_ENTRIES * ENTRY.size,
  size: MOST_ENTRIES * ENTRY.size + TARGETS * TARGET.size,
} as const;
