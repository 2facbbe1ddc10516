import type { Arena } from "../../memory/arena.ts";
import { SLOT } from "../slots.ts";
import { FIRST_BODY, FIRST_REGION, MOST_ENTRIES, NO_BODY } from "../wasm/fusion.ts";
import { AREA, TARGET, TARGETS } from "../wasm/region-area.ts";
import { CELL, cellSize, ENTRY_MASK, EXIT, ExitKind, exitsOffset, WEB, webOffset } from "./cell.ts";
import type { Installed } from "./region-table.ts";
import type { Translated } from "./translated.ts";

/**
 * The cells of regions in one TLB context. Each context has its own, so that what a region has looked up there is known
 * still when the hart comes back from another process, or another hart runs the same code. A region gets one when it is
 * entered there for the first time.
 */
export class Cells {
  private readonly arena: Arena;
  /** Linear address of the context's `AREA`. */
  readonly address: number;
  private readonly cells = new Map<Installed, number>();
  /** That they take. */
  bytes = 0;
  /** By slot, the linear addresses of the records of exits to it. */
  private readonly links = new Map<number, Set<number>>();

  constructor(arena: Arena) {
    this.arena = arena;
    this.address = arena.reserve(AREA.size, 8);
    this.forgetTargets();
  }

  /** Linear address of a region's cell; `undefined`: it has none here. */
  of(installed: Installed): number | undefined {
    return this.cells.get(installed);
  }

  /** A cell for a region that has none. `heat`: what is counted of each exit already. Throws `ArenaFull`, having changed nothing. */
  add(installed: Installed, heat: number): number {
    const { slot, number, entries, code } = installed;
    const bytes = bytesOf(code);
    const cell = this.arena.reserve(bytes, ENTRY_MASK + 1);
    this.bytes += bytes;
    this.cells.set(installed, cell);
    this.fill(cell, number, code, heat);
    const { i32 } = this.arena;
    i32[this.word(number)] = cell;
    for (const { number, which } of entries) i32[this.word(number)] = cell + which;
    for (const [target, record] of linksOf(installed, cell)) {
      const links = this.links.get(target);
      if (links) links.add(record);
      else this.links.set(target, new Set([record]));
      this.link(target, record);
    }
    for (const entry of entries) this.relink(entry.slot);
    this.relink(slot);
    return cell;
  }

  /** Takes a region's cell away, before its slots get their handlers back. */
  remove(installed: Installed): void {
    const cell = this.cells.get(installed);
    if (cell === undefined) return;
    this.cells.delete(installed);
    for (const [target, record] of linksOf(installed, cell)) {
      const links = this.links.get(target);
      links?.delete(record);
      if (links?.size === 0) this.links.delete(target);
    }
    for (const { number, slot } of [installed, ...installed.entries]) {
      this.arena.i32[this.word(number)] = 0;
      this.relink(slot);
    }
    this.forgetTargets();
    this.giveBack(installed, cell);
  }

  /** Takes all cells away, while no region is being run. */
  clear(): void {
    for (const [installed, cell] of this.cells) {
      for (const { number } of [installed, ...installed.entries]) this.arena.i32[this.word(number)] = 0;
      this.giveBack(installed, cell);
    }
    this.cells.clear();
    this.links.clear();
    this.forgetTargets();
  }

  /** Gives its memory back, once no region has a cell here. */
  release(): void {
    this.arena.release(this.address, AREA.size);
  }

  private giveBack({ code }: Installed, cell: number): void {
    const bytes = bytesOf(code);
    this.bytes -= bytes;
    this.arena.release(cell, bytes);
  }

  /** Index of the word of an entry. */
  private word(number: number): number {
    return (this.address + AREA.cells) / 4 + number;
  }

  private forgetTargets(): void {
    const from = this.address + AREA.targets;
    // Nothing jumps to an odd address.
    this.arena.i64.fill(-1n, from / 8, (from + TARGETS * TARGET.size) / 8);
  }

  /** Has an exit, by the linear address of its record, lead to the region at a slot, or to what is called in place of one. */
  private link(slot: number, record: number): void {
    const { u32 } = this.arena;
    const number = u32[(slot + SLOT.handler) / 4] - FIRST_REGION;
    const cell = number >= 0 && number < MOST_ENTRIES ? u32[this.word(number)] : 0;
    u32[(record + EXIT.link) / 4] = cell === 0 ? NO_BODY : FIRST_BODY + number;
    u32[(record + EXIT.cell) / 4] = cell;
  }

  private relink(slot: number): void {
    for (const record of this.links.get(slot) ?? []) this.link(slot, record);
  }

  private fill(cell: number, number: number, { exits, webs }: Translated, heat: number): void {
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
}

/** In sizes that come back: what is given back is only used again for the same one. */
function bytesOf({ webs, exits }: Translated): number {
  return 2 ** Math.ceil(Math.log2(Math.max(ENTRY_MASK + 1, cellSize(webs.length, exits.length))));
}

/** The slots that a region's exits go to, and the linear addresses of their records. */
function* linksOf({ targets, code }: Installed, cell: number): Iterable<readonly [number, number]> {
  const exits = cell + exitsOffset(code.webs.length);
  for (const [i, target] of targets.entries()) if (target !== 0) yield [target, exits + i * EXIT.size];
}
