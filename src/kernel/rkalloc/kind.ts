import type { BlockArea } from "./block-area.ts";

/** How an allocator divides memory. */
export interface UnitShape {
  /** Bytes. */
  readonly unit: number;
  /** Of each unit's address; divides `unit`. A power of two. */
  readonly alignment: number;
}

/** An implementation of `Allocator`: `AreaAllocator` and `AreaFrames` make of it what they offer. */
export interface AllocatorKind {
  /** The micro-library's: `rkalloctlsf`. */
  readonly name: string;
  /** Blocks are taken back, one by one. */
  readonly frees: boolean;
  /** Of its blocks. Of a pool: of its objects, which are `objects` where that is given. */
  shape(objects?: ObjectShape): UnitShape;
  /** An area whose units are all free. `first` is the number of its first unit, for alignment. */
  area(first: number, units: number): BlockArea;
}

/** The objects of a pool. */
export interface ObjectShape {
  /** Bytes, 1 or more. */
  readonly size: number;
  /** A power of two. */
  readonly alignment: number;
}

/** A guest may name objects of any shape; this one can be a pool's. */
export const isObjectShape = ({ size, alignment }: ObjectShape): boolean =>
  Number.isSafeInteger(size) &&
  size > 0 &&
  Number.isSafeInteger(alignment) &&
  alignment > 0 &&
  Number.isInteger(Math.log2(alignment));
