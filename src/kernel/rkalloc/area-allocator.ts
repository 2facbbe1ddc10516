import { errno } from "../syscalls/errno.ts";
import { type Allocator, type AllocatorStats, type HeapMemory, PAGE_BYTES } from "./allocator.ts";
import { type BlockArea, MAX_UNITS } from "./block-area.ts";
import type { AllocatorKind, ObjectShape, UnitShape } from "./kind.ts";

/** Bytes that an allocator keeps books of, and pieces that they may come in. */
const MAX_MEMORY = 2 ** 30;
const MAX_AREAS = 64;
/** What a 64-bit pointer needs. */
const POINTER = 8;

/** A range of memory and its books. */
interface Area {
  readonly base: number;
  readonly blocks: BlockArea;
}

/** Where a block is. */
interface Place {
  readonly blocks: BlockArea;
  readonly unit: number;
}

const isSize = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const isPowerOfTwo = (value: number): boolean =>
  isSize(value) && value > 0 && Number.isInteger(Math.log2(value));
const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;

/** What all allocators have in common: bytes in place of units, several ranges, the calls that are made of others, counting. */
export class AreaAllocator implements Allocator {
  readonly kind: AllocatorKind;
  private readonly memory: HeapMemory;
  private readonly shape: UnitShape;
  private areas: Area[] = [];
  private counts = {
    maxUsed: 0,
    allocations: 0,
    frees: 0,
    blocks: 0,
    maxBlocks: 0,
    lastSize: 0,
    minSize: 0,
    maxSize: 0,
    failures: 0,
  };
  private total = 0;
  private used = 0;

  /** Has no memory until `addmem`. `objects`: what a pool's are; other kinds do not ask. */
  constructor(kind: AllocatorKind, memory: HeapMemory, objects?: ObjectShape) {
    this.kind = kind;
    this.memory = memory;
    this.shape = kind.shape(objects);
  }

  malloc(size: number): number {
    return this.take(size, 1);
  }

  calloc(count: number, size: number): number {
    const bytes = isSize(count) && isSize(size) ? count * size : Number.NaN;
    const address = this.take(bytes, 1);
    if (address === 0 || this.memory.clear(address, bytes)) return address;
    this.free(address);
    return 0;
  }

  memalign(alignment: number, size: number): number {
    return isPowerOfTwo(alignment) ? this.take(size, alignment) : 0;
  }

  posixMemalign(alignment: number, size: number): number {
    if (!isPowerOfTwo(alignment) || alignment < POINTER) return -errno.EINVAL;
    return this.take(size, alignment) || -errno.ENOMEM;
  }

  palloc(pages: number): number {
    return isSize(pages) && pages > 0 ? this.take(pages * PAGE_BYTES, PAGE_BYTES) : 0;
  }

  realloc(address: number, size: number): number {
    if (address === 0) return this.malloc(size);
    const place = this.find(address);
    if (!place || !isSize(size)) return 0;
    if (size === 0) {
      this.free(address);
      return 0;
    }
    const { blocks, unit } = place;
    const before = blocks.freeUnits;
    if (blocks.resize(unit, this.unitsOf(size))) {
      this.account((before - blocks.freeUnits) * this.shape.unit);
      return address;
    }
    const moved = this.malloc(size);
    if (moved === 0) return 0;
    const kept = Math.min(size, blocks.size(unit) * this.shape.unit);
    const old = this.memory.copy(moved, address, kept) ? address : moved;
    this.free(old);
    return old === address ? moved : 0;
  }

  free(address: number): number {
    if (address === 0) return 0;
    const place = this.find(address);
    if (!place) return -errno.EINVAL;
    if (!this.kind.frees) return -errno.EOPNOTSUPP;
    const { blocks, unit } = place;
    const before = blocks.freeUnits;
    blocks.free(unit);
    this.account((before - blocks.freeUnits) * this.shape.unit);
    this.counts.frees++;
    this.counts.blocks--;
    return 0;
  }

