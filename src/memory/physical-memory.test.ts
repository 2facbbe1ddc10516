import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Arena, ArenaFull, FRAME_SIZE } from "./arena.ts";
import { PhysicalMemory } from "./physical-memory.ts";

const BASE = 0x8000_0000;
const PAGES = 8;

const memory = (bytes = 4 << 20) => new PhysicalMemory(new Arena(bytes), BASE, PAGES * FRAME_SIZE);
const homed = () => ({ ram: memory(), first: BASE / FRAME_SIZE });

describe("PhysicalMemory", () => {
  test("untouched pages have no frame and read as zero", () => {
    const ram = memory();
    expect(ram.residentPages).toBe(0);
    expect(ram.readU64(BASE + 8)).toBe(0n);
    expect(ram.residentPages).toBe(1);
  });

  test("bytes written across a page edge are read back", () => {
    const ram = memory();
    const bytes = new Uint8Array(FRAME_SIZE + 100).map((_, i) => i * 31);
    ram.write(BASE + FRAME_SIZE - 50, bytes);
    expect(ram.read(BASE + FRAME_SIZE - 50, bytes.length)).toEqual(bytes);
    expect(ram.residentPages).toBe(3);
  });

  test.each([
    [BASE - 1, 1],
    [BASE + PAGES * FRAME_SIZE - 1, 2],
    [0, 4],
  ])("refuses what is not RAM: %i, %i bytes", (address, length) => {
    expect(() => memory().read(address, length)).toThrow(RangeError);
    expect(() => memory().write(address, new Uint8Array(length))).toThrow(RangeError);
  });

  test("words must be aligned", () => {
    expect(() => memory().readU32(BASE + 2)).toThrow("no aligned RAM word at 0x80000002");
    expect(() => memory().writeU64(BASE + 4, 0n)).toThrow(RangeError);
  });

  test("pages follow each other in the arena, in whatever order they are touched", () => {
    const { ram, first } = homed();
    for (const page of [5, 0, 3, 7, 1, 6, 2, 4]) ram.writeU32(BASE + page * FRAME_SIZE, page);
    for (let page = first; page < first + PAGES - 1; page++)
      expect(ram.readable(page + 1)).toBe(ram.readable(page) + FRAME_SIZE);
    expect(ram.pieces(BASE, PAGES * FRAME_SIZE).map(({ length }) => length)).toEqual([PAGES * FRAME_SIZE]);
  });

  test("a discarded page reads as zero when it is touched again, where it was", () => {
    const { ram, first } = homed();
    ram.writeU32(BASE, 0x12345678);
    const frame = ram.readable(first);
    ram.discard(first);
    expect(ram.residentPages).toBe(0);
    expect(ram.readU32(BASE)).toBe(0);
    expect(ram.readable(first)).toBe(frame);
    expect(ram.residentPages).toBe(1);
  });

  test("the arena's end is a typed error", () => {
    const small = () => new PhysicalMemory(new Arena(0x10000), BASE, 64 * FRAME_SIZE);
    expect(small).toThrow(ArenaFull);
    // RAM fits, and its fork, but not two copies of each page.
    const ram = new PhysicalMemory(new Arena(0x90000), BASE, 64 * FRAME_SIZE);
    const touchAll = (memory: PhysicalMemory) => {
      for (let page = 0; page < 64; page++) memory.writeU32(BASE + page * FRAME_SIZE, page);
    };
    touchAll(ram);
    const [first, second] = [ram.fork(), ram.fork()];
    touchAll(first);
    expect(() => touchAll(second)).toThrow(ArenaFull);
  });

  test("homes count as memory in use only when they are", () => {
    const arena = new Arena();
    const ram = new PhysicalMemory(arena, BASE, 2 ** 30);
    const told = () => (arena as unknown as { weights: ArrayBuffer[] }).weights.length;
    expect(told()).toBe(0);
    for (let page = 0; page < 2 ** 14; page++) ram.readable(BASE / FRAME_SIZE + page);
    expect(told()).toBe(1);
    // What is given back and touched again is not counted twice.
    for (let page = 0; page < 2 ** 14; page++) {
      ram.discard(BASE / FRAME_SIZE);
      ram.readable(BASE / FRAME_SIZE);
    }
    expect(told()).toBe(1);
  });
});

