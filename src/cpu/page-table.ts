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

  /** The physical pages that hold the tables, root first: to be freed with the address space. */
  tables(): Iterable<number> {
    return this.pages;
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
