import { type BlockArea, phase } from "../rkalloc/block-area.ts";
import { FreeLists } from "./free-lists.ts";

/**
 * Two-level segregated fit (Masmano, Ripoll, Crespo, Real: TLSF, a new dynamic memory allocator for real-time systems,
 * ECRTS 2004): every operation takes constant time. Free blocks stand in lists by size class (`FreeLists`); a block is cut
 * to size when it is given, and joins its free neighbours at once when it is taken back.
 */
export class TlsfArea implements BlockArea {
  readonly units: number;
  private readonly first: number;
  private free_: number;
  /** By first unit of a block: its units, negative where it is out; 0 in the middle of a block. */
  private readonly sizes: Int32Array;
  /** By first unit of a block: the first unit of the block below, plus one; 0: there is none. */
  private readonly below: Int32Array;
  private readonly lists: FreeLists;
  /** No block starts above. */
  private top = 0;

  constructor(first: number, units: number) {
    this.first = phase(first);
    this.units = units;
    this.free_ = units;
    this.sizes = new Int32Array(units);
    this.below = new Int32Array(units);
    this.lists = new FreeLists(this.sizes);
    this.addFree(0, units, 0);
  }

  get freeUnits(): number {
    return this.free_;
  }

  get largest(): number {
    return this.lists.largest;
  }

  allocate(units: number, alignment: number): number {
    let unit = this.lists.find(units);
    if (unit === -1) return -1;
    let gap = this.gap(unit, alignment);
    if (this.sizes[unit] < gap + units) {
      // However such a block lies, it has an aligned part that is large enough.
      unit = this.lists.find(units + alignment - 1);
      if (unit === -1) return -1;
      gap = this.gap(unit, alignment);
    }
    this.lists.remove(unit);
    let size = this.sizes[unit];
    if (gap > 0) {
      this.addFree(unit, gap, this.below[unit]);
      unit += gap;
      size -= gap;
    }
    this.top = Math.max(this.top, unit);
    this.free_ -= size;
    this.sizes[unit] = -size;
    if (size > units) this.cut(unit, units);
    else this.linkAbove(unit);
    return unit;
  }

  size(unit: number): number {
    const size = this.sizes[unit];
    return size < 0 ? -size : 0;
  }

  free(start: number): void {
    let unit = start;
    let size = -this.sizes[unit];
    this.free_ += size;
    this.sizes[unit] = 0;
    size += this.takeFree(unit + size);
    const below = this.below[unit] - 1;
    if (below !== -1 && this.sizes[below] > 0) {
      this.lists.remove(below);
      size += this.sizes[below];
      unit = below;
    }
    this.addFree(unit, size, this.below[unit]);
  }

  resize(unit: number, units: number): boolean {
    const size = -this.sizes[unit];
    const above = unit + size;
    const room = above < this.units ? Math.max(0, this.sizes[above]) : 0;
    if (units > size + room) return false;
    if (units > size) {
      this.takeFree(above);
      this.free_ -= room;
      this.sizes[unit] = -(size + room);
      this.linkAbove(unit);
    }
    if (-this.sizes[unit] > units) this.cut(unit, units);
    return true;
  }

  clone(): TlsfArea {
    const copy = new TlsfArea(this.first, this.units);
    const used = this.top + 1;
    copy.sizes.set(this.sizes.subarray(0, used));
    copy.below.set(this.below.subarray(0, used));
    copy.lists.copy(this.lists, used);
    copy.top = this.top;
    copy.free_ = this.free_;
    return copy;
  }

  /** Units from `unit` to the next multiple of `alignment`. */
  private gap(unit: number, alignment: number): number {
    const number = this.first + unit;
    return Math.ceil(number / alignment) * alignment - number;
  }

  /** Shortens a block that is out to `units`; the rest becomes free. */
  private cut(unit: number, units: number): void {
    const rest = -this.sizes[unit] - units;
    this.sizes[unit] = -units;
    this.free_ += rest;
    const above = unit + units;
    this.addFree(above, rest + this.takeFree(above + rest), unit + 1);
  }

  /** Makes the free block that starts at `unit`, where one does, part of nothing; its units. */
  private takeFree(unit: number): number {
    if (unit >= this.units || this.sizes[unit] <= 0) return 0;
    this.lists.remove(unit);
    const size = this.sizes[unit];
    this.sizes[unit] = 0;
    return size;
  }

  private addFree(unit: number, size: number, below: number): void {
    this.sizes[unit] = size;
    this.below[unit] = below;
    this.top = Math.max(this.top, unit);
    this.linkAbove(unit);
    this.lists.insert(unit);
  }

  /** Tells the block above where `unit`'s block starts. */
  private linkAbove(unit: number): void {
    const above = unit + Math.abs(this.sizes[unit]);
    if (above < this.units) this.below[above] = unit + 1;
  }
}
