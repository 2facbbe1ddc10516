import type { BlockDevice } from "../rkblkdev/block-device.ts";

/** Bytes kept of a disk, and bytes of one transfer. */
const CAPACITY = 32 << 20;
const TRANSFER = 1 << 20;

interface Entry {
  readonly bytes: Uint8Array;
  isDirty: boolean;
  /** Asked for since it was last passed over. */
  isWanted: boolean;
}

/**
 * The blocks of a disk that were used last. Changed ones are written when there are too many, and by `flush`, in the order
 * of their numbers and in large pieces. Nothing leaves the cache but in `trim` and `flush`: until then the bytes that
 * were given out stay those of the block.
 */
export class BlockCache {
  /** Something was written that the device was not asked to flush. */
  isUnflushed = false;
  private readonly device: BlockDevice;
  private readonly blockSize: number;
  private readonly most: number;
  private readonly entries = new Map<number, Entry>();
  private readonly dirtyBlocks = new Set<number>();

  constructor(device: BlockDevice, blockSize: number) {
    this.device = device;
    this.blockSize = blockSize;
    this.most = CAPACITY / blockSize;
  }

  /** A block's bytes, to be read. */
  read(block: number): Uint8Array {
    const entry = this.entries.get(block);
    if (entry) {
      entry.isWanted = true;
      return entry.bytes;
    }
    const bytes = new Uint8Array(this.blockSize);
    this.device.read(block * this.blockSize, bytes);
    this.entries.set(block, { bytes, isDirty: false, isWanted: true });
    return bytes;
  }

  has(block: number): boolean {
    return this.entries.has(block);
  }

  /** Brings in `count` blocks with one transfer. None of them is here. */
  prefetch(block: number, count: number): void {
    const { blockSize } = this;
    const bytes = new Uint8Array(count * blockSize);
    this.device.read(block * blockSize, bytes);
    for (let i = 0; i < count; i++)
      this.entries.set(block + i, {
        bytes: bytes.slice(i * blockSize, (i + 1) * blockSize),
        isDirty: false,
        isWanted: false,
      });
  }

  /** A block's bytes, to be changed. */
  change(block: number): Uint8Array {
    const bytes = this.read(block);
    this.markDirty(block, this.entries.get(block) as Entry);
    return bytes;
  }

  /** A block whose contents do not matter any more, to be filled: zeros, or what it had. */
  replace(block: number): Uint8Array {
    let entry = this.entries.get(block);
    if (!entry) {
      entry = { bytes: new Uint8Array(this.blockSize), isDirty: false, isWanted: false };
      this.entries.set(block, entry);
    }
    this.markDirty(block, entry);
    return entry.bytes;
  }

  /** A new block of zeros. */
  create(block: number): Uint8Array {
    return this.replace(block).fill(0);
  }

  /** Nobody will ask for the block's contents again. */
  forget(block: number): void {
    this.entries.delete(block);
    this.dirtyBlocks.delete(block);
  }

  /** Writes what was changed. */
  flush(): void {
    const { blockSize, device } = this;
    if (this.dirtyBlocks.size === 0) return;
    const blocks = Float64Array.from(this.dirtyBlocks).sort();
    const most = TRANSFER / blockSize;
    for (let from = 0; from < blocks.length; ) {
      let end = from + 1;
      while (end < blocks.length && end - from < most && blocks[end] === blocks[end - 1] + 1) end++;
      device.write(blocks[from] * blockSize, this.together(blocks.subarray(from, end)));
      this.isUnflushed = true;
      for (const block of blocks.subarray(from, end)) {
        (this.entries.get(block) as Entry).isDirty = false;
        this.dirtyBlocks.delete(block);
      }
      from = end;
    }
  }

  /** Lets go of blocks where there are too many. */
  trim(): void {
    if (this.entries.size <= this.most) return;
    this.flush();
    const kept = (this.most * 3) / 4;
    for (const [block, entry] of this.entries) {
      if (this.entries.size <= kept) return;
      this.entries.delete(block);
      if (!entry.isWanted) continue;
      entry.isWanted = false;
      this.entries.set(block, entry);
    }
  }

  private markDirty(block: number, entry: Entry): void {
    if (entry.isDirty) return;
    entry.isDirty = true;
    this.dirtyBlocks.add(block);
  }

  private together(blocks: Float64Array): Uint8Array {
    if (blocks.length === 1) return (this.entries.get(blocks[0]) as Entry).bytes;
    const all = new Uint8Array(blocks.length * this.blockSize);
    for (let i = 0; i < blocks.length; i++)
      all.set((this.entries.get(blocks[i]) as Entry).bytes, i * this.blockSize);
    return all;
  }
}
