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
export const PTE_FLAGS = 0x3ff;
export const PAGE_SIZE = 4096;
/** Entries of a table. */
export const TABLE_ENTRIES = 512;
export const PTE_SIZE = 8;
/** The root's level; a leaf there is a 1 GiB page, at level 1 a 2 MiB page, at level 0 a 4 KiB page. */
export const ROOT_LEVEL = 2;

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

/** Sv39 addresses reach from -2^38 to 2^38. */
export const isCanonical = (va: number): boolean => va >= -0x40_0000_0000 && va < 0x40_0000_0000;

/** Index into the table at `level` for a virtual page number (virtual address / 4096, signed). */
export const tableIndex = (vpn: number, level: number): number => (vpn >> (9 * level)) & (TABLE_ENTRIES - 1);

/** Virtual page number: fits a signed 32-bit integer. */
export const pageNumber = (va: number): number => Math.floor(va / PAGE_SIZE);

/**
 * Follows the tables from the one in physical page `rootPpn`. Changes nothing, allocates no frame and sets no
 * A or D bit.
 */
export function walk(ram: PhysicalMemory, rootPpn: number, va: number): Walk {
  if (!isCanonical(va)) return { steps: [], end: "notCanonical", page: -1, flags: 0 };
  const vpn = pageNumber(va);
  const steps: WalkStep[] = [];
  const stop = (end: WalkEnd): Walk => ({ steps, end, page: -1, flags: 0 });
  let table = rootPpn;
  for (let level = ROOT_LEVEL; ; level--) {
    const address = table * PAGE_SIZE + tableIndex(vpn, level) * PTE_SIZE;
    if (!ram.contains(address)) return stop("noMemory");
    const step = readEntry(ram, address, level);
    steps.push(step);
    const { flags, ppn } = step;
    if ((flags & Pte.V) === 0) return stop("invalid");
    if (step.reserved !== 0 || (flags & (Pte.R | Pte.W)) === Pte.W) return stop("reserved");
    if ((flags & (Pte.R | Pte.X)) !== 0) {
      const within = (1 << (9 * level)) - 1;
      if ((ppn & within) !== 0) return stop("misalignedPage");
      return { steps, end: "leaf", page: ppn + (vpn & within), flags };
    }
    if ((flags & (Pte.U | Pte.A | Pte.D)) !== 0) return stop("reserved");
    if (level === 0) return stop("tooDeep");
    table = ppn;
  }
}

/** Reads through the page map rather than `readable`, which would give an untouched page a frame. */
function readEntry(ram: PhysicalMemory, address: number, level: number): WalkStep {
  const frame = ram.map[Math.floor((address - ram.base) / PAGE_SIZE)];
  if (frame === 0) return { level, address, flags: 0, ppn: 0, reserved: 0 };
  const word = (frame + (address & (PAGE_SIZE - 1))) >>> 2;
  const low = ram.arena.u32[word];
  const high = ram.arena.u32[word + 1];
  return {
    level,
    address,
    flags: low & PTE_FLAGS,
    ppn: (high & 0x3fffff) * 0x40_0000 + (low >>> 10),
    reserved: high >>> 22,
  };
}

/** Writes a whole entry; `address` must be an aligned word of RAM. */
export function writeEntry(ram: PhysicalMemory, address: number, ppn: number, flags: number): void {
  const word = (ram.writable(Math.floor(address / PAGE_SIZE)) + (address & (PAGE_SIZE - 1))) >>> 2;
  ram.arena.u32[word] = (((ppn % 0x40_0000) << 10) | (flags & PTE_FLAGS)) >>> 0;
  ram.arena.u32[word + 1] = Math.floor(ppn / 0x40_0000);
}
