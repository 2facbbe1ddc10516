import { beforeEach, describe, expect, test } from "vitest";
import type { InterruptLine } from "./interrupt-line.ts";
import { PLIC_SOURCES, Plic } from "./plic.ts";

const CONTEXTS = 4;
const WINDOW = 0x60_0000;

let high: boolean[];
/** How often each output was set. */
let changes: number;
let plic: Plic;

function makePlic(): Plic {
  const outputs = Array.from({ length: CONTEXTS }, (_, context): InterruptLine => {
    return (level) => {
      high[context] = level;
      changes++;
    };
  });
  return new Plic(outputs);
}

beforeEach(() => {
  high = Array(CONTEXTS).fill(false);
  changes = 0;
  plic = makePlic();
});

const setPriority = (source: number, priority: number) => plic.store(source * 4, 4, priority);
const setThreshold = (context: number, threshold: number) =>
  plic.store(0x20_0000 + context * 0x1000, 4, threshold);
const claim = (context: number) => plic.load(0x20_0004 + context * 0x1000, 4);
const complete = (context: number, source: number) => plic.store(0x20_0004 + context * 0x1000, 4, source);
const isPending = (source: number) => (plic.load(0x1000 + (source >> 5) * 4, 4) & (1 << (source & 31))) !== 0;

function enable(context: number, ...sources: number[]): void {
  for (let word = 0; word < 3; word++) {
    const bits = sources.filter((s) => s >> 5 === word).reduce((sum, s) => sum + 2 ** (s & 31), 0);
    plic.store(0x2000 + context * 0x80 + word * 4, 4, bits);
  }
}

describe("a source", () => {
  test("interrupts the contexts that enable it, and no others", () => {
    setPriority(10, 1);
    enable(1, 10);
    enable(2, 11);
    plic.input(10)(true);
    expect(high).toEqual([false, true, false, false]);
    enable(3, 10);
    expect(high).toEqual([false, true, false, true]);
    enable(1);
    expect(high).toEqual([false, false, false, true]);
  });

  test("of priority 0 never does", () => {
    enable(0, 10);
    plic.input(10)(true);
    expect([high[0], isPending(10), claim(0)]).toEqual([false, true, 0]);
    setPriority(10, 1);
    expect([high[0], claim(0)]).toEqual([true, 10]);
  });

  test("does so only above the threshold, which does not keep it from being claimed", () => {
    setPriority(10, 3);
    setThreshold(0, 3);
    enable(0, 10);
    plic.input(10)(true);
    expect(high[0]).toBe(false);
    setThreshold(0, 2);
    expect(high[0]).toBe(true);
    setThreshold(0, 7);
    expect([high[0], claim(0)]).toEqual([false, 10]);
  });

  test.each([1, 31, 32, 63, 64, PLIC_SOURCES])("may be number %i", (source) => {
    setPriority(source, 1);
    enable(0, source);
    plic.input(source)(true);
    expect([high[0], isPending(source), claim(0), high[0]]).toEqual([true, true, source, false]);
  });

  test("has a number from 1 to 95", () => {
    for (const source of [0, -1, PLIC_SOURCES + 1, Number.NaN])
      expect(() => plic.input(source)).toThrow(RangeError);
  });
});

describe("a claim", () => {
  test("gives the highest priority first, and of equals the lowest number", () => {
    const sources = [3, 40, 41, 70, 95];
    const priorities = [1, 5, 5, 7, 1];
    sources.forEach((source, i) => {
      setPriority(source, priorities[i]);
      plic.input(source)(true);
    });
    enable(1, ...sources);
    const order = [];
    while (high[1]) order.push(claim(1));
    expect(order).toEqual([70, 40, 41, 3, 95]);
    expect(claim(1)).toBe(0);
  });

  test("takes the source away from every other context", () => {
    setPriority(5, 1);
    for (let context = 0; context < CONTEXTS; context++) enable(context, 5);
    plic.input(5)(true);
    expect(high).toEqual([true, true, true, true]);
    expect([claim(2), claim(0)]).toEqual([5, 0]);
    expect(high).toEqual([false, false, false, false]);
  });
});

