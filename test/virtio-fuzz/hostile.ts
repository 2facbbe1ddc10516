import { RAM_BASE, type TestDriver } from "../../src/devices/virtio/driver-fixture.ts";
import { Register } from "../../src/devices/virtio/mmio-registers.ts";
import type { Random } from "../differential/random.ts";
import type { Request, Target } from "./target.ts";
import { CANARY } from "./watch.ts";

const RAM_END = RAM_BASE + (8 << 20);
const EDGES = [0, 1, 2, 4, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
const REGISTERS = Object.values(Register);
const LENGTHS = [0, 1, 8, 15, 16, 17, 32, 48, 64, 256, 4096, 0xffff, 0x1_0000];

/** An address: mostly in use or nearby, sometimes at the edge of RAM or nowhere. Never the canary's. */
function address(random: Random, driver: TestDriver): number {
  const areas = driver.rings.length > 0 ? random.pick(driver.rings).areas : undefined;
  switch (random.below(8)) {
    case 0:
      return areas ? areas.descriptors + 16 * random.below(areas.size) : RAM_BASE;
    case 1:
      return areas ? areas.driver : RAM_BASE;
    case 2:
      return areas ? areas.device : RAM_BASE;
    case 3:
      return RAM_END - random.below(64);
    case 4:
      return random.pick(EDGES) * (random.below(4) === 0 ? 2 ** 32 : 1);
    default:
      return RAM_BASE + random.below(1 << 18);
  }
}

/** Of a buffer at `start`: it either stays clear of the canary or leaves RAM. */
function length(random: Random, start: number): number {
  const chosen = random.below(8) === 0 ? random.word() : random.pick(LENGTHS);
  const coversCanary = start < CANARY.start + CANARY.length && start + chosen > CANARY.start;
  return coversCanary && start + chosen <= RAM_END ? 16 : chosen;
}

function descriptor(random: Random, driver: TestDriver): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  const start = address(random, driver);
  view.setBigUint64(0, BigInt(start), true);
  view.setUint32(8, length(random, start), true);
  // Both layouts' last fields: flags and next, or ID and flags.
  const flags = random.below(8) | (random.below(2) === 0 ? random.pick([0x80, 0x8000, 0x8080]) : 0);
  const other = random.below(4) === 0 ? random.below(0x1_0000) : random.below(16);
  const isPacked = random.below(2) === 0;
  view.setUint16(12, isPacked ? other : flags, true);
  view.setUint16(14, isPacked ? flags : other, true);
  return new Uint8Array(view.buffer);
}

/** Writes descriptors anywhere in a queue's table, or a table of them elsewhere. */
function damageDescriptors(random: Random, driver: TestDriver): void {
  const { areas } = random.pick(driver.rings);
  const count = 1 + random.below(4);
  for (let i = 0; i < count; i++) {
    const at =
      random.below(3) === 0 ? address(random, driver) : areas.descriptors + 16 * random.below(areas.size);
    driver.memory.write(at, descriptor(random, driver));
  }
}

/** Changes an index, a ring's entry, flags, or an event field. */
function damageIndexes(random: Random, driver: TestDriver): void {
  const { areas } = random.pick(driver.rings);
  const { memory } = driver;
  const value = random.below(2) === 0 ? random.below(2 * areas.size) : random.pick(EDGES) & 0xffff;
  switch (random.below(5)) {
    case 0:
      memory.writeU16(areas.driver + 2, value);
      break;
    case 1:
      memory.writeU16(areas.driver + 2, (memory.readU16(areas.driver + 2)! + 1 + random.below(2)) & 0xffff);
      memory.writeU16(areas.driver + 4 + 2 * random.below(areas.size), value);
      break;
    case 2:
      memory.writeU16(areas.driver + 2 * random.below(areas.size + 3), value);
      break;
    case 3:
      memory.writeU16(areas.device + 2 * random.below(4 * areas.size + 3), value);
      break;
    case 4:
      memory.writeU16(areas.descriptors + 16 * random.below(areas.size) + 12 + 2 * random.below(2), value);
      break;
  }
}

