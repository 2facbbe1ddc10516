/**
 * An allocation algorithm over one range of memory, counted in units from 0 to `units`. It holds the books of the range
 * and never looks at the memory itself. Blocks are named by their first unit.
 *
 * Units are aligned as they are counted with `first` added: a block for which `alignment` units were asked for starts
 * where (first + unit) is a multiple of it.
 */
export interface BlockArea {
  readonly units: number;
  readonly freeUnits: number;
  /** The largest number of units, without alignment, that `allocate` would give now. */
  readonly largest: number;
  /** A block of at least `units` (1 or more) at a multiple of `alignment` (a power of two); -1: none. */
  allocate(units: number, alignment: number): number;
  /** Units of the block that starts at `unit`; 0: none does. */
  size(unit: number): number;
  /** Takes the block that starts at `unit` back. Only where `size` is not 0 and the area takes blocks back at all. */
  free(unit: number): void;
  /** Makes the block that starts at `unit` hold `units` (1 or more) without moving it; false: it cannot. */
  resize(unit: number, units: number): boolean;
  /**
   * Takes unit `unit` (any number) and those behind it, `units` together, as far as they are free; each is a block of its own.
   * Returns how many. Absent where that cannot be asked for.
   */
  take?(unit: number, units: number): number;
  /**
   * Where `units` (1 or more) free units follow each other, looked for from unit `from` (any number) on, and after the last
   * from 0 on; -1: there are not so many in one block. Where they are not found in a bounded time, they are anywhere.
   */
  room?(from: number, units: number): number;
  clone(): BlockArea;
}

/** An area is at most so many units, so that their numbers and sums stay small integers. */
export const MAX_UNITS = 2 ** 26;

/** What of `first` matters: no alignment is larger than an area. */
export const phase = (first: number): number => first % MAX_UNITS;
