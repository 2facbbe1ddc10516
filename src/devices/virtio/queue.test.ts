import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { Chain, Virtqueue } from "./device.ts";
import { RAM_BASE, TestDriver, TRANSPORTS } from "./driver-fixture.ts";
import { Feature } from "./features.ts";

import { VirtioMmio } from "./mmio.ts";

import { Register, Status } from "./mmio-registers.ts";
import { PlainDevice } from "./plain-device-fixture.ts";

const [NEXT, WRITE, INDIRECT] = [1, 2, 4];
const NO_EVENT_INDEX = ~Feature.eventIndex;

describe.each(TRANSPORTS)("a queue, version $version, packed $packed", (transport) => {
  let device: PlainDevice;
  let driver: TestDriver;
  let queue: Virtqueue;

  beforeEach(() => {
    device = new PlainDevice();
    driver = new TestDriver(device, transport);
    queue = device.link.queue(0);
  });

  const areas = () => driver.rings[0].areas;
  /** Writes a descriptor of the ring and makes it available as the first: `id` and `next` as the layout has them. */
  const offer = (index: number, address: number, length: number, flags: number, next = 0) => {
    const { memory } = driver;
    const at = areas().descriptors + 16 * index;
    memory.writeU32(at, address % 2 ** 32);
    memory.writeU32(at + 4, Math.floor(address / 2 ** 32));
    memory.writeU32(at + 8, length);
    memory.writeU16(at + 12, transport.packed ? 0 : flags);
    memory.writeU16(at + 14, transport.packed ? flags | 0x80 : next);
    if (!transport.packed) memory.writeU16(areas().driver + 2, 1);
  };
  const expectMalformed = () => {
    expect(queue.pop()).toBeUndefined();
    expect(driver.needsReset).toBe(true);
    expect(queue.isReady).toBe(false);
    expect(driver.acknowledge().configChanged).toBe(true);
  };

  test.each([false, true])(
    "gives chains in order and takes them back in any (indirect: %s)",
    (isIndirect) => {
      driver.start({ queueSize: 8 });
      const tokens = [1, 2].map((n) =>
        driver.add(0, [Uint8Array.of(n, n), Uint8Array.of(n)], [2, 3], isIndirect),
      );
      const [first, second] = [queue.pop()!, queue.pop()!];
      expect(queue.pop()).toBeUndefined();
      expect([first.readable, first.writable]).toEqual([3, 5]);
      expect([...second.read(0, 9)]).toEqual([2, 2, 2]);
      expect([...first.read(1, 2)]).toEqual([1, 1]);
      expect(first.read(3, 1)).toHaveLength(0);
      expect(second.write(1, Uint8Array.of(7, 8, 9, 10, 11))).toBe(4);
      expect(first.write(5, Uint8Array.of(1))).toBe(0);
      queue.push(second, 5);
      queue.push(first, 0);
      expect(driver.collect(0)).toEqual([
        { token: tokens[1], written: 5, bytes: Uint8Array.of(0, 7, 8, 9, 10) },
        { token: tokens[0], written: 0, bytes: new Uint8Array(0) },
      ]);
    },
  );

  test("behaves like a list of requests, round after round", () => {
    const step = fc.record({
      readable: fc.array(fc.uint8Array({ minLength: 1, maxLength: 5 }), { maxLength: 2 }),
      writable: fc.integer({ min: 1, max: 9 }),
      isIndirect: fc.boolean(),
      takes: fc.nat(2),
      unpops: fc.boolean(),
      reverse: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.constantFrom(8, 16), (steps, queueSize) => {
        driver.start({ queueSize });
        const waiting: { token: number; text: string }[] = [];
        for (const { readable, writable, isIndirect, takes, unpops, reverse } of steps) {
          if (waiting.length < 2) {
            const token = driver.add(0, readable, [writable], isIndirect);
            waiting.push({ token, text: readable.map((bytes) => [...bytes].join()).join() });
          }
          if (unpops) {
            const chain = queue.pop();
            if (chain) queue.unpop(chain);
          }
          const taken: { chain: Chain; token: number }[] = [];
          for (let i = 0; i < takes && waiting.length > 0; i++) {
            const chain = queue.pop()!;
            const { token, text } = waiting.shift()!;
            expect([...chain.read(0, 100)].join()).toBe(text);
            taken.push({ chain, token });
          }
          if (reverse) taken.reverse();
          for (const { chain } of taken) queue.push(chain, chain.write(0, Uint8Array.of(1, 2, 3)));
          expect(driver.collect(0).map(({ token }) => token)).toEqual(taken.map(({ token }) => token));
        }
        expect(driver.needsReset).toBe(false);
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  test("has dead chains after a reset, which touch nothing", () => {
    driver.start();
    const address = driver.allocate(0);
    driver.add(0, [], [16]);
    const chain = queue.pop()!;
    driver.start();
    expect(chain.isDead).toBe(true);
    expect(chain.write(0, Uint8Array.of(9))).toBe(0);
    expect(chain.read(0, 1)).toHaveLength(0);
    queue.push(chain, 1);
    queue.unpop(chain);
    expect(driver.collect(0)).toEqual([]);
    expect(driver.memory.read(address, 1)![0]).not.toBe(9);
    expect(queue.isEmpty).toBe(true);
  });

  test("takes a chain back once", () => {
    driver.start();
    driver.add(0, [], [4]);
    const chain = queue.pop()!;
    queue.push(chain, 4);
    queue.push(chain, 4);
    expect(chain.isDead).toBe(true);
    expect(driver.collect(0)).toHaveLength(1);
    driver.add(0, [], [4]);
    queue.push(queue.pop()!, 99);
    expect(driver.collect(0)[0].written).toBe(4);
  });

  test("is saved and restored between two rounds", () => {
    driver.start({ queueSize: 4 });
    for (let i = 0; i < 7; i++) {
      driver.add(0, [Uint8Array.of(i)]);
      queue.push(queue.pop()!, 0);
      driver.collect(0);
    }
    driver.add(0, [Uint8Array.of(42)], [1]);
    const copy = new PlainDevice();
    const mmio = new VirtioMmio({ ...transport, device: copy, memory: driver.memory, interrupt: () => {} });
    mmio.restore(structuredClone(driver.mmio.save()));
    expect(copy.events).toEqual([`restore ${device.events.length}`]);
    const chain = copy.link.queue(0).pop()!;
    expect([...chain.read(0, 1)]).toEqual([42]);
    copy.link.queue(0).push(chain, 0);
    expect(driver.collect(0)).toHaveLength(1);
    expect(mmio.load(Register.status, 4)).toBe(driver.status);
  });

  test("interrupts for each chain, unless the driver does not want it", () => {
    driver.start({ features: NO_EVENT_INDEX & ~Feature.notifyOnEmpty });
    const serve = () => {
      driver.add(0, [], [1]);
      queue.push(queue.pop()!, 0);
      const before = driver.line;
      driver.acknowledge();
      return before;
    };
    expect(serve()).toBe(true);
    expect(driver.line).toBe(false);
    driver.memory.writeU16(areas().driver + (transport.packed ? 2 : 0), 1);
    expect(serve()).toBe(false);
    driver.memory.writeU16(areas().driver + (transport.packed ? 2 : 0), 0);
    expect(serve()).toBe(true);
  });

  test("with an event index interrupts at the place that the driver named, in every round", () => {
    driver.start({ features: ~Feature.notifyOnEmpty, queueSize: 4 });
    const { memory } = driver;
    let wrap = 1;
    for (let i = 0; i < 23; i++) {
      const offset = (i + 2) % 4;
      if (i % 3 === 0) {
        // The one after the next.
        if (transport.packed) {
          const isNextRound = (i % 4) + 2 >= 4;
          memory.writeU16(areas().driver, offset | ((isNextRound ? 1 - wrap : wrap) << 15));
          memory.writeU16(areas().driver + 2, 2);
        } else memory.writeU16(areas().driver + 4 + 2 * 4, i + 2);
      }
      driver.add(0, [], [1]);
      queue.push(queue.pop()!, 0);
      expect(driver.line, `chain ${i}`).toBe(i % 3 === 2);
      driver.acknowledge();
      // What `collect` does to the ring, without its event.
      const kept = [memory.readU16(areas().driver)!, memory.readU16(areas().driver + 12)!];
      driver.collect(0);
      memory.writeU16(areas().driver, kept[0]);
      if (!transport.packed) memory.writeU16(areas().driver + 12, kept[1]);
      if (i % 4 === 3) wrap = 1 - wrap;
    }
  });

  test.each([NO_EVENT_INDEX, ~0n])(
    "asks to be notified where it is empty, not before (features %#)",
    (features) => {
      driver.start({ features, queueSize: 4 });
      const { memory } = driver;
      const hasEvents = features === ~0n;
      /** Whether a driver that adds chain `i` has to notify. */
      const wantsNotification = (i: number): boolean => {
        const { device: at, size } = areas();
        if (!transport.packed) {
          return hasEvents ? memory.readU16(at + 4 + 8 * size) === i : (memory.readU16(at)! & 1) === 0;
        }
        const flags = memory.readU16(at + 2);
        if (flags !== 2) return flags === 0;
        return memory.readU16(at) === ((i % 4) | (Math.floor(i / 4) % 2 === 0 ? 0x8000 : 0));
      };
      for (let i = 0; i < 9; i++) {
        expect(queue.isEmpty).toBe(true);
        expect(wantsNotification(i)).toBe(true);
        driver.add(0, [], [1]);
        expect(queue.isEmpty).toBe(false);
        queue.push(queue.pop()!, 0);
        driver.collect(0);
        expect(wantsNotification(i + 1)).toBe(false);
      }
    },
  );

  describe("is malformed, and the device needs a reset,", () => {
    beforeEach(() => {
      driver.start({ queueSize: 8 });
    });

    test.each([
      ["an empty buffer", RAM_BASE, 0, 0],
      ["a buffer below RAM", RAM_BASE - 1, 4, 0],
      ["a buffer across the end of RAM", RAM_BASE + (8 << 20) - 1, 2, 0],
      ["an address of 64 bits", 2 ** 64 - 4096, 4096, WRITE],
      ["an indirect table of half an entry", RAM_BASE, 24, INDIRECT],
      ["an indirect table of nothing", RAM_BASE, 0, INDIRECT],
      ["an indirect table outside RAM", 16, 16, INDIRECT],
      ["an indirect table that goes on", RAM_BASE, 16, INDIRECT | NEXT],
      ["an indirect table of empty buffers", RAM_BASE + 0x10_0000, 32, INDIRECT],
    ])("by %s", (_what, address, length, flags) => {
      offer(0, address, length, flags);
      expectMalformed();
    });

    test("by a chain that goes round", () => {
      for (let i = 0; i < 8; i++) offer(i, RAM_BASE, 4, NEXT | WRITE, (i + 1) % 8);
      expectMalformed();
    });

    test("by a buffer to read behind one to write", () => {
      offer(1, RAM_BASE, 4, 0);
      offer(0, RAM_BASE, 4, NEXT | WRITE, 1);
      expectMalformed();
    });

    test("by more than 2^32 bytes in a chain", () => {
      const table = driver.allocate(16 * 1024);
      for (let i = 0; i < 1024; i++) {
        driver.memory.writeU32(table + 16 * i, RAM_BASE);
        driver.memory.writeU32(table + 16 * i + 8, 4 << 20);
        driver.memory.writeU16(table + 16 * i + 12, transport.packed || i === 1023 ? 0 : NEXT);
        driver.memory.writeU16(table + 16 * i + 14, transport.packed ? 0 : i + 1);
      }
      offer(0, table, 16 * 1024, INDIRECT);
      expect(queue.pop()!.readable).toBe(2 ** 32);
      driver.start({ queueSize: 8 });
      driver.memory.writeU32(table + 8, (4 << 20) + 1);
      offer(0, table, 16 * 1024, INDIRECT);
      expectMalformed();
    });

    test("by an indirect table where none was agreed on", () => {
      driver.start({ features: ~Feature.indirectDescriptors });
      driver.add(0, [Uint8Array.of(1)], [], true);
      expectMalformed();
    });

    test("by more chains during a notification than there are entries", () => {
      // Gives each chain back at once and makes it available again, as a device's own writes might.
      device.onNotify = () => {
        for (let chain = queue.pop(); chain; chain = queue.pop()) {
          queue.push(chain, 0);
          driver.collect(0);
          driver.add(0, [], [1]);
        }
      };
      driver.add(0, [], [1]);
      driver.notify(0);
      expect(driver.needsReset).toBe(true);
    });
  });

  test("works again after a reset", () => {
    driver.start();
    offer(0, 0, 1, 0);
    expect(queue.pop()).toBeUndefined();
    driver.start();
    driver.add(0, [Uint8Array.of(5)]);
    expect([...queue.pop()!.read(0, 1)]).toEqual([5]);
  });

  test("cannot be used from places that are not RAM or not aligned", () => {
    if (transport.version === 1) return;
    for (const [register, value] of [
      [Register.queueDescriptors, RAM_BASE + 8],
      [Register.queueDriver, RAM_BASE + 1],
      [Register.queueDevice, RAM_BASE + 2],
      [Register.queueDevice, RAM_BASE + (8 << 20)],
      [Register.queueDescriptors + 4, 1],
      [Register.queueSize, 0],
      [Register.queueSize, 512],
    ]) {
      driver.start();
      driver.set(Register.queueSelect, 0);
      driver.set(Register.queueReady, 0);
      driver.set(register, value);
      driver.set(Register.queueReady, 1);
      expect(driver.needsReset, `${register} ${value}`).toBe(true);
    }
  });
});

describe("a split queue", () => {
  let device: PlainDevice;
  let driver: TestDriver;

  beforeEach(() => {
    device = new PlainDevice();
    driver = new TestDriver(device).start({ queueSize: 8 });
  });

  const expectMalformed = () => {
    expect(device.link.queue(0).pop()).toBeUndefined();
    expect(driver.needsReset).toBe(true);
  };

  test("is malformed where its index jumps", () => {
    driver.memory.writeU16(driver.rings[0].areas.driver + 2, 9);
    expectMalformed();
  });

  test("is malformed where a head is out of range", () => {
    driver.add(0, [], [1]);
    driver.memory.writeU16(driver.rings[0].areas.driver + 4, 8);
    expectMalformed();
  });

  test("is malformed where a link is out of range", () => {
    driver.add(0, [], [1, 1]);
    driver.memory.writeU16(driver.rings[0].areas.descriptors + 14, 8);
    expectMalformed();
  });

  test("is malformed where a table is within a table", () => {
    driver.add(0, [], [16], true);
    const table = driver.memory.readU32(driver.rings[0].areas.descriptors)!;
    driver.memory.writeU16(table + 12, INDIRECT);
    expectMalformed();
  });

  test("follows descriptors to a table at their end", () => {
    driver.add(0, [Uint8Array.of(1)], [1]);
    const { descriptors } = driver.rings[0].areas;
    const table = driver.allocate(16);
    driver.memory.write(table, driver.memory.read(descriptors + 16, 16)!);
    driver.memory.writeU32(descriptors + 16, table);
    driver.memory.writeU32(descriptors + 24, 16);
    driver.memory.writeU16(descriptors + 28, INDIRECT);
    const chain = device.link.queue(0).pop()!;
    expect([chain.readable, chain.writable]).toEqual([1, 1]);
  });
});

describe("a packed queue", () => {
  test("may have a size that is no power of two", () => {
    const device = new PlainDevice();
    const driver = new TestDriver(device, { packed: true }).start({ queueSize: 7 });
    for (let i = 0; i < 40; i++) {
      driver.add(0, [Uint8Array.of(i)], [1, 1]);
      const chain = device.link.queue(0).pop()!;
      expect([...chain.read(0, 1)]).toEqual([i]);
      device.link.queue(0).push(chain, 0);
      expect(driver.collect(0)).toHaveLength(1);
    }
    expect(driver.status & Status.needsReset).toBe(0);
  });

  test("is malformed where more is taken than there is", () => {
    const device = new PlainDevice();
    const driver = new TestDriver(device, { packed: true }).start({ queueSize: 2 });
    const { descriptors } = driver.rings[0].areas;
    driver.add(0, [], [1]);
    driver.add(0, [], [1]);
    device.link.queue(0).pop();
    device.link.queue(0).pop();
    // Available again in the next round, although nothing came back.
    driver.memory.writeU16(descriptors + 14, 0x8000);
    expect(device.link.queue(0).pop()).toBeUndefined();
    expect(driver.needsReset).toBe(true);
  });
});
