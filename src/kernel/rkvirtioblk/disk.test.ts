import { expect, test } from "vitest";
import type { Disk, ImmediateDisk } from "../../devices/disk.ts";
import { BlockDevice } from "../../devices/virtio/blk.ts";
import { ConsoleDevice } from "../../devices/virtio/console.ts";
import type { VirtioDevice } from "../../devices/virtio/device.ts";
import { VirtioMmio } from "../../devices/virtio/mmio.ts";
import { Arena } from "../../memory/arena.ts";
import { Bus } from "../../memory/bus.ts";
import { Dma } from "../../memory/dma.ts";
import { PhysicalMemory } from "../../memory/physical-memory.ts";
import type { FrameAllocator } from "../rkalloc/frames.ts";
import { VirtioTransport } from "../rkvirtio/mmio.ts";
import { failure } from "../vfs/tree-fixture.ts";
import { BLOCK_DEVICE, VirtioDisk } from "./disk.ts";

const RAM = 0x8000_0000;
const BASE = 0x1000_1000;
const SIZE = 4 << 20;

/** A disk of bytes that counts what it is asked. */
class Bytes implements ImmediateDisk {
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

const slow = { follow: () => {} };

function driverOf(device: VirtioDevice, ramBytes = 64 << 20) {
  const ram = new PhysicalMemory(new Arena(ramBytes + (1 << 20)), RAM, ramBytes);
  const memory = new Dma(ram, () => {});
  const bus = new Bus(ram);
  bus.attach(BASE, 0x1000, new VirtioMmio({ device, memory, version: 2, packed: true, interrupt: () => {} }));
  const frames = pagesOf(ramBytes / 4096);
  const transport = VirtioTransport.find(bus, BASE, BLOCK_DEVICE);
  return { transport, disk: transport && VirtioDisk.start(transport, "vda", ram, frames) };
}

function diskOf(disk: Disk, ramBytes?: number): VirtioDisk {
  return (
    driverOf(new BlockDevice(disk, slow), ramBytes).disk ?? expect.fail("the device was not taken into use")
  );
}

test("reads and writes at any offset, in any length, also beyond what its buffer holds", () => {
  const host = new Bytes();
  const disk = diskOf(host);
  expect([disk.name, disk.sizeBytes, disk.readOnly]).toEqual(["vda", SIZE, false]);
  const bytes = Uint8Array.from({ length: 3 << 20 }, (_, i) => (i >> 9) * 7 + i);
  disk.write(512, bytes);
  expect(host.calls).toEqual(["write 512 1048576", "write 1049088 1048576", "write 2097664 1048576"]);
  expect(Buffer.compare(host.bytes.subarray(512, 512 + bytes.length), bytes)).toBe(0);
  const back = new Uint8Array(bytes.length);
  disk.read(512, back);
  expect(Buffer.compare(back, bytes)).toBe(0);
  // Through the end of both rings, many times over.
  for (let i = 0; i < 70_000; i++) disk.flush();
  disk.read(SIZE - 512, back.subarray(0, 512));
  expect(back.subarray(0, 512)).toEqual(new Uint8Array(512));
});

test("a page is written with one operation", () => {
  const host = new Bytes();
  diskOf(host, 4 << 20).write(8192, new Uint8Array(4096));
  expect(host.calls).toEqual(["write 8192 4096"]);
});

test("what the host cannot do is EIO, and the next request goes on", () => {
  const host = new Bytes();
  const disk = diskOf(host);
  host.read = () => {
    throw new Error("broken");
  };
  expect(failure(() => disk.read(0, new Uint8Array(512)))).toBe("EIO");
  disk.write(
    0,
    Uint8Array.from({ length: 512 }, () => 1),
  );
  expect(host.bytes[511]).toBe(1);
  const readOnly = diskOf(new Bytes(true));
  expect(readOnly.readOnly).toBe(true);
  expect(failure(() => readOnly.write(0, new Uint8Array(512)))).toBe("EIO");
});

test("a disk that does not answer at once is EIO", () => {
  const host: Disk = Object.assign(new Bytes(), { read: () => new Promise<Uint8Array>(() => {}) });
  expect(failure(() => diskOf(host).read(0, new Uint8Array(512)))).toBe("EIO");
});

test("finds only what it is for", () => {
  expect(driverOf(new ConsoleDevice([], slow)).transport).toBeUndefined();
});
