import type { HostWork } from "../devices/host-work.ts";
import type { VirtioDevice } from "../devices/virtio/device.ts";
import { VirtioMmio } from "../devices/virtio/mmio.ts";
import { Dma } from "../memory/dma.ts";
import { ADDRESS_MAP } from "./board.ts";
import type { HostedBoard } from "./hosted-board.ts";

/** A hosted machine's devices answer at once: there is no work to wait for. */
export const NO_WORK: HostWork = {
  follow() {
    throw new RangeError("a device of a hosted machine has to answer at once");
  },
};

/** Puts a device into the next virtio slot. A hosted machine has as many of them as it needs. */
export function attachVirtio(board: HostedBoard, device: VirtioDevice): void {
  const { bus, ram, hart, virtio } = board;
  const { base, size } = ADDRESS_MAP.virtio;
  const at = base + virtio.length * size;
  const memory = new Dma(ram, (page) => hart.code.invalidate(page));
  // The drivers ask for no interrupts.
  bus.attach(at, size, new VirtioMmio({ device, memory, version: 2, packed: false, interrupt: () => {} }));
  virtio.push(at);
}
