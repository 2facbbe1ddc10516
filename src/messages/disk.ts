import { catalogue } from "./catalogue.ts";

/** Why a disk image is refused. */
export const diskText = catalogue(
  {
    cannotOpen: (path: string, why: string) => `cannot use ${path} as a disk: ${why}`,
    notDisk: () => "it is neither a file nor a block device",
    noSize: () => "this host does not tell how large the device is",
    empty: () => "it is empty",
    inUse: () => "a machine already uses it, and one of the two would write to it",
    otherFormat: (path: string, format: string) =>
      `${path} is a ${format} image, and disks are raw images; convert it: qemu-img convert -O raw ${path} ${path}.raw`,
    otherSize: (saved: number, now: number) =>
      `the saved machine's disk has ${saved} bytes, but this one has ${now}`,
  },
  {
    cannotOpen: (path, why) => `无法把 ${path} 用作磁盘：${why}`,
    notDisk: () => "它既不是文件，也不是块设备",
    noSize: () => "本机无法得知该设备的大小",
    empty: () => "它是空的",
    inUse: () => "已有虚拟机在使用它，而且两者之一要写入",
    otherFormat: (path, format) =>
      `${path} 是 ${format} 格式的映像，而磁盘只能用原始（raw）映像；请先转换：qemu-img convert -O raw ${path} ${path}.raw`,
    otherSize: (saved, now) => `所保存的虚拟机的磁盘有 ${saved} 字节，而这个有 ${now} 字节`,
  },
);
