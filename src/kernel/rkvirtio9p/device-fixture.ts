import type { VirtioDevice } from "../../devices/virtio/device.ts";
import { VirtioMmio } from "../../devices/virtio/mmio.ts";
import { P9Device } from "../../devices/virtio/p9/device.ts";
import type { ImmediateTree, SharedTree } from "../../devices/virtio/p9/tree.ts";
import { Arena } from "../../memory/arena.ts";
import { Bus } from "../../memory/bus.ts";
import { Dma } from "../../memory/dma.ts";
import { PhysicalMemory } from "../../memory/physical-memory.ts";
import { VirtioTransport } from "../rkvirtio/mmio.ts";
import { P9_DEVICE, VirtioChannel } from "./channel.ts";

const RAM = 0x8000_0000;
const BASE = 0x1000_1000;
const PAGE = 4096;

/** A driver's channel to a device on a bus of its own; undefined where it does not take the device. */
export function channelTo(device: VirtioDevice, pages = 8): VirtioChannel | undefined {
  const ram = new PhysicalMemory(new Arena(1 << 20), RAM, 64 * PAGE);
  const bus = new Bus(ram);
  const memory = new Dma(ram, () => {});
  const mmio = new VirtioMmio({ device, memory, version: 2, packed: false, interrupt: () => {} });
  bus.attach(BASE, 0x1000, mmio);
  const transport = VirtioTransport.find(bus, BASE, P9_DEVICE);
  return transport && VirtioChannel.start(transport, ram, RAM, { address: RAM + PAGE, pages });
}

/** A driver's channel to a 9P device that shares `tree`. */
export function channelToTree(tree: ImmediateTree | SharedTree, pages?: number): VirtioChannel {
  const follow = () => {
    throw new RangeError("it has to answer at once");
  };
  return channelTo(new P9Device("share", tree, { follow }), pages) as VirtioChannel;
}
