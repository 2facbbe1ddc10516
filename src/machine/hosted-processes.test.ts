import { describe, expect, test } from "vitest";
import { processTable } from "../kernel/rkprocess/process-table.ts";
import { time } from "../kernel/rktime/time.ts";
import { guest } from "./hosted-fixture.ts";

const CALLS = `
  .equ SCHED_YIELD, 124
  .equ RT_SIGTIMEDWAIT, 137
  .equ GETPPID, 173
  .equ CLONE, 220
  .equ EXECVE, 221
  .equ WAIT4, 260
  .equ PRCTL, 167
  .equ FUTEX, 98
  .equ SIGCHLD, 17
`;

/** a0: flags and exit signal. */
const HELPERS = `
  fork:    li a0, SIGCHLD
           li a1, 0
           li a2, 0
           li a3, 0
           li a4, 0
           li a7, CLONE
           ecall
           ret
  wait:    li a0, -1                     # a0: pid; the status word in s10
           la a1, status
           mv a2, a5
           li a3, 0
           li a7, WAIT4
           ecall
           la t0, status
           lw s10, 0(t0)
           ret
  leave:   li a7, EXIT_GROUP
           ecall
           .data
           .balign 8
  status:  .word 0, 0
           .text
`;

const exited = (code: number) => ({ kind: "exit" as const, code });
const run = async (source: string, options = {}) => {
  const made = await guest(`${CALLS}\n${source}\n${HELPERS}`, options);
  return { ...made, status: await made.machine.run(2_000_000) };
};

describe("fork", () => {
  test("a child has a copy of its parent's memory, and its end is told to who waits", async () => {
    const { status, machine } = await run(`
      _start:  call fork
               bnez a0, parent
               la t0, word
               li t1, 99
               sw t1, 0(t0)                # the parent does not see it
               li a0, 7
               j leave
      parent:  mv s1, a0
               li a5, 0
               call wait
               bne a0, s1, bad
               srli s2, s10, 8             # WEXITSTATUS
               la t0, word
               lw t1, 0(t0)
               add a0, s2, t1
               j leave
      bad:     li a0, 1
               j leave
               .data
      word:    .word 30
               .text`);
    expect(status).toEqual(exited(37));
    expect([...machine.kernel.use(processTable).all()]).toHaveLength(1);
  });

  test("a killed child is told by its signal; without children there is nobody to wait for", async () => {
    const { status } = await run(`
      _start:  call fork
               bnez a0, parent
      forever: j forever
      parent:  li a1, 9
               li a7, KILL
               ecall
               li a5, 0
               call wait
               li a5, 0
               mv s2, s10
               call wait
               neg a0, a0                  # ECHILD
               add a0, a0, s2
               j leave`);
    expect(status).toEqual(exited(10 + 9));
  });

  test("WNOHANG does not wait for a child that lives", async () => {
    const { status } = await run(`
      _start:  call fork
               beqz a0, child
               li a5, 1
               call wait
               j leave
      child:   li a7, SCHED_YIELD
               ecall
               j child`);
    expect(status).toEqual(exited(0));
  });

  test("more threads than the machine may have is EAGAIN", async () => {
    const { status, machine } = await run(
      `
      _start:  li s1, 0
      again:   call fork
               beqz a0, child
               bltz a0, full
               addi s1, s1, 1
               j again
      full:    neg a0, a0
               j leave
      child:   li a7, SCHED_YIELD
               ecall
               j child`,
      { memory: 256 << 20 },
    );
    expect(status).toEqual(exited(11));
    expect(machine.kernel.use(processTable).mostThreads).toBe(4096);
  }, 60_000);

  test("orphans belong to the first process", async () => {
    const { status } = await run(`
      _start:  call fork
               bnez a0, parent
               call fork
               bnez a0, child
      orphan:  li a7, GETPPID
               ecall
               li t0, 1
               bne a0, t0, orphan
               li a0, 5
               j leave
      child:   li a0, 0
               j leave
      parent:  li a5, 0
               call wait
               li a5, 0
               call wait
               srli a0, s10, 8
               j leave`);
    expect(status).toEqual(exited(5));
  });

  test("a process's end is no hang-up for a stopped one of its own group", async () => {
    const { status } = await run(`
      _start:  call fork
               beqz a0, sleeper
               mv s0, a0
               li a1, 19                   # SIGSTOP
               li a7, KILL
               ecall
               call fork
               li t0, 0
               beqz a0, child
               li a5, 0
               call wait
               li a0, 6
               j leave
      child:   li a0, 0
               j leave
      sleeper: li a7, 73                   # ppoll of nothing
               li a0, 0
               li a1, 0
               li a2, 0
               li a3, 0
               ecall
               j sleeper`);
    expect(status).toEqual(exited(6));
  });
});

