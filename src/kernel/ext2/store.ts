import type { BlockDevice } from "../rkblkdev/block-device.ts";
import { errno } from "../syscalls/errno.ts";
import { fail, VfsError } from "../vfs/error.ts";
import { BlockCache } from "./block-cache.ts";
import { Commit } from "./commit.ts";
import {
  type Geometry,
  LARGE_FILE,
  readGeometry,
  SUPERBLOCK_AT,
  SUPERBLOCK_SIZE,
  Super,
} from "./geometry.ts";
import { Descriptor, Group } from "./group.ts";
import { InodeTable } from "./inode-table.ts";

/** Nanoseconds after a change until it is on the disk at the latest. */
const COMMIT_INTERVAL = 5e9;
/** Changed blocks of inode tables that may wait for a commit. */
const MOST_CHANGED = 1024;
/** Blocks kept for copies of what a change touches, so that a full disk can be tidied up; and when to get new ones. */
const POOL = 32;
const LOW_POOL = 16;

export interface StoreOptions {
  readonly readOnly: boolean;
  /** Nanoseconds since 1970. */
  readonly now: () => bigint;
  /** Calls back after so many nanoseconds. */
  readonly after: (nanoseconds: number, action: () => void) => void;
}

/**
 * The blocks and inodes of an ext2 file system, and how changes of them get to the disk.
 *
 * ext2 has no journal, but what stands on the disk is a whole file system at every moment. What the disk refers to is not
 * written over (contents of files excepted): bitmaps, inode tables, directories and indirect blocks are
 * written to free blocks, and a commit makes them the valid ones with one write of the page that holds the group
 * descriptors. This works within a page of descriptors, 16 GiB of a file system of 4 KiB blocks; where there is no free
 * room for copies, blocks are written in place.
 */
export class Store {
  readonly geometry: Geometry;
  readonly device: BlockDevice;
  readonly readOnly: boolean;
  readonly cache: BlockCache;
  readonly table: InodeTable;
  readonly now: () => bigint;
  /** Everything up to the end of the group descriptors, as it is to be written. */
  readonly head: Uint8Array;
  /** The same as it stands on the disk. */
  readonly written: Uint8Array;
  readonly groups = new Map<number, Group>();
  /** Something changed that only makes sense together with something else. */
  isStructural = false;
  /** Blocks and inodes that are free once the disk does not refer to them any more. */
  pending = 0;
  private readonly superblock: DataView;
  private readonly after: StoreOptions["after"];
  private readonly pool: number[] = [];
  private isScheduled = false;

  /** Throws `RefusedError` where the disk has no file system that can be used, `VfsError` where it cannot be read. */
  constructor(device: BlockDevice, { readOnly, now, after }: StoreOptions) {
    const first = new Uint8Array(SUPERBLOCK_AT + SUPERBLOCK_SIZE);
    if (device.sizeBytes >= first.length) device.read(0, first);
    this.geometry = readGeometry(device, first.subarray(SUPERBLOCK_AT));
    this.device = device;
    this.readOnly = readOnly || device.readOnly || this.geometry.readOnly;
    this.now = now;
    this.after = after;
    const { firstBlock, descriptorBlocks, blockSize } = this.geometry;
    this.head = new Uint8Array((firstBlock + 1 + descriptorBlocks) * blockSize);
    device.read(0, this.head);
    this.written = this.head.slice();
    this.superblock = new DataView(this.head.buffer, SUPERBLOCK_AT, SUPERBLOCK_SIZE);
    this.cache = new BlockCache(device, blockSize);
    this.table = new InodeTable(this);
    if (this.readOnly) return;
    this.setSuper(Super.mountTime, this.seconds);
    this.superblock.setUint16(
      Super.mountCount,
      (this.superblock.getUint16(Super.mountCount, true) + 1) & 0x7fff,
      true,
    );
  }

  get seconds(): number {
    return Number(BigInt.asUintN(32, this.now() / 1_000_000_000n));
  }

  setSuper(field: number, value: number): void {
    this.superblock.setUint32(field, value, true);
  }

  /** Free blocks and inodes that a guest can get. */
  use(): { freeBlocks: number; freeInodes: number } {
    let freeBlocks = 0;
    let freeInodes = 0;
    const spare = this.readOnly ? 0 : this.geometry.tableBlocks + 2;
    for (let i = 0; i < this.geometry.groups; i++) {
      const group = this.groups.get(i);
      const descriptor = this.descriptor(i);
      freeBlocks += Math.max(
        0,
        group ? group.blocks.unused - group.blocks.heldCount : descriptor.freeBlocks - spare,
      );
      freeInodes += group ? group.inodes.unused - group.inodes.heldCount : descriptor.freeInodes;
    }
    const wanted = this.readOnly ? 0 : POOL - this.pool.length;
    return { freeBlocks: Math.max(0, freeBlocks - wanted), freeInodes };
  }

  descriptor(group: number): Descriptor {
    const { firstBlock, blockSize } = this.geometry;
    return new Descriptor(this.head.subarray((firstBlock + 1) * blockSize), group);
  }

  /** A group to be written to. Throws EUCLEAN and EIO. */
  group(index: number): Group {
    const known = this.groups.get(index);
    if (known) return known;
    const group = new Group(this.geometry, index, this.descriptor(index), (block) => {
      const bytes = new Uint8Array(this.geometry.blockSize);
      this.device.read(block * bytes.length, bytes);
      return bytes;
    });
    this.groups.set(index, group);
    return group;
  }

