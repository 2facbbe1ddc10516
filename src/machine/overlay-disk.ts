import type { Disk } from "../devices/disk.ts";
import type { Stateful } from "../devices/state.ts";
import { bytes, integer, listOf, must, record, type Shaped } from "../devices/state-shape.ts";
import { diskText } from "../messages/disk.ts";
import { RefusedError } from "../messages/errors.ts";

/** Bytes: what filesystems write at once, so that hardly ever a block has to be filled up from the base. */
const BLOCK = 4096;
/** How a block of zeroes is kept and saved. */
const NOTHING = new Uint8Array(0);
const ZEROES = new Uint8Array(BLOCK);

const count = integer(0, Number.MAX_SAFE_INTEGER);
/** Blocks that were written; those of zeroes are empty. */
const STATE = record({
  sizeBytes: count,
  blocks: listOf(record({ index: count, contents: bytes(0, BLOCK) }), 0, Number.MAX_SAFE_INTEGER),
});
export type OverlayState = Shaped<typeof STATE>;

/** A part of a range that lies in one block: `count` bytes, `at` in the range, `within` in block `index`. */
interface Part {
  readonly index: number;
  readonly within: number;
  readonly at: number;
  readonly count: number;
}

/** How many overlays stand on a disk. */
const users = new WeakMap<Disk, number>();

/**
 * A disk whose writes stay in memory: what was not written is read from a base, which is never changed. Blocks are
 * shared with copies and saved states until one side writes.
 */
export class OverlayDisk implements Disk, Stateful<OverlayState> {
  readonly sizeBytes: number;
  readonly readOnly = false;
  private readonly base: Disk;
  private blocks = new Map<number, Uint8Array>();
  /** Numbers of the blocks that nobody else has. */
  private readonly own = new Set<number>();

  /** The last overlay on a base closes it. */
  constructor(base: Disk) {
    this.base = base;
    this.sizeBytes = base.sizeBytes;
    users.set(base, (users.get(base) ?? 0) + 1);
  }

  /** A copy: what one of the two writes the other does not see. */
  fork(): OverlayDisk {
    const copy = new OverlayDisk(this.base);
    this.own.clear();
    copy.blocks = new Map(this.blocks);
    return copy;
  }

  save(): OverlayState {
    this.own.clear();
    // In their order: that of the writes depends on how soon the base answered.
    const blocks = [...this.blocks]
      .sort(([one], [other]) => one - other)
      .map(([index, contents]) => ({ index, contents }));
    return { sizeBytes: this.sizeBytes, blocks };
  }

  /** Throws `RefusedError` where the saved disk had another size. */
  restore(state: OverlayState): void {
    const { sizeBytes, blocks } = STATE(state);
    if (sizeBytes !== this.sizeBytes) throw new RefusedError(diskText.otherSize(sizeBytes, this.sizeBytes));
    this.own.clear();
    for (const { index, contents } of blocks)
      must(index * BLOCK < sizeBytes && (contents.length === 0 || contents.length === BLOCK));
    this.blocks = new Map(blocks.map(({ index, contents }) => [index, contents]));
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (!this.touches(offset, length)) return this.base.read(offset, length);
    const bytes = new Uint8Array(length);
    const fromBase: Promise<void>[] = [];
    const readBase = (start: number, end: number): void => {
      if (start === end) return;
      const reading = this.base.read(offset + start, end - start);
      fromBase.push(Promise.resolve(reading).then((found) => bytes.set(found, start)));
    };
    let missing = 0;
    for (const { index, within, at, count } of parts(offset, length)) {
      const block = this.blocks.get(index);
      if (!block) continue;
      readBase(missing, at);
      bytes.set(block.subarray(within, within + count), at);
      missing = at + count;
    }
    readBase(missing, length);
    await Promise.all(fromBase);
    return bytes;
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const filling: Promise<void>[] = [];
    for (const part of parts(offset, bytes.length)) {
      const from = bytes.subarray(part.at, part.at + part.count);
      if (this.hasOrCovers(part)) this.put(part, from);
      else filling.push(this.fill(part, from.slice()));
    }
    await Promise.all(filling);
  }

  async flush(): Promise<void> {}

  /** The base's contents show again, which takes no room. */
  async discard(offset: number, length: number): Promise<void> {
    for (const { index, count } of parts(offset, length)) {
      if (count < BLOCK) continue;
      this.blocks.delete(index);
      this.own.delete(index);
    }
  }

  async writeZeroes(offset: number, length: number): Promise<void> {
    const filling: Promise<void>[] = [];
    for (const part of parts(offset, length)) {
      if (part.count === BLOCK) {
        this.blocks.set(part.index, NOTHING);
        this.own.delete(part.index);
      } else if (this.hasOrCovers(part)) this.put(part, ZEROES.subarray(0, part.count));
      else filling.push(this.fill(part, ZEROES.subarray(0, part.count)));
    }
    await Promise.all(filling);
  }

  async close(): Promise<void> {
    const left = (users.get(this.base) ?? 1) - 1;
    users.set(this.base, left);
    if (left === 0) await this.base.close();
  }

  private touches(offset: number, length: number): boolean {
    const end = Math.ceil((offset + length) / BLOCK);
    for (let index = Math.floor(offset / BLOCK); index < end; index++)
      if (this.blocks.has(index)) return true;
    return false;
  }

  /** Nothing of the base is needed to write this part. */
  private hasOrCovers({ index, count }: Part): boolean {
    return this.blocks.has(index) || count === this.blockSize(index);
  }

  private blockSize(index: number): number {
    return Math.min(BLOCK, this.sizeBytes - index * BLOCK);
  }

  /** Meanwhile somebody else may have written to the block: then what is in the base is old. */
  private async fill(part: Part, bytes: Uint8Array): Promise<void> {
    const found = await this.base.read(part.index * BLOCK, this.blockSize(part.index));
    if (!this.blocks.has(part.index)) this.blocks.set(part.index, found);
    this.put(part, bytes);
  }

  private put({ index, within, count }: Part, bytes: Uint8Array): void {
    let block = this.blocks.get(index);
    if (!block || !this.own.has(index)) {
      const old = block;
      block = new Uint8Array(BLOCK);
      if (old && count < BLOCK) block.set(old);
      this.blocks.set(index, block);
      this.own.add(index);
    }
    block.set(bytes, within);
  }
}

function* parts(offset: number, length: number): Generator<Part, void> {
  for (let at = 0; at < length; ) {
    const index = Math.floor((offset + at) / BLOCK);
    const within = offset + at - index * BLOCK;
    const count = Math.min(BLOCK - within, length - at);
    yield { index, within, at, count };
    at += count;
  }
}
