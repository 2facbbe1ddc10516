import { expect, test } from "vitest";
import { load, RAM, type TestHart, Trio } from "./pair-fixture.ts";

const SP = 2;

/** The program on all three, to its `wfi`; `pieces`: stopped each so many instructions. */
function same(
  source: string,
  { setUp, piece = 3_000_000 }: { setUp?: (one: TestHart) => void; piece?: number } = {},
) {
  const trio = new Trio((one) => {
    load(one, source);
    one.hart.pc = BigInt(RAM);
    one.hart.setX(SP, BigInt(RAM + 0xf_0000));
    setUp?.(one);
  });
  let result = trio.run(piece);
  for (let n = 0; result === "limit" && n < 3000; n++) result = trio.run(piece);
  expect(result).toBe("wait");
  expect(trio.always.jit?.stats.regions).toBeGreaterThan(1);
  return trio;
}

/** Calls itself down to 0 and adds up on the way back. */
const SUM = `
  sum:
    beqz a0, zero
    addi sp, sp, -16
    sd ra, 0(sp)
    sd a0, 8(sp)
    addi a0, a0, -1
    jal sum
    ld a1, 8(sp)
    add a0, a0, a1
    ld ra, 0(sp)
    addi sp, sp, 16
    ret
  zero:
    ret`;

test("calls stand inside each other deeper than the host's stack allows", () => {
  const trio = same(
    `li s0, 40\n again: li a0, 2000\n jal sum\n addi s0, s0, -1\n bgtz s0, again\n wfi\n ${SUM}`,
  );
  expect(trio.interpreted.hart.xn(10)).toBe(2001000);
});

test("a run ends inside calls, and the next one goes on there", () => {
  same(`li s0, 3\n again: li a0, 700\n jal sum\n addi s0, s0, -1\n bgtz s0, again\n wfi\n ${SUM}`, {
    piece: 3001,
  });
});

test("a function returns to where its caller does not expect it, or never", () => {
  same(`
    li s0, 20000
  again:
    jal outer
    addi s0, s0, -1
    bgtz s0, again
    wfi
  outer:
    mv s1, ra
    jal inner
    addi a1, a1, 1
    addi ra, s1, 0
    jal x0, .+4
    ret
  inner:
    andi a2, s0, 7
    beqz a2, skip
    andi a2, s0, 3
    beqz a2, behind
    addi a3, a3, 1
    jalr x0, 0(ra)
  behind:
    addi ra, ra, 4
    ret
  skip:
    mv ra, s1
    frflags a4
    ret`);
});

test("calls that were given up go on in the middle of the regions that they return to", () => {
  const trio = same(`
    li t0, 0x6000
    csrs mstatus, t0
    li s0, 400
  again:
    jal outer
    addi s0, s0, -1
    bgtz s0, again
    wfi
  .balign 4096
  .zero 4068
  # What it calls returns to both of these pages, out of its loops and into the middle of one and two of them.
  outer:
    addi sp, sp, -16
    sd ra, 0(sp)
    jal inner
    addi a4, a4, 1
    li s1, 5
  1:
    jal inner
    add a4, a4, s1
    li s2, 3
  2:
    add a5, a5, a4
    jal inner
    xor a5, a5, s2
    addi s2, s2, -1
    bgtz s2, 2b
    jal inner
    addi s1, s1, -1
    bgtz s1, 1b
    ld ra, 0(sp)
    addi sp, sp, 16
    ret
  inner:
    addi sp, sp, -16
    sd ra, 0(sp)
    jal leaf
    addi a3, a3, 3
    ld ra, 0(sp)
    addi sp, sp, 16
    ret
  leaf:
    andi a2, s0, 3
    bnez a2, 1f
    # The interpreter's.
    fclass.d a1, fa0
    add a4, a4, a1
  1:
    ret`);
  // Not one for each of the places that are returned to.
  expect(trio.always.jit?.stats.regions).toBeLessThan(11);
});

test("a call of an address in a register goes to one of several functions", () => {
  const trio = same(`
    li s0, 30000
    la s1, one
    la s2, two
  again:
    andi a2, s0, 5
    mv a3, s1
    beqz a2, 1f
    mv a3, s2
  1:
    jalr ra, 0(a3)
    addi s0, s0, -1
    bgtz s0, again
    wfi
  one:
    addi a4, a4, 1
    ret
  two:
    addi sp, sp, -16
    sd ra, 0(sp)
    jal one
    addi a5, a5, 1
    ld ra, 0(sp)
    addi sp, sp, 16
    ret`);
  expect(trio.interpreted.hart.xn(15)).toBe(22500);
});

test("code that is changed by what it calls is new when that returns", () => {
  same(`
    li s0, 300
    la s1, changed
    lw s2, 0(s1)
    la s3, other
    lw s3, 0(s3)
  again:
    jal outer
    addi s0, s0, -1
    bgtz s0, again
    wfi
  other:
    addi a1, a1, 100
  change:
    sw s3, 0(s1)
    mv a2, s2
    mv s2, s3
    mv s3, a2
    fence.i
    ret
  .balign 4096
  outer:
    addi sp, sp, -16
    sd ra, 0(sp)
    li s4, 200
  inside:
    jal quiet
    addi s4, s4, -1
    bgtz s4, inside
    jal change
  changed:
    addi a1, a1, 1
    ld ra, 0(sp)
    addi sp, sp, 16
    ret
  quiet:
    addi a3, a3, 1
    beqz a3, quiet
    addi sp, sp, -16
    sd ra, 0(sp)
    jal leaf
    ld ra, 0(sp)
    addi sp, sp, 16
    ret
  leaf:
    ret`);
});

test("a fault inside calls is taken with every register right, and goes on there", () => {
  const trio = same(`
    la t0, handler
    csrw mtvec, t0
    li s0, 3000
    la s1, 0x90000000
  again:
    jal outer
    addi s0, s0, -1
    bgtz s0, again
    wfi
  .balign 4
  handler:
    csrr t1, mepc
    addi t1, t1, 4
    csrw mepc, t1
    addi s5, s5, 1
    add s6, s6, a1
    mret
  outer:
    addi sp, sp, -16
    sd ra, 0(sp)
    addi a1, a1, 1
    jal inner
    addi a1, a1, 2
    ld ra, 0(sp)
    addi sp, sp, 16
    ret
  inner:
    addi sp, sp, -16
    sd ra, 0(sp)
    addi a1, a1, 3
    andi a2, s0, 31
    bnez a2, 1f
    .option norvc
    ld a3, 0(s1)
    .option rvc
  1:
    addi a1, a1, 4
    jal leaf
    ld ra, 0(sp)
    addi sp, sp, 16
    ret
  leaf:
    addi a4, a4, 1
    ret`);
  expect(trio.interpreted.hart.xn(21)).toBe(93);
});
