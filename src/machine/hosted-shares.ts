import { P9Device } from "../devices/virtio/p9/device.ts";
import type { ImmediateTree } from "../devices/virtio/p9/tree.ts";
import type { HostedBoard } from "./hosted-board.ts";
import { attachVirtio, NO_WORK } from "./hosted-slots.ts";

/** A directory of the host, and the tag by which a mount of the guest's tree names it. */
export interface HostedShare {
  readonly tag: string;
  readonly tree: ImmediateTree;
}

/** Puts a 9P device for each share into a virtio slot. */
export function attachShares(board: HostedBoard, shares: readonly HostedShare[]): void {
  for (const { tag, tree } of shares) attachVirtio(board, new P9Device(tag, tree, NO_WORK));
}
