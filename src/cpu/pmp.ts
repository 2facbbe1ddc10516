import { Csr, type CsrState } from "./csr-state.ts";
import { Privilege } from "./layout.ts";

/** Kinds of access; the values are the permission bits of a PMP entry. */
export const Access = { read: 1, write: 2, fetch: 4 } as const;
export type Access = (typeof Access)[keyof typeof Access];

export const PMP_ENTRIES = 16;
const LOCKED = 0x80;
const KINDS = Object.values(Access);
const EVERYTHING = Access.read | Access.write | Access.fetch;
/** Highest physical address + 1: 56 bits. */
export const PHYSICAL_END = 2 ** 56;

interface Region {
  /** First byte. */
  readonly from: number;
  /** First byte after. */
  readonly to: number;
  readonly permissions: number;
  readonly locked: boolean;
}

/**
 * Physical memory protection (Privileged Architecture, "Physical Memory Protection"): 16 entries, granularity
 * four bytes. `pmpaddr` holds bits 55 to 2 of an address; a configuration byte is
 *
 *       7   6 5   4 3   2   1   0
 *     | L | 0 0 |  A  | X | W | R |      A: 0 off, 1 TOR, 2 NA4, 3 NAPOT
 *
 * The entry with the lowest number that matches any byte of an access decides, and it must match all of them.
 * Where none matches, M-mode may and others may not. Unlocked entries do not bind M-mode.
 *
 * Addresses above 2^53 are not exact here; no memory or device stands there.
 */
export class Pmp {
  private readonly csrs: CsrState;
  private regions: Region[] = [];
  /** The first region lets everybody do everything: the usual case, and asked about often. */
  private open = false;

  constructor(csrs: CsrState) {
    this.csrs = csrs;
  }

  /** Writes `pmpcfg0` (`word` 0, entries 0 to 7) or `pmpcfg2` (`word` 1). Locked entries keep their byte. */
  writeConfig(word: 0 | 1, value: bigint): void {
    let packed = 0n;
    for (let i = 0; i < 8; i++) {
      const old = this.config(word * 8 + i);
      const byte = (old & LOCKED) !== 0 ? old : legalConfig(Number((value >> BigInt(i * 8)) & 0xffn));
      packed |= BigInt(byte) << BigInt(i * 8);
    }
    this.csrs.set(Csr.pmpcfg0 + word, packed);
    this.rebuild();
  }

  /** Writes `pmpaddr<index>`, unless it is locked or is the lower bound of a locked TOR entry. */
  writeAddress(index: number, value: bigint): void {
    if ((this.config(index) & LOCKED) !== 0) return;
    if (index + 1 < PMP_ENTRIES) {
      const next = this.config(index + 1);
      if ((next & LOCKED) !== 0 && mode(next) === 1) return;
    }
    this.csrs.set(Csr.pmpaddr + index, value & 0x3f_ffff_ffff_ffffn);
    this.rebuild();
  }

  /** Entry 0 grants S and U modes everything, as firmware does before it leaves M-mode. */
  allowAll(): void {
    this.writeAddress(0, -1n);
    this.writeConfig(0, 0x1fn);
  }

  /** May all of `size` bytes at `address` be accessed? */
  allows(address: number, size: number, access: Access, privilege: number): boolean {
    if (this.open) return true;
    for (const region of this.regions) {
      if (address + size <= region.from || address >= region.to) continue;
      if (address < region.from || address + size > region.to) return false;
      if (privilege === Privilege.machine && !region.locked) return true;
      return (region.permissions & access) !== 0;
    }
    return privilege === Privilege.machine;
  }

  /** The longest stretch between two addresses in which one entry lets S and U modes do everything; empty where there is none. */
  openStretch(from: number, to: number): readonly [from: number, to: number] {
    if (this.open) return [from, to];
    const edges = this.regions.flatMap((region) => [region.from, region.to]);
    const inside = [from, ...edges.filter((edge) => edge > from && edge < to).sort((a, b) => a - b), to];
    let longest: readonly [number, number] = [from, from];
    for (let i = 0; i + 1 < inside.length; i++) {
      const [start, end] = [inside[i], inside[i + 1]];
      const isOpen = KINDS.every((access) => this.allows(start, 1, access, Privilege.supervisor));
      if (isOpen && end - start > longest[1] - longest[0]) longest = [start, end];
    }
    return longest;
  }

  /** Derives the regions from the CSRs; for after the hart block was restored, too. */
  rebuild(): void {
    this.regions = [];
    for (let i = 0; i < PMP_ENTRIES; i++) {
      const config = this.config(i);
      const range = this.range(i, mode(config));
      if (range && range[1] > range[0])
        this.regions.push({
          from: range[0],
          to: range[1],
          permissions: config & 7,
          locked: (config & LOCKED) !== 0,
        });
    }
    const [first] = this.regions;
    this.open =
      first !== undefined && first.from === 0 && first.to >= PHYSICAL_END && first.permissions === EVERYTHING;
  }

  private config(index: number): number {
    return Number((this.csrs.get(Csr.pmpcfg0 + (index >> 3)) >> BigInt((index & 7) * 8)) & 0xffn);
  }

  private range(index: number, kind: number): [number, number] | undefined {
    const raw = this.csrs.get(Csr.pmpaddr + index);
    const at = Number(raw) * 4;
    if (kind === 1) return [index === 0 ? 0 : Number(this.csrs.get(Csr.pmpaddr + index - 1)) * 4, at];
    if (kind === 2) return [at, at + 4];
    if (kind !== 3) return undefined;
    // yyyy…y01…1 with k ones: 2^(k+3) bytes at yyyy…y00…0.
    const ones = raw & ~(raw + 1n);
    return [Number(raw & ~ones) * 4, Number((raw & ~ones) + 2n * (ones + 1n)) * 4];
  }
}

const mode = (config: number): number => (config >> 3) & 3;

/** Bits 6 and 5 are zero; W without R is reserved and loses W. */
const legalConfig = (byte: number): number => ((byte & 1) !== 0 ? byte & 0x9f : byte & 0x9d);
