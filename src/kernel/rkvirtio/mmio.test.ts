import { beforeEach, describe, expect, test } from "vitest";
import { Arena } from "../../memory/arena.ts";
import { Bus, type Device } from "../../memory/bus.ts";
import { PhysicalMemory } from "../../memory/physical-memory.ts";
import { VirtioTransport } from "./mmio.ts";

/** The registers are those of VIRTIO 1.2, section 4.2.2. */

const BASE = 0x1000_1000;
const KIND = 2;
const VERSION_1 = 1n << 32n;
const [ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, NEEDS_RESET] = [1, 2, 4, 8, 0x40];

/** The device's side as plain registers, written down as they are touched. */
class Registers implements Device {
  readonly name = "virtio";
  readonly log: string[] = [];
  readonly values = new Map<number, number>([
    [0x00, 0x7472_6976],
    [0x04, 2],
    [0x08, KIND],
  ]);
  features = VERSION_1 | 0b1010n;
  accepted = 0n;
  /** It does not agree on features. */
  refuses = false;

  load(offset: number, size: number): number {
    if (offset === 0x10) return Number((this.features >> BigInt(32 * this.at(0x14))) & 0xffff_ffffn);
    return size === 1 ? this.at(offset) & 0xff : this.at(offset);
  }

  store(offset: number, size: number, value: number): void {
    expect(size).toBe(4);
    this.log.push(`${offset.toString(16)}=${value.toString(16)}`);
    if (offset === 0x20) {
      const shift = BigInt(32 * this.at(0x24));
      this.accepted |= BigInt(value) << shift;
    }
    const isRefused = offset === 0x70 && this.refuses;
    this.values.set(offset, isRefused ? value & ~FEATURES_OK : value);
  }

  at(offset: number): number {
    return this.values.get(offset) ?? 0;
  }
}

let registers: Registers;
let bus: Bus;

beforeEach(() => {
  registers = new Registers();
  bus = new Bus(new PhysicalMemory(new Arena(2 << 20), 0x8000_0000, 4096));
  bus.attach(BASE, 0x1000, registers);
});

const found = () => VirtioTransport.find(bus, BASE, KIND) ?? expect.fail("no device");

describe("a device", () => {
  test("is found by its magic number, version and kind, and left alone by looking", () => {
    expect(VirtioTransport.find(bus, BASE, KIND)).toBeDefined();
    expect(VirtioTransport.find(bus, BASE, KIND + 1)).toBeUndefined();
    expect(VirtioTransport.find(bus, BASE + 0x1000, KIND)).toBeUndefined();
    for (const [register, value] of [
      [0x00, 0],
      [0x04, 1],
      [0x04, 3],
      [0x08, 0],
    ]) {
      const before = registers.at(register);
      registers.values.set(register, value);
      expect(VirtioTransport.find(bus, BASE, KIND)).toBeUndefined();
      registers.values.set(register, before);
    }
    expect(registers.log).toEqual([]);
  });

  test("is reset, and then greeted step by step", () => {
    registers.values.set(0x70, 0xff);
    found().begin(0n);
    const steps = registers.log.filter((line) => line.startsWith("70="));
    const [first, second, third] = [ACKNOWLEDGE, ACKNOWLEDGE | DRIVER, ACKNOWLEDGE | DRIVER | FEATURES_OK];
    expect(steps).toEqual([0, first, second, third].map((status) => `70=${status.toString(16)}`));
    found().ready();
    expect(registers.at(0x70)).toBe(third | DRIVER_OK);
  });

  test("is asked for what is wanted and it offers, and always for VIRTIO 1", () => {
    registers.features = VERSION_1 | (1n << 35n) | 0b1010n;
    const wanted = 0b0110n | (1n << 35n) | (1n << 40n);
    const agreed = VERSION_1 | (1n << 35n) | 0b0010n;
    expect(found().begin(wanted)).toBe(agreed);
    expect(registers.accepted).toBe(agreed);
  });

  test("is not taken into use where it does not agree, or is older than VIRTIO 1", () => {
    registers.refuses = true;
    expect(found().begin(0n)).toBeUndefined();
    registers.refuses = false;
    registers.features = 0b1010n;
    expect(found().begin(0b1010n)).toBeUndefined();
  });
});

describe("a queue", () => {
  test("has its number, size and addresses of 64 bits in the registers before it is ready", () => {
    found().setQueue(3, { size: 8, descriptors: 2 ** 33 + 0x1000, driver: 0x8000_2000, device: 2 ** 52 + 4 });
    expect(registers.log).toEqual([
      ...["30=3", "38=8"],
      ...["80=1000", "84=2", "90=80002000", "94=0", "a0=4", "a4=100000"],
      "44=1",
    ]);
  });

  test("is of the size that the device says", () => {
    registers.values.set(0x34, 256);
    expect(found().queueSize(1)).toBe(256);
    expect(registers.log).toEqual(["30=1"]);
    registers.values.set(0x34, 0);
    expect(found().queueSize(9)).toBe(0);
  });

  test("is made known to the device by its number", () => {
    found().notify(2);
    expect(registers.log).toEqual(["50=2"]);
  });
});

test("interrupts are acknowledged as they are, and a device that has given up says so", () => {
  const transport = found();
  registers.values.set(0x60, 3);
  transport.acknowledgeInterrupts();
  expect(registers.log).toEqual(["64=3"]);
  expect(transport.needsReset).toBe(false);
  registers.values.set(0x70, NEEDS_RESET | DRIVER_OK);
  expect(transport.needsReset).toBe(true);
});

test("the device's own settings are read byte by byte or as words", () => {
  registers.values.set(0x108, 0x1234_5678);
  expect([found().configU32(8), found().configU8(8)]).toEqual([0x1234_5678, 0x78]);
});
