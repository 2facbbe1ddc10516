import fc from "fast-check";
import { expect, test } from "vitest";
import { BuddyArea } from "./buddy.ts";

test("freeing everything in any order joins the blocks again", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1000 }),
      fc.array(fc.integer({ min: 0, max: 5 })),
      fc.nat(),
      (first, orders, seed) => {
        const buddy = new BuddyArea(first, 512);
        const before = buddy.largest;
        const blocks = orders
          .map((order) => ({ order, unit: buddy.allocate(2 ** order, 1) }))
          .filter(({ unit }) => unit !== -1);
        const used = blocks.reduce((sum, { order }) => sum + 2 ** order, 0);
        expect(buddy.freeUnits).toBe(512 - used);
        for (const { unit, order } of blocks) expect((first + unit) % 2 ** order).toBe(0);
        blocks.sort((a, b) => ((a.unit * 7919 + seed) % 101) - ((b.unit * 7919 + seed) % 101));
        for (const { unit } of blocks) buddy.free(unit);
        expect(buddy.freeUnits).toBe(512);
        expect(buddy.largest).toBe(before);
      },
    ),
    { seed: 2, numRuns: 200 },
  );
});

test("splits the smallest block that is large enough", () => {
  const buddy = new BuddyArea(0, 12);
  expect(buddy.allocate(4, 1)).toBe(8);
  expect(buddy.allocate(8, 1)).toBe(0);
});

test("rounds sizes up to powers of two, and gives what a smaller size does not need back", () => {
  const buddy = new BuddyArea(0, 16);
  const unit = buddy.allocate(9, 1);
  expect(buddy.size(unit)).toBe(16);
  expect(buddy.resize(unit, 17)).toBe(false);
  expect(buddy.resize(unit, 3)).toBe(true);
  expect(buddy.size(unit)).toBe(4);
  expect(buddy.freeUnits).toBe(12);
  buddy.free(unit);
  expect(buddy.largest).toBe(16);
});

test("starts at once, however large the memory", () => {
  // At 10 ns a unit this would take longer than a test may.
  const units = 2 ** 20;
  for (let i = 0; i < 500; i++) if (new BuddyArea(0, units).largest !== units) expect.fail("not whole");
});
