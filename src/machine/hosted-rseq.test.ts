import { expect, test } from "vitest";
import { guest } from "./hosted-fixture.ts";

const SIGNATURE = 0xf1401073;

test("a signal inside a restartable sequence sends it to its abort address", async () => {
  const { machine } = await guest(`
    _start:  li a0, 5                      # SIGTRAP
             la t0, act
             la t1, handler
             sd t1, 0(t0)
             mv a1, t0
             li a2, 0
             li a3, 8
             li a7, SIGACTION
             ecall
             la a0, area
             li a1, 32
             li a2, 0
             li a3, ${SIGNATURE}
             li a7, 293
             ecall
             bnez a0, end
             la t0, section
             la t1, begin
             sd t1, 8(t0)
             la t2, commit
             sub t2, t2, t1
             sd t2, 16(t0)
             la t1, aborted
             sd t1, 24(t0)
             la t2, area
             lw a0, 4(t2)                  # the hart's number
             bnez a0, end
             sd t0, 8(t2)
             li a0, 1
    begin:   nop
             .option norvc
             ebreak
             li a0, 2
    commit:  j end
             .word ${SIGNATURE}
    aborted: ld t3, 8(t2)                  # cleared
             addi a0, t3, 40
    end:     li a7, EXIT_GROUP
             ecall
    handler: ret
             .data
             .balign 32
    area:    .word 0, -1
             .dword 0, 0, 0
             .balign 32
    section: .dword 0, 0, 0, 0
    act:     .dword 0, 0, 0`);
  expect(await machine.run()).toEqual({ kind: "exit", code: 40 });
});