describe("clone with CLONE_VM", () => {
  const THREAD = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x200000;

  test("a thread shares memory; its end clears its word and wakes who waits there", async () => {
    const { status } = await run(`
      _start:  li a0, ${THREAD}
               la a1, top
               li a2, 0
               li a3, 0
               la a4, tid
               li a7, CLONE
               ecall
               beqz a0, thread
      join:    la a0, tid
               lw a2, 0(a0)
               beqz a2, joined
               li a1, 0                    # FUTEX_WAIT
               li a3, 0
               li a7, FUTEX
               ecall
               j join
      joined:  la t0, word
               lw a0, 0(t0)
               j leave
      thread:  la t0, word
               li t1, 42
               sw t1, 0(t0)
               li a0, 0
               li a7, EXIT
               ecall
               .data
               .balign 16
      tid:     .word 1
      word:    .word 0
               .zero 1024
      top:     .word 0
               .text`);
    expect(status).toEqual(exited(42));
  });

  test("vfork's parent waits until the child has ended", async () => {
    const { status } = await run(`
      _start:  li a0, ${0x4000 | 0x100 | 17}
               li a1, 0
               li a2, 0
               li a3, 0
               li a4, 0
               li a7, CLONE
               ecall
               beqz a0, child
               la t0, word
               lw a0, 0(t0)
               j leave
      child:   li s2, 1000
      busy:    li a7, SCHED_YIELD
               ecall
               addi s2, s2, -1
               bnez s2, busy
               la t0, word
               li t1, 3
               sw t1, 0(t0)
               j leave
               .data
      word:    .word 0
               .text`);
    expect(status).toEqual(exited(3));
  });

  test("CLONE_THREAD without CLONE_SIGHAND, and CLONE_SIGHAND without CLONE_VM, are refused", async () => {
    const { status } = await run(`
      _start:  li a0, ${0x10000 | 0x100}
               li a7, CLONE
               ecall
               mv s1, a0
               li a0, ${0x800}
               li a7, CLONE
               ecall
               add a0, a0, s1
               neg a0, a0
               j leave`);
    expect(status).toEqual(exited(44));
  });
});

describe("execve", () => {
  test("a program that is not there, or is no program, leaves the caller as it was", async () => {
    const { status, output } = await run(`
      _start:  la a0, missing
               li a1, 0
               li a2, 0
               li a7, EXECVE
               ecall
               neg s1, a0                  # ENOENT 2
               la a0, passwd
               li a1, 0
               li a2, 0
               li a7, EXECVE
               ecall
               sub a0, s1, a0              # EACCES 13: no execute permission
               j leave
               .data
      missing: .asciz "/nowhere"
      passwd:  .asciz "/etc/passwd"
               .text`);
    expect([status, output()]).toEqual([exited(15), ""]);
  });

  test("a program begins anew, with its arguments; handlers and files to close are gone", async () => {
    const { status, output } = await run(`
      _start:  ld t0, 0(sp)                # argc: 1 at first, 2 after execve
               li t1, 2
               beq t0, t1, second
               la a0, path
               la a1, argv
               li a2, 0
               li a7, EXECVE
               ecall
               li a0, 1
               j leave
      second:  ld a1, 16(sp)               # argv[1]
               li a0, 1
               li a2, 5
               li a7, WRITE
               ecall
               li a0, 0
               j leave
               .data
      path:    .asciz "/guest"
      one:     .asciz "again"
               .balign 8
      argv:    .dword path, one, 0
               .text`);
    expect([status, output()]).toEqual([exited(0), "again"]);
  });
});

test("two that never wait both get on, and the one that ends is not held up", async () => {
  const { status } = await run(`
    _start:  call fork
             bnez a0, parent
             li s1, 100000
    count:   addi s1, s1, -1
             bnez s1, count
             li a0, 4
             j leave
    parent:  li a5, 1
             call wait
             beqz a0, parent
             srli a0, s10, 8
             j leave`);
  expect(status).toEqual(exited(4));
});

test("a sleep goes on after a stop, for what is left of it", async () => {
  const { status, machine } = await run(`
    _start:  call fork
             beqz a0, child
             mv s1, a0
             la a0, short
             li a1, 0
             li a7, NANOSLEEP
             ecall
             mv a0, s1
             li a1, 19                     # SIGSTOP
             li a7, KILL
             ecall
             la a0, short
             li a1, 0
             li a7, NANOSLEEP
             ecall
             mv a0, s1
             li a1, 18                     # SIGCONT
             li a7, KILL
             ecall
             li a5, 0
             call wait
             srli a0, s10, 8
             j leave
    child:   la a0, long
             li a1, 0
             li a7, NANOSLEEP
             ecall
             addi a0, a0, 5                # 5, and not 5 - EINTR
             j leave
             .data
             .balign 8
    short:   .dword 1, 0
    long:    .dword 10, 0
             .text`);
  expect(status).toEqual(exited(5));
  const seconds = machine.kernel.use(time).monotonic() / 1e9;
  expect(Math.round(seconds)).toBe(10);
});