describe("fork", () => {
  test("shares frames until one side writes, and tells who keeps addresses", () => {
    const ram = memory();
    ram.writeU32(BASE, 1);
    ram.writeU32(BASE + FRAME_SIZE, 2);
    const changes: number[] = [];
    ram.onChange = (page) => changes.push(page);
    const child = ram.fork();
    expect(changes).toEqual([-1]);
    expect(child.residentPages).toBe(2);
    expect(child.readable(BASE / FRAME_SIZE)).toBe(ram.readable(BASE / FRAME_SIZE));
    ram.writeU32(BASE, 10);
    expect(changes).toEqual([-1, BASE / FRAME_SIZE]);
    expect(child.readU32(BASE)).toBe(1);
    expect(child.readable(BASE / FRAME_SIZE)).not.toBe(ram.readable(BASE / FRAME_SIZE));
    expect(child.readable(BASE / FRAME_SIZE + 1)).toBe(ram.readable(BASE / FRAME_SIZE + 1));
  });

  test("the last holder writes in place", () => {
    const ram = memory();
    ram.writeU32(BASE, 1);
    const child = ram.fork();
    const frame = ram.readable(BASE / FRAME_SIZE);
    child.writeU32(BASE, 2);
    ram.writeU32(BASE, 3);
    expect(ram.readable(BASE / FRAME_SIZE)).toBe(frame);
    expect(child.readU32(BASE)).toBe(2);
  });

  test("a released fork gives its frames back", () => {
    const ram = memory();
    for (let page = 0; page < PAGES; page++) ram.writeU32(BASE + page * FRAME_SIZE, page);
    const { arena } = ram;
    // With room for few frames, forks that leaked would fill the arena.
    const small = new PhysicalMemory(new Arena(0x20000), BASE, 4 * FRAME_SIZE);
    small.writeU32(BASE, 7);
    for (let i = 0; i < 1000; i++) {
      const child = small.fork();
      child.writeU32(BASE, i);
      expect(small.readU32(BASE)).toBe(7);
      child.release();
      small.writeU32(BASE + FRAME_SIZE, i);
    }
    expect(arena.isShared(ram.readable(BASE / FRAME_SIZE))).toBe(false);
  });

  test("a page whose home others show is elsewhere, until they have all gone", () => {
    const { ram, first } = homed();
    ram.writeU32(BASE, 1);
    const home = ram.readable(first);
    const child = ram.fork();
    ram.discard(first);
    ram.writeU32(BASE, 2);
    expect(ram.readable(first)).not.toBe(home);
    expect(child.readU32(BASE)).toBe(1);
    child.release();
    ram.discard(first);
    expect(ram.readU32(BASE)).toBe(0);
    expect(ram.readable(first)).toBe(home);
  });

  test("the memory of who goes first serves those who stay", () => {
    // Room for RAM twice and a little, but not three times.
    const ram = new PhysicalMemory(new Arena(0x90000), BASE, 64 * FRAME_SIZE);
    for (let page = 0; page < 32; page++) ram.writeU32(BASE + page * FRAME_SIZE, page);
    const child = ram.fork();
    ram.release();
    const other = child.fork();
    for (let page = 0; page < 64; page++) {
      child.writeU32(BASE + page * FRAME_SIZE, 1000 + page);
      expect(other.readU32(BASE + page * FRAME_SIZE)).toBe(page < 32 ? page : 0);
    }
  });

  test("homes that are empty serve forks when nothing else is left", () => {
    const ram = new PhysicalMemory(new Arena(0x50000), BASE, 64 * FRAME_SIZE);
    ram.writeU32(BASE, 7);
    const child = ram.fork();
    for (let page = 0; page < 40; page++) child.writeU32(BASE + page * FRAME_SIZE, 1000 + page);
    expect(ram.read(BASE, 4)).toEqual(Uint8Array.of(7, 0, 0, 0));
    ram.writeU32(BASE + 63 * FRAME_SIZE, 9);
    expect(child.readU32(BASE + 39 * FRAME_SIZE)).toBe(1039);
    expect(ram.readU32(BASE + 63 * FRAME_SIZE)).toBe(9);
  });

  test("a family of forks behaves like memories that share nothing", () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant("write" as const),
        who: fc.nat(),
        at: fc.nat((PAGES * FRAME_SIZE) / 4 - 1),
        value: fc.nat(),
      }),
      fc.record({ kind: fc.constant("fork" as const), who: fc.nat() }),
      fc.record({ kind: fc.constant("discard" as const), who: fc.nat(), page: fc.nat(PAGES - 1) }),
      fc.record({ kind: fc.constant("release" as const), who: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const family = [{ ram: memory(16 << 20), model: new Uint32Array((PAGES * FRAME_SIZE) / 4) }];
        for (const action of steps) {
          const member = family[action.who % family.length];
          if (action.kind === "write") {
            member.ram.writeU32(BASE + action.at * 4, action.value);
            member.model[action.at] = action.value;
          } else if (action.kind === "fork") {
            if (family.length < 6) family.push({ ram: member.ram.fork(), model: member.model.slice() });
          } else if (action.kind === "discard") {
            member.ram.discard(BASE / FRAME_SIZE + action.page);
            member.model.fill(0, (action.page * FRAME_SIZE) / 4, ((action.page + 1) * FRAME_SIZE) / 4);
          } else if (family.length > 1) {
            member.ram.release();
            family.splice(action.who % family.length, 1);
          }
        }
        for (const { ram, model } of family) {
          const bytes = ram.read(BASE, PAGES * FRAME_SIZE);
          expect(Buffer.compare(bytes, new Uint8Array(model.buffer))).toBe(0);
        }
      }),
      { numRuns: 60, seed: 1 },
    );
  });
});
