import { expect, test } from "vitest";
import { tightBlocks } from "./loops.ts";
import { regionOf } from "./region-fixture.ts";

const NESTED = (inside: number) => `
  outer: addi a0, a0, 1
  inner: addi a1, a1, -1
    .rept ${inside}
    addi a2, a2, 1
    .endr
    bnez a1, inner
    bnez a0, outer
    ecall`;

test("a loop in another one is tight, the outer one is not", () => {
  const flow = regionOf(NESTED(1)).flow;
  expect(flow.order.map(({ offset }) => offset)).toEqual([0, 4, 16, 20]);
  expect(flow.loops).toEqual([[0], [0, 1], [0], []]);
  expect(tightBlocks(flow)).toEqual([false, true, false, false]);
});

test("a long loop is not tight", () => {
  expect(tightBlocks(regionOf(NESTED(97)).flow)[1]).toBe(true);
  expect(tightBlocks(regionOf(NESTED(99)).flow)[1]).toBe(false);
});

test("all blocks of a tight loop count", () => {
  const flow = regionOf(
    "again: beqz a0, 1f\n addi a1, a1, 1\n 1: addi a0, a0, -1\n bnez a2, again\n ecall",
  ).flow;
  expect(tightBlocks(flow)).toEqual(flow.order.map(({ offset }) => offset < 16));
});

test("an inner loop that a region begins with has a head of its own", () => {
  const from = (block: string) =>
    regionOf(`${block}
      inner: addi a1, a1, -1
      bnez a1, inner
      other: addi a2, a2, -1
      bnez a2, other
      addi a3, a3, -1
      bnez a3, inner
      ecall`).flow;
  const flow = from("");
  const inner = flow.order.find(({ all }) => all[0]?.offset === 0);
  expect(inner?.index).toBe(1);
  expect(flow.loops[1]).toEqual([0, 1]);
  expect(tightBlocks(flow)[1]).toBe(true);
  // As it is where the region begins before.
  expect(tightBlocks(from("addi a0, a0, 1")).filter((tight) => tight).length).toBe(
    tightBlocks(flow).filter((tight) => tight).length,
  );
});

test("two ways around one short loop are one loop", () => {
  const flow = regionOf(
    "again: addi a0, a0, -1\n beqz a1, again\n addi a2, a2, 1\n bnez a0, again\n ecall",
  ).flow;
  expect(flow.loops.map((heads) => heads.length)).toEqual([1, 1, 0]);
  expect(tightBlocks(flow)).toEqual([true, true, false]);
});