  pfree(address: number, pages: number): number {
    const enough = isSize(pages) && pages > 0 && pages * PAGE_BYTES <= this.usableSize(address);
    return enough && address % PAGE_BYTES === 0 ? this.free(address) : -errno.EINVAL;
  }

  usableSize(address: number): number {
    const place = this.find(address);
    return place ? place.blocks.size(place.unit) * this.shape.unit : 0;
  }

  maxalloc(): number {
    return this.areas.reduce((most, { blocks }) => Math.max(most, blocks.largest), 0) * this.shape.unit;
  }

  availmem(): number {
    return this.total - this.used;
  }

  addmem(base: number, size: number): number {
    if (!isSize(base) || !isSize(size) || !isSize(base + size)) return -errno.EINVAL;
    const { unit, alignment } = this.shape;
    const start = Math.max(alignment, roundUp(base, alignment));
    const units = Math.floor((base + size - start) / unit);
    if (units < 1) return -errno.EINVAL;
    const end = start + units * unit;
    if (this.areas.some(({ base: other, blocks }) => start < other + blocks.units * unit && other < end))
      return -errno.EINVAL;
    if (this.total + units * unit > MAX_MEMORY || units > MAX_UNITS || this.areas.length === MAX_AREAS)
      return -errno.ENOMEM;
    try {
      this.areas.push({ base: start, blocks: this.kind.area(start / unit, units) });
    } catch (error) {
      // The host has no room for the books.
      if (error instanceof RangeError) return -errno.ENOMEM;
      throw error;
    }
    this.total += units * unit;
    return 0;
  }

  stats(): AllocatorStats {
    return { ...this.counts, total: this.total, used: this.used };
  }

  clone(memory: HeapMemory): Allocator {
    const copy = new AreaAllocator(this.kind, memory, {
      size: this.shape.unit,
      alignment: this.shape.alignment,
    });
    copy.areas = this.areas.map(({ base, blocks }) => ({ base, blocks: blocks.clone() }));
    copy.counts = { ...this.counts };
    copy.total = this.total;
    copy.used = this.used;
    return copy;
  }

  private unitsOf(size: number): number {
    return Math.max(1, Math.ceil(size / this.shape.unit));
  }

  private take(size: number, alignment: number): number {
    const { unit } = this.shape;
    const aligned = alignment <= this.shape.alignment ? 1 : Math.max(2, alignment / unit);
    if (isSize(size) && aligned <= MAX_UNITS) {
      const units = this.unitsOf(size);
      for (const { base, blocks } of this.areas) {
        const before = blocks.freeUnits;
        if (units > before) continue;
        const start = blocks.allocate(units, aligned);
        if (start === -1) continue;
        this.account((before - blocks.freeUnits) * unit);
        this.count(size);
        return base + start * unit;
      }
    }
    this.counts.failures++;
    return 0;
  }

  /** The block that starts at `address`. */
  private find(address: number): Place | undefined {
    const { unit } = this.shape;
    for (const { base, blocks } of this.areas) {
      if (!(address >= base && address < base + blocks.units * unit)) continue;
      const number = (address - base) / unit;
      return Number.isInteger(number) && blocks.size(number) > 0 ? { blocks, unit: number } : undefined;
    }
    return undefined;
  }

  private account(bytes: number): void {
    this.used += bytes;
    if (this.used > this.counts.maxUsed) this.counts.maxUsed = this.used;
  }

  private count(size: number): void {
    const { counts } = this;
    counts.minSize = counts.allocations === 0 ? size : Math.min(counts.minSize, size);
    counts.maxSize = Math.max(counts.maxSize, size);
    counts.lastSize = size;
    counts.allocations++;
    counts.blocks++;
    counts.maxBlocks = Math.max(counts.maxBlocks, counts.blocks);
  }
}
