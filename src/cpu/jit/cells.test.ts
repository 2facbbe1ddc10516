import { expect, test } from "vitest";
import { Hart } from "../hart.ts";
import { Privilege } from "../layout.ts";
import { load, RAM, type TestHart, testHart } from "./pair-fixture.ts";

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

function started(): TestHart {
  const one = testHart("always");
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
