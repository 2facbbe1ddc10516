import type { PhysicalMemory } from "../memory/physical-memory.ts";

/**
 * Sv39 page tables (Privileged Architecture, "Sv39: Page-Based 39-bit Virtual-Memory System").
 *
 * A virtual address is a signed number: bits 63 to 39 of a valid one equal bit 38, so it lies between
 * -2^38 and 2^38. A physical one is a number below 2^56.
 *
 *     virtual address     38    30 29    21 20    12 11       0
 *                        | VPN[2] | VPN[1] | VPN[0] |  offset  |
 *
 *     page-table entry    63 62  61 60  54 53                10 9 8 7 6 5 4 3 2 1 0
 *                        | N | PBMT | res.|        PPN         | RSW|D|A|G|U|X|W|R|V|
 *
 * N, PBMT and the bits marked reserved must be zero here: neither Svnapot nor Svpbmt is implemented.
 */
export const Pte = {
  /** Valid: the entry means something. */
  V: 1 << 0,
  R: 1 << 1,
  W: 1 << 2,
  X: 1 << 3,
  /** Belongs to user mode. */
  U: 1 << 4,
  /** Global: in every address space. */
  G: 1 << 5,
  /** Accessed since this bit was last cleared. */
  A: 1 << 6,
  /** Dirty: written since this bit was last cleared. */
  D: 1 << 7,
} as const;

/** All ten flag bits of an entry, the two for software (RSW) included. */
const PTE_FLAGS = 0x3ff;
export const PAGE_SIZE = 4096;
/** Entries of a table. */
const TABLE_ENTRIES = 512;
export const PTE_SIZE = 8;
/** The root's level; a leaf there is a 1 GiB page, at level 1 a 2 MiB page, at level 0 a 4 KiB page. */
const ROOT_LEVEL = 2;

/** One entry that a walk looked at. */
export interface WalkStep {
  /** 2 at the root, 0 at the last level. */
  readonly level: number;
  /** Physical address of the entry. */
  readonly address: number;
  /** Bits 9 to 0. */
  readonly flags: number;
  /** Bits 53 to 10: a physical page number. */
  readonly ppn: number;
  /** Bits 63 to 54, which must be zero. */
  readonly reserved: number;
}

/** Why a walk stopped. All but `leaf` and `noMemory` are page faults; `noMemory` is an access fault. */
export type WalkEnd =
  /** At an entry that maps a page. */
  | "leaf"
  /** Bits 63 to 39 of the virtual address differ from bit 38. */
  | "notCanonical"
  /** The entry would stand outside RAM. */
  | "noMemory"
  /** V is clear. */
  | "invalid"
  /** A reserved bit or combination: bits 63 to 54, W without R, or U, A or D in a pointer to a table. */
  | "reserved"
  /** A large page whose physical address is not a multiple of its size. */
  | "misalignedPage"
  /** The last level holds a pointer to another table. */
  | "tooDeep";

export interface Walk {
  /** The entries looked at, root first. Empty where the address is not canonical. */
  readonly steps: readonly WalkStep[];
  readonly end: WalkEnd;
  /** With `leaf`: number of the 4 KiB physical page that holds the address, inside a large page too; else -1. */
  readonly page: number;
  /** With `leaf`: the entry's flags; else 0. Whether they permit an access is for the caller to say. */
  readonly flags: number;
}

/** The addresses of Sv39's lower half end here; the upper half is the same below 0. */
export const LOWER_HALF_END = 2 ** 38;

export const isCanonical = (va: number): boolean => va >= -LOWER_HALF_END && va < LOWER_HALF_END;

/** Index into the table at `level` for a virtual page number (virtual address / 4096, signed). */
export const tableIndex = (vpn: number, level: number): number => (vpn >> (9 * level)) & (TABLE_ENTRIES - 1);

/** Virtual page number: fits a signed 32-bit integer. */
export const pageNumber = (va: number): number => Math.floor(va / PAGE_SIZE);

/**
 * A walk under way, one entry at a time. Used again from walk to walk: a TLB is refilled by one, of whose time the
 * objects that it would make were a good part. For the same reason it reckons in page numbers, which are small
 * integers where addresses are not.
 */
