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

test("a timer for a time of day expires when the clock is set past it", async () => {
  const { machine } = await guest(`
    _start:  li a0, 0                         # CLOCK_REALTIME, SIGALRM
             li a1, 0
             la a2, id
             li a7, 107                       # timer_create
             ecall
             li a0, 0
             la a1, wanted
             li a7, 113                       # clock_gettime
             ecall
             la a1, wanted
             ld t0, 0(a1)
             li t1, 5000
             add t0, t0, t1
             sd t0, 0(a1)
             la a2, setting
             sd t0, 16(a2)
             lw a0, id
             li a1, 1                         # TIMER_ABSTIME
             li a3, 0
             li a7, 110                       # timer_settime
             ecall
             li a0, 0
             la a1, wanted
             li a7, 112                       # clock_settime
             ecall
             la a0, second
             li a1, 0
             li a7, NANOSLEEP
             ecall
             li a0, 1
             li a7, EXIT_GROUP
             ecall
             .data
             .balign 8
    id:      .dword 0
    wanted:  .dword 0, 0
    setting: .dword 0, 0, 0, 0
    second:  .dword 1, 0
             .text`);
  expect(await machine.run()).toMatchObject({ kind: "signal", signal: 14 });
});

test("CPU clocks are those of processes and threads that there are", async () => {
  const ids = [2, 3, -6, -2, ~1 * 8 + 2, ~99 * 8 + 2, ~99 * 8 + 6, -1, -(2 ** 31)];
  const { machine, output } = await guest(`
    _start:  la s0, ids
             li s1, ${ids.length}
    next:    ld a0, 0(s0)
             la a1, shown
             li a7, 113                       # clock_gettime
             ecall
             seqz a0, a0
             addi a0, a0, '0'
             la a1, digit
             sb a0, 0(a1)
             li a0, 1
             li a2, 1
             li a7, WRITE
             ecall
             addi s0, s0, 8
             addi s1, s1, -1
             bnez s1, next
             li a0, 0
             li a7, EXIT_GROUP
             ecall
             .data
             .balign 8
    ids:     .dword ${ids.join(", ")}
    shown:   .dword 0, 0
    digit:   .byte 0
             .text`);
  await machine.run();
  expect(output()).toBe("111110000");
});
