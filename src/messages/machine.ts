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
    badMemory: (least: string, most: string) => `memory must be whole pages, from ${least} to ${most}`,
    badHarts: (count: number) => `a machine has 1 to 8 harts, not ${count}`,
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
    badMemory: (least: string, most: string) => `内存必须是整页，从 ${least} 到 ${most}`,
    badHarts: (count: number) => `机器有 1 到 8 个 hart，不能是 ${count} 个`,
  },
);
