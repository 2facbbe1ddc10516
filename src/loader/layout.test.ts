import { describe, expect, it } from "vitest";
import { smallProgram } from "../../test/loader/elf-file.ts";
import { parseElf } from "./elf.ts";
import type { Image } from "./image.ts";
import { type Area, chooseLayout, type Layout, type LayoutOptions } from "./layout.ts";
import { MAX_ALIGN, MAX_IMAGE_BYTES } from "./limits.ts";

const fixed = await parseElf(smallProgram("exec"), "fixed");
const pie = await parseElf(smallProgram("dyn"), "pie");
const GiB = 2 ** 30;

function layoutOf(image: Image, interpreter?: Image, options: Partial<LayoutOptions> = {}): Layout {
  return chooseLayout(image, interpreter, { seed: 1n, aslr: true, stackSize: 8 * 2 ** 20, ...options });
}

function areas(layout: Layout): Area[] {
  const { image, interpreter, heap, mmap, vdso, stack, guards } = layout;
  const all = [image, heap, mmap, vdso, stack, ...guards, ...(interpreter ? [interpreter] : [])];
  return all.sort((a, b) => a.start - b.start);
}

describe("without randomisation", () => {
  it("has the documented addresses, whatever the seed", () => {
    const layout = layoutOf(pie, pie, { aslr: false, seed: 5n });
    expect(layout).toMatchObject({
      seed: undefined,
      image: { start: 64 * GiB, end: 64 * GiB + 0x3000 },
      heap: { start: 64 * GiB + 0x13000 },
      mmap: { end: 228 * GiB },
      interpreter: { start: 228 * GiB + 0x10000 },
      vdso: { start: 233 * GiB },
      stack: { start: 252 * GiB - 8 * 2 ** 20, end: 252 * GiB },
      stackTop: 252 * GiB,
    });
    expect(layout.base + pie.start).toBe(layout.image.start);
    expect(layout.interpreterBase + pie.start).toBe(layout.interpreter?.start);
    const other = layoutOf(pie, pie, { aslr: false, seed: 6n });
    expect({ ...other, random: layout.random }).toEqual(layout);
  });

  it("leaves a fixed image where it is linked", () => {
    const layout = layoutOf(fixed, undefined, { aslr: false });
    expect(layout.base).toBe(0);
    expect(layout.image).toEqual({ start: 0x11000, end: 0x14000 });
    expect(layout.heap.start).toBe(0x24000);
    expect(layout.interpreterBase).toBe(0);
  });
});

describe("a seed", () => {
  it("gives the same layout every time, on every machine", () => {
    expect(layoutOf(pie, pie, { seed: 42n })).toEqual(layoutOf(pie, pie, { seed: 42n }));
    const pinned = ["1e5761f000", "1e88083000", "3082307000", "3a40416000", "304a39e000", "3e64ac2240", 164];
    const { image, heap, mmap, interpreter, vdso, stackTop, random } = layoutOf(pie, pie, { seed: 42n });
    const starts = [image, heap, interpreter, vdso].map((area) => area?.start.toString(16));
    expect([...starts, mmap.end.toString(16), stackTop.toString(16), random[0]]).toEqual(pinned);
  });

  it("moves every area on its own", () => {
    const values = Array.from({ length: 64 }, (_, i) => layoutOf(pie, pie, { seed: BigInt(i) }));
    const distances = (of: (layout: Layout) => number) => new Set(values.map(of)).size;
    expect(distances((one) => one.base)).toBe(64);
    expect(distances((one) => one.heap.start - one.image.end)).toBe(64);
    expect(distances((one) => one.mmap.end)).toBe(64);
    expect(distances((one) => one.interpreterBase - one.mmap.end)).toBe(64);
    expect(distances((one) => one.vdso.start)).toBe(64);
    expect(distances((one) => one.stack.end)).toBe(64);
    expect(distances((one) => one.stackTop % 4096)).toBeGreaterThan(40);
    expect(distances((one) => one.random[3])).toBeGreaterThan(40);
  });

  it("moves the heap of a fixed image too", () => {
    const gaps = Array.from(
      { length: 16 },
      (_, i) => layoutOf(fixed, undefined, { seed: BigInt(i) }).heap.start,
    );
    expect(new Set(gaps).size).toBe(16);
  });
});

describe("any layout", () => {
  /** The most room an image can ask for. */
  const huge: Image = { ...pie, start: 0xfff000, end: 0xfff000 + MAX_IMAGE_BYTES, align: MAX_ALIGN };

  it.each([
    ["small images", pie, pie],
    ["the largest images", huge, huge],
    ["a fixed image", fixed, pie],
    ["the highest fixed image", { ...fixed, end: 64 * GiB }, huge],
  ])("keeps its areas apart and inside the user half: %s", (_name, image, interpreter) => {
    for (let seed = 0n; seed < 100n; seed++) {
      const layout = layoutOf(image, interpreter, { seed: seed * 0x9e3779b97f4a7c15n, stackSize: GiB });
      const sorted = areas(layout);
      for (const [i, area] of sorted.entries()) {
        expect(area.start % 4096).toBe(0);
        expect(area.end).toBeLessThanOrEqual(sorted[i + 1]?.start ?? 2 ** 38);
      }
      expect(sorted[0].start).toBeGreaterThanOrEqual(0x10000);
      expect(layout.stackTop % 16).toBe(0);
      expect(layout.stack.end - layout.stackTop).toBeLessThan(4096);
      expect(layout.mmap.end - layout.mmap.start).toBeGreaterThanOrEqual(14 * GiB);
      if (image.relocatable) expect(layout.base % image.align).toBe(0);
    }
  });

  it("has guards below the stack and on both sides of the heap", () => {
    const { guards, stack, heap, image } = layoutOf(pie);
    expect(guards.find((guard) => guard.end === stack.start)?.name).toBe("[stack guard]");
    expect(guards.find((guard) => guard.end === heap.start)?.start).toBeGreaterThanOrEqual(image.end);
    expect(guards.some((guard) => guard.start === heap.end)).toBe(true);
  });
});

it("refuses a fixed image above the area for them", () => {
  expect(() => layoutOf({ ...fixed, end: 64 * GiB + 4096 })).toThrow(
    "fixed: ELF p_vaddr + p_memsz is 0x1000001000, more than the limit of 0x1000000000",
  );
});
