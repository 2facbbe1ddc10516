import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Arena } from "../../memory/arena.ts";
import { PhysicalMemory } from "../../memory/physical-memory.ts";
import { pool } from "../rkallocpool/kind.ts";
import { AreaFrames } from "./area-frames.ts";
import { KINDS } from "./heap-fixture.ts";
import { zeroing } from "./zeroing.ts";

/** What every allocator must do that serves page frames. */

const operations = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("allocate" as const), order: fc.integer({ min: 0, max: 7 }) }),
    fc.record({ kind: fc.constant("free" as const), which: fc.nat() }),
  ),
  { maxLength: 200 },
);

describe.each(KINDS.map((kind) => [kind.name, kind] as const))("frames of %s", (_name, kind) => {
  const create = (first: number, pages: number) => new AreaFrames(first, kind.area(first, pages));

  test("are aligned, inside the range and never overlap", () => {
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
              const before = frames.freePages;
              frames.free(block.page, block.order);
              if (!kind.frees) continue;
              expect(frames.freePages).toBe(before + 2 ** block.order);
              for (let i = 0; i < 2 ** block.order; i++) owned.delete(block.page + i);
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
            for (let i = 0; i < 2 ** order; i++) {
              expect(owned.has(page + i)).toBe(false);
              owned.add(page + i);
            }
            blocks.push({ page, order });
          }
        },
      ),
      { seed: 1, numRuns: 100 },
    );
  });

  test("are the very pages that were asked for, where they are free, or none of that kind ever", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5000 }),
        fc.integer({ min: 1, max: 700 }),
        fc.array(fc.integer({ min: -3, max: 720 }), { maxLength: 50 }),
        (first, pages, wanted) => {
          const frames = create(first, pages);
          const taken = new Set<number>();
          const mayTake = frames.take(first, 1) === 1;
          if (mayTake) taken.add(first);
          for (const index of [...wanted, Number.NaN, 0.5]) {
            const page = first + index;
            const isFree = index >= 0 && index < pages && !taken.has(page) && Number.isInteger(index);
            expect(frames.take(page, 1)).toBe(mayTake && isFree ? 1 : 0);
            if (mayTake && isFree) taken.add(page);
            expect(frames.freePages).toBe(pages - taken.size);
          }
          for (let page = frames.allocate(0); page !== -1; page = frames.allocate(0)) {
            if (taken.has(page)) expect.fail("given twice");
            taken.add(page);
          }
          expect(taken.size).toBe(pages);
          if (!kind.frees) return;
          for (const page of taken) frames.free(page, 0);
          expect(frames.freePages).toBe(pages);
          if (mayTake) expect(frames.room(first, Math.ceil(pages / 4))).toBe(first);
        },
      ),
      { seed: 3, numRuns: 100 },
    );
  });

  test("are as many as follow the one that was asked for", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5000 }),
        fc.array(fc.integer({ min: 0, max: 199 }), { maxLength: 10 }),
        fc.integer({ min: -5, max: 205 }),
        fc.integer({ min: 0, max: 210 }),
        (first, used, from, wanted) => {
          const frames = create(first, 200);
          if (frames.take(first, 1) === 0) return;
          frames.free(first, 0);
          for (const index of used) frames.take(first + index, 1);
          const free = frames.freePages;
          const end = [...used, 200].sort((a, b) => a - b).find((index) => index >= from) ?? 0;
          const expected = from < 0 ? 0 : Math.max(0, Math.min(wanted, end - from));
          expect(frames.take(first + from, wanted)).toBe(expected);
          expect(frames.freePages).toBe(free - expected);
          for (let i = 0; i < expected; i++) frames.free(first + from + i, 0);
          for (const index of new Set(used)) frames.free(first + index, 0);
          expect(frames.freePages).toBe(200);
          expect(frames.room(first, 32)).toBe(first);
        },
      ),
      { seed: 5, numRuns: 200 },
    );
  });

  test("are found where many follow each other, if that can be asked", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5000 }),
        fc.array(fc.integer({ min: 0, max: 199 }), { maxLength: 30 }),
        fc.integer({ min: -5, max: 205 }),
        fc.integer({ min: 1, max: 210 }),
        (first, used, from, wanted) => {
          const frames = create(first, 200);
          if (frames.take(first, 1) === 0) {
            expect(frames.room(first, 1)).toBe(-1);
            return;
          }
          frames.free(first, 0);
          for (const index of used) frames.take(first + index, 1);
          const taken = [...new Set(used), 200].sort((a, b) => a - b);
          const fits = (start: number) => (taken.find((index) => index >= start) ?? 0) >= start + wanted;
          const starts = Array.from({ length: 200 }, (_, i) => i).filter(fits);
          const found = frames.room(first + from, wanted);
          // Of four times as many, some are in one block.
          const stretch = (start: number) =>
            (taken.find((index) => index >= start) ?? 0) >= start + 4 * wanted;
          if (starts.some(stretch)) expect(found).not.toBe(-1);
          if (found !== -1) expect(found - first).toBe(starts.find((start) => start >= from) ?? starts[0]);
          expect(frames.freePages).toBe(201 - taken.length);
        },
      ),
      { seed: 4, numRuns: 200 },
    );
  });

  test("are every page, one by one, and then none", () => {
    const frames = create(37, 301);
    const pages = new Set<number>();
    for (let i = 0; i < 301; i++) pages.add(frames.allocate(0));
    expect(pages.size).toBe(301);
    expect(pages.has(-1)).toBe(false);
    expect(frames.allocate(0)).toBe(-1);
    expect(frames.freePages).toBe(0);
  });

  test("are refused where no block is so large, and taken back only as they were given", () => {
    expect(create(0, 100).allocate(7)).toBe(-1);
    expect(create(0, 100).allocate(40)).toBe(-1);
    const frames = create(16, 16);
    const page = frames.allocate(0);
    expect(() => frames.free(page, 1)).toThrow(RangeError);
    expect(() => frames.free(page + 1, 0)).toThrow(RangeError);
    expect(() => frames.free(0, 0)).toThrow(RangeError);
    frames.free(page, 0);
    if (kind.frees) expect(() => frames.free(page, 0)).toThrow(RangeError);
  });

  test("are zero again for the next owner, also of those set aside", () => {
    const first = 0x8000_0000 / 4096;
    const ram = new PhysicalMemory(new Arena(8 << 20), 0x8000_0000, 64 * 4096);
    const reused: number[] = [];
    const frames = zeroing(create(first, 64), ram, (page) => reused.push(page));
    const page = frames.allocate(0);
    ram.writeU32(page * 4096, 7);
    frames.free(page, 0);
    expect(reused).toEqual([page]);
    if (!kind.frees) return;
    expect(frames.allocate(0)).toBe(page);
    expect(ram.readU32(page * 4096)).toBe(0);
    if (frames.room!(first, 1) !== -1) {
      ram.writeU32(page * 4096, 7);
      frames.free(page, 0);
      expect(frames.take!(page, 1)).toBe(1);
      expect(ram.readU32(page * 4096)).toBe(0);
    }
    if (kind === pool) {
      expect(frames.reserve?.(16, kind)).toBeUndefined();
      return;
    }
    const free = frames.freePages;
    const own = frames.reserve!(16, pool)!;
    expect([own.totalPages, own.freePages]).toEqual([16, 16]);
    expect(frames.freePages).toBe(free);
    const theirs = own.allocate(0);
    ram.writeU32(theirs * 4096, 7);
    while (frames.allocate(0) !== -1);
    expect(frames.freePages).toBe(15);
    // Whoever shares a page may be the last to let go of it, and knows only the allocator of all frames.
    frames.free(theirs, 0);
    expect(own.freePages).toBe(16);
    expect(own.allocate(0)).toBe(theirs);
    expect(ram.readU32(theirs * 4096)).toBe(0);
  });
});
