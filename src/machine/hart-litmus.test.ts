import { describe, expect, test } from "vitest";
import { bareBoard, COUNTER, DONE, END, untilIdle } from "./bare-board-fixture.ts";

const HARTS = 4;
const word = (machine: ReturnType<typeof bareBoard>, at: number) => machine.ram.readU64(COUNTER + at);

function run(text: string, harts = HARTS): ReturnType<typeof bareBoard> {
  const machine = bareBoard(harts, text);
  untilIdle(machine);
  expect(machine.ram.readU64(DONE)).toBe(BigInt(harts));
  return machine;
}

/** All harts come to this before one goes on; `s11` counts the times. */
const barrier = `
       addi s11, s11, ${HARTS}
       li t0, 1
       addi t1, a1, 1024
       amoadd.d x0, t0, (t1)
9:     ld t0, (t1)
       blt t0, s11, 9b
`;

describe("harts' memory is sequentially consistent", () => {
  test("store buffering: not both read the old value", () => {
    const machine = run(
      `li s0, 100
       xori s1, a0, 1
       slli s1, s1, 3
       add s1, s1, a1
       slli s2, a0, 3
       add s2, s2, a1
       li s3, 2
1:     ${barrier}
       bge a0, s3, 2f
       sd s0, (s2)
       ld s4, (s1)
       xor s4, s4, s0
       sltu s4, x0, s4                     # the other's is not there yet
       addi t0, a1, 16
       amoadd.d x0, s4, (t0)
2:     ${barrier}
       bnez a0, 3f
       ld t0, 16(a1)
       sd x0, 16(a1)
       li t1, 2
       bne t0, t1, 3f
       li t0, 1
       sd t0, 24(a1)
3:     addi s0, s0, -1
       bnez s0, 1b
       ${END}`,
    );
    expect(word(machine, 24)).toBe(0n);
  });

  test("message passing: who sees the flag sees the data", () => {
    const machine = run(
      `li s0, 20000
       bnez a0, 2f
1:     sd s0, (a1)
       sd s0, 64(a1)
       addi s0, s0, -1
       bnez s0, 1b
       li t0, -1
       sd t0, 64(a1)
       j end
2:     ld t1, 64(a1)
       ld t0, (a1)
       bltz t1, end
       beqz t1, 2b
       bleu t0, t1, 2b                     # the data counts down, and may be newer
       sd t0, 128(a1)
       j 2b
end:   ${END}`,
    );
    expect(word(machine, 128)).toBe(0n);
  });
});

describe("atomic instructions of four harts", () => {
  test("of all sizes lose nothing, and leave what is beside them alone", () => {
    const machine = run(
      `li s0, 5000
       addi s1, a1, 4
       addi s2, a1, 8
       addi s3, a1, 16
       addi s4, a1, 24
       addi s5, a1, 32
       addi s6, a1, 36
       addi s7, a1, 40
       li t1, 1
       sll t2, t1, a0
       li t3, 0x100000001
1:     amoadd.w t0, t1, (a1)
       amoadd.w t0, a0, (s1)
       amoadd.d t0, t3, (s2)
       amoor.d t0, t2, (s3)
       amoxor.d t0, t2, (s4)
       slli t4, s0, 3
       add t4, t4, a0
       amomaxu.w t0, t4, (s5)
       neg t4, t4
       amomin.w t0, t4, (s6)
       amoand.d t0, x0, (s7)
       amoor.d t0, t1, (s7)
       addi s0, s0, -1
       bnez s0, 1b
       ${END}`,
    );
    expect(word(machine, 0)).toBe((30_000n << 32n) | 20_000n);
    expect(word(machine, 8)).toBe(0x1_0000_0001n * 20_000n);
    expect(word(machine, 16)).toBe(15n);
    expect(word(machine, 24)).toBe(0n);
    expect(word(machine, 32)).toBe((BigInt.asUintN(32, -40_003n) << 32n) | 40_003n);
    expect(word(machine, 40)).toBe(1n);
  });

  test("swap values without losing or doubling one", () => {
    const machine = run(
      `li s0, 5000
       addi s1, a0, 1
1:     amoswap.d s1, s1, (a1)
       addi s2, a1, 8
2:     lr.d t0, (s2)
       sc.d t1, s1, (s2)
       bnez t1, 2b
       mv s1, t0
       addi s0, s0, -1
       bnez s0, 1b
       addi s2, a1, 16
       amoadd.d x0, s1, (s2)
       ${END}`,
    );
    expect(word(machine, 0) + word(machine, 8) + word(machine, 16)).toBe(1n + 2n + 3n + 4n);
  });

  test.each([
    ["the same value", "sd t1, (a1)"],
    ["a part of it", "sb t1, 3(a1)"],
    ["by an atomic instruction that changes nothing", "amoor.w x0, x0, (a1)"],
    ["conditionally", "lr.w t0, (a1)\n sc.w t0, t0, (a1)"],
  ])("a reservation is lost where another hart stores %s", (_, store) => {
    const machine = run(
      `bnez a0, other
       lr.w t0, (a1)
       li t1, 1
       sd t1, 64(a1)
1:     ld t1, 128(a1)
       beqz t1, 1b
       sc.w t0, t0, (a1)
       sd t0, 192(a1)
       j end
other: li t1, 1
       bne a0, t1, end
2:     ld t1, 64(a1)
       beqz t1, 2b
       li t1, 0
       ${store}
       li t1, 1
       sd t1, 128(a1)
end:   ${END}`,
    );
    expect(word(machine, 192)).toBe(1n);
  });

  test.each([
    ["mret", "csrw mepc, t1\n csrw mstatus, t2\n mret"],
    ["sret", "csrw sepc, t1\n csrw mstatus, t2\n sret"],
    ["a trap", "ecall"],
  ])("a reservation does not survive %s: another thread's would be meant", (_, away) => {
    const machine = run(
      `li t0, -1
       csrw pmpaddr0, t0
       li t0, 0x1f
       csrw pmpcfg0, t0
       la t1, 1f
       csrw mtvec, t1
       li t2, 0x1900
       lr.d t0, (a1)
       ${away}
       .balign 4
1:     bnez s1, 2f
       li s1, 1
       sc.d s0, t0, (a1)
       ecall                               # comes back in M-mode
2:     sd s0, (a1)
       ${END}`,
      1,
    );
    expect(word(machine, 0)).toBe(1n);
  });
});

