import { fail } from "../vfs/error.ts";
import { Bitmap } from "./bitmap.ts";
import { type Geometry, GROUP_DESCRIPTOR_SIZE, hasSuperblock } from "./geometry.ts";

/** Where a group's own blocks are. */
export interface Place {
  readonly blockBitmap: number;
  readonly inodeBitmap: number;
  /** The first block of the inode table. */
  readonly inodeTable: number;
}

/** A group's descriptor in the table of all (32 bytes each). */
export class Descriptor {
  private readonly view: DataView;
  private readonly at: number;

  constructor(table: Uint8Array, group: number) {
    this.view = new DataView(table.buffer, table.byteOffset, table.length);
    this.at = group * GROUP_DESCRIPTOR_SIZE;
  }

  get place(): Place {
    const { view, at } = this;
    return {
      blockBitmap: view.getUint32(at, true),
      inodeBitmap: view.getUint32(at + 4, true),
      inodeTable: view.getUint32(at + 8, true),
    };
  }

  set place({ blockBitmap, inodeBitmap, inodeTable }: Place) {
    const { view, at } = this;
    view.setUint32(at, blockBitmap, true);
    view.setUint32(at + 4, inodeBitmap, true);
    view.setUint32(at + 8, inodeTable, true);
  }

  get freeBlocks(): number {
    return this.view.getUint16(this.at + 12, true);
  }

  set freeBlocks(count: number) {
    this.view.setUint16(this.at + 12, count, true);
  }

  get freeInodes(): number {
    return this.view.getUint16(this.at + 14, true);
  }

  set freeInodes(count: number) {
    this.view.setUint16(this.at + 14, count, true);
  }

  get directories(): number {
    return this.view.getUint16(this.at + 16, true);
  }

  set directories(count: number) {
    this.view.setUint16(this.at + 16, Math.max(0, count), true);
  }
}

/**
 * A block group that is written to. It is written to a place that the disk does not refer to, and then its descriptor
 * leads there: `spare` is that place, where there is room for one.
 */
export class Group {
  readonly index: number;
  /** The first of its blocks, and how many. */
  readonly first: number;
  readonly size: number;
  readonly blocks: Bitmap;
  readonly inodes: Bitmap;
  readonly descriptor: Descriptor;
  /** Where it was when it was first looked at. */
  readonly home: Place;
  spare: Place | undefined;
  /** Bitmaps or inodes differ from what is on the disk. */
  isChanged = false;
  /** Blocks of the inode table, counted in the group, that differ from the disk; and those that differ in `spare`. */
  readonly changedTable = new Set<number>();
  staleTable: Set<number> | "all" = "all";

  /** `read`: the bytes of a block. Throws EUCLEAN where the descriptor cannot be right. */
  constructor(
    geometry: Geometry,
    index: number,
    descriptor: Descriptor,
    read: (block: number) => Uint8Array,
  ) {
    const { firstBlock, blocksPerGroup, blocks, inodesPerGroup, inodes } = geometry;
    this.index = index;
    this.first = firstBlock + index * blocksPerGroup;
    this.size = Math.min(blocksPerGroup, blocks - this.first);
    this.descriptor = descriptor;
    this.home = descriptor.place;
    if (!isInside(geometry, this.home, this.first + headBlocks(geometry, index), this.first + this.size))
      fail("EUCLEAN");
    this.blocks = new Bitmap(read(this.home.blockBitmap), this.size);
    const count = Math.min(inodesPerGroup, inodes - index * inodesPerGroup);
    this.inodes = new Bitmap(read(this.home.inodeBitmap), count);
    this.holdOwn(geometry);
    this.spare = this.findSpare(geometry);
    if (this.spare) for (const block of blocksOf(geometry, this.spare)) this.blocks.hold(block - this.first);
    descriptor.freeBlocks = this.blocks.unused;
    descriptor.freeInodes = this.inodes.unused;
  }

  /** Moves to the spare place, which is written; the old one is the spare then. */
  swap(geometry: Geometry): void {
    const { spare, descriptor, blocks, first } = this;
    if (!spare) return;
    const old = descriptor.place;
    for (const block of blocksOf(geometry, old)) {
      blocks.unuse(block - first);
      blocks.hold(block - first);
    }
    for (const block of blocksOf(geometry, spare)) {
      blocks.use(block - first);
      blocks.unhold(block - first);
    }
    descriptor.place = spare;
    this.spare = old;
  }

  get isAtHome(): boolean {
    return this.descriptor.place.inodeTable === this.home.inodeTable;
  }

  /** A block of the group's own, or of the file system's. */
  isOwn(geometry: Geometry, block: number): boolean {
    const isOf = ({ blockBitmap, inodeBitmap, inodeTable }: Place) =>
      block === blockBitmap ||
      block === inodeBitmap ||
      (block >= inodeTable && block < inodeTable + geometry.tableBlocks);
    return (
      block < this.first + headBlocks(geometry, this.index) ||
      isOf(this.descriptor.place) ||
      (this.spare !== undefined && isOf(this.spare))
    );
  }

  /** A damaged bitmap must not give away what the group itself, or the file system, stands in. */
  private holdOwn(geometry: Geometry): void {
    for (const block of blocksOf(geometry, this.home))
      if (!this.blocks.isUsed(block - this.first)) this.blocks.hold(block - this.first);
    const head = headBlocks(geometry, this.index);
    for (let bit = 0; bit < Math.min(head, this.size); bit++)
      if (!this.blocks.isUsed(bit)) this.blocks.hold(bit);
  }

  /** Where mke2fs puts a group's own blocks, where that is free; or else as far back as there is room. */
  private findSpare(geometry: Geometry): Place | undefined {
    const usual = this.first + headBlocks(geometry, this.index);
    const length = 2 + geometry.tableBlocks;
    const isFree = (block: number) =>
      block < this.first + this.size && this.blocks.isFree(block - this.first);
    let start: number = usual;
    for (let i = 0; i < length; i++)
      if (!isFree(usual + i)) {
        const found = this.blocks.findLastRun(length);
        if (found < 0) return undefined;
        start = this.first + found;
        break;
      }
    return { blockBitmap: start, inodeBitmap: start + 1, inodeTable: start + 2 };
  }
}

function headBlocks(geometry: Geometry, group: number): number {
  if (!hasSuperblock(geometry, group)) return 0;
  return 1 + geometry.descriptorBlocks + geometry.reservedDescriptorBlocks;
}

function* blocksOf({ tableBlocks }: Geometry, place: Place): Generator<number> {
  yield place.blockBitmap;
  yield place.inodeBitmap;
  for (let i = 0; i < tableBlocks; i++) yield place.inodeTable + i;
}

/** The parts of a place are in the group, from block `first` up to `end`, and apart. */
function isInside({ tableBlocks }: Geometry, place: Place, first: number, end: number): boolean {
  const { blockBitmap, inodeBitmap, inodeTable } = place;
  const isOf = (block: number, count: number) => block >= first && block + count <= end;
  const isApart = (block: number) => block < inodeTable || block >= inodeTable + tableBlocks;
  return (
    isOf(blockBitmap, 1) &&
    isOf(inodeBitmap, 1) &&
    isOf(inodeTable, tableBlocks) &&
    blockBitmap !== inodeBitmap &&
    isApart(blockBitmap) &&
    isApart(inodeBitmap)
  );
}
