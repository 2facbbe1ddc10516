import { beforeEach, expect, test, vi } from "vitest";
import { Csr } from "../csr-state.ts";
import { Privilege } from "../layout.ts";
import { PageTable } from "../page-table.ts";
import { Pte } from "../sv39.ts";
import { LateTranslator } from "./late-translator-fixture.ts";
import { load, RAM, type TestHart, testHart } from "./pair-fixture.ts";

const { R, W, X, A, D, V } = Pte;
const A0 = 10;
/** More often than any test asks. */
const NEVER = 1e9;

const LOOP = "0: addi a0, a0, 1\n j 1f\n .balign 4096\n 1: addi a1, a1, 1\n j 0b";

/** In milliseconds: it goes on when it is looked at, a little. */
let now = 0;
beforeEach(() => {
  vi.spyOn(performance, "now").mockImplementation(() => {
    now += 1e-6;
    return now;
  });
});

/** A hart that is in a loop over two pages, with a translator that answers so late, and is prepared for by that. */
function looping(lateness: number, prepare?: () => void) {
  let translator: LateTranslator | undefined;
  const make = (memory: ArrayBufferLike) => {
    translator = new LateTranslator(memory, lateness);
    return translator;
  };
  const one = testHart("on", { translator: Object.assign(make, { prepare }) });
  load(one, LOOP);
  one.hart.pc = BigInt(RAM);
  const { jit } = one;
  if (!jit) throw new Error("no JIT");
  return { ...one, jit, translator: () => translator as LateTranslator };
}

/** Runs until something was asked for. */
function untilAsked({ hart, translator }: ReturnType<typeof looping>): void {
  for (let i = 0; i < 100 && !translator()?.jobs.length; i++) hart.run(10_000);
  expect(translator().jobs.length).toBeGreaterThan(0);
}

test("the guest goes on while its code is translated, and the region is there when it has arrived", () => {
  const one = looping(20);
  untilAsked(one);
  const count = one.hart.xn(A0);
  one.hart.run(50_000);
  expect(one.hart.xn(A0)).toBeGreaterThan(count);
  expect(one.jit.stats.regions).toBe(0);
  one.hart.run(2_000_000);
  expect(one.jit.stats.regions).toBeGreaterThan(0);
  expect(one.jit.stats.beside).toBeGreaterThan(0);
});

test("what is to be prepared is done once, and at another time than the start", () => {
  const seen: boolean[] = [];
  const one = looping(NEVER, () => seen.push(one.translator() !== undefined));
  for (let i = 0; i < 100 && seen.length === 0; i++) one.hart.run(10_000);
  expect(one.translator()).toBeUndefined();
  untilAsked(one);
  expect(seen).toEqual([false]);
});

test("the translator is started at one time, and asked at another", () => {
  const one = looping(NEVER);
  for (let i = 0; i < 100 && !one.translator(); i++) one.hart.run(10_000);
  expect(one.translator().jobs).toEqual([]);
  untilAsked(one);
});

test("nothing is asked for twice, and not everything at once", () => {
  const one = looping(NEVER);
  load(one, ".rept 40\n li a2, 3000\n 1: addi a2, a2, -1\n bnez a2, 1b\n .endr");
  one.hart.pc = BigInt(RAM);
  for (let i = 0; i < 20; i++) {
    one.hart.pc = BigInt(RAM);
    one.hart.run(200_000);
  }
  const { jobs } = one.translator();
  expect(jobs.length).toBe(8);
  expect(new Set(jobs.map(({ entry }) => entry)).size).toBe(8);
});

test("pages that were not known are sent when they are asked for", () => {
  const one = looping(1);
  load(one, "1: addi a1, a1, 1\n ret", RAM + 0x8000);
  load(one, "0: addi a0, a0, 1\n call . + 0x7ffc\n j 0b");
  one.hart.run(2_000_000);
  const { jobs } = one.translator();
  expect(jobs.some(({ pages }) => pages.some(({ distance, slots }) => distance === 8 && slots !== 0))).toBe(
    true,
  );
  expect(one.jit.stats.regions).toBeGreaterThan(0);
});

