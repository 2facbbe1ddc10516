import { describe, expect, test } from "vitest";
import type { Library } from "../kernel/library.ts";
import { rkschedcoop } from "../kernel/rkschedcoop/library.ts";
import { rkschedfair } from "../kernel/rkschedfair/library.ts";
import { rkschedpreem } from "../kernel/rkschedpreem/library.ts";
import { guest } from "./hosted-fixture.ts";

const CALLS = `
  .equ CLONE, 220
  .equ SETSCHEDULER, 119
  .equ THREAD, ${0x100 | 0x200 | 0x400 | 0x800 | 0x10000}
`;

/** Both threads look at what the other one changes, and make no call meanwhile. */
const BUSY = `${CALLS}
  _start:  li a0, THREAD
           la a1, top
           li a2, 0
           li a3, 0
           li a4, 0
           li a7, CLONE
           ecall
           la s0, words
           li s1, 3                    # so often each has waited for the other
           beqz a0, thread
  first:   addi s1, s1, -1
           bltz s1, leave
           sw s1, 0(s0)
  await:   lw t0, 4(s0)
           bne t0, s1, await
           j first
  thread:  addi s1, s1, -1
  other:   lw t0, 0(s0)
           bne t0, s1, other
           sw s1, 4(s0)
           j thread
  leave:   li a0, 7
           li a7, EXIT_GROUP
           ecall
           .data
           .balign 16
  words:   .word 9, 9
           .zero 1024
  top:     .word 0
           .text`;

const run = async (source: string, library: Library, steps: number) => {
  const { machine } = await guest(source, { libraries: [library] });
  return machine.run(steps);
};

describe("two threads that make no call", () => {
  test.each([
    ["rkschedfair", rkschedfair()],
    ["rkschedpreem", rkschedpreem()],
  ])("both get on under %s", async (_name, library) => {
    expect(await run(BUSY, library, 10_000_000)).toEqual({ kind: "exit", code: 7 });
  });

  test("need slices: under rkschedcoop the first waits for ever", async () => {
    expect(await run(BUSY, rkschedcoop, 1_000_000)).toBeUndefined();
  });

  test("take turns of the length that was asked for", async () => {
    // 1 ms is 100,000 instructions of virtual time: six turns and a little.
    const short = rkschedfair({ normal: 1e6, roundRobin: 1e8 });
    expect(await run(BUSY, short, 500_000)).toBeUndefined();
    expect(await run(BUSY, short, 750_000)).toEqual({ kind: "exit", code: 7 });
  });

  test("are in the same places after the same number of steps, however the run is cut", async () => {
    const ends = await Promise.all(
      [1_000_000, 12_345].map(async (piece) => {
        const { machine } = await guest(BUSY);
        for (let left = 1_200_000; left > 0; left -= piece) await machine.run(Math.min(left, piece));
        const { hart } = machine.board;
        return [hart.retired, hart.pc, hart.x(9)];
      }),
    );
    expect(ends[0]).toEqual(ends[1]);
  });
});

test("a thread that becomes urgent keeps the hart from others, and they have it when it no longer is", async () => {
  const { machine } = await guest(`${CALLS}
    _start:  li a0, THREAD
             la a1, top
             li a2, 0
             li a3, 0
             li a4, 0
             li a7, CLONE
             ecall
             la s0, count
             bnez a0, first
    thread:  lw t0, 0(s0)
             addi t0, t0, 1
             sw t0, 0(s0)
             j thread
    first:   li a1, 1                   # SCHED_FIFO
             la a2, fifty
             call become
             lw s1, 0(s0)
             li t0, 3000000
    busy:    addi t0, t0, -1
             bnez t0, busy
             lw s2, 0(s0)
             sub s3, s2, s1             # what the other one did meanwhile: nothing
             li a1, 0
             la a2, zero
             call become
    await:   lw t0, 0(s0)
             beq t0, s2, await
             mv a0, s3
             li a7, EXIT_GROUP
             ecall
    become:  li a0, 0
             li a7, SETSCHEDULER
             ecall
             ret
             .data
             .balign 16
    count:   .word 0
    fifty:   .word 50
    zero:    .word 0
             .zero 1024
    top:     .word 0
             .text`);
  expect(await machine.run(20_000_000)).toEqual({ kind: "exit", code: 0 });
});
