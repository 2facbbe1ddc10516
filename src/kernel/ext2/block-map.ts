import { fail } from "../vfs/error.ts";
import { FileType } from "../vfs/inode.ts";
import type { Node } from "./node.ts";

const DIRECT = 12;
/** Sectors that an inode can count. */
const MOST_SECTORS = 2 ** 32;

/**
 * Where the blocks of an inode are: 12 pointers in the inode, and one each to trees of indirect blocks of depth 1, 2
 * and 3. A pointer of 0 is a hole. Who changes something saves the inode afterwards, also where that failed.
 */
export class BlockMap {
  /** Bytes that a file can have. */
  readonly mostBytes: number;
  private readonly node: Node;
  /** Pointers in an indirect block. */
  private readonly fan: number;
  /** The file's block that was allocated last, and where it is. */
  private last = { index: -1, block: 0 };

  constructor(node: Node) {
    const { blockSize } = node.store.geometry;
    this.node = node;
    this.fan = blockSize / 4;
    const blocks = DIRECT + this.fan + this.fan ** 2 + this.fan ** 3;
    this.mostBytes = Math.min(blocks * blockSize, MOST_SECTORS * 512);
  }

  /** The block with the file's block `index`; 0 in a hole. Throws EUCLEAN. */
  find(index: number): number {
    return this.walk(index).block;
  }

  /** The next block whose pointer may be another one than the 0 of block `index`. */
  skipHole(index: number): number {
    const { depth, within } = this.walk(index);
    return index + this.fan ** depth - within;
  }

  /** How many blocks from `index` on are not in a hole and stand behind each other on the disk, up to `most`. */
  run(index: number, most: number): number {
    const first = this.find(index);
    let count = 1;
    while (count < most && this.find(index + count) === first + count) count++;
    return count;
  }

  /** The block for the file's block `index`, which may be changed: a new one where there was a hole. Throws ENOSPC. */
  assign(index: number): { readonly block: number; readonly isNew: boolean } {
    const { node } = this;
    const found = this.find(index);
    if (found !== 0) {
      node.store.checkChange(found);
      return { block: found, isNew: false };
    }
    const block = node.store.allocate(this.goalFor(index), node.isHeld);
    try {
      this.set(index, block);
    } catch (error) {
      node.store.free(block);
      throw error;
    }
    node.counted(1);
    this.last = { index, block };
    return { block, isNew: true };
  }

  /** The bytes of the file's block `index`, to be changed; what the disk refers to stays as it is. Throws ENOSPC. */
  change(index: number): Uint8Array {
    const { store } = this.node;
    const { block, isNew } = this.assign(index);
    if (isNew) return store.cache.create(block);
    const copy = this.copied(block);
    if (copy !== block) this.set(index, copy);
    return store.cache.change(copy);
  }

  /** Frees all blocks from `index` on. */
  truncate(index: number): void {
    const { node } = this;
    if (!this.hasBlocks) return;
    const steps = new Steps(node.store.geometry.blocks);
    for (let i = index; i < DIRECT; i++) {
      this.release(node.pointers[i]);
      node.pointers[i] = 0;
    }
    let start = DIRECT;
    for (let depth = 1; depth <= 3; depth++) {
      const slot = DIRECT + depth - 1;
      if (index < start + this.fan ** depth)
        node.pointers[slot] = this.cut(node.pointers[slot], depth, Math.max(0, index - start), steps);
      start += this.fan ** depth;
    }
  }

  /** Makes holes of the file's blocks from `from` up to `to`. Indirect blocks stay. */
  punch(from: number, to: number): void {
    const steps = new Steps(this.node.store.geometry.blocks);
    for (let index = from; index < to; ) {
      const block = this.find(index);
      if (block === 0) index = this.skipHole(index);
      else {
        steps.take();
        this.set(index, 0);
        this.release(block);
        index++;
      }
    }
  }

  /** Calls with each block, indirect ones too. */
  each(visit: (block: number) => void): void {
    if (!this.hasBlocks) return;
    const { store, pointers } = this.node;
    const steps = new Steps(store.geometry.blocks);
    const walk = (block: number, depth: number): void => {
      if (!store.isBlock(block)) return;
      steps.take();
      if (depth > 0) {
        const bytes = store.cache.read(block);
        for (let i = 0; i < this.fan; i++) walk(word(bytes, i), depth - 1);
      }
      visit(block);
    };
    pointers.forEach((block, i) => {
      walk(block, Math.max(0, i - DIRECT + 1));
    });
  }

