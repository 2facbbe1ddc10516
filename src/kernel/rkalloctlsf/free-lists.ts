/** log2 of the lists that each power of two is divided into. */
const SECOND_BITS = 5;
const SECOND = 1 << SECOND_BITS;
/** Powers of two: sizes go up to 2^26 units, those below `SECOND` share the first. */
const FIRST = 26 - SECOND_BITS + 2;

/**
 * Free blocks by size, in two levels: the power of two, and which of its 32 equal parts; sizes below 32 units have a list
 * each. Two levels of bits say which lists have members, so a list that is large enough is found in a few steps. The
 * lists are doubly linked through arrays indexed by unit; links hold a unit plus one.
 */
export class FreeLists {
  private readonly sizes: Int32Array;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly heads = new Int32Array(FIRST * SECOND);
  private readonly second = new Int32Array(FIRST);
  private first = 0;

  /** `sizes`: by first unit of a block, its units. */
  constructor(sizes: Int32Array) {
    this.sizes = sizes;
    this.next = new Int32Array(sizes.length);
    this.previous = new Int32Array(sizes.length);
  }

  /** Units of the largest block that `find` is sure to find. */
  get largest(): number {
    if (this.first === 0) return 0;
    const row = 31 - Math.clz32(this.first);
    const column = 31 - Math.clz32(this.second[row]);
    return this.sizes[this.heads[row * SECOND + column] - 1];
  }

  /** A free block of at least `units`; -1: there is none, or only one of nearly that size and not the first of its list. */
  find(units: number): number {
    if (units > this.sizes.length) return -1;
    // The first of the list that a block of this very size would be in may be large enough.
    const exact = this.heads[classOf(units)];
    if (exact !== 0 && this.sizes[exact - 1] >= units) return exact - 1;
    // Any member of a list above is.
    const above = classOf(units) + 1;
    let row = above >>> SECOND_BITS;
    let columns = this.second[row] & -(1 << (above & (SECOND - 1)));
    if (columns === 0) {
      const rows = this.first & -(1 << (row + 1));
      if (rows === 0) return -1;
      row = lowest(rows);
      columns = this.second[row];
    }
    return this.heads[row * SECOND + lowest(columns)] - 1;
  }

  insert(unit: number): void {
    const index = classOf(this.sizes[unit]);
    const head = this.heads[index];
    this.next[unit] = head;
    this.previous[unit] = 0;
    if (head !== 0) this.previous[head - 1] = unit + 1;
    this.heads[index] = unit + 1;
    const row = index >>> SECOND_BITS;
    this.second[row] |= 1 << (index & (SECOND - 1));
    this.first |= 1 << row;
  }

  remove(unit: number): void {
    const next = this.next[unit];
    const previous = this.previous[unit];
    if (next !== 0) this.previous[next - 1] = previous;
    if (previous !== 0) {
      this.next[previous - 1] = next;
      return;
    }
    const index = classOf(this.sizes[unit]);
    this.heads[index] = next;
    if (next !== 0) return;
    const row = index >>> SECOND_BITS;
    this.second[row] &= ~(1 << (index & (SECOND - 1)));
    if (this.second[row] === 0) this.first &= ~(1 << row);
  }

  /** Becomes what `other` is, whose blocks all start below `end`. */
  copy(other: FreeLists, end: number): void {
    this.next.set(other.next.subarray(0, end));
    this.previous.set(other.previous.subarray(0, end));
    this.heads.set(other.heads);
    this.second.set(other.second);
    this.first = other.first;
  }
}

/** The list for blocks of `units`: 32 times the power of two, and the five bits behind the leading one. */
function classOf(units: number): number {
  const power = 31 - Math.clz32(units);
  return power < SECOND_BITS
    ? units
    : ((power - SECOND_BITS) << SECOND_BITS) + (units >>> (power - SECOND_BITS));
}

const lowest = (bits: number): number => 31 - Math.clz32(bits & -bits);
