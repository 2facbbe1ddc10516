import { SATP_SV39 } from "../cpu/csr-state.ts";
import type { Hart } from "../cpu/hart.ts";
import { PAGE_SIZE, PTE_SIZE, Pte } from "../cpu/sv39.ts";
import type { PhysicalMemory } from "../memory/physical-memory.ts";

/** Pages that stand next to each other, virtually and physically, with the same flags. */
export interface MappedRange {
  /** Virtual addresses are signed, as everywhere. */
  readonly start: number;
  readonly physical: number;
  /** Bytes. */
  readonly size: number;
  /** Bits of `Pte`. */
  readonly flags: number;
}

export interface PageMap {
  readonly ranges: readonly MappedRange[];
  /** There is more than was looked at. */
  readonly isCut: boolean;
}

const ENTRIES = PAGE_SIZE / PTE_SIZE;
const ROOT_LEVEL = 2;
/** Tables and ranges that are looked at: tables may lead to each other without end. */
const MOST_TABLES = 20_000;
const MOST_RANGES = 5_000;
/** Half of the entries of the root map the addresses below 0. */
const HALF = ENTRIES / 2;

/** All that a hart's page table maps, in the order of addresses; undefined where it has none (`satp` is bare). */
export function pageMap({ csrs, bus }: Hart): PageMap | undefined {
  if (csrs.satpMode !== SATP_SV39) return undefined;
  const reader = new Reader(bus.ram);
  reader.table(csrs.satpRoot, ROOT_LEVEL, 0);
  return { ranges: reader.ranges, isCut: reader.isCut };
}

class Reader {
  readonly ranges: { start: number; physical: number; size: number; flags: number }[] = [];
  isCut = false;
  private readonly ram: PhysicalMemory;
  private tables = 0;

  constructor(ram: PhysicalMemory) {
    this.ram = ram;
  }

  /** The table in physical page `page`, which maps addresses from `start` on. */
  table(page: number, level: number, start: number): void {
    const frame = this.frame(page);
    if (frame === undefined) return;
    this.tables++;
    if (this.isFull()) return;
    const span = PAGE_SIZE * ENTRIES ** level;
    const { u32 } = this.ram.arena;
    for (let i = 0; i < ENTRIES; i++) {
      // The root's upper half comes first: its addresses are negative.
      const index = level === ROOT_LEVEL ? (i + HALF) % ENTRIES : i;
      const at = frame / 4 + index * 2;
      const signed = level === ROOT_LEVEL && index >= HALF ? index - ENTRIES : index;
      this.entry(u32[at], u32[at + 1], level, start + signed * span, span);
    }
  }

  private entry(low: number, high: number, level: number, start: number, span: number): void {
    const flags = low & 0xff;
    // Reserved bits and combinations map nothing (see `Walker`).
    if ((flags & Pte.V) === 0 || high >>> 22 !== 0 || (flags & (Pte.R | Pte.W)) === Pte.W) return;
    const page = (high & 0x3f_ffff) * 0x40_0000 + (low >>> 10);
    if ((flags & (Pte.R | Pte.X)) === 0) {
      if (level > 0 && (flags & (Pte.U | Pte.A | Pte.D)) === 0) this.table(page, level - 1, start);
      return;
    }
    if ((page * PAGE_SIZE) % span !== 0) return;
    this.add(start, page * PAGE_SIZE, span, flags);
  }

  private add(start: number, physical: number, size: number, flags: number): void {
    const last = this.ranges.at(-1);
    const continues =
      last &&
      last.flags === flags &&
      last.start + last.size === start &&
      last.physical + last.size === physical;
    if (continues) last.size += size;
    else if (!this.isFull()) this.ranges.push({ start, physical, size, flags });
  }

  private isFull(): boolean {
    if (this.tables > MOST_TABLES || this.ranges.length >= MOST_RANGES) this.isCut = true;
    return this.isCut;
  }

  /** Of a page of RAM that was ever touched. */
  private frame(page: number): number | undefined {
    const { ram } = this;
    return ram.contains(page * PAGE_SIZE) ? ram.map[page - ram.base / PAGE_SIZE] || undefined : undefined;
  }
}
