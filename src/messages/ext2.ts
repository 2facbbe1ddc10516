import { catalogue } from "./catalogue.ts";

/** Why a disk cannot be mounted as ext2. */
export const ext2Text = catalogue(
  {
    refused: (disk: string, why: string) => `disk ${disk}: ${why}`,
    notExt2: () => "it holds no ext2 file system (make one with mke2fs -t ext2)",
    features: (names: string) => `its file system needs what ext2 does not have: ${names}`,
    needsRecovery: () => "its journal has to be replayed first (e2fsck -f does that)",
    badField: (field: string, value: number) => `its superblock is damaged: ${field} is ${value}`,
    tooShort: (needed: number, have: number) =>
      `its file system has ${needed} bytes, but the disk only ${have}`,
    badRoot: () => "its root directory is damaged (e2fsck -f may mend it)",
    unreadable: () => "it cannot be read",
    tooManyDisks: (count: number, slots: number) =>
      `${count} disks are to be mounted, but the machine has room for ${slots}`,
  },
  {
    refused: (disk, why) => `磁盘 ${disk}：${why}`,
    notExt2: () => "上面没有 ext2 文件系统（可用 mke2fs -t ext2 创建）",
    features: (names) => `其文件系统用到了 ext2 没有的特性：${names}`,
    needsRecovery: () => "要先重放它的日志（可用 e2fsck -f）",
    badField: (field, value) => `其超级块已损坏：${field} 为 ${value}`,
    tooShort: (needed, have) => `其文件系统有 ${needed} 字节，而磁盘只有 ${have} 字节`,
    badRoot: () => "其根目录已损坏（也许能用 e2fsck -f 修复）",
    unreadable: () => "无法读取",
    tooManyDisks: (count, slots) => `要挂载 ${count} 个磁盘，但机器只能容纳 ${slots} 个`,
  },
);
