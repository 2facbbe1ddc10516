import fc from "fast-check";
import { expect, test } from "vitest";
import { Heap, type HeapItem } from "./heap.ts";

test("gives items in order, whichever were taken out of its middle", () => {
  const step = fc.record({ takes: fc.boolean(), value: fc.nat(50), which: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const heap = new Heap<HeapItem & { value: number }>((a, b) => a.value < b.value);
      const inside: (HeapItem & { value: number })[] = [];
      for (const { takes, value, which } of steps)
        if (!takes) {
          const item = { value, index: -1 };
          heap.push(item);
          inside.push(item);
        } else if (inside.length > 0) {
          const [item] = inside.splice(which % inside.length, 1);
          heap.remove(item);
          expect(item.index).toBe(-1);
        }
      expect(heap.size).toBe(inside.length);
      const order: number[] = [];
      for (let first = heap.first; first; first = heap.first) {
        order.push(first.value);
        heap.remove(first);
      }
      expect(order).toEqual(inside.map(({ value }) => value).sort((a, b) => a - b));
    }),
    { seed: 3 },
  );
});
