import type { ImmediateDisk } from "../devices/disk.ts";
import { BlockDevice } from "../devices/virtio/blk.ts";
import { RefusedError } from "../messages/errors.ts";
import { ext2Text } from "../messages/ext2.ts";
import { ADDRESS_MAP } from "./board.ts";
import type { HostedBoard } from "./hosted-board.ts";
import { attachVirtio, NO_WORK } from "./hosted-slots.ts";

/** Puts disks into the first virtio slots. Throws `RefusedError` where there are more of them than `boot` has. */
export function attachDisks(board: HostedBoard, disks: readonly ImmediateDisk[]): void {
  const { slots } = ADDRESS_MAP.virtio;
  if (disks.length > slots) throw new RefusedError(ext2Text.tooManyDisks(disks.length, slots));
  disks.forEach((disk, slot) => {
    attachVirtio(board, new BlockDevice(disk, NO_WORK, `drive${slot}`));
    board.disks.push(disk);
  });
}
