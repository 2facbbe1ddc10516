import { BLOCK_ALIGNMENT } from "../rkalloc/allocator.ts";
import type { AllocatorKind, ObjectShape } from "../rkalloc/kind.ts";
import { PoolArea } from "./pool.ts";

/** Of a pool for which nobody said: a cache line. */
const OBJECT: ObjectShape = { size: 64, alignment: 64 };

export const pool: AllocatorKind = {
  name: "rkallocpool",
  frees: true,
  shape({ size, alignment } = OBJECT) {
    const aligned = Math.max(BLOCK_ALIGNMENT, alignment);
    return { unit: Math.ceil(size / aligned) * aligned, alignment: aligned };
  },
  area: (_first, units) => new PoolArea(units),
};