  /** Before every change. What was changed before is whole, and may be committed. Throws EROFS. */
  begin(): void {
    if (this.readOnly) fail("EROFS");
    this.trim();
    if (this.pool.length < LOW_POOL) {
      if (this.pending > 0) this.commit(false);
      this.fillPool();
    }
    if (this.table.changed > MOST_CHANGED) this.commit(false);
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.after(COMMIT_INTERVAL, () => {
      this.isScheduled = false;
      try {
        this.commit(false);
      } catch (error) {
        // Who calls fsync is told; until then it is tried again with the next change.
        if (!(error instanceof VfsError)) throw error;
      }
    });
  }

  /**
   * Begins a change and makes it: once more where there was no room but freed blocks that the disk still refers to. What
   * fails has undone itself.
   */
  attempt<T>(change: () => T): T {
    this.begin();
    try {
      return change();
    } catch (error) {
      if (!(error instanceof VfsError) || error.code !== errno.ENOSPC || this.pending === 0) throw error;
      this.commit(false);
      return change();
    }
  }

  /** Lets go of blocks where too many are kept. Bytes that were given out are not to be used any more. */
  trim(): void {
    this.cache.trim();
    this.table.trim();
  }

  /** Brings changes to the disk, all or nothing. `durable`: they survive the loss of power. Throws EIO. */
  commit(durable: boolean): void {
    if (!this.readOnly) new Commit(this).run(durable);
  }

  /** The same, with all of the file system's own blocks where they were before it was mounted. */
  unmount(): void {
    if (this.readOnly) return;
    this.commit(true);
    for (const group of this.groups.values())
      if (!group.isAtHome && group.spare) {
        group.isChanged = true;
        this.isStructural = true;
      }
    this.commit(true);
  }

  /** Called when a commit is done. */
  settled(): void {
    this.pending = 0;
    this.isStructural = false;
    this.fillPool();
  }

  /** A number of a block behind the superblock. */
  isBlock(block: number): boolean {
    return block > this.geometry.firstBlock && block < this.geometry.blocks;
  }

  /** A block that can be a file's. Throws EUCLEAN where its group is damaged. */
  isFileBlock(block: number): boolean {
    return this.isBlock(block) && !this.group(this.groupOf(block)).isOwn(this.geometry, block);
  }

  /** Throws EUCLEAN for a block that is no file's. */
  checkChange(block: number): void {
    if (!this.isFileBlock(block)) fail("EUCLEAN");
  }

  /** The disk does not refer to the block: it may be changed before a commit. */
  isFresh(block: number): boolean {
    const group = this.group(this.groupOf(block));
    return !group.blocks.isCommitted(block - group.first);
  }

  /** A free block at or behind `goal`. `isHeld`: for a file that is not on the disk any more. Throws ENOSPC. */
  allocate(goal: number, isHeld: boolean): number {
    const block = this.findFree(goal);
    if (block < 0) fail("ENOSPC");
    this.take(block, isHeld);
    return block;
  }

  /** A block for the copy of one that is already there; undefined where there is none. */
  allocateCopy(goal: number, isHeld: boolean): number | undefined {
    let block = this.findFree(goal);
    if (block < 0) {
      const kept = this.pool.pop();
      if (kept === undefined) return undefined;
      const group = this.group(this.groupOf(kept));
      group.blocks.unhold(kept - group.first);
      block = kept;
    }
    this.take(block, isHeld);
    return block;
  }

  /** Throws EUCLEAN for a block that is no file's. */
  free(block: number): void {
    this.checkChange(block);
    const group = this.group(this.groupOf(block));
    const bit = block - group.first;
    if (group.blocks.isCommitted(bit)) this.pending++;
    group.blocks.unuse(bit);
    group.blocks.unhold(bit);
    this.cache.forget(block);
    this.touched(group);
  }

  /** On the disk the block is free from the next commit on; here it stays in use until `free`. */
  hold(block: number): void {
    if (!this.isFileBlock(block)) return;
    const group = this.group(this.groupOf(block));
    group.blocks.unuse(block - group.first);
    group.blocks.hold(block - group.first);
    this.touched(group);
  }

  groupOf(block: number): number {
    return Math.floor((block - this.geometry.firstBlock) / this.geometry.blocksPerGroup);
  }

  touched(group: Group): void {
    group.isChanged = true;
    this.isStructural = true;
  }

  /** There is a file of 2 GiB or more. */
  setLargeFile(): void {
    const features = this.superblock.getUint32(Super.roCompat, true);
    if (features & LARGE_FILE) return;
    this.setSuper(Super.roCompat, features | LARGE_FILE);
    this.isStructural = true;
  }

  private take(block: number, isHeld: boolean): void {
    const group = this.group(this.groupOf(block));
    if (isHeld) group.blocks.hold(block - group.first);
    else group.blocks.use(block - group.first);
    this.touched(group);
  }

  private findFree(goal: number): number {
    const { groups } = this.geometry;
    const start = this.isBlock(goal) ? goal : this.geometry.firstBlock;
    const first = this.groupOf(start);
    for (let i = 0; i < groups; i++) {
      const index = (first + i) % groups;
      if (!this.groups.has(index) && this.descriptor(index).freeBlocks === 0) continue;
      const group = this.group(index);
      const bit = group.blocks.find(i === 0 ? start - group.first : 0);
      if (bit >= 0) return group.first + bit;
    }
    return -1;
  }

  private fillPool(): void {
    while (this.pool.length < POOL) {
      const block = this.findFree(this.geometry.blocks - 1);
      if (block < 0) return;
      const group = this.group(this.groupOf(block));
      group.blocks.hold(block - group.first);
      this.pool.push(block);
    }
  }
}
