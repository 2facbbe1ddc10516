import { expect, test } from "vitest";
import { Arena } from "./arena.ts";
import { Bus, type Device } from "./bus.ts";
import { PhysicalMemory } from "./physical-memory.ts";

const device = (name: string): Device => ({ name, load: () => 0, store: () => {} });
const makeBus = () => new Bus(new PhysicalMemory(new Arena(1 << 20), 0x8000_0000, 0x1000));

test("an access belongs to the window that holds all of it", () => {
  const bus = makeBus();
  const [a, b] = [device("a"), device("b")];
  bus.attach(0x1000, 0x100, a);
  bus.attach(0x1100, 0x100, b);
  expect(bus.find(0x1000, 4)?.device).toBe(a);
  expect(bus.find(0x10fc, 4)?.device).toBe(a);
  expect(bus.find(0x1100, 1)?.device).toBe(b);
  expect(bus.find(0x10fe, 4)).toBeUndefined();
  expect(bus.find(0xfff, 1)).toBeUndefined();
  expect(bus.find(0x1200, 1)).toBeUndefined();
});

test("refuses overlaps with RAM and with other devices, naming both", () => {
  const bus = makeBus();
  bus.attach(0x1000, 0x100, device("uart"));
  expect(() => bus.attach(0x10ff, 1, device("clint"))).toThrow("clint overlaps uart");
  expect(() => bus.attach(0x0, 0x1001, device("clint"))).toThrow("clint overlaps uart");
  expect(() => bus.attach(0x8000_0fff, 0x10, device("plic"))).toThrow("plic overlaps RAM");
  bus.attach(0x1100, 0x10, device("next"));
});
