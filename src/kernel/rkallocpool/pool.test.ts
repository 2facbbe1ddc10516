import fc from "fast-check";
import { expect, test } from "vitest";
import { pool } from "./kind.ts";
import { PoolArea } from "./pool.ts";

test("the last object freed is the next given, and fresh ones come in order", () => {
  const area = new PoolArea(5);
  expect([area.allocate(1, 1), area.allocate(1, 1), area.allocate(1, 1)]).toEqual([0, 1, 2]);
  for (const object of [0, 2, 1]) area.free(object);
  expect([1, 2, 3, 4].map(() => area.allocate(1, 1))).toEqual([1, 2, 0, 3]);
});

test("an object is all that there ever is: nothing larger, nothing more strictly aligned", () => {
  const area = new PoolArea(3);
  expect([area.largest, area.freeUnits]).toEqual([1, 3]);
  expect([area.allocate(2, 1), area.allocate(1, 2)]).toEqual([-1, -1]);
  const object = area.allocate(1, 1);
  expect([area.resize(object, 1), area.resize(object, 2)]).toEqual([true, false]);
  expect([area.size(object), area.size(object + 1), area.size(2)]).toEqual([1, 0, 0]);
  area.allocate(1, 1);
  area.allocate(1, 1);
  expect([area.allocate(1, 1), area.largest, area.freeUnits]).toEqual([-1, 0, 0]);
  area.free(object);
  expect([area.size(object), area.largest, area.freeUnits]).toEqual([0, 1, 1]);
});

test("every object is given once at a time, in any order of giving back", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(40), { maxLength: 200 }), (steps) => {
      const area = new PoolArea(16);
      const copies: [PoolArea, Set<number>][] = [];
      const out = new Set<number>();
      for (const step of steps) {
        if (step < 16 && out.delete(step)) area.free(step);
        else if (step === 40) copies.push([area.clone(), new Set(out)]);
        else {
          const object = area.allocate(1, 1);
          expect(object === -1).toBe(out.size === 16);
          if (object !== -1) expect(out.has(object)).toBe(false);
          if (object !== -1) out.add(object);
        }
        expect(area.freeUnits).toBe(16 - out.size);
        for (let object = 0; object < 16; object++) expect(area.size(object)).toBe(out.has(object) ? 1 : 0);
      }
      // A copy goes on from where it was made: what is out there is never given again.
      for (const [copy, then] of copies) {
        const rest = new Set(then);
        for (let object = copy.allocate(1, 1); object !== -1; object = copy.allocate(1, 1)) {
          expect(rest.has(object)).toBe(false);
          rest.add(object);
        }
        expect(rest.size).toBe(16);
      }
    }),
    { seed: 1, numRuns: 200 },
  );
});

test("objects are as large as was asked for, rounded up to their alignment, which is 16 at least", () => {
  const shapes: [size: number, alignment: number, unit: number, aligned: number][] = [
    [1, 1, 16, 16],
    [48, 16, 48, 16],
    [49, 16, 64, 16],
    [48, 64, 64, 64],
    [100, 64, 128, 64],
    [5000, 4096, 8192, 4096],
  ];
  for (const [size, alignment, unit, aligned] of shapes)
    expect(pool.shape({ size, alignment })).toEqual({ unit, alignment: aligned });
  expect(pool.shape()).toEqual({ unit: 64, alignment: 64 });
  expect(pool.frees).toBe(true);
});
