import { expect, test } from "vitest";
import { assemble } from "../../isa/assembler/assemble.ts";
import type { Flow } from "./flow.ts";
import { loopsOf, tightBlocks } from "./loops.ts";
import { findRegion } from "./region.ts";

function flowOf(source: string): Flow {
  const section = assemble(`.option norvc\n${source}`).sections.find(({ name }) => name === ".text");
  const bytes = section?.bytes ?? new Uint8Array();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const region = findRegion(0, {
    fetch: (offset) => (offset >= 0 && offset < bytes.length ? view.getInt32(offset, true) : undefined),
    choices: () => [],
    isMapped: () => true,
  });
  if (!region) throw new Error("nothing to translate");
  return region.flow;
}

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
  const flow = flowOf(NESTED(1));
  expect(flow.order.map(({ offset }) => offset)).toEqual([0, 4, 16, 20]);
  expect(loopsOf(flow)).toEqual([[0], [0, 1], [0], []]);
  expect(tightBlocks(flow)).toEqual([false, true, false, false]);
});

test("a long loop is not tight", () => {
  expect(tightBlocks(flowOf(NESTED(97)))[1]).toBe(true);
  expect(tightBlocks(flowOf(NESTED(99)))[1]).toBe(false);
});

test("all blocks of a tight loop count", () => {
  const flow = flowOf("again: beqz a0, 1f\n addi a1, a1, 1\n 1: addi a0, a0, -1\n bnez a2, again\n ecall");
  expect(tightBlocks(flow)).toEqual(flow.order.map(({ offset }) => offset < 16));
});