describe("the gateway", () => {
  beforeEach(() => {
    setPriority(5, 1);
    enable(0, 5);
  });

  test("passes nothing on between claim and completion, then what was asked for meanwhile", () => {
    const line = plic.input(5);
    line(true);
    expect(claim(0)).toBe(5);
    line(false);
    line(true);
    expect([high[0], isPending(5), claim(0)]).toEqual([false, false, 0]);
    complete(0, 5);
    expect([high[0], isPending(5), claim(0)]).toEqual([true, true, 5]);
    line(false);
    complete(0, 5);
    expect([high[0], isPending(5)]).toEqual([false, false]);
    line(true);
    expect(claim(0)).toBe(5);
  });

  test("interrupts once, however long its line stays high, until the device asks again", () => {
    const line = plic.input(5);
    line(true);
    expect(claim(0)).toBe(5);
    complete(0, 5);
    expect([high[0], claim(0)]).toEqual([false, 0]);
    line(true);
    expect([high[0], claim(0)]).toEqual([true, 5]);
  });

  test("keeps a request though the line falls", () => {
    plic.input(5)(true);
    plic.input(5)(false);
    expect([high[0], isPending(5), claim(0)]).toEqual([true, true, 5]);
    complete(0, 5);
    expect([high[0], claim(0)]).toEqual([false, 0]);
  });

  test("ignores the completion of a source that the context does not enable", () => {
    plic.input(5)(true);
    claim(0);
    plic.input(5)(true);
    complete(1, 5);
    expect(high[0]).toBe(false);
    enable(1, 5);
    complete(1, 5);
    expect(high).toEqual([true, true, false, false]);
  });

  test("ignores completions of what was not claimed or does not exist", () => {
    plic.input(5)(true);
    for (const source of [5, 0, 6, 96, 127, 0xffff_ffff]) complete(0, source);
    expect(claim(0)).toBe(5);
    for (const source of [0, 6, 96, 5 + 96, 0x8000_0005]) complete(0, source);
    expect(claim(0)).toBe(0);
  });

  test("drives an output only where it changes", () => {
    const line = plic.input(5);
    for (let i = 0; i < 3; i++) line(true);
    expect(changes).toBe(1);
    plic.input(6)(true);
    setPriority(5, 2);
    expect(changes).toBe(1);
  });
});

describe("registers", () => {
  test("keep the bits that exist", () => {
    for (let source = 0; source < 1024; source++) setPriority(source, 0xffff_ffff);
    expect([0, 1, 95, 96, 1023].map((source) => plic.load(source * 4, 4))).toEqual([0, 7, 7, 0, 0]);
    for (let offset = 0; offset < 0x80 * (CONTEXTS + 1); offset += 4)
      plic.store(0x2000 + offset, 4, 0xffff_ffff);
    const words = [0, 4, 8, 12, 0x7c].map((offset) => plic.load(0x2080 + offset, 4));
    expect(words).toEqual([0xffff_fffe, 0xffff_ffff, 0xffff_ffff, 0, 0]);
    expect(plic.load(0x2000 + 0x80 * CONTEXTS, 4)).toBe(0);
    setThreshold(1, 0xffff_fffd);
    setThreshold(CONTEXTS, 1);
    expect([1, 0, CONTEXTS].map((context) => plic.load(0x20_0000 + 0x1000 * context, 4))).toEqual([5, 0, 0]);
  });

  test("pending is not to be written", () => {
    plic.store(0x1000, 4, 0xffff_ffff);
    expect([plic.load(0x1000, 4), claim(0)]).toEqual([0, 0]);
  });

  test("are 4 bytes wide", () => {
    setPriority(5, 1);
    enable(0, 5);
    plic.input(5)(true);
    for (const size of [1, 2] as const) {
      expect([plic.load(20, size), plic.load(0x1000, size), plic.load(0x20_0004, size)]).toEqual([0, 0, 0]);
      plic.store(20, size, 0);
    }
    expect(claim(0)).toBe(5);
  });
});

test("no access of any size at any offset throws or gives anything but 32 bits", () => {
  for (let source = 1; source <= PLIC_SOURCES; source++) plic.input(source)(true);
  for (let offset = 0; offset < WINDOW; offset += offset % 4 === 3 && offset > 0x4000 ? 0x3fd : 1) {
    for (const size of [1, 2, 4] as const) {
      plic.store(offset, size, 2 ** (size * 8) - 1);
      const value = plic.load(offset, size);
      if (!(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff))
        expect.fail(`${value} at ${offset}`);
    }
  }
});

describe("a saved PLIC", () => {
  test("goes on elsewhere, and drives no line on being restored", () => {
    for (const source of [5, 6, 95]) {
      setPriority(source, source % 7);
      plic.input(source)(true);
    }
    enable(1, 5, 6, 95);
    setThreshold(2, 4);
    expect(claim(1)).toBe(6);
    const saved = structuredClone(plic.save());
    plic = makePlic();
    changes = 0;
    plic.restore(saved);
    expect([changes, plic.save()]).toEqual([0, saved]);
    plic.input(6)(true);
    expect(isPending(6)).toBe(false);
    expect([claim(1), claim(1), high[1]]).toEqual([5, 95, false]);
    complete(1, 6);
    expect([claim(1), plic.load(0x20_2000, 4)]).toEqual([6, 4]);
  });
});