/** A request with some of it wrong: bytes, lengths, the order and number of its buffers, its queue. */
function mutate(random: Random, { queue, readable, writable }: Request): Request {
  const parts = readable.map((bytes) => bytes.slice());
  let lengths = [...writable];
  for (let i = random.below(4); i > 0; i--) {
    const part = parts.length > 0 ? random.pick(parts) : undefined;
    switch (random.below(6)) {
      case 0:
        if (part && part.length > 0) part[random.below(part.length)] = random.word();
        break;
      case 1:
        if (part && part.length > 4)
          new DataView(part.buffer).setUint32(random.below(part.length - 3), random.pick(EDGES), true);
        break;
      case 2:
        if (part) parts[parts.indexOf(part)] = part.slice(0, random.below(part.length + 1));
        break;
      case 3:
        if (part && part.length > 1) {
          const cut = 1 + random.below(part.length - 1);
          parts.splice(parts.indexOf(part), 1, part.slice(0, cut), part.slice(cut));
        }
        break;
      case 4:
        lengths = lengths.map((old) => (random.below(2) === 0 ? old : random.below(2 * old + 2)));
        break;
      case 5:
        if (random.below(2) === 0) lengths.pop();
        else parts.pop();
        break;
    }
  }
  return { queue, readable: parts, writable: lengths };
}

/** A chain that is as it should be, with anything in it. */
/** `mayOverrun`: puts it into a ring that has no room for it, too. */
export function makeRequest(random: Random, driver: TestDriver, target: Target, mayOverrun = true): void {
  const plausible = target.request(random);
  const { queue, readable, writable } = random.below(3) === 0 ? plausible : mutate(random, plausible);
  if (readable.length + writable.length === 0) return;
  const isIndirect = random.below(3) === 0;
  const slots = isIndirect ? 1 : readable.length + writable.length;
  if (!mayOverrun && slots > driver.rings[queue].room) return;
  driver.add(queue, readable, writable, isIndirect);
  if (random.below(4) !== 0) driver.notify(queue);
}

/** A load or a store of any size at any offset, most often a register. */
export function touchRegister(random: Random, driver: TestDriver): void {
  const size = random.below(3) === 0 ? random.pick([1, 2, 4] as const) : 4;
  const isConfig = random.below(4) === 0;
  const offset = isConfig
    ? Register.config + random.below(random.below(4) === 0 ? 0xf00 - 4 : 64)
    : random.below(8) === 0
      ? random.below(0x100)
      : random.pick(REGISTERS);
  if (random.below(3) === 0) {
    driver.mmio.load(offset, size);
    return;
  }
  const kind = random.below(4);
  const wide =
    kind === 0 ? random.word() : kind === 1 ? address(random, driver) % 2 ** 32 : random.pick(EDGES);
  driver.mmio.store(offset, size, kind === 3 ? random.below(8) : wide % 2 ** (8 * size));
}

/** Queues where the driver and device areas, or two queues, lie on top of each other. */
function overlapAreas(random: Random, driver: TestDriver): void {
  const { areas } = random.pick(driver.rings);
  const from = random.pick(driver.rings).areas;
  driver.set(Register.queueSelect, random.below(driver.rings.length));
  driver.set(Register.queueReady, 0);
  driver.set(Register.queueSize, random.below(4) === 0 ? random.below(20) : areas.size);
  driver.set(
    Register.queueDescriptors,
    random.pick([areas.descriptors, from.driver & ~15, from.descriptors]),
  );
  driver.set(Register.queueDriver, random.pick([areas.driver, from.device, from.descriptors]));
  driver.set(Register.queueDevice, random.pick([areas.device, from.driver & ~3, from.descriptors + 16]));
  driver.set(Register.queueReady, 1);
}

/** One thing that a hostile driver does, with its queues set up. */
export function attack(random: Random, driver: TestDriver, target: Target): void {
  switch (random.below(16)) {
    case 0:
    case 1:
      damageDescriptors(random, driver);
      break;
    case 2:
    case 3:
      damageIndexes(random, driver);
      break;
    case 4:
    case 5:
      touchRegister(random, driver);
      break;
    case 6:
      target.poke?.(random);
      break;
    case 7:
      overlapAreas(random, driver);
      break;
    case 8:
    case 9:
      driver.notify(random.below(driver.rings.length + 1));
      break;
    case 10:
      if (random.below(4) === 0) driver.set(Register.status, random.below(4) === 0 ? random.below(256) : 0);
      break;
    default:
      makeRequest(random, driver, target);
  }
}
