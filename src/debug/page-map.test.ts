import { describe, expect, it } from "vitest";
import type { Hart } from "../cpu/hart.ts";
import { bareHart } from "../cpu/hart-fixture.ts";
import { Pte } from "../cpu/sv39.ts";
import { pageMap } from "./page-map.ts";

const RAM = 0x8000_0000;
const ROOT = RAM / 4096;
const { V, R, W, X, U, A, D } = Pte;

const entry = (page: number, flags: number) => (BigInt(page) << 10n) | BigInt(flags);

/** A hart whose root table is RAM's first page. */
function translating(): { hart: Hart; put: (page: number, index: number, entry: bigint) => void } {
  const hart = bareHart();
  hart.mmu.useTable(ROOT, 0);
  const put = (page: number, index: number, value: bigint) =>
    hart.bus.ram.writeU64((ROOT + page) * 4096 + index * 8, value);
  return { hart, put };
}

describe("what a page table maps", () => {
  it("is nothing that can be listed while satp is bare", () => {
    expect(pageMap(bareHart())).toBeUndefined();
  });

  it("is joined where addresses and flags go on, and in the order of signed addresses", () => {
    const { hart, put } = translating();
    // A 1 GiB page of the upper half, and through two tables: three 4 KiB pages of one run, one that is elsewhere.
    put(0, 511, entry(0x80000, V | R | W));
    put(0, 1, entry(ROOT + 1, V));
    put(1, 0, entry(ROOT + 2, V));
    for (const i of [4, 5, 6]) put(2, i, entry(0x80010 + i, V | R | X | U | A));
    put(2, 7, entry(0x80010, V | R | X | U | A));
    put(2, 8, entry(0x80011, V | R | W | U | A | D));
    // 2 MiB.
    put(1, 1, entry(0x80200, V | R));
    expect(pageMap(hart)).toEqual({
      isCut: false,
      ranges: [
        { start: -(2 ** 30), physical: 0x8000_0000, size: 2 ** 30, flags: V | R | W },
        { start: 0x4000_4000, physical: 0x8001_4000, size: 0x3000, flags: V | R | X | U | A },
        { start: 0x4000_7000, physical: 0x8001_0000, size: 0x1000, flags: V | R | X | U | A },
        { start: 0x4000_8000, physical: 0x8001_1000, size: 0x1000, flags: V | R | W | U | A | D },
        { start: 0x4020_0000, physical: 0x8020_0000, size: 0x20_0000, flags: V | R },
      ],
    });
  });

  it("leaves out what the hart would not take for a page", () => {
    const { hart, put } = translating();
    put(0, 0, entry(0x80000, R));
    put(0, 1, entry(0x80000, V | W));
    put(0, 2, entry(0x80001, V | R));
    put(0, 3, entry(0x80000, V | R) | (1n << 60n));
    put(0, 4, entry(ROOT + 1, V | U));
    put(0, 5, entry(0x1234, V));
    put(1, 0, entry(0x80000, V | R));
    expect(pageMap(hart)?.ranges).toEqual([]);
  });

  it("ends although tables lead back to each other", () => {
    const { hart, put } = translating();
    for (let i = 0; i < 512; i++) put(0, i, entry(ROOT, V));
    expect(pageMap(hart)).toEqual({ ranges: [], isCut: true });
    for (let i = 0; i < 512; i += 2) put(1, i, entry(0x80000, V | R));
    for (let i = 0; i < 512; i++) put(0, i, entry(i % 2 === 0 ? ROOT : ROOT + 1, V));
    expect(pageMap(hart)?.ranges.length).toBeLessThanOrEqual(5000);
    expect(pageMap(hart)?.isCut).toBe(true);
  });
});
