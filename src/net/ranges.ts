/** Part of a row of bytes: from `from` up to, without, `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Which parts of a row are there: a bounded number of ranges that do not touch, in order. */
export class Ranges {
  private ranges: Range[] = [];
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  get first(): Range | undefined {
    return this.ranges[0];
  }

  get isEmpty(): boolean {
    return this.ranges.length === 0;
  }

  /** Part of the range is there already. */
  overlaps(range: Range): boolean {
    return this.ranges.some(({ from, to }) => range.from < to && from < range.to);
  }

  /** Adds a range that is not empty. False, and nothing added, where that would make too many. */
  add(range: Range): boolean {
    const apart = this.ranges.filter(({ from, to }) => to < range.from || range.to < from);
    if (apart.length >= this.limit) return false;
    const touched = this.ranges.filter((other) => !apart.includes(other));
    const from = Math.min(range.from, ...touched.map((other) => other.from));
    const to = Math.max(range.to, ...touched.map((other) => other.to));
    const before = apart.filter((other) => other.to < from);
    this.ranges = [...before, { from, to }, ...apart.slice(before.length)];
    return true;
  }

  /** Moves the row's beginning `count` bytes on: what lay before is forgotten. */
  advance(count: number): void {
    if (this.isEmpty) return;
    this.ranges = this.ranges
      .map(({ from, to }) => ({ from: Math.max(0, from - count), to: to - count }))
      .filter(({ to }) => to > 0);
  }

  clear(): void {
    this.ranges = [];
  }
}
