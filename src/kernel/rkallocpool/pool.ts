import type { BlockArea } from "../rkalloc/block-area.ts";

/** What `next` holds of an object that is out. */
const OUT = -1;

/**
 * Objects of one size, the last freed being the next given: each unit is an object. A larger or more strictly aligned
 * block than an object is refused.
 */
export class PoolArea implements BlockArea {
  readonly units: number;
  private free_: number;
  /** The free object to give next, plus one; 0: none but fresh ones. */
  private head = 0;
  /** No object from here on has ever been given. */
  private fresh = 0;
  /** By free object: the one to give after it, plus one. */
  private readonly next: Int32Array;

  constructor(units: number) {
    this.units = units;
    this.free_ = units;
    this.next = new Int32Array(units);
  }

  get freeUnits(): number {
    return this.free_;
  }

  get largest(): number {
    return this.free_ > 0 ? 1 : 0;
  }

  allocate(units: number, alignment: number): number {
    if (units > 1 || alignment > 1 || this.free_ === 0) return -1;
    const object = this.head === 0 ? this.fresh++ : this.head - 1;
    if (this.head !== 0) this.head = this.next[object];
    this.next[object] = OUT;
    this.free_--;
    return object;
  }

  size(unit: number): number {
    return this.next[unit] === OUT ? 1 : 0;
  }

  free(unit: number): void {
    this.next[unit] = this.head;
    this.head = unit + 1;
    this.free_++;
  }

  resize(_unit: number, units: number): boolean {
    return units === 1;
  }

  clone(): PoolArea {
    const copy = new PoolArea(this.units);
    copy.next.set(this.next.subarray(0, this.fresh));
    copy.head = this.head;
    copy.fresh = this.fresh;
    copy.free_ = this.free_;
    return copy;
  }
}
