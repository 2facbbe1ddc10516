import { expect, test } from "vitest";
import { call, EID, record, runKernel } from "./firmware-fixture.ts";

const HARTS = 4;
const OTHERS = [1, 2, 3];
const start = (hart: number, opaque = 0) => call(EID.hsm, 0, hart, "begin", opaque);
const ended = (others: number) => `1: la t0, ended\n ld t0, 0(t0)\n li t1, ${others}\n bne t0, t1, 1b\n`;
const END = `la t0, ended
       li t1, 1
       amoadd.d zero, t1, (t0)
stay:  wfi
       j stay
`;

/**
 * Every hart changes something `rounds` times, and between its turns at that looks whether what it sees is what was last
 * changed: `sequence` is odd while somebody changes it. `change` makes it `s3`; `look` puts what is there into a0.
 */
const changers = (change: string, look: string, rounds: number) => `
work:  mv s9, ra
       li s2, ${rounds}
1:     la t0, lock
       li t1, 1
2:     amoswap.d.aq t1, t1, (t0)
       bnez t1, 2b
       la s4, sequence
       ld s3, 0(s4)
       addi s3, s3, 1
       sd s3, 0(s4)
       ${change}
       addi s3, s3, 1
       sd s3, 0(s4)
       la t0, lock
       amoswap.d.rl zero, zero, (t0)
       li s5, 40
3:     ld s6, 0(s4)
       andi t0, s6, 1
       bnez t0, 4f
       ${look}
       ld t0, 0(s4)
       bne t0, s6, 4f                      # changed meanwhile
       la t1, looked
       li t2, 1
       amoadd.d zero, t2, (t1)
       addi t0, s6, -1
       srli t0, t0, 1
       andi t0, t0, 1
       beq t0, a0, 4f
       la t1, stale
       amoadd.d zero, t2, (t1)
4:     addi s5, s5, -1
       bnez s5, 3b
       addi s2, s2, -1
       bnez s2, 1b
       jr s9
       .data
       .balign 8
lock:  .dword 0
sequence: .dword 2
looked: .dword 0
stale: .dword 0
ended: .dword 0
       .text
`;
const RESULTS = `la t0, stale
       ld t1, 0(t0)
       la t0, looked
       ld t2, 0(t0)
       ${record("t1", "t2")}`;

test("four harts that change page tables and fence each other use no stale translation", async () => {
  const change = `srli t0, s3, 1
       andi t0, t0, 1
       la t1, zero
       slli t0, t0, 12
       add t0, t0, t1
       srli t0, t0, 2
       ori t0, t0, 0xc7
       la t1, leaf
       sd t0, 8(t1)
       ${call(EID.rfence, 1, 0, -1, 0x4000_1000, 4096)}`;
  const { records } = await runKernel(
    `la t0, middle
     srli t0, t0, 2
     ori t0, t0, 1
     la t1, root
     sd t0, 8(t1)
     li t0, 0x80000000 >> 2 | 0xcf
     sd t0, 16(t1)
     la t0, leaf
     srli t1, t0, 2
     ori t1, t1, 1
     la t2, middle
     sd t1, 0(t2)
     la t1, zero
     srli t1, t1, 2
     ori t1, t1, 0xc7
     sd t1, 8(t0)
     ${OTHERS.map((hart) => start(hart)).join("")}
     call enable
     call work
     ${ended(HARTS - 1)} ${RESULTS}`,
    `begin: call enable
     call work
     ${END}
enable: la t0, root
     srli t0, t0, 12
     li t1, 8 << 60
     or t0, t0, t1
     csrw satp, t0
     sfence.vma
     ret
     ${changers(change, "li t0, 0x40001000\n ld a0, 0(t0)", 30)}
     .data
     .balign 4096
root: .space 4096
middle: .space 4096
leaf: .space 4096
zero: .dword 0
     .space 4088
one: .dword 1
     .space 4088
     .text`,
    { harts: HARTS },
  );
  expect(records[0]).toBe(0n);
  expect(records[1]).toBeGreaterThan(500n);
});

test("four harts that change code that all of them run execute what was last written", async () => {
  // li a0, 0 or 1
  const change = `srli t0, s3, 1
       andi t0, t0, 1
       slli t0, t0, 20
       li t1, 0x00000513
       or t0, t0, t1
       la t1, code
       sw t0, 0(t1)
       ${call(EID.rfence, 0, 0, -1)}`;
  const { records } = await runKernel(
    `${OTHERS.map((hart) => start(hart)).join("")}
     call work
     ${ended(HARTS - 1)} ${RESULTS}`,
    `begin: call work
     ${END}
     ${changers(change, "la t0, code\n jalr t0", 30)}
     .section .wtext, "ax"
     .balign 4096
code: li a0, 0
     ret
     .text`,
    { harts: HARTS },
  );
  expect(records[0]).toBe(0n);
  expect(records[1]).toBeGreaterThan(500n);
});

test("harts can be stopped and started again and again", async () => {
  const ROUNDS = 25;
  const { records } = await runKernel(
    `li s2, ${ROUNDS}
again: ${OTHERS.map((hart) => `${start(hart, hart)} bnez a0, failed\n`).join("")}
     li s3, 1
2:   mv a0, s3
     li a6, 2
     li a7, ${EID.hsm}
     ecall
     addi a1, a1, -1                       # STOPPED
     bnez a1, 2b
     addi s3, s3, 1
     li t0, ${HARTS}
     bne s3, t0, 2b
     addi s2, s2, -1
     bnez s2, again
failed: la t0, sum
     ld t0, 0(t0)
     ${record("s2", "t0")}`,
    `begin: bne a0, a1, wrong               # its number, and what was given
     la t0, sum
     amoadd.d zero, a0, (t0)
     csrr t0, sstatus
     andi t0, t0, 2
     bnez t0, wrong
     csrr t0, satp
     bnez t0, wrong
     csrsi sstatus, 2                      # to be found reset
     ${call(EID.hsm, 1)}
wrong: j wrong
     .data
     .balign 8
sum: .dword 0
     .text`,
    { harts: HARTS },
  );
  expect(records).toEqual([0n, BigInt(ROUNDS * (1 + 2 + 3))]);
});

test("timers that all harts set to the same time interrupt each of them once", async () => {
  const { records } = await runKernel(
    `${OTHERS.map((hart) => start(hart, 1)).join("")}
     call sleep
     ${ended(HARTS - 1)}
     la t0, count
     ld t1, 0(t0)
     la t0, early
     ld t2, 0(t0)
     ${record("t1", "t2")}`,
    `begin: call sleep
     ${END}
sleep: mv s9, ra
     la t0, taken
     csrw stvec, t0
     li s2, 0
     li s3, 30000
     ${call(EID.time, 0, 30000)}
     li t0, 32
     csrw sie, t0
     csrsi sstatus, 2
1:   wfi
     beqz s2, 1b
     csrci sstatus, 2
     jr s9
     .balign 4
taken: csrr t0, time
     sltu t1, t0, s3                       # too early
     la t0, early
     amoadd.d zero, t1, (t0)
     la t0, count
     li t1, 1
     amoadd.d zero, t1, (t0)
     addi s2, s2, 1
     ${call(EID.time, 0, -1)}
     sret
     .data
     .balign 8
count: .dword 0
early: .dword 0
ended: .dword 0
     .text`,
    { harts: HARTS },
  );
  expect(records).toEqual([BigInt(HARTS), 0n]);
});