export class Walker {
  // What `next` looked at last: see `WalkStep`.
  level = 0;
  flags = 0;
  ppn = 0;
  reserved = 0;
  /** Why the walk stopped; undefined while it has not. */
  end: WalkEnd | undefined;

  private readonly map: Uint32Array;
  private readonly u32: Uint32Array;
  private readonly firstPage: number;
  private vpn = 0;
  /** Page of the table looked at, and which of its entries. */
  private table = 0;
  private index = 0;

  constructor(ram: PhysicalMemory) {
    this.map = ram.map;
    this.u32 = ram.arena.u32;
    this.firstPage = ram.base / PAGE_SIZE;
  }

  /** Begins at the table in physical page `rootPpn`. */
  start(rootPpn: number, va: number): void {
    this.level = ROOT_LEVEL + 1;
    this.ppn = rootPpn;
    this.vpn = pageNumber(va) | 0;
    this.end = isCanonical(va) ? undefined : "notCanonical";
  }

  /** Looks at the next entry. False when there is none. Changes nothing, allocates no frame, sets no A or D bit. */
  next(): boolean {
    if (this.end !== undefined) return false;
    const page = this.ppn - this.firstPage;
    if (page < 0 || page >= this.map.length) {
      this.end = "noMemory";
      return false;
    }
    this.table = this.ppn;
    this.level--;
    this.index = tableIndex(this.vpn, this.level);
    // Not by `readable`, which would give an untouched page a frame.
    this.read(this.map[page]);
    this.end = this.judge();
    return true;
  }

  /** Physical address of the entry. */
  get address(): number {
    return this.table * PAGE_SIZE + this.index * PTE_SIZE;
  }

  /** With the end `leaf`: number of the 4 KiB physical page that holds the address, inside a large page too. */
  get page(): number {
    return this.ppn + (this.vpn & this.within);
  }

  /** The bits of a page number that count 4 KiB pages inside a page of this level. */
  private get within(): number {
    return (1 << (9 * this.level)) - 1;
  }

  private read(frame: number): void {
    const word = (frame >>> 2) + this.index * 2;
    const low = frame === 0 ? 0 : this.u32[word];
    const high = frame === 0 ? 0 : this.u32[word + 1];
    this.flags = low & PTE_FLAGS;
    this.ppn = high === 0 ? low >>> 10 : (high & 0x3fffff) * 0x40_0000 + (low >>> 10);
    this.reserved = high >>> 22;
  }

  /** Whether the walk stops at the entry, and why. */
  private judge(): WalkEnd | undefined {
    const { flags } = this;
    if ((flags & Pte.V) === 0) return "invalid";
    if (this.reserved !== 0 || (flags & (Pte.R | Pte.W)) === Pte.W) return "reserved";
    if ((flags & (Pte.R | Pte.X)) !== 0) return (this.ppn & this.within) === 0 ? "leaf" : "misalignedPage";
    if ((flags & (Pte.U | Pte.A | Pte.D)) !== 0) return "reserved";
    return this.level === 0 ? "tooDeep" : undefined;
  }
}

/** Follows the tables from the one in physical page `rootPpn`, as `Walker` does, and tells of every entry. */
export function walk(ram: PhysicalMemory, rootPpn: number, va: number): Walk {
  const walker = new Walker(ram);
  const steps: WalkStep[] = [];
  walker.start(rootPpn, va);
  while (walker.next()) {
    const { level, address, flags, ppn, reserved } = walker;
    steps.push({ level, address, flags, ppn, reserved });
  }
  const end = walker.end as WalkEnd;
  const isLeaf = end === "leaf";
  return { steps, end, page: isLeaf ? walker.page : -1, flags: isLeaf ? walker.flags : 0 };
}

/** Writes a whole entry; `address` must be an aligned word of RAM. */
export function writeEntry(ram: PhysicalMemory, address: number, ppn: number, flags: number): void {
  const word = (ram.writable(Math.floor(address / PAGE_SIZE)) + (address & (PAGE_SIZE - 1))) >>> 2;
  ram.arena.u32[word] = (((ppn % 0x40_0000) << 10) | (flags & PTE_FLAGS)) >>> 0;
  ram.arena.u32[word + 1] = Math.floor(ppn / 0x40_0000);
}
