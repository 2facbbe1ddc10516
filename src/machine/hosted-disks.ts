import type { ImmediateDisk } from "../devices/disk.ts";
import type { HostWork } from "../devices/host-work.ts";
import { BlockDevice } from "../devices/virtio/blk.ts";
import { VirtioMmio } from "../devices/virtio/mmio.ts";
import { Dma } from "../memory/dma.ts";
import { RefusedError } from "../messages/errors.ts";
import { ext2Text } from "../messages/ext2.ts";
import { ADDRESS_MAP } from "./board.ts";
import type { HostedBoard } from "./hosted-board.ts";

/** Disks that answer at once leave no work to wait for. */
const NO_WORK: HostWork = {
  follow() {
    throw new RangeError("a disk of a hosted machine has to answer at once");
  },
};

/** Puts disks into the first virtio slots. Throws `RefusedError` where there are more of them. */
export function attachDisks(board: HostedBoard, disks: readonly ImmediateDisk[]): void {
  const { bus, ram, hart } = board;
  const { base, size, slots } = ADDRESS_MAP.virtio;
  if (disks.length > slots) throw new RefusedError(ext2Text.tooManyDisks(disks.length, slots));
  const memory = new Dma(ram, (page) => hart.code.invalidate(page));
  disks.forEach((disk, slot) => {
    const device = new BlockDevice(disk, NO_WORK, `drive${slot}`);
    // The driver asks for no interrupts.
    const mmio = new VirtioMmio({ device, memory, version: 2, packed: false, interrupt: () => {} });
    bus.attach(base + slot * size, size, mmio);
    board.virtio.push(base + slot * size);
    board.disks.push(disk);
  });
}
