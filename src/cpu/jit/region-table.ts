import type { Arena } from "../../memory/arena.ts";
import { SLOT } from "../slots.ts";
import { FIRST_BODY, FIRST_REGION, MOST_REGIONS, NO_BODY } from "../wasm/fusion.ts";
import type { Interpreter } from "../wasm/interpreter.ts";
import { AREA, ENTRY, TARGET, TARGETS } from "../wasm/region-area.ts";
import { CELL, cellSize, EXIT, ExitKind, exitsOffset, WEB, webOffset } from "./cell.ts";
import type { Translated } from "./translated.ts";

/** A region that the interpreter runs where it comes to its slot. */
export interface Installed {
  readonly number: number;
  /** Linear address of the slot whose handler it is. */
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
  private readonly regions: (Installed | undefined)[] = [];
  /** The same, the oldest first. */
  private readonly byAge = new Set<Installed>();
  private readonly freeNumbers: number[] = [];
  /** How often one was removed. */
  removals = 0;
  /** Numbers from here on have no handler yet. */
  private entered = 0;
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
    if (this.byAge.size < MOST_REGIONS) return 0;
    for (const old of [...this.byAge].slice(0, EVICTED)) this.remove(old);
    return EVICTED;
  }

  /**
   * `heat`: what is counted of each exit already. There must be room, and no region at the slot. Throws `ArenaFull`, having
   * changed nothing.
   */
  add(found: Pick<Installed, "slot" | "code" | "pages" | "targets">, heat: number): void {
    const { u32 } = this.arena;
    const { slot, code, pages } = found;
    // In sizes that come back: what is given back is only used again for the same one.
    const cellBytes = 2 ** Math.ceil(Math.log2(cellSize(code.webs.length, code.exits.length)));
    const cell = this.arena.reserve(cellBytes, 8);
    const number = this.freeNumbers.pop() ?? this.regions.length;
    this.fillCell(cell, number, code, heat);
    const { leaveRegion, callRegion, callSystem, enterRegion, table } = this.interpreter;
    const env = { memory: this.arena.memory, leaveRegion, callRegion, callSystem };
    const imports = { env: env as unknown as Record<string, WebAssembly.ImportValue> };
    const instance = new WebAssembly.Instance(code.module, imports);
    const returns = code.webs.map(() => 0);
    const installed = { ...found, number, cell, cellBytes, returns };
    this.regions[number] = installed;
    this.byAge.add(installed);
    for (const page of pages) addTo(this.byPage, page, installed);
    u32[this.entry(number) + ENTRY.original / 4] = u32[(slot + SLOT.handler) / 4];
    u32[this.entry(number) + ENTRY.cell / 4] = cell;
    if (this.entered === number) table.set(FIRST_REGION + this.entered++, enterRegion);
    table.set(FIRST_BODY + number, instance.exports.region as CallableFunction);
    u32[(slot + SLOT.handler) / 4] = FIRST_REGION + number;
    for (const [target, record] of linksOf(installed)) {
      addTo(this.links, target, record);
      this.linkTo(target, record);
    }
    this.relink(slot);
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
    const to = this.at(slot);
    u32[(record + EXIT.link) / 4] = to ? FIRST_BODY + to.number : NO_BODY;
    u32[(record + EXIT.cell) / 4] = to?.cell ?? 0;
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
    const { number, slot, pages, cell, cellBytes } = installed;
    const { u32 } = this.arena;
    if (u32[(slot + SLOT.handler) / 4] === FIRST_REGION + number)
      u32[(slot + SLOT.handler) / 4] = u32[this.entry(number) + ENTRY.original / 4];
    for (const page of pages) removeFrom(this.byPage, page, installed);
    for (const [target, record] of linksOf(installed)) removeFrom(this.links, target, record);
    this.relink(slot);
    this.regions[number] = undefined;
    this.byAge.delete(installed);
    this.removals++;
    this.forgetTargets();
    this.interpreter.table.set(FIRST_BODY + number, null);
    this.freeNumbers.push(number);
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
