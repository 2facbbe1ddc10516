/**
 * Virtual pages whose frames follow each other in linear memory, all of which may be read, or written. Translated regions
 * check their accesses against one, which takes a comparison instead of a lookup in the TLB.
 */
export interface Range {
  /** Virtual page numbers: the first, and the one behind the last. */
  readonly from: number;
  readonly to: number;
  /** Linear address = virtual address + this, modulo 2^32. */
  readonly addend: number;
  readonly writes: boolean;
}

const PAGE = 4096;
/** As many ranges are kept: they are searched one after another, and a guest can map a page anywhere. */
const MOST_RANGES = 256;

/**
 * So often a page may leave a range before none has it any more: a kernel's window, say, through which it writes one page of code
 * after the other. Each time, all regions of the address space would have to be looked at again.
 */
const MOST_DROPS = 4;
/** Of so many pages it is known. */
const MOST_COUNTED = 1024;

/** The linear address of a page of the range, unsigned. */
export function linearOf({ addend }: Range, page: number): number {
  return ((((page % 0x10_0000) * PAGE) | 0) + addend) >>> 0;
}

/** The ranges that are known in one address space, at one privilege. */
export class Ranges {
  private ranges: Range[] = [];
  /** By page, how often it left a range. */
  private readonly drops = new Map<number, number>();

  find(page: number, writes: boolean): Range | undefined {
    const { ranges } = this;
    for (let i = 0; i < ranges.length; i++) {
      const range = ranges[i];
      if (page < range.from || page >= range.to || range.writes !== writes) continue;
      // Likely the next one that is asked for, too.
      ranges[i] = ranges[0];
      ranges[0] = range;
      return range;
    }
    return undefined;
  }

  /** Another one could be too many: `clear` first. */
  get isFull(): boolean {
    return this.ranges.length >= MOST_RANGES;
  }

  /** In place of those that it covers. */
  add(range: Range): void {
    this.ranges = this.ranges.filter(
      (r) => r.writes !== range.writes || r.from < range.from || r.to > range.to,
    );
    this.ranges.push(range);
  }

  /** The translations of pages `from` to before `to` went away. Returns whether a range had one. */
  dropVirtual(from: number, to = from + 1): boolean {
    if (!this.ranges.some((r) => from < r.to && to > r.from)) return false;
    this.split((r) => (from < r.to && to > r.from ? { from, to } : undefined));
    // Pages that go together, as memory that is unmapped does, are no window.
    if (to === from + 1) {
      if (this.drops.size >= MOST_COUNTED) this.drops.clear();
      this.drops.set(from, (this.drops.get(from) ?? 0) + 1);
    }
    return true;
  }

  /** The page's translation goes away too often for a range to have it. */
  isRestless(page: number): boolean {
    return (this.drops.get(page) ?? 0) >= MOST_DROPS;
  }

  /** They are another address space's from now on. */
  reset(): void {
    this.clear();
    this.drops.clear();
  }

  /** The frame at this linear address may not be written any more. */
  dropWritten(frame: number): boolean {
    return this.split((r) => {
      if (!r.writes) return undefined;
      const page = r.from + Math.floor(((frame - linearOf(r, r.from)) >>> 0) / PAGE);
      return page < r.to ? { from: page, to: page + 1 } : undefined;
    });
  }

  clear(): boolean {
    const had = this.ranges.length > 0;
    this.ranges = [];
    return had;
  }

  /** Takes the pages that `find` gives out of each range. */
  private split(find: (range: Range) => { from: number; to: number } | undefined): boolean {
    let found = false;
    const rest: Range[] = [];
    for (const range of this.ranges) {
      const out = find(range);
      if (out === undefined) {
        rest.push(range);
        continue;
      }
      found = true;
      const { from, to, addend, writes } = range;
      if (out.from > from) rest.push({ from, to: out.from, addend, writes });
      if (out.to < to) rest.push({ from: out.to, to, addend, writes });
    }
    this.ranges = rest;
    return found;
  }
}
