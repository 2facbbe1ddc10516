import { type FrameAllocator, MAX_ORDER } from "../rkalloc/frames.ts";

/**
 * The binary buddy system (Knuth, The Art of Computer Programming 1, 2.5C). Free blocks of each order stand in a
 * doubly linked list through arrays indexed by page; a freed block joins its buddy (the block whose number differs
 * in bit `order`) for as long as that one is free. Starting costs nothing per page: all arrays start as zeros,
 * so links hold a page's index plus one.
 *
 * Buddies are found by absolute page number, so blocks are aligned in physical memory too.
 */
export class BuddyAllocator implements FrameAllocator {
  readonly totalPages: number;
  private readonly first: number;
  private free_ = 0;
  /** By page: 0 for the middle of something, order + 1 for the start of a free block, -(order + 1) of a used one. */
  private readonly state: Int8Array;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly heads = new Int32Array(MAX_ORDER + 1);

  /** Manages `pages` pages from page number `first`. */
  constructor(first: number, pages: number) {
    this.first = first;
    this.totalPages = pages;
    this.state = new Int8Array(pages);
    this.next = new Int32Array(pages);
    this.previous = new Int32Array(pages);
    const blocks: [number, number][] = [];
    for (let page = 0; page < pages; ) {
      let order = MAX_ORDER;
      while ((first + page) % 2 ** order !== 0 || page + 2 ** order > pages) order--;
      blocks.push([page, order]);
      page += 2 ** order;
    }
    for (const [page, order] of blocks.reverse()) this.insert(page, order);
    this.free_ = pages;
  }

  get freePages(): number {
    return this.free_;
  }

  allocate(order: number): number {
    let from = order;
    while (from <= MAX_ORDER && this.heads[from] === 0) from++;
    if (from > MAX_ORDER) return -1;
    const page = this.heads[from] - 1;
    this.remove(page, from);
    while (from > order) {
      from--;
      this.insert(page + 2 ** from, from);
    }
    this.state[page] = -(order + 1);
    this.free_ -= 2 ** order;
    return this.first + page;
  }

  free(number: number, order: number): void {
    let page = number - this.first;
    if (this.state[page] !== -(order + 1))
      throw new RangeError(`page ${number} is no allocated block of order ${order}`);
    this.state[page] = 0;
    this.free_ += 2 ** order;
    let size = order;
    while (size < MAX_ORDER) {
      const buddy = ((this.first + page) ^ (1 << size)) - this.first;
      if (buddy < 0 || buddy >= this.totalPages || this.state[buddy] !== size + 1) break;
      this.remove(buddy, size);
      page = Math.min(page, buddy);
      size++;
    }
    this.insert(page, size);
  }

  private insert(page: number, order: number): void {
    const head = this.heads[order];
    this.next[page] = head;
    this.previous[page] = 0;
    if (head !== 0) this.previous[head - 1] = page + 1;
    this.heads[order] = page + 1;
    this.state[page] = order + 1;
  }

  private remove(page: number, order: number): void {
    const next = this.next[page];
    const previous = this.previous[page];
    if (next !== 0) this.previous[next - 1] = previous;
    if (previous !== 0) this.next[previous - 1] = next;
    else this.heads[order] = next;
    this.state[page] = 0;
  }
}
