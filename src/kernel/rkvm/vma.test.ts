import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PageFrames } from "./page-frames.ts";
import { Place } from "./place.ts";
import { SharedMemory } from "./shared-memory.ts";
import { type Vma, VmaList } from "./vma.ts";

const PAGE = 4096;
const nobody = { dropPages: () => {}, protectPages: () => {} };
const area = (start: number, end: number, prot = 3, name = ""): Vma => ({
  start: start * PAGE,
  end: end * PAGE,
  prot,
  object: undefined,
  shared: false,
  mayWrite: true,
  offset: 0,
  name,
  guard: false,
  flags: 0,
  copied: false,
  place: new Place(),
});
const shape = (list: VmaList) => list.areas.map((vma) => [vma.start / PAGE, vma.end / PAGE, vma.prot]);

test("joins neighbours that continue each other, and no others", () => {
  const list = new VmaList(nobody);
  list.insert(area(10, 12));
  list.insert(area(14, 16));
  list.insert(area(16, 17, 1));
  list.insert(area(12, 14));
  expect(shape(list)).toEqual([
    [10, 16, 3],
    [16, 17, 1],
  ]);
});

test("areas of a file join only where the file continues", () => {
  const object = new SharedMemory({} as PageFrames);
  const list = new VmaList(nobody);
  const part = (start: number, offset: number) => ({
    ...area(start, start + 2),
    object,
    offset: offset * PAGE,
  });
  list.insert(part(10, 0));
  list.insert(part(12, 2));
  list.insert(part(14, 9));
  expect(shape(list)).toEqual([
    [10, 14, 3],
    [14, 16, 3],
  ]);
  list.isolate(11 * PAGE, 13 * PAGE);
  expect(list.areas.map((vma) => vma.offset / PAGE)).toEqual([0, 1, 3, 9]);
});

test("finds the highest room", () => {
  const list = new VmaList(nobody);
  list.insert(area(90, 95));
  list.insert(area(97, 100));
  const room = (pages: number) => list.findRoom(pages * PAGE, 0, 100 * PAGE) / PAGE;
  expect([room(1), room(2), room(3), room(90)]).toEqual([96, 95, 87, 0]);
  expect(list.findRoom(91 * PAGE, 0, 100 * PAGE)).toBe(-1);
  expect(list.findRoom(2 * PAGE, 94 * PAGE, 97 * PAGE)).toBe(95 * PAGE);
});

test("what earlier searches found changes no later one", () => {
  const step = fc.record({
    start: fc.integer({ min: 0, max: 60 }),
    pages: fc.integer({ min: 1, max: 6 }),
    taken: fc.boolean(),
    wanted: fc.integer({ min: 1, max: 12 }),
    high: fc.constantFrom(50, 64),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const list = new VmaList(nobody);
      for (const { start, pages, taken, wanted, high } of steps) {
        list.remove(list.isolate(start * PAGE, (start + pages) * PAGE));
        if (taken) list.insert(area(start, start + pages));
        const fresh = new VmaList(nobody);
        for (const vma of list.areas) fresh.insert({ ...vma });
        const search = [wanted * PAGE, 2 * PAGE, high * PAGE] as const;
        expect(list.findRoom(...search)).toBe(fresh.findRoom(...search));
      }
    }),
  );
});

test("joins as many areas as there may be, and takes them out", () => {
  const most = 65_000;
  const list = new VmaList(nobody);
  for (let page = 0; page < most; page++) list.insert(area(page, page + 1, page % 2));
  for (const vma of list.isolate(PAGE, (most - 1) * PAGE)) vma.prot = 2;
  list.mergeAround(PAGE, (most - 1) * PAGE);
  expect(shape(list)).toEqual([
    [0, 1, 0],
    [1, most - 1, 2],
    [most - 1, most, 1],
  ]);
  for (let page = 1; page < most; page++) list.insert(area(most + page * 2, most + page * 2 + 1));
  list.remove(list.isolate(0, 4 * most * PAGE));
  expect(shape(list)).toEqual([]);
});

describe("against a map of single pages", () => {
  const operation = fc.record({
    kind: fc.constantFrom("map" as const, "unmap" as const, "protect" as const),
    start: fc.integer({ min: 0, max: 40 }),
    length: fc.integer({ min: 1, max: 12 }),
    prot: fc.integer({ min: 0, max: 2 }),
  });

  test("every page has what was done to it last; areas are sorted, apart and joined", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const list = new VmaList(nobody);
        const pages = new Map<number, number>();
        for (const { kind, start, length, prot } of operations) {
          const end = start + length;
          if (kind === "protect") {
            for (const vma of list.isolate(start * PAGE, end * PAGE)) vma.prot = prot;
            list.mergeAround(start * PAGE, end * PAGE);
          } else list.remove(list.isolate(start * PAGE, end * PAGE));
          if (kind === "map") list.insert(area(start, end, prot));
          for (let page = start; page < end; page++) {
            if (kind === "map" || (kind === "protect" && pages.has(page))) pages.set(page, prot);
            if (kind === "unmap") pages.delete(page);
          }
        }
        for (let page = 0; page < 60; page++) expect(list.find(page * PAGE)?.prot).toBe(pages.get(page));
        list.areas.forEach((vma, i) => {
          const next = list.areas[i + 1];
          expect(vma.end).toBeGreaterThan(vma.start);
          if (next) expect(next.start).toBeGreaterThanOrEqual(vma.end);
          if (next?.start === vma.end) expect(next.prot).not.toBe(vma.prot);
        });
      }),
      { seed: 3, numRuns: 300 },
    );
  });
});
