import { Super } from "./geometry.ts";
import type { Group, Place } from "./group.ts";
import type { Store } from "./store.ts";

/** Bytes that the host writes as a whole, even when it is killed: a page of its cache. */
const PAGE = 4096;
/** Bytes copied at once. */
const COPY = 1 << 20;

/** Brings what was changed since the last commit to the disk. */
export class Commit {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  run(durable: boolean): void {
    const { store } = this;
    const groups = [...store.groups.values()].filter(
      (group) => group.isChanged || group.changedTable.size > 0,
    );
    store.cache.flush();
    if (groups.length > 0) {
      // Inodes whose changes stand for themselves need no new place.
      if (store.isStructural) this.move(groups);
      else for (const group of groups) this.writeInPlace(group);
      for (const group of groups) settle(store, group);
      store.settled();
    }
    if (durable) this.flush();
  }

  /** Writes groups to their spare places, then the descriptors that make those the valid ones. */
  private move(groups: readonly Group[]): void {
    const { store } = this;
    const { geometry } = store;
    const moving = groups.filter(({ spare }) => spare !== undefined);
    const staying = groups.filter(({ spare }) => spare === undefined);
    const moved: Group[] = [];
    try {
      for (const group of moving) {
        this.writeTable(group, group.spare as Place);
        group.swap(geometry);
        moved.push(group);
        this.writeBitmaps(group);
      }
      for (const { descriptor, blocks, inodes } of groups) {
        descriptor.freeBlocks = blocks.unused;
        descriptor.freeInodes = inodes.unused;
      }
      this.count();
      // What the descriptors lead to is there before them, and they are before anything takes the place of the old.
      this.flush();
      this.writeHead();
      this.flush();
    } catch (error) {
      // The disk still refers to the old places, as far as is known: nothing may be written there.
      for (const group of moved) {
        group.swap(geometry);
        group.staleTable = "all";
      }
      throw error;
    }
    for (const group of moving) group.staleTable = new Set(group.changedTable);
    for (const group of staying) {
      this.writeBitmaps(group);
      this.writeInPlace(group);
    }
  }

  private writeBitmaps({ descriptor, blocks, inodes }: Group): void {
    this.write(descriptor.place.blockBitmap, blocks.next);
    this.write(descriptor.place.inodeBitmap, inodes.next);
  }

  /** All of a group's inodes to another place. */
  private writeTable(group: Group, { inodeTable }: Place): void {
    if (group.staleTable === "all") this.copyTable(group, group.descriptor.place.inodeTable, inodeTable);
    else this.writeInodes(group, new Set([...group.staleTable, ...group.changedTable]), inodeTable);
  }

  private writeInPlace(group: Group): void {
    this.writeInodes(group, group.changedTable, group.descriptor.place.inodeTable);
    if (group.staleTable !== "all") for (const block of group.changedTable) group.staleTable.add(block);
  }

  private writeInodes(group: Group, blocks: ReadonlySet<number>, inodeTable: number): void {
    for (const block of [...blocks].sort((a, b) => a - b))
      this.write(inodeTable + block, this.store.table.bytesOf(group, block));
  }

  private copyTable(group: Group, from: number, to: number): void {
    const { geometry, device, table } = this.store;
    const { blockSize, tableBlocks } = geometry;
    for (let start = 0; start < tableBlocks; start += COPY / blockSize) {
      const count = Math.min(COPY / blockSize, tableBlocks - start);
      const bytes = new Uint8Array(count * blockSize);
      device.read((from + start) * blockSize, bytes);
      for (let i = 0; i < count; i++) {
        const known = table.known(group, start + i);
        if (known) bytes.set(known, i * blockSize);
      }
      this.write(to + start, bytes);
    }
  }

  /** Sums in the superblock. */
  private count(): void {
    const { store } = this;
    let blocks = 0;
    let inodes = 0;
    for (let i = 0; i < store.geometry.groups; i++) {
      const { freeBlocks, freeInodes } = store.descriptor(i);
      blocks += freeBlocks;
      inodes += freeInodes;
    }
    store.setSuper(Super.freeBlocks, blocks);
    store.setSuper(Super.freeInodes, inodes);
    store.setSuper(Super.writeTime, store.seconds);
  }

  /** Pages that differ from the disk. One with descriptors is what the commit hangs on. */
  private writeHead(): void {
    const { head, written } = this.store;
    for (let at = 0; at < head.length; at += PAGE) {
      const end = Math.min(at + PAGE, head.length);
      if (isSame(head, written, at, end)) continue;
      this.store.device.write(at, head.subarray(at, end));
      written.set(head.subarray(at, end), at);
      this.store.cache.isUnflushed = true;
    }
  }

  private write(block: number, bytes: Uint8Array): void {
    this.store.device.write(block * this.store.geometry.blockSize, bytes);
    this.store.cache.isUnflushed = true;
  }

  private flush(): void {
    const { cache, device } = this.store;
    if (cache.isUnflushed) device.flush();
    cache.isUnflushed = false;
  }
}

function settle(store: Store, group: Group): void {
  group.blocks.settle();
  group.inodes.settle();
  group.isChanged = false;
  store.table.changed -= group.changedTable.size;
  group.changedTable.clear();
}

function isSame(one: Uint8Array, other: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (one[i] !== other[i]) return false;
  return true;
}
