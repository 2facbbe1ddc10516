import { expect, test } from "vitest";
import { Hart } from "../hart.ts";
import { HART, Privilege } from "../layout.ts";
import type { JitMode } from "./jit.ts";
import { load, RAM, stateOf, type TestHart, testHart } from "./pair-fixture.ts";

/** Reads and writes memory in a loop that calls a function: two regions, with webs. */
const LOOP = `
      0: lui a2, 0x80020
         slli a2, a2, 32
         srli a2, a2, 32
      1: ld a3, 0(a2)
         addi a3, a3, 1
         sd a3, 0(a2)
         jal ra, 2f
         j 1b
         .balign 4096
      2: addi a0, a0, 1
         lw a4, 8(a2)
         add a5, a5, a4
         ret`;

const TURNS = 200;

function started(mode: JitMode = "always"): TestHart {
  const one = testHart(mode);
  load(one, LOOP);
  one.hart.pc = BigInt(RAM);
  return one;
}

/** What `turn` had looked at again, `TURNS` times, once everything was translated. */
function lookedAt({ jit }: TestHart, turn: () => void): number {
  for (let i = 0; i < TURNS; i++) turn();
  const { validations = 0, misses = 0 } = jit?.stats ?? {};
  expect(validations).toBeGreaterThan(0);
  for (let i = 0; i < TURNS; i++) turn();
  return (jit?.stats.validations ?? 0) + (jit?.stats.misses ?? 0) - validations - misses;
}

test("a region stays right for each of two harts that take turns in it", () => {
  const one = started();
  const other = new Hart(1, one.hart.arena, one.hart.bus, one.hart.engine);
  other.mmu.pmp.allowAll();
  other.pc = BigInt(RAM);
  const harts = [one.hart, other];
  const looks = lookedAt(one, () => {
    for (const hart of harts) hart.run(8000);
  });
  expect(looks).toBeLessThan(TURNS / 10);
  for (const hart of harts) expect(hart.xn(10)).toBeGreaterThan((2 * TURNS * 8000) / 10);
});

test("and for each of two views of memory", () => {
  const one = started();
  const looks = lookedAt(one, () => {
    for (const privilege of [Privilege.machine, Privilege.supervisor]) {
      one.hart.privilege = privilege;
      one.hart.mmu.refresh();
      one.hart.run(8000);
    }
  });
  expect(looks).toBeLessThan(TURNS / 10);
});

test("all go where there are too many, and come again", () => {
  const [one, interpreted] = [started(), started("off")];
  const table = one.jit?.table;
  if (!table) throw new Error("no JIT");
  table.mostCellBytes = 1024;
  const context = () => one.hart.arena.u32[(one.hart.base + HART.fetchTlb) / 4];
  const cells = () =>
    [...table.all].filter((region) => table.cellFor(region, context()) !== undefined).length;
  const seen = new Set<number>();
  for (let i = 0; i < 50; i++) {
    for (const { hart } of [one, interpreted]) {
      hart.privilege = i % 2 === 0 ? Privilege.machine : Privilege.supervisor;
      hart.mmu.refresh();
      hart.run(8000);
    }
    seen.add(cells());
  }
  expect(stateOf(one)).toEqual(stateOf(interpreted));
  const regions = [...table.all].length;
  expect(Math.min(...seen)).toBeLessThan(regions);
  table.mostCellBytes = 1 << 20;
  one.hart.run(200_000);
  expect(cells()).toBe(regions);
});
