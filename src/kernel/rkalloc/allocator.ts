/** Bytes in a page of `palloc`. */
export const PAGE_BYTES = 4096;

/** Every block's address is a multiple of this: the alignment of `max_align_t` on RISC-V. */
export const BLOCK_ALIGNMENT = 16;

/**
 * An allocator of blocks in ranges of guest memory, as Unikraft's ukalloc has it. Addresses and sizes are bytes; address 0
 * stands for "none". Sizes, counts and addresses may come from a hostile guest: any number is answered, none throws.
 *
 * What it knows of its blocks stands on the host's side and never in the memory that it gives out. The guest can write to
 * all of that memory, so a header or a link in it could not be believed; and blocks that nobody touches stay untouched,
 * which leaves their pages without a frame. It costs host memory in proportion to the memory added, half a byte a byte at
 * most, which is committed as blocks come into being; so the caller bounds what it adds by what it may have.
 *
 * `free` and `pfree` answer 0 or a negative error number: -EINVAL where no block starts at the address (a double or wild
 * free), which changes nothing, and -EOPNOTSUPP from an allocator that takes nothing back.
 */
export interface Allocator {
  /** A block of at least `size` bytes, its bytes as they are; 0: none. Size 0 is given the smallest block. */
  malloc(size: number): number;
  /** A block of zeros for `count` things of `size` bytes. */
  calloc(count: number, size: number): number;
  /**
   * The block at `address` made `size` bytes large, moved if need be, its bytes kept up to the smaller size; 0 leaves it
   * as it was. Address 0: as `malloc`. Size 0 frees the block, and is 0.
   */
  realloc(address: number, size: number): number;
  /** A block at a multiple of `alignment`, a power of two. */
  memalign(alignment: number, size: number): number;
  /**
   * The same by the rules of POSIX: the address, or -EINVAL for an alignment that is no power of two of at least a
   * pointer's size, or -ENOMEM.
   */
  posixMemalign(alignment: number, size: number): number;
  /** Frees a block; address 0: nothing to do. */
  free(address: number): number;
  /** `pages` whole pages in one piece, page aligned; 0: none. */
  palloc(pages: number): number;
  /** Frees what `palloc` gave; -EINVAL also where the block at `address` has fewer pages. */
  pfree(address: number, pages: number): number;
  /** Bytes that the block at `address` really has, the size asked for or more; 0: no block starts there. */
  usableSize(address: number): number;
  /** The largest size that `malloc` would give now. */
  maxalloc(): number;
  /** Free bytes. */
  availmem(): number;
  /**
   * Adds the range of `size` bytes from `base`, less what alignment costs at its ends: 0, -EINVAL for a range that is too
   * small or overlaps another, -ENOMEM where it would be more than an allocator can keep books of.
   */
  addmem(base: number, size: number): number;
  stats(): AllocatorStats;
  /** A copy for the child of a fork, whose memory is a copy too. */
  clone(memory: HeapMemory): Allocator;
}

/** What an allocator has done. Bytes are those that were asked for, except of `total` and `used`. */
export interface AllocatorStats {
  /** Bytes that were added. */
  readonly total: number;
  /** Bytes in blocks. `total` is `used` and `availmem` together. */
  readonly used: number;
  readonly maxUsed: number;
  readonly allocations: number;
  readonly frees: number;
  /** Blocks that are out. */
  readonly blocks: number;
  readonly maxBlocks: number;
  readonly lastSize: number;
  /** The smallest and the largest size that was given; 0 before the first. */
  readonly minSize: number;
  readonly maxSize: number;
  /** Requests that could not be met. */
  readonly failures: number;
}

/**
 * The memory that blocks lie in, for `calloc` and `realloc`. False: some of it cannot be touched (a guest may have
 * unmapped it), then the call gives no block.
 */
export interface HeapMemory {
  clear(address: number, length: number): boolean;
  copy(to: number, from: number, length: number): boolean;
}
