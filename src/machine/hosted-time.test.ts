import { expect, test } from "vitest";
import { guest } from "./hosted-fixture.ts";

/** Makes `time` a second from now on the clock of day, waits for that, and exits with the tenths of a second it took. */
const waitOneSecond = (wait: string) => `
  _start:  li a0, 1
           la a1, before
           call now
           li a0, 0
           la a1, time
           call now
           ld t0, 0(a1)
           addi t0, t0, 1
           sd t0, 0(a1)
           ${wait}
           li a0, 1
           la a1, after
           call now
           ld t0, 0(a1)
           ld t1, 8(a1)
           la a1, before
           ld t2, 0(a1)
           ld t3, 8(a1)
           sub t0, t0, t2
           sub t1, t1, t3
           li t2, 10
           mul t0, t0, t2
           li t2, 100000000
           div t1, t1, t2
           add a0, t0, t1
           li a7, EXIT_GROUP
           ecall
  now:     li a7, 113                       # clock_gettime
           ecall
           ret
           .data
           .balign 8
  before:  .dword 0, 0
  after:   .dword 0, 0
  zero:    .dword 0, 0                      # an interval, where one stands before the time
  time:    .dword 0, 0
  word:    .dword 0
           .text
`;

test.each([
  ["clock_nanosleep", "li a0, 0; li a1, 1; la a2, time; li a3, 0; li a7, 115; ecall"],
  ["futex", "la a0, word; li a1, 9 + 256; li a2, 0; la a3, time; li a4, 0; li a5, -1; li a7, 98; ecall"],
  [
    "timerfd_settime",
    `li a0, 0; li a1, 0; li a7, 85; ecall
     li a1, 1; la a2, zero; li a3, 0; li a7, 86; ecall
     li a0, 3; la a1, word; li a2, 8; li a7, READ; ecall`,
  ],
])("%s waits until a time of day", async (_name, wait) => {
  const { machine } = await guest(waitOneSecond(wait));
  expect(await machine.run()).toEqual({ kind: "exit", code: 10 });
});
