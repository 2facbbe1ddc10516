import { expect, test } from "vitest";
import { INEXACT } from "../csr-state.ts";
import { HART } from "../layout.ts";
import { load, RAM, Trio } from "./pair-fixture.ts";

/** Adds 1 so often, then a third, then 1 as often again; s1 has the flags at the end of the first part. */
const PARTS = (rounds: number) => `
    li t0, 3
    li t1, 1
    fcvt.d.w fa1, t1
    fcvt.d.w fa2, t0
    csrwi fflags, 0
    li a0, ${rounds}
  exact:
    fadd.d fa0, fa0, fa1
    fmul.d fa3, fa1, fa1
    addi a0, a0, -1
    bnez a0, exact
    csrr s1, fflags
    bnez s0, done
    fdiv.d fa4, fa1, fa2
    fadd.d fa0, fa0, fa4
    li s0, 1
    li a0, ${rounds}
    j exact
  done:
    wfi`;

test("what looked at each result while inexact was not set does not when it is", () => {
  const trio = new Trio((one) => {
    load(one, PARTS(200_000));
    one.hart.pc = BigInt(RAM);
  });
  expect(trio.run(100_000)).toBe("limit");
  const floats = () =>
    trio.harts
      .slice(1)
      .map(({ jit }) => [...(jit?.table.all ?? [])].map(({ code }) => code).filter((code) => code.floats));
  for (const found of floats()) {
    expect(found.length).toBeGreaterThan(0);
    for (const { isCommon } of found) expect(isCommon).toBe(false);
  }
  expect(trio.run(10_000_000)).toBe("wait");
  const { hart } = trio.interpreted;
  expect(hart.arena.i32[(hart.base + HART.fflags) / 4]).toBe(INEXACT);
  for (const found of floats()) expect(found.some(({ isCommon }) => isCommon)).toBe(true);
});

test("flags that are cleared again and again are found as they are", () => {
  const trio = new Trio((one) => {
    load(
      one,
      `
        li t0, 3
        fcvt.d.w fa1, t0
        li a0, 20000
      again:
        csrwi fflags, 0
        fadd.d fa0, fa0, fa1
        csrr t1, fflags
        add s1, s1, t1
        fdiv.d fa2, fa0, fa1
        csrr t1, fflags
        add s2, s2, t1
        addi a0, a0, -1
        bnez a0, again
        wfi`,
    );
    one.hart.pc = BigInt(RAM);
  });
  expect(trio.run(10_000_000)).toBe("wait");
  // Multiples of 3 below 60,003, over 3.
  expect(trio.interpreted.hart.x(9)).toBe(0n);
  expect(trio.interpreted.hart.x(18)).toBe(0n);
});
