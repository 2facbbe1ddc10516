import { describe, expect, test } from "vitest";
import { signal } from "../kernel/rksignal/signals.ts";
import { guest } from "./hosted-fixture.ts";

/** Sets `handler` for signal a0 with the flags in a1. */
const ACTION = `
  action: la t0, act
          la t1, handler
          sd t1, 0(t0)
          sd a1, 8(t0)
          mv a1, t0
          li a2, 0
          li a3, 8
          li a7, SIGACTION
          ecall
          ret
          .data
          .balign 8
  act:    .dword 0, 0, 0
          .text
`;
const SA_SIGINFO = 4;
const SA_ONSTACK = 0x0800_0000;
const SA_RESTART = 0x1000_0000;

describe("a handler", () => {
  test("gets signal, siginfo and ucontext, and what it changes there holds when it returns", async () => {
    const { machine } = await guest(`
      _start:  li a0, 11
               li a1, ${SA_SIGINFO}
               call action
               li s0, 100
               li s1, 0
               li t0, 0x4321
               fcvt.d.l fs0, s0
      bad:     ld s1, 0(t0)
      after:   fcvt.l.d s4, fs0
               mv a0, s1
               li a7, EXIT_GROUP
               ecall
      handler: mv s5, a0                   # the registers that it may change are restored
               lw t1, 8(a1)                # si_code
               ld t2, 16(a1)               # si_addr
               ld t3, 176(a2)              # saved pc
               la t4, bad
               sub t3, t3, t4              # 0 where it is right
               add t1, t1, t2
               add t1, t1, t3
               sd t1, 248(a2)              # s1 in the saved registers: uc + 176 + 9 * 8
               la t5, after
               sd t5, 176(a2)
               li s0, 5
               fmv.d.x fs0, zero
               ret
      ${ACTION}`);
    const status = await machine.run();
    expect(status).toEqual({ kind: "exit", code: (0x4321 + 1) & 0xff });
    expect(machine.board.hart.x(8)).toBe(100n);
    expect(machine.board.hart.x(20)).toBe(100n);
  });

  test("runs on the alternate stack when the stack itself is gone", async () => {
    const { machine, trace } = await guest(`
      _start:  li a0, 11
               li a1, ${SA_SIGINFO | SA_ONSTACK}
               call action
               la a0, ss
               li a1, 0
               li a7, SIGALTSTACK
               ecall
               li sp, 0x100
               sd zero, 0(sp)
      handler: la t0, alt
               sub a0, sp, t0              # inside the alternate stack
               srli a0, a0, 13             # 8 KiB: 0
               li a7, EXIT_GROUP
               ecall
               .data
               .balign 16
      ss:      .dword alt
               .dword 0, 8192
               .bss
               .balign 16
      alt:     .space 8192
               .text
      ${ACTION}`);
    expect(await machine.run()).toEqual({ kind: "exit", code: 0 });
    expect(
      trace.some((line) =>
        line.startsWith("--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x100}"),
      ),
    ).toBe(true);
  });

  test("without room for its frame ends the process", async () => {
    const { machine } = await guest(`
      _start:  li a0, 11
               li a1, ${SA_SIGINFO}
               call action
               li sp, 0x100
               sd zero, 0(sp)
      handler: li a0, 0
               li a7, EXIT_GROUP
               ecall
      ${ACTION}`);
    expect(await machine.run()).toMatchObject({ kind: "signal", signal: signal.SIGSEGV });
  });

  test("waits while its signal is blocked, and comes when it is let through", async () => {
    const { machine, trace } = await guest(`
      _start:  li a0, 10
               li a1, 0
               call action
               li a0, 0                    # SIG_BLOCK
               call mask
               li a0, 1
               li a1, 10
               li a7, KILL
               ecall
               mv s1, s0                   # not yet
               li a0, 1                    # SIG_UNBLOCK
               call mask
               slli s0, s0, 4
               or a0, s0, s1
               li a7, EXIT_GROUP
               ecall
      mask:    la a1, set
               li a2, 0
               li a3, 8
               li a7, SIGPROCMASK
               ecall
               ret
      handler: la t0, count
               lw t1, 0(t0)
               addi t1, t1, 1
               sw t1, 0(t0)
               ld t2, 176+64(a2)           # s0 of the frame
               addi t2, t2, 1
               sd t2, 176+64(a2)
               ret
               .data
               .balign 8
      set:     .dword 1 << 9
      count:   .word 0
               .text
      ${ACTION}`);
    expect(await machine.run()).toEqual({ kind: "exit", code: 0x10 });
    expect(trace.filter((line) => line.startsWith("---"))).toHaveLength(1);
    expect(trace.some((line) => line.startsWith("rt_sigprocmask(SIG_BLOCK, [USR1], NULL, 8)"))).toBe(true);
  });
});

