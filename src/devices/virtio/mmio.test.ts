import { beforeEach, describe, expect, test } from "vitest";
import { RAM_BASE, TestDriver } from "./driver-fixture.ts";
import { Feature } from "./features.ts";

import { VirtioMmio } from "./mmio.ts";

import { Register, Status } from "./mmio-registers.ts";
import { PlainDevice } from "./plain-device-fixture.ts";

const READY = Status.acknowledge | Status.driver | Status.featuresOk | Status.driverOk;

let device: PlainDevice;

beforeEach(() => {
  device = new PlainDevice();
});

test.each([1, 2] as const)("an empty slot, version %i, has no device", (version) => {
  const { memory } = new TestDriver(device);
  const slot = new VirtioMmio({ memory, version, packed: false, interrupt: () => {} });
  slot.store(Register.status, 4, 1);
  slot.store(Register.config, 1, 1);
  const seen = new Map<number, number>();
  for (let offset = 0; offset < 0x200; offset += 4) {
    const value = slot.load(offset, 4);
    if (value !== 0) seen.set(offset, value);
  }
  expect([...seen]).toEqual([
    [Register.magicValue, 0x74726976],
    [Register.version, version],
    [Register.vendorId, 0x554d4551],
  ]);
  expect(() => slot.restore(slot.save())).not.toThrow();
});

describe("version 2", () => {
  let driver: TestDriver;

  beforeEach(() => {
    driver = new TestDriver(device, { packed: true });
  });

  test("identifies its device and offers its features", () => {
    expect([driver.get(Register.version), driver.get(Register.deviceId)]).toEqual([2, 63]);
    const rings = Feature.indirectDescriptors | Feature.eventIndex | Feature.version1 | Feature.packedRing;
    expect(driver.offered).toBe(device.features | rings);
    driver.set(Register.deviceFeaturesSelect, 2);
    expect(driver.get(Register.deviceFeatures)).toBe(0);
    expect(new TestDriver(new PlainDevice()).offered & Feature.packedRing).toBe(0n);
  });

  test.each([
    ["not offered", Feature.version1 | (1n << 50n), false],
    ["offered, without VERSION_1", Feature.eventIndex, true],
    ["offered", Feature.version1 | (1n << 40n), true],
  ])("accepts features: %s", (_what, features, isAccepted) => {
    driver.negotiate(features);
    expect((driver.status & Status.featuresOk) !== 0).toBe(isAccepted);
    driver.negotiate(Feature.version1);
    expect(device.link.features).toBe(isAccepted ? features : Feature.version1);
    expect(device.link.isModern).toBe((device.link.features & Feature.version1) !== 0n);
  });

  test("starts once, tells of notifications, and is reset by 0", () => {
    driver.start();
    expect(driver.status).toBe(READY);
    driver.set(Register.status, READY);
    driver.notify(1);
    driver.notify(2);
    driver.notify(0xffff_ffff);
    driver.set(Register.status, 0);
    driver.notify(1);
    expect(device.events).toEqual(["reset", "start", "notify 1", "reset"]);
    expect([driver.status, device.link.features]).toEqual([0, 0n]);
    driver.set(Register.queueSelect, 1);
    expect(driver.get(Register.queueReady)).toBe(0);
  });

  test("agrees on nothing where FEATURES_OK was skipped", () => {
    driver.set(Register.driverFeatures, 8);
    driver.set(Register.status, Status.driverOk);
    expect(device.link.features).toBe(0n);
  });

  test("has the registers of queues that exist", () => {
    driver.start({ queueSize: 16 });
    const seen = [0, 1, 2].map((queue) => {
      driver.set(Register.queueSelect, queue);
      return [driver.get(Register.queueSizeMax), driver.get(Register.queueReady)];
    });
    expect(seen).toEqual([
      [256, 1],
      [64, 1],
      [0, 0],
    ]);
  });

  test("a queue that is disabled gives nothing more, and its settings stay while it is enabled", () => {
    driver.start();
    driver.set(Register.queueSelect, 0);
    driver.set(Register.queueDescriptors, RAM_BASE + 1);
    driver.add(0, [], [1]);
    const chain = device.link.queue(0).pop()!;
    driver.set(Register.queueReady, 0);
    expect([chain.isDead, device.link.queue(0).isReady]).toEqual([true, false]);
    driver.notify(0);
    expect(device.events).not.toContain("notify 0");
    driver.set(Register.queueDescriptors, driver.rings[0].areas.descriptors);
    driver.set(Register.queueReady, 1);
    expect(device.link.queue(0).isReady).toBe(true);
  });

  test("tells of changed configuration once the driver is ready", () => {
    const generation = driver.get(Register.configGeneration);
    device.link.configChanged();
    expect(driver.line).toBe(false);
    expect(driver.get(Register.configGeneration)).not.toBe(generation);
    driver.start();
    device.link.configChanged();
    expect(driver.get(Register.interruptStatus)).toBe(2);
    driver.set(Register.interruptAck, 1);
    expect(driver.line).toBe(true);
    driver.set(Register.interruptAck, 2);
    expect(driver.line).toBe(false);
  });

  test("needs a reset after a failure, which writing the status does not undo", () => {
    driver.start();
    device.link.fail();
    expect(driver.acknowledge().configChanged).toBe(true);
    driver.set(Register.status, READY);
    expect(driver.status).toBe(READY | Status.needsReset);
    driver.notify(0);
    expect(device.events).toEqual(["reset", "start"]);
    driver.start();
    expect(driver.status).toBe(READY);
  });

  test("has configuration at any offset and width, and zeros behind it", () => {
    expect([driver.config(1, 1), driver.config(1, 2), driver.config(3, 4)]).toEqual([2, 0x302, 0x7060504]);
    expect([driver.config(6, 4), driver.config(0xefc, 4)]).toEqual([7, 0]);
    driver.setConfig(3, 4, 0x80000001);
    driver.setConfig(0x200, 2, 0x1ff);
    expect(device.events).toEqual(["config 3: 1 0 0 128", "config 512: 255 1"]);
  });

  test("registers are 4 bytes wide", () => {
    expect([driver.mmio.load(0, 1), driver.mmio.load(0, 2), driver.mmio.load(2, 4)]).toEqual([0, 0, 0]);
    driver.mmio.store(Register.status, 1, 1);
    expect(driver.status).toBe(0);
  });

  test("has no shared memory", () => {
    expect([0xb0, 0xb4, 0xb8, 0xbc].map((register) => driver.get(register))).toEqual(
      Array(4).fill(0xffff_ffff),
    );
  });
});

