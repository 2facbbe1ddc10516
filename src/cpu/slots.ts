/**
 * Decoded slots: what the interpreter runs. A physical page that holds code has a slot page with one 16-byte
 * slot for each of its 2,048 halfwords:
 *
 *      0  u32  handler: index into the interpreter's function table (0: not decoded yet)
 *      4  u16  rd  × 8   (for x0: the offset of the hart block's `trash`, so that no handler tests for it)
 *      6  u16  rs1 × 8
 *      8  u16  rs2 × 8
 *     10  i16  ordinal: position of the instruction in its straight run (see below)
 *     12  i32  immediate. Branch and jump within the page: distance to the target's slot, in bytes of slots.
 *              Rows that round: u16 rm, then u16 rs3 × 8. System rows: the instruction's bits.
 *
 * A slot page is aligned to 32 KiB, so the low 15 bits of a slot's address say which halfword it is, and
 * `pc` is the page's virtual address (a parameter of every handler) plus those bits divided by 8.
 *
 *     0x00000  2,048 slots
 *     0x08000  the slot that running off the end arrives at: goes on in the next virtual page
 *     0x08020  i32: linear address of the page's frame
 *     0x0fff0  a 4-byte instruction that begins in the page's last halfword, decoded (same low 15 bits)
 *     0x10010  the slot that this one arrives at: goes on at the next page's second halfword
 *
 * Ordinals make the exact instruction count free on straight code. Handlers carry `budget`, and at the slot `s`
 * the instructions still allowed are `budget - ordinal(s)`. Falling through to the next slot changes neither
 * side; only a taken branch computes: `budget' = budget - ordinal(from) - 1 + ordinal(to)`.
 */
export const SLOT_SIZE = 16;
export const SLOT = { handler: 0, rd: 4, rs1: 6, rs2: 8, ordinal: 10, imm: 12, rm: 12, rs3: 14 } as const;

export const SLOT_PAGE_ALIGN = 0x8000;
export const SLOT_PAGE_SIZE = 0x18000;
export const SLOTS_PER_PAGE = 2048;
export const SLOT_PAGE = { end: 0x8000, frame: 0x8020, straddler: 0xfff0, straddlerEnd: 0x10010 } as const;
export const SLOT_INDEX_MASK = 0x7fff;

/** Handlers that are not rows of the table. Zeroed memory is undecoded slots. */
export const Handler = { undecoded: 0, illegal: 1, pageEnd: 2, straddler: 3, rows: 4 } as const;

/** Variants of a row's handler. */
export const Variant = { compressed: 1, far: 2, count: 4 } as const;

/** Function table index of a row's handler. */
export function handlerIndex(rowIndex: number, variant: number): number {
  return Handler.rows + rowIndex * Variant.count + variant;
}
