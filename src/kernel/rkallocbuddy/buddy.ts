import { type BlockArea, phase } from "../rkalloc/block-area.ts";

/** Orders of blocks: up to 2^26 units, as large as an area may be. */
const ORDERS = 27;
/** Blocks that `room` looks at. */
const MOST_LOOKED_AT = 512;

/**
 * The binary buddy system (Knuth, The Art of Computer Programming 1, 2.5C). Free blocks of each order stand in a
 * doubly linked list through arrays indexed by unit; a freed block joins its buddy (the block whose number differs
 * in bit `order`) for as long as that one is free. Starting costs nothing per unit: all arrays start as zeros,
 * so links hold a unit's index plus one.
 *
 * Buddies are found by number counted from `first`, so blocks are aligned in memory too.
 */
export class BuddyArea implements BlockArea {
  readonly units: number;
  private readonly first: number;
  private free_ = 0;
  /** By unit: 0 for the middle of something, order + 1 for the start of a free block, -(order + 1) of a used one. */
  private readonly state: Int8Array;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly heads = new Int32Array(ORDERS);
  /** Bit by order: there is a free block. */
  private present = 0;

  constructor(first: number, units: number) {
    this.first = phase(first);
    this.units = units;
    this.state = new Int8Array(units);
    this.next = new Int32Array(units);
    this.previous = new Int32Array(units);
    const blocks: [number, number][] = [];
    for (let unit = 0; unit < units; ) {
      let order = ORDERS - 1;
      while ((this.first + unit) % 2 ** order !== 0 || unit + 2 ** order > units) order--;
      blocks.push([unit, order]);
      unit += 2 ** order;
    }
    for (const [unit, order] of blocks.reverse()) this.insert(unit, order);
    this.free_ = units;
  }

  get freeUnits(): number {
    return this.free_;
  }

  get largest(): number {
    return this.present === 0 ? 0 : 2 ** (31 - Math.clz32(this.present));
  }

  allocate(units: number, alignment: number): number {
    const size = Math.max(units, alignment);
    if (size > this.units) return -1;
    const order = orderOf(size);
    const fitting = this.present & -(1 << order);
    if (fitting === 0) return -1;
    let from = 31 - Math.clz32(fitting & -fitting);
    const unit = this.heads[from] - 1;
    this.remove(unit, from);
    while (from > order) {
      from--;
      this.insert(unit + (1 << from), from);
    }
    this.state[unit] = -(order + 1);
    this.free_ -= 1 << order;
    return unit;
  }

  take(unit: number, units: number): number {
    if (!Number.isInteger(unit) || unit < 0) return 0;
    const end = Math.min(unit + units, this.units);
    let at = unit;
    while (at < end) {
      const block = this.blockOf(at);
      const order = this.state[block] - 1;
      if (order < 0) break;
      this.remove(block, order);
      this.carve(block, order, at, end);
      at = Math.min(end, block + (1 << order));
    }
    return Math.max(0, at - unit);
  }

  room(from: number, units: number): number {
    const { largest } = this;
    // There may be so many in several blocks, but to look for them where blocks are small would take long.
    if (units > largest) return -1;
    let start = from >= 0 && from < this.units ? from : 0;
    let end = start;
    let passed = 0;
    for (let i = 0; i < MOST_LOOKED_AT && passed < this.units + units; i++) {
      if (end === this.units) {
        start = 0;
        end = 0;
      }
      const block = this.blockOf(end);
      const state = this.state[block];
      const above = block + (1 << (Math.abs(state) - 1));
      passed += above - end;
      end = above;
      if (state < 0) start = end;
      else if (end - start >= units) return start;
    }
    return this.heads[31 - Math.clz32(largest)] - 1;
  }

  size(unit: number): number {
    const state = this.state[unit];
    return state < 0 ? 1 << (-state - 1) : 0;
  }

  free(start: number): void {
    let unit = start;
    let order = -this.state[unit] - 1;
    this.state[unit] = 0;
    this.free_ += 1 << order;
    while (order < ORDERS - 1) {
      const buddy = ((this.first + unit) ^ (1 << order)) - this.first;
      if (buddy < 0 || buddy >= this.units || this.state[buddy] !== order + 1) break;
      this.remove(buddy, order);
      unit = Math.min(unit, buddy);
      order++;
    }
    this.insert(unit, order);
  }

  /** Gives the halves back that a smaller block does not need. */
  resize(unit: number, units: number): boolean {
    let order = -this.state[unit] - 1;
    if (units > 1 << order) return false;
    for (const wanted = orderOf(units); order > wanted; ) {
      order--;
      this.free_ += 1 << order;
      this.insert(unit + (1 << order), order);
    }
    this.state[unit] = -(order + 1);
    return true;
  }

  clone(): BuddyArea {
    const copy = new BuddyArea(this.first, this.units);
    copy.state.set(this.state);
    copy.next.set(this.next);
    copy.previous.set(this.previous);
    copy.heads.set(this.heads);
    copy.present = this.present;
    copy.free_ = this.free_;
    return copy;
  }

  /** The first unit of the block, free or not, that `unit` is in. */
  private blockOf(unit: number): number {
    for (let order = 0; ; order++) {
      const start = ((this.first + unit) & -(1 << order)) - this.first;
      if (Math.abs(this.state[start]) > order) return start;
    }
  }

  /** Gives out the units from `from` to before `end` of a free block that is in no list, one by one; the rest stays free. */
  private carve(block: number, order: number, from: number, end: number): void {
    const above = block + (1 << order);
    if (above <= from || block >= end) this.insert(block, order);
    else if (block >= from && above <= end) {
      this.state.fill(-1, block, above);
      this.free_ -= above - block;
    } else {
      this.carve(block, order - 1, from, end);
      this.carve(block + (1 << (order - 1)), order - 1, from, end);
    }
  }

  private insert(unit: number, order: number): void {
    const head = this.heads[order];
    this.next[unit] = head;
    this.previous[unit] = 0;
    if (head !== 0) this.previous[head - 1] = unit + 1;
    this.heads[order] = unit + 1;
    this.present |= 1 << order;
    this.state[unit] = order + 1;
  }

  private remove(unit: number, order: number): void {
    const next = this.next[unit];
    const previous = this.previous[unit];
    if (next !== 0) this.previous[next - 1] = previous;
    if (previous !== 0) this.next[previous - 1] = next;
    else {
      this.heads[order] = next;
      if (next === 0) this.present &= ~(1 << order);
    }
    this.state[unit] = 0;
  }
}

/** The least order of a block of `units`. */
const orderOf = (units: number): number => 32 - Math.clz32(units - 1);
