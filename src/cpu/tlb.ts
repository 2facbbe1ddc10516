import type { PhysicalMemory } from "../memory/physical-memory.ts";
import { Privilege, SEEN_WRITABLE, TLB, TLB_ENTRIES, TLB_TABLE_SIZE } from "./layout.ts";
import type { Pmp } from "./pmp.ts";
import { Ranges } from "./ranges.ts";
import { PAGE_SIZE, Pte } from "./sv39.ts";

/** Contexts of one hart: with Linux, a process takes three (user, kernel, kernel reaching into user memory). */
const TLB_CONTEXTS = 8;
const ENTRY_WORDS = 4;
/** Beyond every virtual page. */
const LAST_PAGE = 2 ** 30;

/**
 * What decides, beside the page table and PMP, which accesses are allowed:
 *
 *     21      6     5      4       3     2   1       0
 *    |  ASID   | MPRV | Sv39 on | MXR | SUM | privilege |
 *
 * MPRV: of data alone, because fetches are checked by another privilege. So a region that was found right for a context
 * that serves both is never entered where it serves data only.
 */
export const View = { sum: 1 << 2, mxr: 1 << 3, sv39: 1 << 4, mprv: 1 << 5, asidShift: 6 } as const;

interface Context {
  /** Linear address of its three tables, and of what `TLB` has behind them. */
  readonly address: number;
  /** Page of the root table; 0 where Sv39 is off. */
  root: number;
  /** -1: not in use. */
  view: number;
  lastUse: number;
  readonly ranges: Ranges;
  /** Virtual pages that translated regions were entered in as they are. */
  readonly codePages: Set<number>;
}

const TABLES = [TLB.read, TLB.write, TLB.fetch] as const;

/** Of all contexts of the process: a generation is never used again. */
let generations = 0;

/**
 * The software TLB contexts of one hart (`TLB` in `layout.ts` draws their entries). Changing privilege or
 * address space selects another context; the least recently used one is emptied for a view that has none.
 * A read or write entry keeps the number of its physical page in the spare word.
 */
export class TlbPool {
  private readonly ram: PhysicalMemory;
  private readonly pmp: Pmp;
  private readonly u32: Uint32Array;
  private readonly i32: Int32Array;
  private readonly contexts: Context[] = [];
  private uses = 0;
  /** By RAM page: bit n set where context n may have entries for it, and `SEEN_WRITABLE`. */
  private readonly seenIn: Uint16Array;

  constructor(ram: PhysicalMemory, pmp: Pmp) {
    this.ram = ram;
    this.pmp = pmp;
    this.u32 = ram.arena.u32;
    this.i32 = ram.arena.i32;
    const { arena, map } = ram;
    const seen = arena.reserve(map.length * Uint16Array.BYTES_PER_ELEMENT, 8);
    this.seenIn = new Uint16Array(arena.memory.buffer, seen, map.length);
    const start = arena.reserve(TLB_CONTEXTS * TLB.size, 16);
    for (let i = 0; i < TLB_CONTEXTS; i++) {
      const address = start + i * TLB.size;
      const context = { address, root: 0, view: -1, lastUse: 0 };
      this.contexts.push({ ...context, ranges: new Ranges(), codePages: new Set() });
      this.i32[(address + TLB.seenBit) / 4] = 1 << i;
    }
  }

  /** Linear addresses of all contexts. */
  get addresses(): readonly number[] {
    return this.contexts.map(({ address }) => address);
  }

  /** Linear address of the context for `view` of the table at page `root`. */
  select(root: number, view: number): number {
    let oldest = this.contexts[0];
    for (const context of this.contexts) {
      if (context.view === view && context.root === root) {
        context.lastUse = ++this.uses;
        return context.address;
      }
      if (context.lastUse < oldest.lastUse) oldest = context;
    }
    oldest.ranges.reset();
    oldest.root = root;
    oldest.view = view;
    oldest.lastUse = ++this.uses;
    this.empty(oldest);
    return oldest.address;
  }