describe("interrupts", () => {
  test("none is lost where all harts interrupt each other", () => {
    const ROUNDS = 200;
    // A letter box for each pair: hart i writes a number into box (i, j), interrupts j and waits until j has copied it.
    const machine = run(
      `la t0, taken
       csrw mtvec, t0
       csrwi mie, 8
       li s2, 0x02000000
       slli s3, a0, 2
       add s3, s3, s2                      # this hart's msip
       li s4, ${HARTS}
       li s0, 1
1:     addi s5, a0, 1
2:     remu s5, s5, s4
       beq s5, a0, 4f
       slli t0, a0, 2
       add t0, t0, s5
       slli t0, t0, 4
       add s6, t0, a1
       sd s0, (s6)
       slli t0, s5, 2
       add t0, t0, s2
       li t1, 1
       sw t1, (t0)
3:     csrsi mstatus, 8
       csrci mstatus, 8
       ld t0, 8(s6)
       beq t0, s0, 5f
       wfi
       j 3b
5:     addi s5, s5, 1
       j 2b
4:     addi s0, s0, 1
       li t0, ${ROUNDS + 1}
       bne s0, t0, 1b
       li t0, 1                            # goes on answering until all have come here
       addi t1, a1, 1024
       amoadd.d x0, t0, (t1)
6:     csrsi mstatus, 8
       csrci mstatus, 8
       addi t1, a1, 1024
       ld t0, (t1)
       bne t0, s4, 6b
       ${END}
       .balign 4
taken: sw x0, (s3)
       li t3, 0
7:     slli t4, t3, 2
       add t4, t4, a0
       slli t4, t4, 4
       add t4, t4, a1
       ld t5, (t4)
       ld t6, 8(t4)
       beq t5, t6, 8f
       sd t5, 8(t4)
       li t5, 1
       slli t6, t3, 2
       add t6, t6, s2
       sw t5, (t6)                         # who waits looks again
8:     addi t3, t3, 1
       bne t3, s4, 7b
       mret`,
    );
    for (let i = 0; i < HARTS; i++)
      for (let j = 0; j < HARTS; j++)
        if (i !== j) expect(word(machine, (i * 4 + j) * 16 + 8)).toBe(BigInt(ROUNDS));
  });

  test("wfi goes on where one is pending and enabled, whether or not it can be taken", () => {
    const machine = run(
      `la t0, taken
       csrw mtvec, t0
       li t1, 0x02000000
       slli t2, a0, 2
       add t1, t1, t2
       li t2, 1
       sw t2, (t1)
       csrwi mie, 8
       wfi
       wfi
       amoadd.d x0, t2, (a1)
       ${END}
       .balign 4
taken: sd t2, 8(a1)
       mret`,
    );
    expect([word(machine, 0), word(machine, 8)]).toEqual([4n, 0n]);
  });

  test.each([
    ["that wait", "wfi"],
    ["that do not", ""],
  ])("timers of all harts %s go off at the same tick, once each", (_, wait) => {
    const machine = run(
      `la t0, taken
       csrw mtvec, t0
       li s2, 0x02004000
       slli t0, a0, 3
       add s2, s2, t0
       li s3, 20000
       sd s3, (s2)
       li t0, 0x80
       csrw mie, t0
       slli s4, a0, 4
       add s4, s4, a1
       csrsi mstatus, 8
1:     ${wait}
       ld t0, 8(s4)
       beqz t0, 1b
       csrci mstatus, 8
       ${END}
       .balign 4
taken: li t0, -1
       sd t0, (s2)
       csrr t0, time
       sd t0, (s4)
       ld t0, 8(s4)
       addi t0, t0, 1
       sd t0, 8(s4)
       mret`,
    );
    for (let hart = 0; hart < HARTS; hart++) {
      expect(word(machine, hart * 16 + 8)).toBe(1n);
      const late = Number(word(machine, hart * 16)) - 20_000;
      expect(late).toBeGreaterThanOrEqual(0);
      // Each within a turn or two of the others, at ten instructions a tick.
      expect(late).toBeLessThan(5_000);
    }
  });
});
