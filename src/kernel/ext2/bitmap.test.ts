import fc from "fast-check";
import { expect, test } from "vitest";
import { Bitmap } from "./bitmap.ts";

const SIZE = 100;
const step = fc.tuple(fc.constantFrom("use", "unuse", "hold", "unhold", "settle"), fc.nat(SIZE - 1));

test("only what neither disk, next state nor holders have is free", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.nat(SIZE - 1), (steps, from) => {
      const bitmap = new Bitmap(new Uint8Array(16), SIZE);
      const [next, committed, held] = [new Set<number>(), new Set<number>(), new Set<number>()];
      for (const [what, bit] of steps) {
        if (what === "use") next.add(bit);
        else if (what === "unuse") next.delete(bit);
        else if (what === "hold") held.add(bit);
        else if (what === "unhold") held.delete(bit);
        else {
          committed.clear();
          for (const each of next) committed.add(each);
        }
        if (what === "settle") bitmap.settle();
        else bitmap[what as "use"](bit);
      }
      const all = Array.from({ length: SIZE }, (_, bit) => bit);
      const free = all.filter((bit) => !next.has(bit) && !committed.has(bit) && !held.has(bit));
      expect(all.filter((bit) => bitmap.isFree(bit))).toEqual(free);
      expect(bitmap.unused).toBe(SIZE - next.size);
      expect(bitmap.heldCount).toBe(held.size);
      expect(bitmap.find(from)).toBe(free.find((bit) => bit >= from) ?? free[0] ?? -1);
      const runs = free.filter((bit) => [1, 2, 3].every((more) => free.includes(bit + more)));
      expect(bitmap.findLastRun(4)).toBe(runs.pop() ?? -1);
    }),
    { seed: 3, numRuns: 300 },
  );
});

test("never gives a bit beyond its size", () => {
  const bitmap = new Bitmap(new Uint8Array(2), 11);
  for (let i = 0; i < 11; i++) bitmap.use(bitmap.find(5));
  expect(bitmap.find(0)).toBe(-1);
  expect(bitmap.unused).toBe(0);
});
