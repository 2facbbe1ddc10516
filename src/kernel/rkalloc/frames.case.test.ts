import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BuddyAllocator } from "../rkallocbuddy/buddy.ts";
import { RegionAllocator } from "../rkallocregion/region.ts";
import { type FrameAllocator, MAX_ORDER } from "./frames.ts";

/** What every page allocator must do. */
const allocators: [string, (first: number, pages: number) => FrameAllocator][] = [
  ["rkallocbuddy", (first, pages) => new BuddyAllocator(first, pages)],
  ["rkallocregion", (first, pages) => new RegionAllocator(first, pages)],
];

const operations = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("allocate" as const), order: fc.integer({ min: 0, max: 7 }) }),
    fc.record({ kind: fc.constant("free" as const), which: fc.nat() }),
  ),
  { maxLength: 200 },
);

describe.each(allocators)("%s", (_name, create) => {
  test("hands out blocks that are aligned, inside the range and never overlap", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5000 }),
        fc.integer({ min: 1, max: 700 }),
        operations,
        (first, pages, list) => {
          const frames = create(first, pages);
          const owned = new Set<number>();
          const blocks: { page: number; order: number }[] = [];
          for (const operation of list) {
            if (operation.kind === "free") {
              const [block] = blocks.splice(operation.which % Math.max(1, blocks.length), 1);
              if (!block) continue;
              for (let i = 0; i < 2 ** block.order; i++) owned.delete(block.page + i);
              frames.free(block.page, block.order);
              continue;
            }
            const { order } = operation;
            const before = frames.freePages;
            const page = frames.allocate(order);
            if (page === -1) {
              expect(frames.freePages).toBe(before);
              continue;
            }
            expect(page % 2 ** order).toBe(0);
            expect(page).toBeGreaterThanOrEqual(first);
            expect(page + 2 ** order).toBeLessThanOrEqual(first + pages);
            expect(frames.freePages).toBeLessThanOrEqual(before - 2 ** order);
            for (let i = 0; i < 2 ** order; i++) {
              expect(owned.has(page + i)).toBe(false);
              owned.add(page + i);
            }
            blocks.push({ page, order });
          }
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  test("gives every page, one by one, and then none", () => {
    const frames = create(37, 301);
    const pages = new Set<number>();
    for (let i = 0; i < 301; i++) pages.add(frames.allocate(0));
    expect(pages.size).toBe(301);
    expect(pages.has(-1)).toBe(false);
    expect(frames.allocate(0)).toBe(-1);
    expect(frames.freePages).toBe(0);
  });

  test("refuses a block larger than any", () => {
    expect(create(0, 2 ** MAX_ORDER).allocate(MAX_ORDER + 1)).toBe(-1);
    expect(create(0, 100).allocate(7)).toBe(-1);
  });
});
