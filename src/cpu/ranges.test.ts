import { expect, test } from "vitest";
import { linearOf, Ranges } from "./ranges.ts";

/** Page numbers of the upper half of the address space are negative. */
test.each([0x1000, -0x1000])("a page that goes away leaves the range on both sides of it: %d", (first) => {
  const addend = (0x10_0000 - first * 4096) | 0;
  const filled = () => {
    const ranges = new Ranges();
    ranges.add({ from: first, to: first + 8, addend, writes: true });
    return ranges;
  };
  const left = (ranges: Ranges) =>
    Array.from({ length: 8 }, (_, i) => (ranges.find(first + i, true) ? i : "")).join("");

  const virtual = filled();
  expect(virtual.dropVirtual(first + 3)).toBe(true);
  expect(left(virtual)).toBe("012" + "4567");
  expect(virtual.dropVirtual(first + 3)).toBe(false);
  expect(virtual.dropVirtual(first - 1)).toBe(false);

  const written = filled();
  const frame = linearOf({ from: first, to: first + 8, addend, writes: true }, first + 7);
  expect(frame).toBe(0x10_0000 + 7 * 4096);
  expect(written.dropWritten(frame)).toBe(true);
  expect(left(written)).toBe("0123456");
  expect(written.dropWritten(0x10_0000 - 4096)).toBe(false);
});

test("only what is written is asked for when a frame may not be written any more", () => {
  const ranges = new Ranges();
  ranges.add({ from: 5, to: 6, addend: 0, writes: false });
  expect(ranges.dropWritten(5 * 4096)).toBe(false);
  expect(ranges.find(5, false)).toBeDefined();
});
