import type { Arena } from "../../memory/arena.ts";
import { TLB } from "../layout.ts";
import { SLOT } from "../slots.ts";
import { FIRST_BODY, FIRST_REGION, MOST_ENTRIES } from "../wasm/fusion.ts";
import type { Interpreter } from "../wasm/interpreter.ts";
import { ORIGINALS_SIZE } from "../wasm/region-area.ts";
import { ENTRY_MASK, MOST_CELL_BYTES } from "./cell.ts";
import { Cells } from "./cells.ts";
import type { Translated } from "./translated.ts";

/** A region that the interpreter runs where it comes to its slot. */
export interface Installed {
  /** Of its beginning. */
  readonly number: number;
  /** The other places where it is entered, with their own numbers, and which ones of `code.entries` they are, from 1. */
  readonly entries: readonly { readonly number: number; readonly slot: number; readonly which: number }[];
  /** Linear address of the slot that it begins at. */
  readonly slot: number;
  readonly code: Translated;
  /** Physical pages, in the order of `code.pages`. */
  readonly pages: readonly number[];
  /** By exit, the slot that it goes to; 0 where that is not known. */
  readonly targets: readonly number[];
  /** Virtual page that it was found right at last. */
  page: bigint;
  /** By web: how often it came to a range that was there before (`WideWebs`). */
  readonly returns: number[];
}

export const MOST_REGIONS = 4096;
/** Of regions to be forgotten at once where there is no room: the oldest ones. */
const EVICTED = MOST_REGIONS / 4;

/**
 * The regions in the interpreter's function table. A slot's handler is a function's place in that table, so that nothing
 * but a number in the slot is changed for a region to be entered, by whatever comes to the slot.
 */
export class RegionTable {
  private readonly arena: Arena;
  /** What regions are run by, and call. */
  interpreter: Interpreter;
  /** Linear address of the handlers that regions stand in the place of. */
  private readonly originals: number;
  /** What is counted of each exit already when a region gets a cell. */
  private readonly heat: number;
  /** By the linear address of the TLB context. */
  private readonly cells = new Map<number, Cells>();
  /** Bytes that cells may take together. */
  mostCellBytes = MOST_CELL_BYTES;
  private isCrowded = false;
  /** By the number of each entry. */
  private readonly regions: (Installed | undefined)[] = [];
  /** All, the oldest first. */
  private readonly byAge = new Set<Installed>();
  private readonly freeNumbers: number[] = [];
  /** How often one was removed. */
  removals = 0;
  private readonly byPage = new Map<number, Set<Installed>>();

  /** `originals`: see `instantiate`. */
  constructor(arena: Arena, interpreter: Interpreter, originals: number, heat: number) {
    this.arena = arena;
    this.interpreter = interpreter;
    this.originals = originals;
    this.heat = heat;
  }

  /** Regions are to be run in these TLB contexts, too. */
  addContexts(contexts: readonly number[]): void {
    for (const context of contexts) {
      const cells = new Cells(this.arena);
      this.cells.set(context, cells);
      this.arena.u32[(context + TLB.regions) / 4] = cells.address;
    }
  }

  /**
   * Linear address of a region's cell in a TLB context. Where it has none, it gets one; `undefined`: there are too many, until
   * `clearCrowd`. Throws `ArenaFull`, having changed nothing.
   */
  cellFor(installed: Installed, context: number): number | undefined {
    const cells = this.cells.get(context) as Cells;
    const known = cells.of(installed);
    if (known !== undefined) return known;
    let bytes = 0;
    for (const each of this.cells.values()) bytes += each.bytes;
    this.isCrowded = bytes >= this.mostCellBytes;
    return this.isCrowded ? undefined : cells.add(installed, this.heat);
  }

  /** Where there were too many cells for another one, takes all away: what is run gets new ones. To be called outside of regions. */
  clearCrowd(): void {
    if (!this.isCrowded) return;
    for (const cells of this.cells.values()) cells.clear();
    this.isCrowded = false;
  }

  /** The oldest first. */
  get all(): Iterable<Installed> {
    return this.byAge;
  }

  region(number: number): Installed | undefined {
    return this.regions[number];
  }

  at(slot: number): Installed | undefined {
    return this.regions[this.arena.u32[(slot + SLOT.handler) / 4] - FIRST_REGION];
  }

  /** Offset of the entry at a slot from the page of its region's beginning. */
  entryOffset(slot: number, { code, entries }: Installed): number {
    const entry = entries.find((other) => other.slot === slot);
    return entry ? code.entries[entry.which - 1] : code.entry;
  }