describe("version 1", () => {
  let driver: TestDriver;

  beforeEach(() => {
    driver = new TestDriver(device, { version: 1 });
  });

  test("offers 32 features, and takes those it offered", () => {
    expect(driver.get(Register.version)).toBe(1);
    const rings =
      Feature.indirectDescriptors | Feature.eventIndex | Feature.notifyOnEmpty | Feature.anyLayout;
    expect(driver.offered).toBe((device.features & 0xffff_ffffn) | rings);
    driver.negotiate(0xffff_ffff_ffff_ffffn);
    expect(device.link.features).toBe(driver.offered);
    expect(device.link.isModern).toBe(false);
    driver.set(Register.status, Status.featuresOk);
    expect(driver.status).toBe(0);
  });

  test("keeps the page size over a reset, as Linux expects", () => {
    driver.set(Register.guestPageSize, 4096);
    driver.set(Register.status, 0);
    driver.set(Register.queueSelect, 0);
    driver.set(Register.queueSize, 8);
    driver.set(Register.queueAlign, 4096);
    driver.set(Register.queuePfn, RAM_BASE / 4096);
    expect(driver.get(Register.queuePfn)).toBe(RAM_BASE / 4096);
    driver.set(Register.status, Status.driverOk);
    expect(device.link.queue(0).isReady).toBe(true);
    driver.set(Register.queuePfn, 0);
    expect(device.link.queue(0).isReady).toBe(false);
  });

  test("a notification before DRIVER_OK is not lost", () => {
    driver.reset();
    driver.set(Register.guestPageSize, 4096);
    driver.setUpQueue(1, 8);
    driver.notify(1);
    expect(device.events).not.toContain("notify 1");
    driver.set(Register.status, Status.driverOk);
    expect(device.events.slice(-2)).toEqual(["start", "notify 1"]);
  });

  test("interrupts on empty where that was agreed on, whatever the flags", () => {
    driver.start({ features: Feature.notifyOnEmpty });
    driver.memory.writeU16(driver.rings[0].areas.driver, 1);
    driver.add(0, [], [1]);
    driver.add(0, [], [1]);
    const queue = device.link.queue(0);
    queue.push(queue.pop()!, 0);
    expect(driver.line).toBe(false);
    queue.push(queue.pop()!, 0);
    expect(driver.line).toBe(true);
  });

  test("has none of version 2's registers", () => {
    driver.start();
    driver.set(Register.queueSelect, 0);
    expect([Register.queueReady, Register.configGeneration, 0xb0].map((at) => driver.get(at))).toEqual([
      0, 0, 0,
    ]);
    driver.set(Register.queueReady, 0);
    expect(device.link.queue(0).isReady).toBe(true);
  });
});
