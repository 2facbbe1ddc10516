import { expect, test } from "vitest";
import { regionOf } from "./region-fixture.ts";
import { findWebs } from "./webs.ts";

/** Each access of the region, in the order of the code: its place, and what was found. */
function webs(source: string, knownWide?: readonly number[]) {
  const found = findWebs(regionOf(source).flow, knownWide);
  const accesses = [...found.accesses]
    .sort(([a], [b]) => a.offset - b.offset)
    .map(([{ offset }, { known, web }]) => ({ at: offset, known, web }));
  const resets = [...found.definitions].map(({ offset }) => offset).sort((a, b) => a - b);
  return { accesses, resets, webs: found.webs };
}

test("accesses off one base are checked once, for all of the bytes", () => {
  const { accesses, webs: found } = webs("mv a1, a0\n ld a2, 8(a1)\n sw a2, -4(a1)\n lb a3, 20(a1)\n ebreak");
  expect(accesses.map(({ known }) => known)).toEqual(["unchecked", "checked", "checked"]);
  expect(found).toMatchObject([{ least: -4, most: 21, writes: true }]);
});

test("a base that comes into the region may not have been checked", () => {
  const { accesses, resets } = webs("ld a2, 0(a0)\n ld a3, 8(a0)\n ebreak");
  expect(accesses.map(({ known }) => known)).toEqual(["maybe", "checked"]);
  expect(resets).toEqual([]);
});

test("a new value of the base is checked again", () => {
  const { accesses } = webs("mv a1, a0\n ld a2, 0(a1)\n addi a1, a1, 8\n ld a2, 0(a1)\n ebreak");
  expect(accesses.map(({ known }) => known)).toEqual(["unchecked", "unchecked"]);
  expect(new Set(accesses.map(({ web }) => web)).size).toBe(2);
});

test("a base that a loop moves is not checked where it comes around", () => {
  const { accesses, resets } = webs("again: ld a2, 0(a0)\n addi a0, a0, 8\n bnez a2, again\n ebreak");
  expect(accesses).toEqual([{ at: 0, known: "maybe", web: 0 }]);
  expect(resets).toEqual([4]);
});

test("a base that a loop moves, before its first access", () => {
  const { accesses, resets } = webs(
    "again: addi a0, a0, 8\n ld a2, 0(a0)\n bnez a2, again\n ld a3, 0(a0)\n ebreak",
  );
  expect(accesses).toEqual([
    { at: 4, known: "unchecked", web: 0 },
    { at: 12, known: "checked", web: 0 },
  ]);
  expect(resets).toEqual([]);
});

test("a base that is set in another block than its first access", () => {
  const { accesses, resets } = webs(`
    beqz a5, 1f
    addi a0, a0, 8
    j 2f
  1: ld a1, 0(a0)
  2: ld a2, 0(a0)
    ebreak`);
  expect(accesses.map(({ at, known }) => [at, known])).toEqual([
    [12, "maybe"],
    [16, "maybe"],
  ]);
  expect(resets).toEqual([4]);
});

test("a base that one way changes and the other has checked", () => {
  const { accesses, resets } = webs(`
    ld a1, 0(a0)
    beqz a1, 1f
    addi a0, a0, 8
  1: ld a2, 0(a0)
    ebreak`);
  expect(accesses.map(({ known }) => known)).toEqual(["maybe", "maybe"]);
  expect(resets).toEqual([8]);
});

test("a load over its own base", () => {
  const { accesses, resets } = webs("again: ld a0, 0(a0)\n bnez a0, again\n ebreak");
  expect(accesses.map(({ known }) => known)).toEqual(["maybe"]);
  expect(resets).toEqual([0]);
});

test("a link into a base is a new value", () => {
  const { accesses } = webs("ld a1, 0(ra)\n jal ra, f\n ebreak\n f: ld a2, 0(ra)\n ret");
  expect(accesses.map(({ known }) => known)).toEqual(["maybe", "maybe"]);
});

test.each(["jalr ra, 0(a1)", "ecall"])("after %s nothing is known of any base", (outside) => {
  const { accesses } = webs(`ld a1, 0(a0)\n ld a1, 8(a0)\n ${outside}\n ld a2, 0(a0)\n ebreak`);
  expect(accesses.map(({ known }) => known)).toEqual(["maybe", "checked", "maybe"]);
});

test("x0 is a base like any other, and is never set", () => {
  const { accesses, resets } = webs("ld a1, 8(zero)\n addi zero, a1, 1\n ld a2, 16(zero)\n ebreak");
  expect(accesses.map(({ known }) => known)).toEqual(["maybe", "checked"]);
  expect(resets).toEqual([]);
});

test("atomic accesses write, but for those that only reserve", () => {
  const one = (text: string) => webs(`mv a1, a0\n ${text}\n ebreak`).webs;
  expect(one("lr.d a2, (a1)")).toMatchObject([{ least: 0, most: 8, writes: false }]);
  expect(one("sc.w a2, a3, (a1)")).toMatchObject([{ least: 0, most: 4, writes: true }]);
  expect(one("amoadd.d a2, a3, (a1)")).toMatchObject([{ writes: true }]);
});

test("a web with an access in a tight loop leaves the region, until it was seen to be wide", () => {
  const source =
    "ld a4, 0(a1)\n again: ld a2, 0(a0)\n addi a0, a0, 8\n bnez a2, again\n ld a3, 8(a0)\n ebreak";
  const wide = (known?: readonly number[]) => webs(source, known).webs.map((web) => web.wide);
  expect(wide()).toEqual([true, false]);
  expect(wide([4])).toEqual([true, true]);
  expect(wide([16])).toEqual([true, true]);
});
