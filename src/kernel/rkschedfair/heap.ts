/** A place in a heap. */
export interface HeapItem {
  /** Where it is; -1: in none. */
  index: number;
}

/** A binary heap, the first item on top; any item can be taken out. O(log n). */
export class Heap<T extends HeapItem> {
  private readonly items: T[] = [];
  private readonly isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.isBefore = isBefore;
  }

  get size(): number {
    return this.items.length;
  }

  get first(): T | undefined {
    return this.items[0];
  }

  push(item: T): void {
    this.items.push(item);
    this.rise(item, this.items.length - 1);
  }

  /** Takes out an item that is in it. */
  remove(item: T): void {
    const { index } = item;
    const last = this.items.pop() as T;
    item.index = -1;
    if (last === item) return;
    this.rise(last, index);
    this.sink(last, last.index);
  }

  private rise(item: T, from: number): void {
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (!this.isBefore(item, this.items[above])) break;
      this.put(this.items[above], index);
      index = above;
    }
    this.put(item, index);
  }

  private sink(item: T, from: number): void {
    let index = from;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= this.items.length) break;
      if (below + 1 < this.items.length && this.isBefore(this.items[below + 1], this.items[below])) below++;
      if (!this.isBefore(this.items[below], item)) break;
      this.put(this.items[below], index);
      index = below;
    }
    this.put(item, index);
  }

  private put(item: T, index: number): void {
    this.items[index] = item;
    item.index = index;
  }
}
