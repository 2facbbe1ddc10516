import { PAGE_SIZE } from "../../cpu/sv39.ts";
import type { Allocator } from "../rkalloc/allocator.ts";
import { AreaAllocator } from "../rkalloc/area-allocator.ts";
import type { AllocatorKind, ObjectShape } from "../rkalloc/kind.ts";
import { UserHeap } from "../rkalloc/user-heap.ts";
import type { Budget } from "../rknative/budget.ts";
import type { AddressSpace } from "../rkvm/address-space.ts";
import { Prot } from "../rkvm/vma.ts";
import { errno } from "../syscalls/errno.ts";

/** Allocators of one process, its default one included. */
const MOST_HEAPS = 64;
/** A heap grows by so much at least. */
const LEAST_GROWTH = 1 << 20;

const wholePages = (bytes: number): number => Math.ceil(bytes / PAGE_SIZE) * PAGE_SIZE;

/** A power of two, or 0: any. */
const isAlignment = (value: number): boolean =>
  value === 0 || (value > 0 && Number.isInteger(Math.log2(value)));

/** One allocator of a process. It maps memory when it has none left. */
interface Heap {
  readonly allocator: Allocator;
  /** Larger blocks and stricter alignments cannot be had, whatever is added. */
  readonly largest: number;
  readonly finest: number;
  /** That all blocks have. */
  readonly alignment: number;
  /** Blocks are powers of two, at multiples of their size. */
  readonly isBuddy: boolean;
  /** What was mapped for it. */
  readonly areas: { readonly start: number; readonly length: number }[];
  /** Bytes that it has of the budget. */
  charged: number;
}

/** The allocators of a process, by small numbers; 0 is the default one, which comes into being when it is first used. */
export class ProcessHeaps {
  /** Processes that have it: those that share the memory. */
  users = 1;
  private readonly heaps: (Heap | undefined)[] = [];
  private memory: AddressSpace | undefined;
  private readonly budget: Budget;

  constructor(budget: Budget, memory?: AddressSpace) {
    this.memory = memory;
    this.budget = budget;
  }

  /** Before anything else is called. The first one stays: processes that share these have it, whoever calls. */
  useMemory(memory: AddressSpace): void {
    this.memory ??= memory;
  }

  private get space(): AddressSpace {
    return this.memory as AddressSpace;
  }

  /** The number of a new allocator without memory, or -EMFILE. `objects`: of a pool. */
  create(kind: AllocatorKind, objects?: ObjectShape): number {
    const number = 1 + this.heaps.slice(1).indexOf(undefined);
    const free = number > 0 ? number : Math.max(1, this.heaps.length);
    if (free >= MOST_HEAPS) return -errno.EMFILE;
    this.heaps[free] = this.newHeap(kind, objects);
    return free;
  }

  /** Ends an allocator: what was mapped for it goes, what was added to it stays. 0 or -EINVAL. */
  destroy(number: number): number {
    const heap = number > 0 ? this.heaps[number] : undefined;
    if (!heap) return -errno.EINVAL;
    for (const { start, length } of heap.areas) this.space.unmap(start, length);
    this.budget.give(heap.charged);
    this.heaps[number] = undefined;
    return 0;
  }

  /** The allocator of that number. Of the default one `kind` is what it is made of. */
  get(number: number, kind: () => AllocatorKind): Allocator | undefined {
    if (number === 0) this.heaps[0] ??= this.newHeap(kind(), undefined);
    return this.heaps[number]?.allocator;
  }

  /** What `allocate` gives, with more memory where there was too little for a block of `size` bytes; 0: none. */
  allocate(number: number, size: number, alignment: number, allocate: (from: Allocator) => number): number {
    const heap = this.heaps[number] as Heap;
    const block = allocate(heap.allocator);
    if (block > 0 || block === -errno.EINVAL) return block;
    return this.grow(heap, size, alignment) ? allocate(heap.allocator) : block;
  }

  /** Adds memory that the program has: as `Allocator.addmem`. */
  addmem(number: number, base: number, size: number): number {
    const heap = this.heaps[number] as Heap;
    if (!(size > 0)) return -errno.EINVAL;
    if (!this.budget.take(size)) return -errno.ENOMEM;
    const result = heap.allocator.addmem(base, size);
    if (result < 0) this.budget.give(size);
    else heap.charged += size;
    return result;
  }

  /** For a child with a copy of the memory. Where there is no room for the books it has none of these allocators. */
  copy(space: AddressSpace): ProcessHeaps {
    const copy = new ProcessHeaps(this.budget, space);
    for (const [i, heap] of this.heaps.entries())
      if (heap && this.budget.take(heap.charged))
        copy.heaps[i] = {
          ...heap,
          areas: [...heap.areas],
          allocator: heap.allocator.clone(new UserHeap(space)),
        };
    return copy;
  }

  /** A process has it no more. */
  release(): void {
    if (--this.users > 0) return;
    for (const heap of this.heaps) if (heap) this.budget.give(heap.charged);
    this.heaps.length = 0;
  }

  private newHeap(kind: AllocatorKind, objects: ObjectShape | undefined): Heap {
    // Where the shape depends on the objects, so does the largest block.
    const isPool = kind.shape({ size: PAGE_SIZE, alignment: 1 }).unit === PAGE_SIZE;
    const { unit, alignment } = kind.shape(objects);
    return {
      allocator: new AreaAllocator(kind, new UserHeap(this.space), objects),
      largest: isPool ? unit : Number.POSITIVE_INFINITY,
      finest: isPool ? alignment : Number.POSITIVE_INFINITY,
      alignment,
      isBuddy: kind.area(0, 3).largest < 3,
      areas: [],
      charged: 0,
    };
  }

  /** Maps memory in which a block of `size` bytes has room: as much again as there was, or what is needed. */
  private grow(heap: Heap, size: number, alignment: number): boolean {
    if (!(size >= 0 && size <= heap.largest && isAlignment(alignment) && alignment <= heap.finest))
      return false;
    const { total } = heap.allocator.stats();
    const piece = heap.isBuddy
      ? 2 ** Math.ceil(Math.log2(Math.max(1, size, alignment))) * 2
      : size + Math.max(alignment, heap.alignment);
    const enough = wholePages(piece) + PAGE_SIZE;
    for (const length of [Math.max(LEAST_GROWTH, wholePages(total), enough), enough])
      if (this.addPages(heap, length)) return true;
    return false;
  }

  private addPages(heap: Heap, length: number): boolean {
    const { space, budget } = this;
    if (space.exceedsLimits(length, true) || !budget.take(length)) return false;
    const start = space.findRoom(length);
    if (start > 0 && space.map(start, length, { prot: Prot.read | Prot.write }) === 0) {
      if (heap.allocator.addmem(start, length) === 0) {
        heap.areas.push({ start, length });
        heap.charged += length;
        return true;
      }
      space.unmap(start, length);
    }
    budget.give(length);
    return false;
  }
}
