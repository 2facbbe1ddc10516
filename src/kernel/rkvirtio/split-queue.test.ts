import { beforeEach, describe, expect, test } from "vitest";
import { Arena } from "../../memory/arena.ts";
import { PhysicalMemory } from "../../memory/physical-memory.ts";
import { SplitQueue } from "./split-queue.ts";

/** The layout is that of VIRTIO 1.2, section 2.7. */

const RAM = 0x8000_0000;
const AT = RAM + 0x1000;
const SIZE = 4;
const [NEXT, WRITE] = [1, 2];

let ram: PhysicalMemory;
let queue: SplitQueue;

beforeEach(() => {
  ram = new PhysicalMemory(new Arena(2 << 20), RAM, 64 << 10);
  queue = new SplitQueue(ram, AT, SIZE);
});

const u16 = (address: number) => new DataView(ram.read(address, 2).slice().buffer).getUint16(0, true);

function descriptor(i: number) {
  const view = new DataView(ram.read(queue.areas.descriptors + 16 * i, 16).slice().buffer);
  return [
    view.getBigUint64(0, true),
    view.getUint32(8, true),
    view.getUint16(12, true),
    view.getUint16(14, true),
  ];
}

/** The device's answer: its index, and what it says of the chain. */
function answer(index: number, head = 0, length = 0): void {
  const { device, size } = queue.areas;
  const element = device + 4 + 8 * ((index - 1) & 0xffff & (size - 1));
  ram.write(element, new Uint8Array(Uint32Array.of(head, length).buffer));
  ram.write(device + 2, new Uint8Array(Uint16Array.of(index).buffer));
}

const request = () => queue.add([{ address: RAM, length: 1, isWritable: false }]);

test("the three areas follow each other, aligned as the device wants them, in as many bytes as are said", () => {
  for (const size of [1, 2, 4, 8, 256]) {
    const { areas } = new SplitQueue(ram, AT, size);
    expect([areas.size, areas.descriptors]).toEqual([size, AT]);
    expect(areas.driver).toBeGreaterThanOrEqual(AT + 16 * size);
    expect(areas.device).toBeGreaterThanOrEqual(areas.driver + 6 + 2 * size);
    expect([areas.descriptors % 16, areas.driver % 2, areas.device % 4]).toEqual([0, 0, 0]);
    expect(areas.device + 6 + 8 * size - AT).toBeLessThanOrEqual(SplitQueue.bytes(size));
  }
});

describe("a request", () => {
  test("is a chain from the first descriptor on, offered at the ring's next place", () => {
    const { driver } = queue.areas;
    expect([u16(driver), u16(driver + 2)]).toEqual([1, 0]);
    queue.add([
      { address: 0x8000_2000, length: 16, isWritable: false },
      { address: 2 ** 33 + 5, length: 0xffff_ffff, isWritable: true },
      { address: 0x8000_3000, length: 1, isWritable: true },
    ]);
    expect([0, 1, 2].map(descriptor)).toEqual([
      [0x8000_2000n, 16, NEXT, 1],
      [2n ** 33n + 5n, 0xffff_ffff, NEXT | WRITE, 2],
      [0x8000_3000n, 1, WRITE, 0],
    ]);
    expect([u16(driver + 2), u16(driver + 4)]).toEqual([1, 0]);
  });

  test("leaves nothing of a longer one before it", () => {
    queue.add(Array.from({ length: 4 }, (_, i) => ({ address: RAM + i, length: 1, isWritable: true })));
    request();
    expect(descriptor(0)).toEqual([BigInt(RAM), 1, 0, 0]);
    expect(u16(queue.areas.driver + 2)).toBe(2);
  });
});

describe("the device's answer", () => {
  test("is not there before the device has counted", () => {
    expect(queue.take()).toBe(false);
    request();
    expect(queue.take()).toBe(false);
    answer(1);
    expect([queue.take(), queue.take()]).toEqual([true, false]);
  });

  test("is met again and again, through the end of the ring and of the index", () => {
    for (let i = 1; i <= 70_000; i++) {
      request();
      answer(i & 0xffff);
      if (!queue.take()) expect.fail(`answer ${i} was not taken`);
    }
    expect(u16(queue.areas.driver + 2)).toBe(70_000 & 0xffff);
    expect(queue.take()).toBe(false);
  });

  test.each([2, 3, 0xffff, 0x8000])("is none where the index jumps to %i", (index) => {
    request();
    answer(index);
    expect(queue.take()).toBe(false);
    // Once it counts as it should, all is well again.
    answer(1);
    expect(queue.take()).toBe(true);
  });

  test.each([1, 3, SIZE, 0x1_0000, 0xffff_ffff])("is none where it is about the chain %i", (head) => {
    request();
    answer(1, head);
    expect(queue.take()).toBe(false);
    request();
    answer(2);
    expect(queue.take()).toBe(true);
  });

  test("is looked at in the place of its turn only", () => {
    for (let i = 1; i <= SIZE; i++) {
      request();
      answer(i);
      queue.take();
    }
    // What stood there before is of no interest.
    for (let i = 1; i < SIZE; i++) ram.write(queue.areas.device + 4 + 8 * i, Uint8Array.of(9));
    request();
    answer(SIZE + 1);
    expect(queue.take()).toBe(true);
  });
});
