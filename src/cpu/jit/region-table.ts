import type { Arena } from "../../memory/arena.ts";
import { SLOT } from "../slots.ts";
import { FIRST_BODY, FIRST_REGION, MOST_ENTRIES, NO_BODY } from "../wasm/fusion.ts";
import type { Interpreter } from "../wasm/interpreter.ts";
import { AREA, ENTRY, TARGET, TARGETS } from "../wasm/region-area.ts";
import { CELL, cellSize, ENTRY_MASK, EXIT, ExitKind, exitsOffset, WEB, webOffset } from "./cell.ts";
import type { Translated } from "./translated.ts";

/** A region that the interpreter runs where it comes to its slot. */
export interface Installed {
  /** Of its beginning. */
  readonly number: number;
  /** The other places where it is entered, with their own numbers. */
  readonly entries: readonly { readonly number: number; readonly slot: number }[];
  /** Linear address of the slot that it begins at. */
  readonly slot: number;
  readonly code: Translated;
  /** Physical pages, in the order of `code.pages`. */
  readonly pages: readonly number[];
  /** By exit, the slot that it goes to; 0 where that is not known. */
  readonly targets: readonly number[];
  readonly cell: number;
  readonly cellBytes: number;
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
  private readonly area: number;
  /** By the number of each entry. */
  private readonly regions: (Installed | undefined)[] = [];
  /** All, the oldest first. */
  private readonly byAge = new Set<Installed>();
  private readonly freeNumbers: number[] = [];
  /** How often one was removed. */
  removals = 0;
  private readonly byPage = new Map<number, Set<Installed>>();
  /** By slot, the linear addresses of the records of exits to it. */
  private readonly links = new Map<number, Set<number>>();

