import { expect, test } from "vitest";
import { Random } from "../../test/differential/random.ts";
import { linearOf, Ranges } from "./ranges.ts";

const range = (from: number, to: number, addend: number, writes = false) => ({ from, to, addend, writes });

test("a range is found by the pages in it, for its kind of access alone", () => {
  const ranges = new Ranges();
  ranges.add(range(10, 12, 0x1000));
  expect(ranges.find(9, false)).toBeUndefined();
  expect(ranges.find(10, false)?.addend).toBe(0x1000);
  expect(ranges.find(11, false)).toBe(ranges.find(10, false));
  expect(ranges.find(12, false)).toBeUndefined();
  expect(ranges.find(10, true)).toBeUndefined();
});

test("a larger range takes the place of those inside it", () => {
  const ranges = new Ranges();
  ranges.add(range(10, 12, 0));
  ranges.add(range(14, 16, 0, true));
  ranges.add(range(8, 20, 0));
  expect(ranges.find(11, false)?.to).toBe(20);
  expect(ranges.find(14, true)?.to).toBe(16);
});

test("a page that goes away splits its ranges, of both kinds", () => {
  const ranges = new Ranges();
  ranges.add(range(10, 20, 0));
  ranges.add(range(12, 16, 0, true));
  expect(ranges.dropVirtual(14)).toBe(true);
  expect(ranges.find(13, false)).toMatchObject({ from: 10, to: 14 });
  expect(ranges.find(15, false)).toMatchObject({ from: 15, to: 20 });
  expect(ranges.find(14, false)).toBeUndefined();
  expect(ranges.find(14, true)).toBeUndefined();
  expect(ranges.dropVirtual(14)).toBe(false);
  expect(ranges.dropVirtual(20)).toBe(false);
});

test("pages that go away together leave what is before and behind them", () => {
  const ranges = new Ranges();
  for (const [from, to] of [
    [10, 20],
    [22, 24],
    [24, 30],
    [40, 50],
  ])
    ranges.add(range(from, to, 0));
  expect(ranges.dropVirtual(15, 26)).toBe(true);
  const known = Array.from({ length: 60 }, (_, page) => page).filter((page) => ranges.find(page, false));
  expect(known).toEqual([
    10,
    11,
    12,
    13,
    14,
    26,
    27,
    28,
    29,
    ...Array.from({ length: 10 }, (_, i) => 40 + i),
  ]);
  expect(ranges.dropVirtual(30, 40)).toBe(false);
});

test("a frame that may not be written any more leaves ranges of writes, not of reads", () => {
  const ranges = new Ranges();
  ranges.add(range(10, 20, 0x10_0000));
  ranges.add(range(10, 20, 0x10_0000, true));
  expect(ranges.dropWritten(0x10_0000 + 15 * 4096)).toBe(true);
  expect(ranges.find(15, true)).toBeUndefined();
  expect(ranges.find(15, false)).toBeDefined();
  expect(ranges.dropWritten(0x10_0000 + 20 * 4096)).toBe(false);
});

test("linear addresses wrap at 2^32, below virtual address 0 too", () => {
  expect(linearOf(range(-1, 1, 0x5000), -1)).toBe(0x4000);
  expect(linearOf(range(0, 1, -0x1000 | 0), 0x10_0001)).toBe(0);
  expect(linearOf(range(0, 1, 0x8000_0000 | 0), 0x8_0000)).toBe(0);
  const ranges = new Ranges();
  ranges.add(range(-2, 3, 0x10_0000, true));
  expect(ranges.dropWritten(0x10_0000 - 4096)).toBe(true);
  expect(ranges.find(-1, true)).toBeUndefined();
  expect(ranges.find(-2, true)).toMatchObject({ from: -2, to: -1 });
});

test("a page that leaves its range again and again is known as restless, until they are another address space's", () => {
  const ranges = new Ranges();
  for (let i = 0; i < 4; i++) {
    expect(ranges.isRestless(11)).toBe(false);
    ranges.add(range(10, 12, 0));
    ranges.dropVirtual(11);
    ranges.dropVirtual(11);
  }
  expect([10, 11].map((page) => ranges.isRestless(page))).toEqual([false, true]);
  ranges.clear();
  expect(ranges.isRestless(11)).toBe(true);
  ranges.reset();
  expect(ranges.isRestless(11)).toBe(false);
});

test("they say what a plain list of pages would", () => {
  const r = new Random(1);
  const ranges = new Ranges();
  const known = new Map<string, number>();
  const key = (page: number, writes: boolean) => `${page} ${writes}`;
  const frameOf = (page: number) => 0x20_0000 + page * 4096;
  for (let i = 0; i < 3000; i++) {
    const from = r.below(60) - 30;
    const kind = r.below(4);
    if (kind < 2) {
      const to = from + 1 + r.below(8);
      ranges.add(range(from, to, 0x20_0000, kind === 1));
      for (let page = from; page < to; page++) known.set(key(page, kind === 1), frameOf(page));
    } else if (kind === 2) {
      const pages = 1 + r.below(3);
      ranges.dropVirtual(from, from + pages);
      for (let page = from; page < from + pages; page++)
        for (const writes of [true, false]) known.delete(key(page, writes));
    } else {
      ranges.dropWritten(frameOf(from));
      known.delete(key(from, true));
    }
    for (let page = -32; page < 40; page++)
      for (const writes of [true, false]) {
        const found = ranges.find(page, writes);
        if ((found && linearOf(found, page)) !== known.get(key(page, writes)))
          throw new Error(`step ${i}: page ${page}, ${writes ? "write" : "read"}`);
      }
  }
});
