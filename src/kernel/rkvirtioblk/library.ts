import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { frameAllocator } from "../rkalloc/frames.ts";
import { type BlockDevice, blockDevices } from "../rkblkdev/block-device.ts";
import { platform } from "../rkplat/platform.ts";
import { VirtioTransport } from "../rkvirtio/mmio.ts";
import { BLOCK_DEVICE, VirtioDisk } from "./disk.ts";

/** Disks behind virtio block devices: those in the platform's slots that answer. */
export const rkvirtioblk: Library = {
  name: "rkvirtioblk",
  summary: librarySummary.rkvirtioblk,
  provides: [blockDevices],
  needs: [platform, frameAllocator],
  start(kernel) {
    const { bus, ram, virtio } = kernel.use(platform);
    const disks: BlockDevice[] = [];
    for (const base of virtio) {
      const transport = VirtioTransport.find(bus, base, BLOCK_DEVICE);
      const name = `vd${String.fromCharCode("a".charCodeAt(0) + disks.length)}`;
      const disk = transport && VirtioDisk.start(transport, name, ram, kernel.use(frameAllocator));
      if (disk) disks.push(disk);
    }
    kernel.provide(blockDevices, disks);
  },
};
