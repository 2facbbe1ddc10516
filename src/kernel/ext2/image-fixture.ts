import { putEntry } from "./entries.ts";

export interface ImageOptions {
  readonly blockSize?: 1024 | 2048 | 4096;
  readonly blocks?: number;
  readonly blocksPerGroup?: number;
  readonly inodesPerGroup?: number;
  readonly inodeSize?: 128 | 256;
}

/** An empty file system, as mke2fs would make it, but without `lost+found` and with every group's superblock. */
export function makeImage({
  blockSize = 1024,
  blocks = 1024,
  blocksPerGroup = 8 * blockSize,
  inodesPerGroup = 128,
  inodeSize = 128,
}: ImageOptions = {}): Uint8Array {
  const image = new Uint8Array(blocks * blockSize);
  const view = new DataView(image.buffer);
  const u16 = (at: number, value: number) => view.setUint16(at, value, true);
  const u32 = (at: number, value: number) => view.setUint32(at, value, true);
  const firstBlock = blockSize === 1024 ? 1 : 0;
  const groups = Math.ceil((blocks - firstBlock) / blocksPerGroup);
  const descriptorBlocks = Math.ceil((groups * 32) / blockSize);
  const tableBlocks = (inodesPerGroup * inodeSize) / blockSize;
  const setBit = (bitmap: number, bit: number) => {
    image[bitmap * blockSize + (bit >> 3)] |= 1 << (bit & 7);
  };
  let free = 0;
  let rootBlock = 0;
  const table = (firstBlock + 1) * blockSize;
  for (let group = 0; group < groups; group++) {
    const first = firstBlock + group * blocksPerGroup;
    const size = Math.min(blocksPerGroup, blocks - first);
    const bitmap = first + 1 + descriptorBlocks;
    let used = 1 + descriptorBlocks + 2 + tableBlocks;
    if (group === 0) rootBlock = first + used++;
    for (let bit = 0; bit < 8 * blockSize; bit++) if (bit < used || bit >= size) setBit(bitmap, bit);
    for (let bit = 0; bit < 8 * blockSize; bit++)
      if (bit >= inodesPerGroup || (group === 0 && bit < 10)) setBit(bitmap + 1, bit);
    const at = table + group * 32;
    [bitmap, bitmap + 1, bitmap + 2].forEach((block, i) => {
      u32(at + 4 * i, block);
    });
    u16(at + 12, size - used);
    u16(at + 14, inodesPerGroup - (group === 0 ? 10 : 0));
    u16(at + 16, group === 0 ? 1 : 0);
    free += size - used;
  }
  const fields: Record<number, number> = {
    ...{ 0: groups * inodesPerGroup, 4: blocks, 12: free, 16: groups * inodesPerGroup - 10, 20: firstBlock },
    ...{ 24: Math.log2(blockSize / 1024), 28: Math.log2(blockSize / 1024), 32: blocksPerGroup },
    ...{ 36: blocksPerGroup, 40: inodesPerGroup, 56: 0x1_ef53, 76: 1, 84: 11, 88: inodeSize, 96: 2 },
  };
  for (const [at, value] of Object.entries(fields)) u32(1024 + Number(at), value);
  u16(1024 + 54, 0xffff);
  if (inodeSize > 128) u16(1024 + 350, 32);
  const root = view.getUint32(table + 8, true) * blockSize + inodeSize;
  u16(root, 0o40755);
  u32(root + 4, blockSize);
  u16(root + 26, 2);
  u32(root + 28, blockSize / 512);
  u32(root + 40, rootBlock);
  const directory = image.subarray(rootBlock * blockSize, (rootBlock + 1) * blockSize);
  putEntry(directory, 0, 12, ".", { ino: 2, type: 0o040000 }, true);
  putEntry(directory, 12, blockSize - 12, "..", { ino: 2, type: 0o040000 }, true);
  for (let group = 1; group < groups; group++) {
    const copy = (firstBlock + group * blocksPerGroup) * blockSize;
    image.set(image.subarray(1024, 2048), copy);
    u16(copy + 90, group);
    image.set(image.subarray(table, table + descriptorBlocks * blockSize), copy + blockSize);
  }
  return image;
}