  /** `area`: see `instantiate`. */
  constructor(arena: Arena, interpreter: Interpreter, area: number) {
    this.arena = arena;
    this.interpreter = interpreter;
    this.area = area;
    this.forgetTargets();
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
  entryOffset(slot: number, { code }: Installed): number {
    const { u32 } = this.arena;
    const word = u32[this.entry(u32[(slot + SLOT.handler) / 4] - FIRST_REGION) + ENTRY.cell / 4];
    return [code.entry, ...code.entries][word & ENTRY_MASK];
  }

  hasRegion(slot: number): boolean {
    return this.arena.u32[(slot + SLOT.handler) / 4] >= FIRST_REGION;
  }

  /** The slot's handler, without regard to a region in its place. */
  handlerAt(slot: number): number {
    const handler = this.arena.u32[(slot + SLOT.handler) / 4];
    return handler < FIRST_REGION
      ? handler
      : this.arena.u32[this.entry(handler - FIRST_REGION) + ENTRY.original / 4];
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

  /**
   * `entrySlots`: of `code.entries`, or 0. `heat`: what is counted of each exit already. There must be room, and no region at
   * the slot. Throws `ArenaFull`, having changed nothing.
   */
  add(
    found: Pick<Installed, "slot" | "code" | "pages" | "targets">,
    entrySlots: readonly number[],
    heat: number,
  ): void {
    const { slot, code, pages } = found;
    // In sizes that come back: what is given back is only used again for the same one.
    const size = Math.max(ENTRY_MASK + 1, cellSize(code.webs.length, code.exits.length));
    const cellBytes = 2 ** Math.ceil(Math.log2(size));
    const cell = this.arena.reserve(cellBytes, ENTRY_MASK + 1);
    const number = this.takeNumber();
    this.fillCell(cell, number, code, heat);
    const { leaveRegion, callRegion, callSystem } = this.interpreter;
    const env = { memory: this.arena.memory, leaveRegion, callRegion, callSystem };
    const imports = { env: env as unknown as Record<string, WebAssembly.ImportValue> };
    const instance = new WebAssembly.Instance(code.module, imports);
    const returns = code.webs.map(() => 0);
    const entries: Installed["entries"][number][] = [];
    const installed = { ...found, number, entries, cell, cellBytes, returns };
    const body = instance.exports.region as CallableFunction;
    this.byAge.add(installed);
    for (const page of pages) addTo(this.byPage, page, installed);
    this.enterAt(slot, number, installed, cell, body);
    entrySlots.forEach((slot, i) => {
      if (slot === 0 || this.hasRegion(slot)) return;
      const number = this.takeNumber();
      entries.push({ number, slot });
      this.enterAt(slot, number, installed, cell + i + 1, body);
    });
    for (const [target, record] of linksOf(installed)) {
      addTo(this.links, target, record);
      this.linkTo(target, record);
    }
    for (const entry of entries) this.relink(entry.slot);
    this.relink(slot);
  }

  private takeNumber(): number {
    const number = this.freeNumbers.pop() ?? this.regions.length;
    if (number < this.regions.length) return number;
    this.regions.push(undefined);
    this.interpreter.table.set(FIRST_REGION + number, this.interpreter.enterRegion);
    return number;
  }

  /** `cell`: see `ENTRY`. */
  private enterAt(
    slot: number,
    number: number,
    installed: Installed,
    cell: number,
    body: CallableFunction,
  ): void {
    const { u32 } = this.arena;
    this.regions[number] = installed;
    u32[this.entry(number) + ENTRY.original / 4] = u32[(slot + SLOT.handler) / 4];
    u32[this.entry(number) + ENTRY.cell / 4] = cell;
    this.interpreter.table.set(FIRST_BODY + number, body);
    u32[(slot + SLOT.handler) / 4] = FIRST_REGION + number;
  }

  private leaveSlot(slot: number, number: number): void {
    const { u32 } = this.arena;
    if (u32[(slot + SLOT.handler) / 4] === FIRST_REGION + number)
      u32[(slot + SLOT.handler) / 4] = u32[this.entry(number) + ENTRY.original / 4];
    this.relink(slot);
    this.regions[number] = undefined;
    this.interpreter.table.set(FIRST_BODY + number, null);
    this.freeNumbers.push(number);
  }

  /** Index in words of a region's `ENTRY`. */
  private entry(number: number): number {
    return (this.area + AREA.entries + number * ENTRY.size) / 4;
  }

  private forgetTargets(): void {
    const from = this.area + AREA.targets;
    // Nothing jumps to an odd address.
    this.arena.i64.fill(-1n, from / 8, (from + TARGETS * TARGET.size) / 8);
  }

  /** Has an exit, by the linear address of its record, lead to the region at a slot, or to what is called in place of one. */
  private linkTo(slot: number, record: number): void {
    const { u32 } = this.arena;
    const number = u32[(slot + SLOT.handler) / 4] - FIRST_REGION;
    const isThere = this.regions[number] !== undefined;
    u32[(record + EXIT.link) / 4] = isThere ? FIRST_BODY + number : NO_BODY;
    u32[(record + EXIT.cell) / 4] = isThere ? u32[this.entry(number) + ENTRY.cell / 4] : 0;
  }

  private relink(slot: number): void {
    for (const record of this.links.get(slot) ?? []) this.linkTo(slot, record);
  }

  private fillCell(cell: number, number: number, { exits, webs }: Translated, heat: number): void {
    const { i32, i64 } = this.arena;
    i32[(cell + CELL.generation) / 4] = 0;
    i32[(cell + CELL.region) / 4] = number;
    webs.forEach(({ wide }, i) => {
      i32[(cell + webOffset(i) + WEB.web) / 4] = i;
      i32[(cell + webOffset(i) + WEB.wide) / 4] = wide ? 1 : 0;
    });
    exits.forEach(({ offset, count, kind, web }, i) => {
      const at = cell + exitsOffset(webs.length) + i * EXIT.size;
      i64[(at + EXIT.offset) / 8] = BigInt(kind === ExitKind.call ? offset & 0xfff : offset);
      i32.set(
        [count, kind | (number << 16), kind === ExitKind.miss ? cell + webOffset(web) : heat, NO_BODY],
        (at + EXIT.count) / 4,
      );
    });
  }

  remove(installed: Installed): void {
    const { number, entries, slot, pages, cell, cellBytes } = installed;
    for (const page of pages) removeFrom(this.byPage, page, installed);
    for (const [target, record] of linksOf(installed)) removeFrom(this.links, target, record);
    this.leaveSlot(slot, number);
    for (const entry of entries) this.leaveSlot(entry.slot, entry.number);
    this.byAge.delete(installed);
    this.removals++;
    this.forgetTargets();
    this.arena.release(cell, cellBytes);
  }

  clear(): void {
    for (const installed of [...this.byAge]) this.remove(installed);
  }
}

/** The slots that a region's exits go to, and the linear addresses of their records. */
function* linksOf({ cell, targets, code }: Installed): Iterable<readonly [number, number]> {
  const exits = cell + exitsOffset(code.webs.length);
  for (const [i, target] of targets.entries()) if (target !== 0) yield [target, exits + i * EXIT.size];
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