  /**
   * Enters a RAM page into a context's read or write table.
   * @param low bits 31 to 0 of the virtual address
   * @param high bits 63 to 32, signed
   * @param frame linear address of the page
   */
  fill(context: number, table: number, low: number, high: number, page: number, frame: number): void {
    const tag = low & ~0xfff;
    const word = (context + table) / 4 + ((low >>> 12) & (TLB_ENTRIES - 1)) * ENTRY_WORDS;
    this.i32[word] = tag;
    this.i32[word + 1] = high;
    this.i32[word + 2] = frame - tag;
    this.u32[word + 3] = page;
    const index = (context - this.contexts[0].address) / TLB.size;
    const seen = table === TLB.write ? SEEN_WRITABLE | (1 << index) : 1 << index;
    this.seenIn[page - this.ram.base / PAGE_SIZE] |= seen;
  }

  /** Part of a large page entered `context`: a fence for any address of that page must find the part. */
  noteLarge(context: number, low: number, high: number, level: number): void {
    const { i32 } = this;
    const pages = 1 << (9 * level);
    const start = Math.floor((high * 0x10_0000 + (low >>> 12)) / pages) * pages;
    const [from, to] = [(context + TLB.largeFrom) / 4, (context + TLB.largeTo) / 4];
    i32[from] = Math.min(i32[from], start);
    i32[to] = Math.max(i32[to], start + pages);
  }

  /** Gives the tables' memory back. */
  release(): void {
    const { arena } = this.ram;
    arena.release(this.contexts[0].address, TLB_CONTEXTS * TLB.size);
    arena.release(this.seenIn.byteOffset, this.seenIn.byteLength);
  }

  /** Forgets everything. */
  flush(): void {
    for (const context of this.contexts) if (context.view !== -1) this.empty(context);
  }

  /**
   * `sfence.vma`: forgets translations of virtual page `vpn` (undefined: of all) and of those behind it, `pages` together, in
   * address space `asid` (undefined: in all). Global ones of that space are forgotten too, which a fence is free to do.
   */
  fence(vpn: number | undefined, asid: number | undefined, pages = 1): void {
    for (const context of this.contexts) {
      if (context.view === -1 || (context.view & View.sv39) === 0) continue;
      if (asid !== undefined && context.view >>> View.asidShift !== asid) continue;
      if (vpn === undefined || this.isLarge(context, vpn, pages)) {
        this.empty(context);
        continue;
      }
      for (let i = 0; i < Math.min(pages, TLB_ENTRIES); i++) {
        const word = context.address / 4 + ((vpn + i) & (TLB_ENTRIES - 1)) * ENTRY_WORDS;
        for (const table of TABLES) this.dropEntry(word + table / 4);
      }
      const hadRange = context.ranges.dropVirtual(vpn, vpn + pages);
      if (hadRange || hasCode(context, vpn, pages)) this.renew(context);
    }
  }

  /** The ranges of the context at this address. */
  rangesOf(context: number): Ranges {
    return this.contextAt(context).ranges;
  }

  /** Forgets the ranges of a context, whatever regions hold of them too. */
  dropRanges(context: number): void {
    const known = this.contextAt(context);
    if (known.ranges.clear()) this.renew(known);
  }

  /** A page that a range has, and that `dropPage` has to find. */
  noteSeen(context: number, page: number): void {
    this.seenIn[page - this.ram.base / PAGE_SIZE] |= 1 << this.contexts.indexOf(this.contextAt(context));
  }

  /** The page has been written to, and may be again until something happens to it. */
  noteWritten(page: number): void {
    this.seenIn[page - this.ram.base / PAGE_SIZE] |= SEEN_WRITABLE;
  }

  /** A translated region runs from these virtual pages until a fence or a move of one changes the generation. */
  noteCode(context: number, vpn: number): void {
    this.contextAt(context).codePages.add(vpn);
  }

  private contextAt(address: number): Context {
    return this.contexts[(address - this.contexts[0].address) / TLB.size];
  }

  /** What translated regions found right in the context has to be looked at again. */
  private renew(context: Context): void {
    generations++;
    context.codePages.clear();
    this.i32[(context.address + TLB.generation) / 4] = generations;
  }

