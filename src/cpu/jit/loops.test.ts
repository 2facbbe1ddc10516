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
