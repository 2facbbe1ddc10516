import { describe, expect, test } from "vitest";
import type { OutOfMemoryReport } from "../kernel/posix-mmap/out-of-memory.ts";
import { guest } from "./hosted-fixture.ts";

const HELPERS = `
  .equ SCHED_YIELD, 124
  .equ CLONE, 220
  .equ WAIT4, 260
  .equ SIGCHLD, 17
  fork:    li a0, SIGCHLD
           li a1, 0
           li a2, 0
           li a3, 0
           li a4, 0
           li a7, CLONE
           ecall
           ret
  take:    mv s3, a1                     # a1: bytes of memory to fill
           li a0, 0
           li a2, 3
           li a3, 0x22
           li a4, -1
           li a5, 0
           li a7, MMAP
           ecall
           add s3, s3, a0
           li t1, 4096
  fill:    sd a0, 0(a0)
           add a0, a0, t1
           blt a0, s3, fill
           ret
  wait:    li a0, -1
           la a1, status
           li a2, 0
           li a3, 0
           li a7, WAIT4
           ecall
           la t0, status
           lw a0, 0(t0)
           ret
  leave:   li a7, EXIT_GROUP
           ecall
           .data
           .balign 8
  status:  .word 0, 0
           .text
`;

async function run(source: string) {
  const { machine } = await guest(`${source}\n${HELPERS}`, { memory: 16 << 20 });
  const reports: OutOfMemoryReport[] = [];
  machine.events.on("outOfMemory", (report) => reports.push(report));
  return { status: await machine.run(5_000_000), reports, machine };
}

describe("memory that is used up", () => {
  test("ends the process that took it, and says which", async () => {
    const hog = await run(`
      _start:  call fork
               beqz a0, child
               call wait
               j leave
      child:   li a1, 12 << 20
               call take
               j child`);
    expect(hog.status).toEqual({ kind: "exit", code: 9 });
    expect(hog.reports).toMatchObject([{ pid: 2, name: "guest", total: 4096 }]);
    expect(hog.reports[0].resident).toBeGreaterThan(3800);
  });

  test("ends who has most of it, not who asks for the last page", async () => {
    const { status, reports, machine } = await run(`
      _start:  call fork
               beqz a0, child
               li a7, SCHED_YIELD
               ecall
               li s4, 3
      more:    li a1, 2 << 20
               call take
               addi s4, s4, -1
               bnez s4, more
               call wait
               j leave
      child:   li a1, 12 << 20
               call take
      stay:    li a7, SCHED_YIELD
               ecall
               j stay`);
    expect(status).toEqual({ kind: "exit", code: 9 });
    expect(reports).toMatchObject([{ pid: 2 }]);
    expect(machine.board.ram.residentPages).toBeLessThanOrEqual(4096);
  });
});
