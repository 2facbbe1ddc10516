import { catalogue } from "./catalogue.ts";

/** Why a machine refuses what it is given. */
export const machineMessages = catalogue(
  {
    notASave: (name: string) => `${name}: not a saved machine`,
    otherSaveVersion: (name: string, found: number, known: number) =>
      `${name}: a saved machine of format version ${found}; this Runikraft reads version ${known}`,
    damagedSave: (name: string) => `${name}: the saved machine is damaged: its checksum is wrong`,
    inconsistentSave: (name: string) =>
      `${name}: the saved machine is damaged: its parts do not fit together`,
    otherDevice: (name: string, slot: number, saved: string, given: string) =>
      `${name}: saved with ${saved} in virtio slot ${slot}, where this machine has ${given}`,
    neverIdle: () => "the guest's devices never come to rest, so the machine cannot be saved",
    noDevice: () => "nothing",
    tooManyDevices: (count: number, slots: number) =>
      `${count} virtio devices are asked for; beside console and rng the machine has room for ${slots}`,
    otherDiskSize: (name: string, disk: number, saved: number, given: number) =>
      `${name}: saved with ${saved} bytes on disk ${disk}, where this one has ${given}`,
    otherDiskAccess: (name: string, disk: number) =>
      `${name}: disk ${disk} is read-only on one side only: in the saved machine or here`,
    badMemory: (least: number, most: number) =>
      `a machine has whole pages of memory, from ${least} to ${most} bytes`,
    badHarts: (count: number, most: number) => `a machine has 1 to ${most} harts, not ${count}`,
    outOfMemory: () =>
      "the machine and its forks have used up the 4 GiB that they share: close those that are not needed",
    closed: () => "the machine has been closed",
    isRunning: () => "the machine is running: wait until `run` is over",
  },
  {
    notASave: (name: string) => `${name}：不是保存的机器`,
    otherSaveVersion: (name: string, found: number, known: number) =>
      `${name}：保存的机器格式版本为 ${found}；此 Runikraft 只读版本 ${known}`,
    damagedSave: (name: string) => `${name}：保存的机器已损坏：校验和不符`,
    inconsistentSave: (name: string) => `${name}：保存的机器已损坏：各部分不相符`,
    otherDevice: (name: string, slot: number, saved: string, given: string) =>
      `${name}：保存时 virtio 插槽 ${slot} 上是 ${saved}，而此机器上是 ${given}`,
    neverIdle: () => "客户机的设备始终无法停歇，因此无法保存机器",
    noDevice: () => "空",
    tooManyDevices: (count: number, slots: number) =>
      `要求了 ${count} 个 virtio 设备；除控制台和 rng 外，机器只能容纳 ${slots} 个`,
    otherDiskSize: (name: string, disk: number, saved: number, given: number) =>
      `${name}：保存时磁盘 ${disk} 有 ${saved} 字节，而此机器上的有 ${given} 字节`,
    otherDiskAccess: (name: string, disk: number) =>
      `${name}：磁盘 ${disk} 只在保存的机器或此机器一方是只读的`,
    badMemory: (least: number, most: number) => `机器的内存必须是整页，从 ${least} 到 ${most} 字节`,
    badHarts: (count: number, most: number) => `机器有 1 到 ${most} 个 hart，不能是 ${count} 个`,
    outOfMemory: () => "机器及其分支已用完共享的 4 GiB 内存：请关闭不需要的机器",
    closed: () => "机器已关闭",
    isRunning: () => "机器正在运行：请等待 `run` 结束",
  },
);
