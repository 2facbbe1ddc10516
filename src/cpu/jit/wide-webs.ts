import type { Range } from "../ranges.ts";
import type { Installed } from "./region-table.ts";

/** So often a web comes to ranges that were there before, until it is known to be wide. */
const MOST_RETURNS = 100;

/**
 * Which accesses go back and forth between ranges, as the misses of translated regions show it: their webs are to be wide
 * (`Web.wide`) from then on. Coming to new memory is no reason, since the range grows with it.
 */
export class WideWebs {
  /** By a region's slot, offsets of instructions. */
  private readonly offsets = new Map<number, Set<number>>();
  private readonly met = new WeakSet<Range>();
  /** Regions to be translated again. */
  private readonly found = new Set<Installed>();

  /** A web of the region had to be given this range. */
  missed(installed: Installed, web: number, range: Range): void {
    if (!this.met.has(range)) {
      this.met.add(range);
      return;
    }
    const { returns, code, slot } = installed;
    returns[web]++;
    if (returns[web] % MOST_RETURNS !== 0 || code.webs[web].wide) return;
    this.found.add(installed);
    const all = new Set(this.of(slot));
    this.offsets.set(slot, all);
    // Those that are on the way there, too: translating again takes as long as many misses.
    code.webs.forEach(({ offsets }, i) => {
      if (returns[i] >= MOST_RETURNS / 4) for (const offset of offsets) all.add(offset);
    });
  }

  /** Offsets of accesses that are known to be of wide webs, in the region at a slot. */
  of(slot: number): readonly number[] {
    return [...(this.offsets.get(slot) ?? [])];
  }

  forget(slot: number): void {
    this.offsets.delete(slot);
  }

  /** The regions in which a web was found to be wide since this was asked last. */
  take(): Installed[] {
    if (this.found.size === 0) return [];
    const found = [...this.found];
    this.found.clear();
    return found;
  }
}
