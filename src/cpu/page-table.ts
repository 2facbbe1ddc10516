import type { PhysicalMemory } from "../memory/physical-memory.ts";
import {
  isCanonical,
  PAGE_SIZE,
  PTE_SIZE,
  Pte,
  pageNumber,
  tableIndex,
  type Walk,
  walk,
  writeEntry,
} from "./sv39.ts";

/** Bytes that one table of leaves maps. */
const REGION = PAGE_SIZE * 512;

/** What a virtual page is mapped to. */
export interface Leaf {
  /** Physical page number: physical address / 4096. */
  readonly page: number;
  /** Flag bits of the entry (`Pte`). */
  readonly flags: number;
}

/**
 * An Sv39 page table with 4 KiB leaves in guest memory, written from the host's side: by the library OS and
 * the loader. It only edits memory; a hart that may hold old translations has to be told (`Mmu.fence`).
 */
export class PageTable {
  /** Physical page number of the root, for `satp`. */
  readonly rootPage: number;
  private readonly ram: PhysicalMemory;
  private readonly allocatePage: () => number;
  private readonly pages: number[] = [];
  /** The table of leaves found last: which 2 MiB it is for, and its physical page. */
  private lastRegion = -1;
  private lastTable = 0;

  /** `allocatePage` gives the number of a zeroed physical page, to hold a table. */
  constructor(ram: PhysicalMemory, allocatePage: () => number) {
    this.ram = ram;
    this.allocatePage = allocatePage;
    this.rootPage = this.newTable();
  }

  /**
   * Maps the page of `va` to physical page `page`, over what was there. `flags`: `Pte` bits but V, which is
   * set here; without A (and D, to be written) the hart sets them on first use.
   */
  map(va: number, page: number, flags: number): void {
    if (!isCanonical(va)) throw new RangeError(`not an Sv39 address: ${va}`);
    writeEntry(this.ram, this.leafAddress(va), page, flags | Pte.V);
  }

  /** The leaf taken out, or undefined where nothing was mapped. Tables stay, for the next mapping. */
  unmap(va: number): Leaf | undefined {
    const found = this.walk(va);
    if (found.end !== "leaf") return undefined;
    writeEntry(this.ram, lastAddress(found), 0, 0);
    return { page: found.page, flags: found.flags };
  }

  /** Gives a mapped page new flags (`Pte` bits but V). False where nothing is mapped. */
  protect(va: number, flags: number): boolean {
    const found = this.walk(va);
    if (found.end !== "leaf") return false;
    writeEntry(this.ram, lastAddress(found), found.page, flags | Pte.V);
    return true;
  }

  lookup(va: number): Leaf | undefined {
    const found = this.walk(va);
    return found.end === "leaf" ? { page: found.page, flags: found.flags } : undefined;
  }

  /** Every level that the hart would look at for `va`. */
  walk(va: number): Walk {
    return walk(this.ram, this.rootPage, va);
  }

  /**
   * Where the level-0 entry of `va`, an address of the lower half, stands: the index of its low word in the arena's
   * `u32`; -1 where there is no table for it. Good until the RAM is forked.
   */
  entry(va: number): number {
    const region = Math.floor(va / REGION);
    if (region !== this.lastRegion) {
      const table = this.leafTable(va);
      if (table === -1) return -1;
      this.lastRegion = region;
      this.lastTable = table;
    }
    return this.wordOf(this.lastTable, tableIndex(pageNumber(va), 0));
  }

  /** The same; missing tables are added. */
  makeEntry(va: number): number {
    if (this.entry(va) === -1) this.leafAddress(va);
    return this.entry(va);
  }

  /**
   * Calls `visit` for every table of leaves with entries for addresses from `start` to before `end`: with the index
   * in `u32` of the first of these entries, its address, and how many there are. `visit` may add tables.
   */
  eachTable(start: number, end: number, visit: (word: number, at: number, count: number) => void): void {
    for (let at = start; at < end; ) {
      const word = this.entry(at);
      const span = word === -1 && this.tableAt(this.rootPage, at, 2) === -1 ? REGION * 512 : REGION;
      const next = Math.min(end, at - (at % span) + span);
      if (word !== -1) visit(word, at, Math.ceil((next - at) / PAGE_SIZE));
      at = next;
    }
  }

  /** The physical pages that hold the tables, root first: to be freed with the address space. */
  tables(): Iterable<number> {
    return this.pages;
  }

  /** Physical page of the level-0 table for `va`, or -1. */
  private leafTable(va: number): number {
    const middle = this.tableAt(this.rootPage, va, 2);
    return middle === -1 ? -1 : this.tableAt(middle, va, 1);
  }

  /** Physical page of the table that the entry for `va` in the table `page` of `level` points to, or -1. */
  private tableAt(page: number, va: number, level: number): number {
    const low = this.ram.arena.u32[this.wordOf(page, tableIndex(pageNumber(va), level))];
    return (low & (Pte.V | Pte.R | Pte.X)) === Pte.V ? low >>> 10 : -1;
  }

  private wordOf(table: number, index: number): number {
    return (this.ram.writable(table) >>> 2) + index * 2;
  }

  private newTable(): number {
    const page = this.allocatePage();
    this.pages.push(page);
    return page;
  }

  /** Physical address of the level-0 entry of `va`; missing tables are added. */
  private leafAddress(va: number): number {
    const { steps } = this.walk(va);
    const last = steps[steps.length - 1];
    let { address } = last;
    let table = last.ppn;
    for (let level = last.level; level > 0; level--) {
      if (level < last.level || (last.flags & Pte.V) === 0) {
        table = this.newTable();
        writeEntry(this.ram, address, table, Pte.V);
      }
      address = table * PAGE_SIZE + tableIndex(pageNumber(va), level - 1) * PTE_SIZE;
    }
    return address;
  }
}

const lastAddress = (found: Walk): number => found.steps[found.steps.length - 1].address;
