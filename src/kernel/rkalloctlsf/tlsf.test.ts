import fc from "fast-check";
import { expect, test } from "vitest";
import { TlsfArea } from "./tlsf.ts";

test("every block joins its free neighbours, in whatever order they are freed", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1000 }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 6 }), fc.nat())),
      (first, requests) => {
        const area = new TlsfArea(first, 5000);
        const out = requests
          .map(([units, order, rank]) => ({ units, rank, unit: area.allocate(units, 2 ** order), order }))
          .filter(({ unit }) => unit !== -1);
        for (const { unit, units, order } of out) {
          expect(area.size(unit)).toBe(units);
          expect((first + unit) % 2 ** order).toBe(0);
        }
        out.sort((a, b) => a.rank - b.rank);
        for (const { unit } of out) area.free(unit);
        expect(area.freeUnits).toBe(5000);
        // The whole is one block: of its very size, though its class begins lower.
        expect(area.largest).toBe(5000);
        expect(area.allocate(5000, 1)).toBe(0);
      },
    ),
    { seed: 3, numRuns: 200 },
  );
});

test("a hole is filled by what fits it, before the large block is cut", () => {
  const area = new TlsfArea(0, 1000);
  const [hole, wall] = [area.allocate(40, 1), area.allocate(1, 1)];
  area.free(hole);
  expect(area.allocate(33, 1)).toBe(hole);
  expect(area.allocate(7, 1)).toBe(hole + 33);
  expect(wall).toBe(40);
});

test("the gap before an aligned block is free and joins again", () => {
  const area = new TlsfArea(5, 1000);
  const unit = area.allocate(10, 128);
  expect((unit + 5) % 128).toBe(0);
  expect(area.freeUnits).toBe(990);
  expect(area.allocate(unit, 1)).toBe(0);
  area.free(0);
  area.free(unit);
  expect(area.largest).toBe(1000);
});

test("a block grows into the free one above it and shrinks back", () => {
  const area = new TlsfArea(0, 100);
  const [unit, wall] = [area.allocate(10, 1), area.allocate(5, 1)];
  expect(area.resize(unit, 11)).toBe(false);
  area.free(wall);
  expect(area.resize(unit, 60)).toBe(true);
  expect([area.size(unit), area.freeUnits, area.largest]).toEqual([60, 40, 40]);
  expect(area.resize(unit, 100)).toBe(true);
  expect([area.freeUnits, area.largest]).toEqual([0, 0]);
  expect(area.resize(unit, 1)).toBe(true);
  expect([area.freeUnits, area.largest]).toEqual([99, 99]);
  expect(area.resize(unit, 101)).toBe(false);
});

test("sizes up to that of the area are met at once, however many blocks are free", () => {
  const area = new TlsfArea(0, 1 << 20);
  const blocks = Array.from({ length: 1 << 17 }, () => area.allocate(8, 1));
  for (let i = 0; i < blocks.length; i += 2) area.free(blocks[i]);
  // If each looked at all of them, this would take minutes.
  let met = 0;
  for (let i = 0; i < 1_000_000; i++) if (area.allocate(9, 1) >= 0) met++;
  expect(met).toBe(0);
  expect(area.largest).toBe(8);
});