  hasRegion(slot: number): boolean {
    return this.arena.u32[(slot + SLOT.handler) / 4] >= FIRST_REGION;
  }

  /** The slot's handler, without regard to a region in its place. */
  handlerAt(slot: number): number {
    const handler = this.arena.u32[(slot + SLOT.handler) / 4];
    return handler < FIRST_REGION ? handler : this.arena.u32[this.original(handler - FIRST_REGION)];
  }

  /** Those that have code of a physical page. */
  regionsOf(page: number): Installed[] {
    return [...(this.byPage.get(page) ?? [])];
  }

  hasRegionOf(page: number): boolean {
    return this.byPage.has(page);
  }

  /** Removes the oldest regions where another one would be too many. Returns how many. */
  makeRoom(): number {
    const numbers = MOST_ENTRIES - this.regions.length + this.freeNumbers.length;
    if (this.byAge.size < MOST_REGIONS && numbers > ENTRY_MASK) return 0;
    const oldest = [...this.byAge].slice(0, EVICTED);
    for (const old of oldest) this.remove(old);
    return oldest.length;
  }

  /** `entrySlots`: of `code.entries`, or 0. There must be room, and no region at the slot. */
  add(found: Pick<Installed, "slot" | "code" | "pages" | "targets">, entrySlots: readonly number[]): void {
    const { slot, code, pages } = found;
    const number = this.takeNumber();
    const { leaveRegion, callRegion, callSystem } = this.interpreter;
    const env = { memory: this.arena.memory, leaveRegion, callRegion, callSystem };
    const imports = { env: env as unknown as Record<string, WebAssembly.ImportValue> };
    const instance = new WebAssembly.Instance(code.module, imports);
    const returns = code.webs.map(() => 0);
    const entries: Installed["entries"][number][] = [];
    const installed = { ...found, number, entries, page: -1n, returns };
    const body = instance.exports.region as CallableFunction;
    this.byAge.add(installed);
    for (const page of pages) addTo(this.byPage, page, installed);
    this.enterAt(slot, number, installed, body);
    entrySlots.forEach((slot, i) => {
      if (slot === 0 || this.hasRegion(slot)) return;
      const number = this.takeNumber();
      entries.push({ number, slot, which: i + 1 });
      this.enterAt(slot, number, installed, body);
    });
  }

  private takeNumber(): number {
    const number = this.freeNumbers.pop() ?? this.regions.length;
    if (number < this.regions.length) return number;
    this.regions.push(undefined);
    this.interpreter.table.set(FIRST_REGION + number, this.interpreter.enterRegion);
    return number;
  }

  private enterAt(slot: number, number: number, installed: Installed, body: CallableFunction): void {
    const { u32 } = this.arena;
    this.regions[number] = installed;
    u32[this.original(number)] = u32[(slot + SLOT.handler) / 4];
    this.interpreter.table.set(FIRST_BODY + number, body);
    u32[(slot + SLOT.handler) / 4] = FIRST_REGION + number;
  }

  private leaveSlot(slot: number, number: number): void {
    const { u32 } = this.arena;
    if (u32[(slot + SLOT.handler) / 4] === FIRST_REGION + number)
      u32[(slot + SLOT.handler) / 4] = u32[this.original(number)];
    this.regions[number] = undefined;
    this.interpreter.table.set(FIRST_BODY + number, null);
    this.freeNumbers.push(number);
  }

  remove(installed: Installed): void {
    const { number, entries, slot, pages } = installed;
    for (const page of pages) removeFrom(this.byPage, page, installed);
    for (const cells of this.cells.values()) cells.remove(installed);
    this.leaveSlot(slot, number);
    for (const entry of entries) this.leaveSlot(entry.slot, entry.number);
    this.byAge.delete(installed);
    this.removals++;
  }

  /** Gives its memory back. */
  release(): void {
    for (const installed of [...this.byAge]) this.remove(installed);
    for (const cells of this.cells.values()) cells.release();
    this.cells.clear();
    this.arena.release(this.originals, ORIGINALS_SIZE);
  }

  /** Index of the word with the handler that a region stands in the place of. */
  private original(number: number): number {
    return this.originals / 4 + number;
  }
}

function addTo<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  const set = sets.get(key);
  if (set) set.add(value);
  else sets.set(key, new Set([value]));
}

function removeFrom<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  const set = sets.get(key);
  set?.delete(value);
  if (set?.size === 0) sets.delete(key);
}
