import { type BlockArea, phase } from "../rkalloc/block-area.ts";

const BLOCK = 1;
const SKIPPED = 2;

/**
 * The simplest allocator: a mark that only moves up. Nothing is taken back, so it suits an image that allocates at its
 * start and then runs, and as the yardstick for the others. Units skipped for alignment are lost.
 */
export class RegionArea implements BlockArea {
  readonly units: number;
  private readonly first: number;
  private mark = 0;
  /** By unit: whether a block starts, or what was skipped. */
  private readonly starts: Uint8Array;

  constructor(first: number, units: number) {
    this.first = phase(first);
    this.units = units;
    this.starts = new Uint8Array(units);
  }

  get freeUnits(): number {
    return this.units - this.mark;
  }

  get largest(): number {
    return this.freeUnits;
  }

  allocate(units: number, alignment: number): number {
    const start = Math.ceil((this.first + this.mark) / alignment) * alignment - this.first;
    if (start + units > this.units) return -1;
    if (start > this.mark) this.starts[this.mark] = SKIPPED;
    this.starts[start] = BLOCK;
    this.mark = start + units;
    return start;
  }

  /** Takes as long as the block is large: where blocks start is all that is known. */
  size(unit: number): number {
    if (this.starts[unit] !== BLOCK) return 0;
    let end = unit + 1;
    while (end < this.mark && this.starts[end] === 0) end++;
    return end - unit;
  }

  free(): void {}

  /** The last block grows and shrinks; others keep what they have. */
  resize(unit: number, units: number): boolean {
    const size = this.size(unit);
    if (unit + size < this.mark) return units <= size;
    if (unit + units > this.units) return false;
    this.mark = unit + units;
    return true;
  }

  clone(): RegionArea {
    const copy = new RegionArea(this.first, this.units);
    copy.starts.set(this.starts.subarray(0, this.mark));
    copy.mark = this.mark;
    return copy;
  }
}