  /** A short symbolic link and a device have none. */
  get hasBlocks(): boolean {
    const { type, size, pointers } = this.node;
    if (type === FileType.symlink) return size >= pointers.length * 4;
    return type === FileType.regular || type === FileType.directory;
  }

  /** Follows pointers to the file's block `index`, or to the first hole: a tree of `depth`, and where in it. */
  private walk(index: number): { block: number; depth: number; within: number } {
    const { cache } = this.node.store;
    let { slot, depth, within } = this.root(index);
    let block = this.node.pointers[slot];
    while (block !== 0) {
      if (!this.node.store.isBlock(block)) fail("EUCLEAN");
      if (depth === 0) break;
      const span = this.fan ** --depth;
      block = word(cache.read(block), Math.floor(within / span));
      within %= span;
    }
    return { block, depth, within };
  }

  /** The pointer in the inode through which the file's block `index` is reached. */
  private root(index: number): { slot: number; depth: number; within: number } {
    if (index < DIRECT) return { slot: index, depth: 0, within: 0 };
    let within = index - DIRECT;
    let depth = 1;
    while (depth < 3 && within >= this.fan ** depth) within -= this.fan ** depth++;
    if (within >= this.fan ** depth) fail("EFBIG");
    return { slot: DIRECT + depth - 1, depth, within };
  }

  /** Sets a pointer, in copies of the indirect blocks on the way where the disk refers to those. */
  private set(index: number, block: number): void {
    const { node } = this;
    const { cache } = node.store;
    let { slot, depth, within } = this.root(index);
    let holder: Uint8Array | undefined;
    const get = () => (holder ? word(holder, slot) : node.pointers[slot]);
    const put = (value: number) => {
      if (holder) setWord(holder, slot, value);
      else node.pointers[slot] = value;
    };
    for (; depth > 0; depth--) {
      let below = get();
      if (below === 0) {
        below = node.store.allocate(this.goalFor(index), node.isHeld);
        cache.create(below);
        node.counted(1);
      } else below = this.copied(below);
      put(below);
      holder = cache.change(below);
      const span = this.fan ** (depth - 1);
      slot = Math.floor(within / span);
      within %= span;
    }
    put(block);
  }

  /**
   * A copy of a block that the disk refers to, in its place; the block itself where it does not, or where there is no
   * room for a copy.
   */
  private copied(block: number): number {
    const { store, isHeld } = this.node;
    store.checkChange(block);
    if (store.isFresh(block)) return block;
    const bytes = store.cache.read(block);
    const copy = store.allocateCopy(block, isHeld);
    if (copy === undefined) return block;
    store.cache.replace(copy).set(bytes);
    store.free(block);
    return copy;
  }

  /** Frees what is reached from block `from` on in a tree. Returns the pointer to what is left of it. */
  private cut(block: number, depth: number, from: number, steps: Steps): number {
    const { store } = this.node;
    if (!store.isBlock(block)) return 0;
    steps.take();
    if (depth === 0 || from === 0) {
      if (depth > 0) {
        const bytes = store.cache.read(block);
        for (let i = 0; i < this.fan; i++) this.cut(word(bytes, i), depth - 1, 0, steps);
      }
      this.release(block);
      return 0;
    }
    const kept = this.copied(block);
    const bytes = store.cache.change(kept);
    const span = this.fan ** (depth - 1);
    for (let i = Math.floor(from / span); i < this.fan; i++)
      setWord(bytes, i, this.cut(word(bytes, i), depth - 1, Math.max(0, from - i * span), steps));
    return kept;
  }

  /** A pointer that cannot be right leads to nothing that could be freed. */
  private release(block: number): void {
    const { node } = this;
    if (!node.store.isFileBlock(block)) return;
    node.store.free(block);
    node.counted(-1);
  }

  private goalFor(index: number): number {
    const { last } = this;
    if (index === last.index + 1) return last.block + 1;
    const before = index > 0 ? this.find(index - 1) : 0;
    return before === 0 ? this.node.goal : before + 1;
  }
}

/** More blocks than a file system has: its pointers go round in circles. */
class Steps {
  private left: number;
  constructor(left: number) {
    this.left = left;
  }
  take(): void {
    if (this.left-- === 0) fail("EUCLEAN");
  }
}

function word(bytes: Uint8Array, index: number): number {
  const at = 4 * index;
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

function setWord(bytes: Uint8Array, index: number, value: number): void {
  const at = 4 * index;
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
