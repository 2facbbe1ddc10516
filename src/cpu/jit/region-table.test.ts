import { expect, test } from "vitest";
import { HART } from "../layout.ts";
import { SLOT, SLOT_SIZE } from "../slots.ts";
import { load, RAM, testHart } from "./pair-fixture.ts";

/** A hart that has run a loop across two pages, which is a region. */
function translated() {
  const one = testHart("always");
  load(one, "0: addi a0, a0, 1\n j 1f\n .balign 4096\n 1: addi a1, a1, 1\n j 0b");
  one.hart.pc = BigInt(RAM);
  one.hart.run(5000);
  const { jit, hart } = one;
  if (!jit) throw new Error("no JIT");
  return { ...one, table: jit.table, jit, hart, first: hart.code.slotPage(RAM / 4096) };
}

test("a region stands in its slot, over the handler that was there", () => {
  const { table, first, hart } = translated();
  expect(table.hasRegion(first)).toBe(true);
  expect(table.at(first)?.slot).toBe(first);
  expect(table.handlerAt(first)).not.toBe(hart.arena.u32[(first + SLOT.handler) / 4]);
  expect(table.hasRegion(first + SLOT_SIZE)).toBe(false);
});

test("it goes when code of any of its pages is forgotten, and the handler is there again", () => {
  for (const page of [0, 1]) {
    const { table, first, hart, jit } = translated();
    const regions = table.regionsOf(RAM / 4096 + page);
    expect(regions.length).toBeGreaterThan(0);
    const { number } = regions[0];
    const cell = table.cellFor(regions[0], hart.arena.u32[(hart.base + HART.fetchTlb) / 4]) as number;
    const before = hart.code.isDecoded(RAM / 4096, 0) ? table.handlerAt(first) : 0;
    hart.code.invalidate(RAM / 4096 + page);
    expect(table.region(number)).toBeUndefined();
    expect(table.regionsOf(RAM / 4096 + page)).toEqual([]);
    expect(hart.arena.u32[(first + SLOT.handler) / 4]).toBe(page === 0 ? 0 : before);
    expect(hart.arena.u32[cell / 4]).toBe(0);
    expect(jit.stats.lost).toBeGreaterThan(0);
    const count = hart.xn(10);
    hart.run(3000);
    expect(hart.xn(10)).toBeGreaterThan(count);
  }
});

test("all go with the engine", () => {
  const { hart, table } = translated();
  hart.engine.release();
  expect([...table.all]).toEqual([]);
});
