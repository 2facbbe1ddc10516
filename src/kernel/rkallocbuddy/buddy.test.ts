import fc from "fast-check";
import { expect, test } from "vitest";
import { BuddyAllocator } from "./buddy.ts";

test("freeing everything in any order joins the blocks again", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1000 }),
      fc.array(fc.integer({ min: 0, max: 5 })),
      fc.nat(),
      (first, orders, seed) => {
        const buddy = new BuddyAllocator(first, 512);
        const largest = (allocator: BuddyAllocator) => {
          for (let order = 9; ; order--) {
            const page = allocator.allocate(order);
            if (page === -1) continue;
            allocator.free(page, order);
            return order;
          }
        };
        const before = largest(buddy);
        const blocks = orders
          .map((order) => ({ order, page: buddy.allocate(order) }))
          .filter(({ page }) => page !== -1);
        const used = blocks.reduce((sum, { order }) => sum + 2 ** order, 0);
        expect(buddy.freePages).toBe(512 - used);
        blocks.sort((a, b) => ((a.page * 7919 + seed) % 101) - ((b.page * 7919 + seed) % 101));
        for (const { page, order } of blocks) buddy.free(page, order);
        expect(buddy.freePages).toBe(512);
        expect(largest(buddy)).toBe(before);
      },
    ),
    { seed: 2, numRuns: 200 },
  );
});

test("splits the smallest block that is large enough", () => {
  const buddy = new BuddyAllocator(0, 12);
  expect(buddy.allocate(2)).toBe(8);
  expect(buddy.allocate(3)).toBe(0);
});

test("refuses to free what is not an allocated block", () => {
  const buddy = new BuddyAllocator(16, 16);
  const page = buddy.allocate(1);
  expect(() => buddy.free(page, 0)).toThrow(RangeError);
  buddy.free(page, 1);
  expect(() => buddy.free(page, 1)).toThrow(RangeError);
});

test("starts at once, however large the memory", () => {
  const started = performance.now();
  for (let i = 0; i < 20; i++) new BuddyAllocator(0x80000, 1 << 20);
  expect(performance.now() - started).toBeLessThan(1000);
});
