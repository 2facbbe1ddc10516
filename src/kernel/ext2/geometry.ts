import { RefusedError } from "../../messages/errors.ts";
import { ext2Text } from "../../messages/ext2.ts";
import type { BlockDevice } from "../rkblkdev/block-device.ts";

/**
 * The superblock of ext2, revisions 0 and 1 (Linux, Documentation/filesystems/ext4/super.rst, as far as it is older
 * than ext4). It stands at byte 1024 and has 1024 bytes; numbers are little-endian.
 */
export const SUPERBLOCK_AT = 1024;
export const SUPERBLOCK_SIZE = 1024;
/** Offsets in it of what is written. */
export const Super = {
  freeBlocks: 12,
  freeInodes: 16,
  mountTime: 44,
  writeTime: 48,
  mountCount: 52,
  roCompat: 100,
} as const;

const MAGIC = 0xef53;
const STATE_ERRORS = 2;
export const GROUP_DESCRIPTOR_SIZE = 32;
/** Largest file system to be written, in groups: what is kept of a group in memory is 6 blocks. */
const MOST_GROUPS = 8192;
/** Larger ones are not even read: all group descriptors are kept in memory. */
const MOST_GROUPS_TO_READ = 2 ** 19;

const FILE_TYPE = 2;
const NEEDS_RECOVERY = 4;
/** Incompatible features by bit, as `mke2fs -O` calls them. */
const INCOMPATIBLE: Readonly<Record<number, string>> = {
  0: "compression",
  3: "journal_dev",
  4: "meta_bg",
  6: "extent",
  7: "64bit",
  8: "mmp",
  9: "flex_bg",
  10: "ea_inode",
  12: "dirdata",
  13: "metadata_csum_seed",
  14: "large_dir",
  15: "inline_data",
  16: "encrypt",
  17: "casefold",
};
/** Features that only who writes must know. */
const SPARSE_SUPER = 1;
export const LARGE_FILE = 2;
const BTREE_DIRECTORIES = 4;

/** What a superblock says of its file system, checked. */
export interface Geometry {
  /** Bytes: 1024, 2048 or 4096. */
  readonly blockSize: number;
  readonly blocks: number;
  readonly inodes: number;
  /** Number of the block with the superblock. */
  readonly firstBlock: number;
  readonly blocksPerGroup: number;
  readonly inodesPerGroup: number;
  readonly groups: number;
  readonly inodeSize: number;
  /** Blocks of a group's inode table. */
  readonly tableBlocks: number;
  /** First inode that is not reserved. */
  readonly firstInode: number;
  /** Blocks of the group descriptors, and those kept for their growth. */
  readonly descriptorBlocks: number;
  readonly reservedDescriptorBlocks: number;
  /** Only some groups have copies of the superblock. */
  readonly sparseSuper: boolean;
  /** Directory entries tell the type of what they lead to. */
  readonly hasFileType: boolean;
  /** Bytes of an inode beyond the first 128 that new ones have in use. */
  readonly extraInodeSize: number;
  /** It has features that only may be read, or known errors. */
  readonly readOnly: boolean;
}

/** Reads the superblock of a disk. Throws `RefusedError`. */
export function readGeometry(device: BlockDevice, bytes: Uint8Array): Geometry {
  const refuse = (why: string): never => {
    throw new RefusedError(ext2Text.refused(device.name, why));
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const u16 = (at: number) => view.getUint16(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  const checked = (field: string, value: number, isGood: boolean): number =>
    isGood ? value : refuse(ext2Text.badField(field, value));
  if (u16(56) !== MAGIC) refuse(ext2Text.notExt2());
  const revision = checked("s_rev_level", u32(76), u32(76) <= 1);
  const [incompatible, roCompatible] = revision === 0 ? [0, 0] : [u32(96), u32(100)];
  if (incompatible & ~(FILE_TYPE | NEEDS_RECOVERY))
    refuse(ext2Text.features(featureNames(incompatible & ~FILE_TYPE)));
  if (incompatible & NEEDS_RECOVERY) refuse(ext2Text.needsRecovery());

  const blockSize = 1024 << checked("s_log_block_size", u32(24), u32(24) <= 2);
  const firstBlock = checked("s_first_data_block", u32(20), u32(20) === (blockSize === 1024 ? 1 : 0));
  const isPerGroup = (value: number) => value > 0 && value % 8 === 0 && value <= 8 * blockSize;
  const blocksPerGroup = checked("s_blocks_per_group", u32(32), isPerGroup(u32(32)));
  const inodesPerGroup = checked("s_inodes_per_group", u32(40), isPerGroup(u32(40)));
  const blocks = checked("s_blocks_count", u32(4), u32(4) > firstBlock + 1);
  if (blocks * blockSize > device.sizeBytes) refuse(ext2Text.tooShort(blocks * blockSize, device.sizeBytes));
  const groups = Math.ceil((blocks - firstBlock) / blocksPerGroup);
  checked("s_blocks_per_group", blocksPerGroup, groups <= MOST_GROUPS_TO_READ);
  const inodes = checked("s_inodes_count", u32(0), u32(0) > 10 && u32(0) <= groups * inodesPerGroup);
  const inodeSize = revision === 0 ? 128 : u16(88);
  checked(
    "s_inode_size",
    inodeSize,
    inodeSize >= 128 && inodeSize <= blockSize && (inodeSize & (inodeSize - 1)) === 0,
  );
  const firstInode =
    revision === 0 ? 11 : checked("s_first_ino", u32(84), u32(84) >= 11 && u32(84) <= inodes);
  const descriptorBlocks = Math.ceil((groups * GROUP_DESCRIPTOR_SIZE) / blockSize);
  checked("s_blocks_count", blocks, firstBlock + 1 + descriptorBlocks < blocks);
  const extra = u16(350);
  return {
    ...{
      blockSize,
      blocks,
      inodes,
      firstBlock,
      blocksPerGroup,
      inodesPerGroup,
      groups,
      inodeSize,
      firstInode,
    },
    tableBlocks: Math.ceil((inodesPerGroup * inodeSize) / blockSize),
    descriptorBlocks,
    reservedDescriptorBlocks: u32(92) & 0x10 ? u16(206) : 0,
    sparseSuper: (roCompatible & SPARSE_SUPER) !== 0,
    hasFileType: (incompatible & FILE_TYPE) !== 0,
    extraInodeSize: extra % 4 === 0 && extra <= inodeSize - 128 ? extra : 0,
    readOnly:
      (roCompatible & ~(SPARSE_SUPER | LARGE_FILE | BTREE_DIRECTORIES)) !== 0 ||
      (u16(58) & STATE_ERRORS) !== 0 ||
      groups > MOST_GROUPS,
  };
}

function featureNames(bits: number): string {
  const names: string[] = [];
  for (let bit = 0; bit < 32; bit++)
    if ((bits >>> bit) & 1 && 1 << bit !== NEEDS_RECOVERY) names.push(INCOMPATIBLE[bit] ?? `bit ${bit}`);
  return names.join(", ");
}

/** Whether a group begins with a copy of the superblock. */
export function hasSuperblock(geometry: Geometry, group: number): boolean {
  if (!geometry.sparseSuper || group <= 1) return true;
  return [3, 5, 7].some((base) => {
    let power = base;
    while (power < group) power *= base;
    return power === group;
  });
}
