import { fail } from "../vfs/error.ts";
import type { Group } from "./group.ts";
import type { Store } from "./store.ts";

/** Bytes kept of inode tables beyond what is changed, and bytes read at once. */
const CAPACITY = 8 << 20;
const READ = 16384;

/** An inode's bytes in a block of its table. */
export interface InodeSlot {
  readonly view: DataView;
  readonly at: number;
}

/** The inodes of a file system, by number from 1 on. Their blocks are known by place in all tables together. */
export class InodeTable {
  /** Blocks that differ from the disk. */
  changed = 0;
  private readonly store: Store;
  private readonly blocks = new Map<number, Uint8Array>();

  constructor(store: Store) {
    this.store = store;
  }

  /** To be read. Throws EUCLEAN for a number that is none. */
  read(ino: number): InodeSlot {
    const { index, at } = this.locate(ino);
    return slot(this.block(index), at);
  }

  /** To be changed. */
  change(ino: number): InodeSlot {
    const { group, block, index, at } = this.locate(ino);
    const owner = this.store.group(group);
    if (!owner.changedTable.has(block)) {
      owner.changedTable.add(block);
      this.changed++;
    }
    return slot(this.block(index), at);
  }

  /** Block `block` of a group's table, as it is to be written. */
  bytesOf(group: Group, block: number): Uint8Array {
    return this.block(group.index * this.store.geometry.tableBlocks + block);
  }

  /** The same where it is here already. */
  known(group: Group, block: number): Uint8Array | undefined {
    return this.blocks.get(group.index * this.store.geometry.tableBlocks + block);
  }

  trim(): void {
    const { tableBlocks, blockSize } = this.store.geometry;
    const most = CAPACITY / blockSize + this.changed;
    if (this.blocks.size <= most) return;
    for (const index of this.blocks.keys()) {
      if (this.blocks.size <= most / 2) return;
      const group = this.store.groups.get(Math.floor(index / tableBlocks));
      if (!group?.changedTable.has(index % tableBlocks)) this.blocks.delete(index);
    }
  }

  groupOf(ino: number): number {
    return Math.floor((ino - 1) / this.store.geometry.inodesPerGroup);
  }

  /** Takes a free inode, near group `near`. Throws ENOSPC. */
  allocate(near: number, isDirectory: boolean): number {
    const { store } = this;
    const { groups, inodesPerGroup, firstInode } = store.geometry;
    for (let i = 0; i < groups; i++) {
      const index = (near + i) % groups;
      if (!store.groups.has(index) && store.descriptor(index).freeInodes === 0) continue;
      const group = store.group(index);
      const reserved = Math.max(0, Math.min(firstInode - 1 - index * inodesPerGroup, inodesPerGroup));
      const bit = group.inodes.find(reserved);
      if (bit < reserved) continue;
      group.inodes.use(bit);
      if (isDirectory) group.descriptor.directories++;
      store.touched(group);
      return index * inodesPerGroup + bit + 1;
    }
    return fail("ENOSPC");
  }

  free(ino: number, isDirectory: boolean): void {
    const { group, bit } = this.bitOf(ino);
    if (isDirectory && group.inodes.isUsed(bit)) group.descriptor.directories--;
    if (group.inodes.isCommitted(bit)) this.store.pending++;
    group.inodes.unuse(bit);
    group.inodes.unhold(bit);
    this.store.touched(group);
  }

  /** On the disk the inode is free from the next commit on; here it stays in use until `free`. */
  hold(ino: number): void {
    const { group, bit } = this.bitOf(ino);
    group.inodes.unuse(bit);
    group.inodes.hold(bit);
    this.store.touched(group);
  }

  private bitOf(ino: number): { group: Group; bit: number } {
    const { inodesPerGroup } = this.store.geometry;
    return { group: this.store.group(this.groupOf(ino)), bit: (ino - 1) % inodesPerGroup };
  }

  private locate(ino: number): { group: number; block: number; index: number; at: number } {
    const { inodesPerGroup, inodes, inodeSize, blockSize, tableBlocks } = this.store.geometry;
    if (ino < 1 || ino > inodes) fail("EUCLEAN");
    const group = Math.floor((ino - 1) / inodesPerGroup);
    const within = ((ino - 1) % inodesPerGroup) * inodeSize;
    const block = Math.floor(within / blockSize);
    return { group, block, index: group * tableBlocks + block, at: within % blockSize };
  }

  private block(index: number): Uint8Array {
    return this.blocks.get(index) ?? this.readBlock(index);
  }

  /** Reads some blocks behind it, too. */
  private readBlock(index: number): Uint8Array {
    const { store } = this;
    const { tableBlocks, blockSize, blocks } = store.geometry;
    const within = index % tableBlocks;
    const { inodeTable } = store.descriptor(Math.floor(index / tableBlocks)).place;
    if (!store.isBlock(inodeTable) || inodeTable + tableBlocks > blocks) fail("EUCLEAN");
    const count = Math.min(READ / blockSize, tableBlocks - within);
    const bytes = new Uint8Array(count * blockSize);
    store.device.read((inodeTable + within) * blockSize, bytes);
    for (let i = 0; i < count; i++)
      if (!this.blocks.has(index + i))
        this.blocks.set(index + i, bytes.slice(i * blockSize, (i + 1) * blockSize));
    return this.blocks.get(index) as Uint8Array;
  }
}

function slot(bytes: Uint8Array, at: number): InodeSlot {
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at };
}
