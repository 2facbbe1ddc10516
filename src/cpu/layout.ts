/**
 * The hart block: all state of one hart, in linear memory at a base that handlers take as a parameter.
 * Offsets are bytes. Snapshots copy the block whole, so nothing architectural is kept outside it.
 *
 *       0  x0 … x31        (x0 is never written: writes to it go to `trash`)
 *     256  trash
 *     264  f0 … f31        (64 bits each; single precision is NaN-boxed)
 *     520  pc
 *     528  working fields shared by Wasm and TypeScript, below
 *    1024  CSRs, 64 bits each, numbered by `Csr` in `csr-state.ts`
 */
export const HART_BLOCK_SIZE = 4096;

export const HART = {
  x: 0,
  trash: 256,
  f: 264,
  pc: 520,
  /** i32: instructions left when Wasm returned. */
  budget: 528,
  /** i32: why Wasm returned; see `Exit`. */
  exit: 532,
  /** i64: virtual address of a slow memory access, or of a fetch. */
  address: 536,
  /** i64: value of a slow store (low bytes), result of a slow load (zero-extended) or of a float operation;
   *  for a system instruction, its bits. */
  value: 544,
  /** i64 ×3: arguments of a slow float operation. */
  floatArgs: 552,
  /** i32: exception code of a pending trap (`Exit.trap`). */
  cause: 576,
  /** i32: linear address of the TLB context used for fetches. */
  fetchTlb: 580,
  /** i32: linear address of the TLB context used for loads and stores (another one under MPRV). */
  dataTlb: 584,
  /** i32: mstatus.FS: 0 off, 1 initial, 2 clean, 3 dirty. */
  fs: 588,
  /** 8 bytes: the rounding mode that an `rm` field selects: 0 to 4 themselves, 5 and 6 invalid (255), 7 frm
   *  (255 where frm is 5 to 7). */
  roundingModes: 592,
  /** i32: accrued exception flags: NX 1, UF 2, OF 4, DZ 8, NV 16. */
  fflags: 600,
  /** i32 */
  frm: 604,
  /** i32: linear-memory address of the reserved word, 0 for none. */
  reservation: 608,
  /** i32: its size, 4 or 8 bytes. */
  reservationSize: 612,
  /** i64: what it held (sign-extended). */
  reservedValue: 616,
  /** i64: `tval` of a pending trap. */
  tval: 624,
  /** i64: instructions retired since reset (the source of `minstret`; not what software reads). */
  retired: 632,
  /** i32: privilege mode: 0 U, 1 S, 3 M. */
  privilege: 640,
  /** i32: linear address of the record of the exit by which a translated region was left last (`Exit.hot`). */
  regionExit: 644,
  /** i64: the virtual page that its entry is in. */
  regionPage: 648,
  csrs: 1024,
} as const;

/** Why the interpreter returned to TypeScript. */
export const Exit = {
  /** The instruction budget ran out; `pc` is the next instruction. */
  budget: 0,
  /** The instruction at `pc` trapped: `cause` and `tval` are set; it did not retire. */
  trap: 1,
  /** A `system` instruction has been executed, and there is something to look at before the next one. */
  system: 2,
  /** The floating-point unit is not in state dirty: execute again once `fs` is settled, or trap. */
  floatState: 3,
  /** As `budget`, in a translated region. */
  regionBudget: 4,
  /** Nothing ran out: the code at `pc` is worth translating. */
  hot: 5,
} as const;

/**
 * A software TLB context: one view of memory (an address space at one privilege). Three direct-mapped tables,
 * for reading, writing and fetching, of 16-byte entries:
 *
 *     i64 tag     page-aligned virtual address, or -1 (which no access compares equal to)
 *     i32 addend  read, write: linear address = low 32 bits of the virtual address + addend
 *                 fetch: linear address of the page's decoded slots
 *     u32 read, write: number of the physical page, so that its entries can be found
 *
 * Being in a table is the permission. Entry of a virtual address: bits 12 and up, modulo the table's size.
 */
export const TLB_ENTRIES = 4096;
export const TLB_TABLE_SIZE = TLB_ENTRIES * 16;
export const TLB = {
  read: 0,
  write: TLB_TABLE_SIZE,
  fetch: 2 * TLB_TABLE_SIZE,
  /** i32: another one, that no context ever had, when what a translated region relies on has changed (`ranges.ts`). */
  generation: 3 * TLB_TABLE_SIZE,
  // By what compiled code walks the page table after a miss (`wasm/walk.ts`).
  /** u32: linear address of the word for the root table's page in the RAM's map; 0 where the walk is not for compiled code. */
  root: 3 * TLB_TABLE_SIZE + 4,
  /** u32: number of the first page of RAM that tables and what they map may be in, and how many there are. */
  firstPage: 3 * TLB_TABLE_SIZE + 8,
  pages: 3 * TLB_TABLE_SIZE + 12,
  /** u32: linear address of the word for that first page in the RAM's map. */
  map: 3 * TLB_TABLE_SIZE + 16,
  /** u32: the same of what is known of pages, in 16 bits each: `SEEN_WRITABLE`, and a bit for each context. */
  seen: 3 * TLB_TABLE_SIZE + 20,
  /** i32: the context's bit there. */
  seenBit: 3 * TLB_TABLE_SIZE + 24,
  /** i32: the U bit, where it decides, and what it has to be. */
  userMask: 3 * TLB_TABLE_SIZE + 28,
  userValue: 3 * TLB_TABLE_SIZE + 32,
  /** i32: virtual pages from the one to before the other may come from large pages. */
  largeFrom: 3 * TLB_TABLE_SIZE + 36,
  largeTo: 3 * TLB_TABLE_SIZE + 40,
  /** u32: linear address of what translated regions have in the context (`AREA`); 0 where nothing is translated. */
  regions: 3 * TLB_TABLE_SIZE + 44,
  size: 3 * TLB_TABLE_SIZE + 48,
} as const;
/** The page was written to, and nothing has happened since for which its writes would have to be looked at. */
export const SEEN_WRITABLE = 0x100;

/** Exception codes (Privileged Architecture, table of `mcause` values). */
export const Cause = {
  instructionMisaligned: 0,
  instructionAccess: 1,
  illegalInstruction: 2,
  breakpoint: 3,
  loadMisaligned: 4,
  loadAccess: 5,
  storeMisaligned: 6,
  storeAccess: 7,
  ecallU: 8,
  ecallS: 9,
  ecallM: 11,
  instructionPage: 12,
  loadPage: 13,
  storePage: 15,
} as const;

export const Privilege = { user: 0, supervisor: 1, machine: 3 } as const;
