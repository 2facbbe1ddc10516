import type { Disk, ImmediateDisk } from "../../devices/disk.ts";
import { BlockDevice } from "../../devices/virtio/blk.ts";
import type { VirtioDevice } from "../../devices/virtio/device.ts";
import { VirtioMmio } from "../../devices/virtio/mmio.ts";
import { Arena } from "../../memory/arena.ts";
import { Bus } from "../../memory/bus.ts";
import { Dma } from "../../memory/dma.ts";
import { PhysicalMemory } from "../../memory/physical-memory.ts";
import type { FrameAllocator } from "../rkalloc/frames.ts";
import { VirtioTransport } from "../rkvirtio/mmio.ts";
import { BLOCK_DEVICE, VirtioDisk } from "./disk.ts";

const RAM = 0x8000_0000;
const BASE = 0x1000_1000;
export const SIZE = 4 << 20;

/** A disk of bytes that counts what it is asked. */
export class Bytes implements ImmediateDisk {
  readonly sizeBytes = SIZE;
  readonly readOnly: boolean;
  readonly bytes = new Uint8Array(SIZE);
  readonly calls: string[] = [];

  constructor(readOnly = false) {
    this.readOnly = readOnly;
  }

  read(offset: number, length: number): Uint8Array {
    this.calls.push(`read ${offset} ${length}`);
    return this.bytes.slice(offset, offset + length);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.calls.push(`write ${offset} ${bytes.length}`);
    this.bytes.set(bytes, offset);
  }

  flush(): void {
    this.calls.push("flush");
  }

  discard(): void {}
  writeZeroes(): void {}
  async close(): Promise<void> {}
}

/** Hands pages out from the first one on. */
function pagesOf(pages: number): FrameAllocator {
  let next = RAM / 4096;
  return {
    totalPages: pages,
    freePages: pages,
    allocate(order) {
      const first = Math.ceil(next / 2 ** order) * 2 ** order;
      next = first + 2 ** order;
      return first;
    },
    free() {},
  };
}

export const slow = { follow: () => {} };

export function driverOf(device: VirtioDevice, ramBytes = 64 << 20) {
  const ram = new PhysicalMemory(new Arena(ramBytes + (1 << 20)), RAM, ramBytes);
  const memory = new Dma(ram, () => {});
  const bus = new Bus(ram);
  bus.attach(BASE, 0x1000, new VirtioMmio({ device, memory, version: 2, packed: true, interrupt: () => {} }));
  const frames = pagesOf(ramBytes / 4096);
  const transport = VirtioTransport.find(bus, BASE, BLOCK_DEVICE);
  return { transport, disk: transport && VirtioDisk.start(transport, "vda", ram, frames) };
}

export function diskOf(disk: Disk, ramBytes?: number): VirtioDisk {
  const made = driverOf(new BlockDevice(disk, slow), ramBytes).disk;
  if (!made) throw new Error("the device was not taken into use");
  return made;
}