const CHANGES: Record<string, (one: TestHart) => void> = {
  "written from outside": (one) => load(one, "0: addi a0, a0, 2\n j 0b"),
  "written by the guest, which has not fenced yet": (one) => {
    one.hart.code.written(RAM / 4096);
    one.ram.write(RAM, Uint8Array.of(0x09, 0x05));
  },
  "written by the guest and fenced": (one) => {
    one.hart.code.written(RAM / 4096);
    one.ram.write(RAM, Uint8Array.of(0x09, 0x05));
    one.hart.code.fence();
  },
  "forgotten for room": (one) => one.hart.code.flush(),
};

for (const [what, change] of Object.entries(CHANGES))
  test(`a translation of code that was ${what} meanwhile is dropped`, () => {
    const one = looping(5);
    untilAsked(one);
    const asked = one.translator().jobs.length;
    change(one);
    const [{ id }] = one.translator().jobs;
    const arrived: number[] = [];
    const take = one.translator().take.bind(one.translator());
    one.translator().take = () => {
      const answer = take();
      if (answer) arrived.push(answer.id);
      return answer;
    };
    while (!arrived.includes(id)) one.hart.run(10_000);
    expect(asked).toBe(1);
    expect(one.jit.table.at(one.hart.code.slotPage(RAM / 4096))).toBeUndefined();
    expect(one.jit.stats.regions).toBe(0);
  });

test("a translation of pages that are elsewhere by now is dropped", () => {
  const VIRTUAL = 0x40_0000;
  const one = looping(5);
  let next = RAM / 4096 + 64;
  const table = new PageTable(one.ram, () => next++);
  const flags = R | W | X | A | D | V;
  load(one, LOOP, RAM + 0x1000);
  load(one, LOOP);
  table.map(VIRTUAL, RAM / 4096, flags);
  table.map(VIRTUAL + 0x1000, RAM / 4096 + 1, flags);
  one.hart.csrs.set(Csr.satp, (8n << 60n) | BigInt(table.rootPage));
  one.hart.privilege = Privilege.supervisor;
  one.hart.mmu.reset();
  one.hart.pc = BigInt(VIRTUAL);
  untilAsked(one);
  table.map(VIRTUAL + 0x1000, RAM / 4096 + 2, flags);
  one.hart.mmu.fence();
  for (let i = 0; i < 6; i++) one.hart.run(10_000);
  expect(one.jit.stats.regions).toBe(0);
  // It is found hot again, with its page where that is now.
  one.hart.run(3_000_000);
  expect(one.jit.table.regionsOf(RAM / 4096 + 2).length).toBeGreaterThan(0);
  expect(one.jit.table.regionsOf(RAM / 4096 + 1)).toEqual([]);
});

test("a machine that is released lets go of its translator and of what is under way", () => {
  const one = looping(1);
  untilAsked(one);
  one.hart.engine.release();
  expect(one.translator().isClosed).toBe(true);
  expect(one.jit.stats.regions).toBe(0);
});

test("where answers are overdue, code is translated between two instructions, and late answers are of no use", () => {
  const one = looping(200);
  untilAsked(one);
  now += 2000;
  one.hart.run(500_000);
  const { regions } = one.jit.stats;
  expect(regions).toBeGreaterThan(0);
  expect(one.jit.stats.beside).toBe(0);
  one.hart.run(20_000_000);
  expect(one.jit.stats.beside).toBeGreaterThan(0);
  expect(one.jit.stats.regions).toBe(regions);
});

test("where the translator dies, or there is none, code is translated between two instructions", () => {
  const one = looping(NEVER);
  untilAsked(one);
  one.translator().isAlive = false;
  one.hart.run(2_000_000);
  expect(one.jit.stats.regions).toBeGreaterThan(0);
  const other = testHart("on", { translator: () => undefined });
  load(other, "0: addi a0, a0, 1\n j 0b");
  other.hart.pc = BigInt(RAM);
  other.hart.run(2_000_000);
  expect(other.jit?.stats.regions).toBe(1);
  expect(other.jit?.stats.beside).toBe(0);
});