  /** Forgets where RAM page `page` is: in the write tables, and in the read tables too where it moved. */
  dropPage(page: number, moved: boolean): void {
    const index = page - this.ram.base / PAGE_SIZE;
    const seen = this.seenIn[index];
    if (seen === 0) return;
    this.seenIn[index] = moved ? 0 : seen & ~SEEN_WRITABLE;
    for (let i = 0; i < TLB_CONTEXTS; i++) {
      if ((seen & (1 << i)) === 0) continue;
      const context = this.contexts[i];
      this.dropMatches(context.address + TLB.write, page);
      if (moved) this.dropMatches(context.address + TLB.read, page);
      const hadRange = moved ? context.ranges.clear() : context.ranges.dropWritten(this.ram.readable(page));
      if (hadRange) this.renew(context);
    }
  }

  /** Empties the read and write tables: every page of RAM became shared, or was let go. */
  dropData(): void {
    this.emptyTables(TLB.read);
    this.emptyTables(TLB.write);
    for (let i = 0; i < this.seenIn.length; i++) this.seenIn[i] &= ~SEEN_WRITABLE;
    for (const context of this.contexts) if (context.ranges.clear()) this.renew(context);
  }

  /** Empties the fetch tables: decoded slots moved. */
  dropFetches(): void {
    this.emptyTables(TLB.fetch);
  }

  private emptyTables(table: number): void {
    for (const { address, view } of this.contexts)
      if (view !== -1) this.ram.arena.fill(address + table, 0xff, TLB_TABLE_SIZE);
  }

  private empty(context: Context): void {
    const { address } = context;
    this.ram.arena.fill(address, 0xff, 3 * TLB_TABLE_SIZE);
    this.i32[(address + TLB.largeFrom) / 4] = LAST_PAGE;
    this.i32[(address + TLB.largeTo) / 4] = -LAST_PAGE;
    this.setWalk(context);
    context.ranges.clear();
    this.renew(context);
  }

  /** What compiled code walks by: the pages of RAM that PMP leaves open. */
  private setWalk({ address, root, view }: Context): void {
    const { i32, u32, ram } = this;
    const [from, to] = this.pmp.openStretch(ram.base, ram.base + ram.size);
    const first = Math.ceil(from / PAGE_SIZE);
    const pages = Math.max(0, Math.floor(to / PAGE_SIZE) - first);
    const index = first - ram.base / PAGE_SIZE;
    const map = ram.map.byteOffset + index * Uint32Array.BYTES_PER_ELEMENT;
    u32[(address + TLB.firstPage) / 4] = first;
    u32[(address + TLB.pages) / 4] = pages;
    u32[(address + TLB.map) / 4] = map;
    u32[(address + TLB.seen) / 4] = this.seenIn.byteOffset + index * Uint16Array.BYTES_PER_ELEMENT;
    const isWalked = (view & View.sv39) !== 0 && root >= first && root < first + pages;
    u32[(address + TLB.root) / 4] = isWalked ? map + (root - first) * Uint32Array.BYTES_PER_ELEMENT : 0;
    const isUser = (view & 3) === Privilege.user;
    i32[(address + TLB.userMask) / 4] = isUser || (view & View.sum) === 0 ? Pte.U : 0;
    i32[(address + TLB.userValue) / 4] = isUser ? Pte.U : 0;
  }

  private isLarge({ address }: Context, vpn: number, pages: number): boolean {
    const [from, to] = [this.i32[(address + TLB.largeFrom) / 4], this.i32[(address + TLB.largeTo) / 4]];
    return vpn + pages > from && vpn < to;
  }

  private dropMatches(table: number, page: number): void {
    const start = table / 4;
    for (let word = start; word < start + TLB_ENTRIES * ENTRY_WORDS; word += ENTRY_WORDS)
      if (this.u32[word + 3] === page) this.dropEntry(word);
  }

  private dropEntry(word: number): void {
    this.i32[word] = -1;
    this.i32[word + 1] = -1;
    this.i32[word + 3] = -1;
  }
}

/** Translated regions run from some of these pages. */
function hasCode({ codePages }: Context, vpn: number, pages: number): boolean {
  if (codePages.size > 0) for (let i = 0; i < pages; i++) if (codePages.has(vpn + i)) return true;
  return false;
}
