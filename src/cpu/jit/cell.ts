/**
 * A region's cell: what its code looks up in linear memory, at an address that it is given when it is called. So code that
 * was compiled once serves every machine that runs the same bytes.
 *
 *      0  i32  generation of the TLB context that the region was last found right for; 0: of none
 *      4  i32  number of the region
 *      8  i64  virtual page of its beginning then
 *     16  webs, then exits
 */
export const CELL = { generation: 0, region: 4, page: 8, webs: 16 } as const;
/** Bytes that all cells of a machine may take: one is mostly less than 1 KiB, and a region has one for each TLB context. */
export const MOST_CELL_BYTES = 32 << 20;
/** Of a cell's address that a region is called with, the bits that say by which entry it is entered (`withEntries`). */
export const ENTRY_MASK = 63;

/**
 * Where the memory is that a web's accesses reach (`webs.ts`): a range of pages that follow each other in linear memory.
 *
 *      0  i64  lowest value that the web's base may have
 *      8  i64  so many are good from there; 0: none
 *     16  i32  the linear address of the web's lowest byte is the base + this, modulo 2^32
 *     20  i32  number of the web
 *     24  i32  so often the TLB may still be asked instead, where the web is wide
 *     28  i32  1: it is wide
 */
export const WEB = { low: 0, span: 8, addend: 16, web: 20, patience: 24, wide: 28, size: 32 } as const;
/** What the TLB did not know counts as so many times that it was asked: the range may have the next ones, too. */
export const TLB_MISS = 32;

/**
 * An exit: how `leaveRegion` in `wasm/region-support.ts` goes on where the region is left.
 *
 *      0  i64  where, from the entry's virtual page; for a call from the page of what is called
 *      8  i32  instructions retired since the count was last taken
 *     12  u16  one of `ExitKind`
 *     14  u16  number of the region
 *     16  i32  for a miss: linear address of the web, from the cell; for others how often what comes next was interpreted
 *     20  i32  for a jump or a call: the table index of the region there, or else of `leaveRegion`; for those to a register:
 *              0 where it is not asked any more where they lead to
 *     24  i32  for a jump or a call: linear address of the cell of the region there
 */
export const EXIT = {
  offset: 0,
  count: 8,
  kind: 12,
  region: 14,
  web: 16,
  heat: 16,
  link: 20,
  cell: 24,
  size: 32,
} as const;

/** So often interpreted code is reached by one exit before it is translated. */
export const HOT_EXIT = 5000;

export const ExitKind = {
  /** At the offset, by whatever translates or interprets it. */
  jump: 0,
  /** The same; the region goes on when it comes back. */
  call: 1,
  /** At the address in `HART.address`. */
  indirect: 2,
  /** The same; the region goes on when it comes back. */
  indirectCall: 3,
  /** At the address in `HART.address`, by the region that called this one, or whatever else is there. */
  return: 4,
  /** The region was not right for the address space, or there were no instructions or calls left: nothing was done yet. */
  stale: 5,
  /** At the offset, by the interpreter: its instruction could not be done here. */
  interpret: 6,
  /** The same, where memory was not in the web's range: the address is in `HART.address`. */
  miss: 7,
} as const;

export interface Exit {
  readonly offset: number;
  readonly count: number;
  readonly kind: number;
  /** Its number, for a miss. */
  readonly web: number;
}

export function cellSize(webs: number, exits: number): number {
  return exitsOffset(webs) + exits * EXIT.size;
}

export function webOffset(web: number): number {
  return CELL.webs + web * WEB.size;
}

/** Offset of the first exit. */
export function exitsOffset(webs: number): number {
  return CELL.webs + webs * WEB.size;
}
