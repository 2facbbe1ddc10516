import fc from "fast-check";
import { expect, test } from "vitest";
import { region } from "./kind.ts";
import { RegionArea } from "./region.ts";

test("blocks follow each other, and nothing is taken back", () => {
  const area = new RegionArea(0, 10);
  expect([area.allocate(3, 1), area.allocate(1, 1), area.allocate(4, 1)]).toEqual([0, 3, 4]);
  expect([area.freeUnits, area.largest]).toEqual([2, 2]);
  area.free();
  expect([area.allocate(3, 1), area.allocate(2, 1), area.allocate(1, 1)]).toEqual([-1, 8, -1]);
  expect([area.freeUnits, area.largest]).toEqual([0, 0]);
  expect(region.frees).toBe(false);
});

test("alignment counts from where the range really is, and what it skips is no block", () => {
  const area = new RegionArea(5, 20);
  expect(area.allocate(1, 1)).toBe(0);
  expect(area.allocate(2, 4)).toBe(3);
  expect([0, 1, 2, 3, 4, 5].map((unit) => area.size(unit))).toEqual([1, 0, 0, 2, 0, 0]);
  expect(area.freeUnits).toBe(15);
  // Up to 16 there is room for 4 units, but not at a multiple of 16 with 10 behind it.
  expect([area.allocate(10, 16), area.allocate(9, 16)]).toEqual([-1, 11]);
});

test("only the last block grows and shrinks", () => {
  const area = new RegionArea(0, 10);
  const [first, last] = [area.allocate(3, 1), area.allocate(2, 1)];
  expect([area.resize(first, 4), area.resize(first, 3), area.resize(first, 1)]).toEqual([false, true, true]);
  expect(area.size(first)).toBe(3);
  expect([area.resize(last, 8), area.resize(last, 7)]).toEqual([false, true]);
  expect([area.size(last), area.freeUnits]).toEqual([7, 0]);
  expect(area.resize(last, 1)).toBe(true);
  expect([area.size(last), area.freeUnits, area.allocate(2, 1)]).toEqual([1, 6, 4]);
  expect([area.size(last), area.size(4)]).toEqual([1, 2]);
});

test("blocks never meet, whatever is asked for, and a copy goes its own way", () => {
  const step = fc.record({ units: fc.integer({ min: 1, max: 6 }), order: fc.nat(4), grows: fc.boolean() });
  fc.assert(
    fc.property(fc.nat(1000), fc.array(step, { maxLength: 60 }), (first, steps) => {
      let area = new RegionArea(first, 100);
      const blocks: { unit: number; units: number }[] = [];
      for (const { units, order, grows } of steps) {
        const last = blocks.at(-1);
        if (grows && last) {
          if (area.resize(last.unit, units)) last.units = units;
        } else {
          const unit = area.allocate(units, 2 ** order);
          if (unit === -1) continue;
          expect((first + unit) % 2 ** order).toBe(0);
          expect(unit).toBeGreaterThanOrEqual(last ? last.unit + last.units : 0);
          expect(unit + units).toBeLessThanOrEqual(100);
          blocks.push({ unit, units });
        }
        const other = area.clone();
        other.allocate(1, 1);
        if (order === 0) area = area.clone();
      }
      for (const { unit, units } of blocks) expect(area.size(unit)).toBe(units);
      const end = blocks.reduce((most, { unit, units }) => Math.max(most, unit + units), 0);
      expect(area.freeUnits).toBe(100 - end);
    }),
    { seed: 3, numRuns: 200 },
  );
});