describe("a timer's signal", () => {
  const READER = (flags: number) => `
    _start:  li a0, 14
             li a1, ${flags}
             call action
             li a0, 0
             la a1, timer
             li a2, 0
             li a7, SETITIMER
             ecall
             li a0, 0
             la a1, buffer
             li a2, 8
             li a7, READ
             ecall
             la t0, count
             lw t0, 0(t0)
             slli t0, t0, 4
             add a0, a0, t0
             li a7, EXIT_GROUP
             ecall
    handler: la t0, count
             lw t1, 0(t0)
             addi t1, t1, 1
             sw t1, 0(t0)
             ret
             .data
             .balign 8
    timer:   .dword 0, 0, 0, 1000
    count:   .word 0
             .bss
    buffer:  .space 8
             .text
    ${ACTION}`;

  test("interrupts a call that waits: EINTR", async () => {
    const { machine } = await guest(READER(0));
    expect(await machine.run()).toEqual({ kind: "exit", code: (16 - 4) & 0xff });
  });

  test("with SA_RESTART the call is made again", async () => {
    const { machine, type, trace } = await guest(READER(SA_RESTART));
    const running = machine.run();
    while (!trace.some((line) => line.startsWith("rt_sigreturn")))
      await new Promise((resolve) => setTimeout(resolve, 1));
    type("abc");
    expect(await running).toEqual({ kind: "exit", code: 16 + 3 });
  });

  test("reaches a program that only computes", async () => {
    const { machine } = await guest(`
      _start:  li a0, 14
               li a1, 0
               call action
               li a0, 0
               la a1, timer
               li a2, 0
               li a7, SETITIMER
               ecall
      loop:    la t0, count
               lw a0, 0(t0)
               li t1, 5
               blt a0, t1, loop
               li a7, EXIT_GROUP
               ecall
      handler: la t0, count
               lw t1, 0(t0)
               addi t1, t1, 1
               sw t1, 0(t0)
               ret
               .data
               .balign 8
      timer:   .dword 0, 1000, 0, 1000
      count:   .word 0
               .text
      ${ACTION}`);
    expect(await machine.run(10_000_000)).toEqual({ kind: "exit", code: 5 });
    expect(machine.board.hart.retired).toBeGreaterThan(450_000);
    expect(machine.board.hart.retired).toBeLessThan(600_000);
  });
});

describe("signals to the process itself", () => {
  const sends = (number: number) => `
    _start: li a7, GETPID
            ecall
            li a1, ${number}
            li a7, KILL
            ecall
            li a0, 9
            li a7, EXIT_GROUP
            ecall`;

  test("end it by default", async () => {
    const { machine, trace } = await guest(sends(signal.SIGTERM));
    expect(await machine.run()).toEqual({ kind: "signal", signal: signal.SIGTERM, crash: undefined });
    expect(trace.at(-1)).toBe("+++ killed by SIGTERM +++");
  });

  test("are ignored where that is the default, and 0 only asks", async () => {
    for (const number of [signal.SIGCHLD, signal.SIGWINCH, signal.SIGCONT, signal.SIGTSTP, 0]) {
      const { machine } = await guest(sends(number));
      expect(await machine.run()).toEqual({ kind: "exit", code: 9 });
    }
  });
});

test("another user's process gets no signal, and one's own does", async () => {
  const { machine, output } = await guest(`
    _start:  li a0, 17                        # SIGCHLD
             li a1, 0
             li a7, 220                       # clone
             ecall
             bnez a0, parent
             li a0, 1000
             li a7, 146                       # setuid
             ecall
             li s0, 1
             call probe
             li a7, GETPID
             ecall
             mv s0, a0
             call probe
             li a0, 0
             li a7, EXIT_GROUP
             ecall
    parent:  li a0, -1
             li a1, 0
             li a2, 0
             li a3, 0
             li a7, 260                       # wait4
             ecall
             li a0, 0
             li a7, EXIT_GROUP
             ecall
    probe:   mv a0, s0
             li a1, 0
             li a7, KILL
             ecall
             neg a0, a0
             addi a0, a0, '0'
             la a1, digit
             sb a0, 0(a1)
             li a0, 1
             li a2, 1
             li a7, WRITE
             ecall
             ret
             .data
    digit:   .byte 0
             .text`);
  await machine.run();
  // EPERM is 1.
  expect(output()).toBe("10");
});
