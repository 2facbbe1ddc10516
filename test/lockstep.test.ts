import { expect, test } from "vitest";
import { assemble } from "../src/isa/assembler/assemble.ts";
import { linkElf } from "../src/isa/assembler/elf.ts";
import { createHosted } from "../src/machine/create-hosted.ts";
import { busyMachine } from "./busy-guest.ts";
import { lockstep } from "./lockstep/lockstep.ts";
import { bootedSide, hostedSide, type MakeSide } from "./lockstep/side.ts";

/**
 * Machines run twice, once interpreted and once with translated code, and software can see no difference, wherever a region is
 * left. `node tools/run.js test/lockstep/main.ts` does the same with programs and kernels of others.
 */
const MODES = ["on", "always"] as const;

async function expectAlike(make: MakeSide, jit: "on" | "always", most: number) {
  const end = await lockstep(make, { jit, piece: 30_000, memoryEvery: 20, most });
  expect(end.difference).toBeUndefined();
  expect(end.stats.regions).toBeGreaterThan(0);
  expect(end.exits).toBeGreaterThan(0);
  return end;
}

test.each(MODES)("a guest that is always at something with its devices: %s", async (jit) => {
  for (const harts of [1, 4]) {
    const make = bootedSide((jit) => busyMachine({ harts, jit }));
    const { output } = await expectAlike(make, jit, 2_000_000);
    expect(output.length).toBeGreaterThan(2);
  }
});

test.each(MODES)("saves the same file: %s", async (jit) => {
  const files: Uint8Array[] = [];
  for (const mode of ["off", jit] as const) {
    const { machine } = await busyMachine({ harts: 2, jit: mode });
    await machine.run({ instructions: 1_500_007 });
    files.push(await machine.save());
    await machine.close();
  }
  expect(Buffer.compare(files[0], files[1])).toBe(0);
});

/**
 * Calls a function that it writes anew 20 times, far away, each time with a loop of another length and at another place,
 * while a timer's signals come; adds up what it and the handler counted.
 */
const REWRITES = `
        .equ sys_exit, 93
        .equ sys_setitimer, 103
        .equ sys_rt_sigaction, 134
        .equ sys_mmap, 222
        .equ sys_mprotect, 226
        .globl _start
_start: li a0, 14               # SIGALRM
        la a1, action
        li a2, 0
        li a3, 8
        li a7, sys_rt_sigaction
        ecall
        li a0, 0
        la a1, timer
        li a2, 0
        li a7, sys_setitimer
        ecall
        li a0, 0
        li a1, 8192
        li a2, 3                # PROT_READ | PROT_WRITE
        li a3, 0x22             # MAP_PRIVATE | MAP_ANONYMOUS
        li a4, -1
        li a5, 0
        li a7, sys_mmap
        ecall
        mv s0, a0
        li s1, 0                # times written
        li s2, 0                # sum
write:  mv a0, s0
        li a1, 8192
        li a2, 3
        li a7, sys_mprotect
        ecall
        li t0, 420
        mul s3, s1, t0
        add s3, s3, s0
        andi s3, s3, -4
        la t0, template
        lw t1, 0(t0)
        slli t2, s1, 20         # the immediate of its first instruction
        add t1, t1, t2
        sw t1, 0(s3)
        lw t1, 4(t0)
        sw t1, 4(s3)
        lw t1, 8(t0)
        sw t1, 8(s3)
        lw t1, 12(t0)
        sw t1, 12(s3)
        mv a0, s0
        li a1, 8192
        li a2, 5                # PROT_READ | PROT_EXEC
        li a7, sys_mprotect
        ecall
        fence.i
        li s4, 50001
call:   mv a0, s2
        jalr ra, 0(s3)
        mv s2, a0
        addi s4, s4, -1
        bnez s4, call
        addi s1, s1, 1
        li t0, 20
        blt s1, t0, write
        la t0, signals
        ld t0, 0(t0)
        snez t0, t0
        andi a0, s2, 0x3f
        slli a0, a0, 1
        add a0, a0, t0
        li a7, sys_exit
        ecall

        .option norvc
template: addi a1, zero, 1
        add a0, a0, a1
        addi a1, a1, -1
        jalr zero, 0(ra)

handler: la t0, signals
        ld t1, 0(t0)
        addi t1, t1, 1
        sd t1, 0(t0)
        fcvt.d.l fa0, t1
        fdiv.d fa0, fa0, fa0
        jalr zero, 0(ra)

        .data
        .align 3
action: .dword handler
        .dword 0, 0, 0
timer:  .dword 0, 700           # every 0.7 ms
        .dword 0, 700
signals: .dword 0
`;

test.each(MODES)("a program that writes code, far from its own, while signals come: %s", async (jit) => {
  const bytes = linkElf(assemble(REWRITES));
  const make = hostedSide((given) =>
    createHosted({
      program: { bytes, path: "/bin/rewrites" },
      args: ["rewrites"],
      env: [],
      memory: 16 << 20,
      seed: 1n,
      deterministic: true,
      ...given,
    }),
  );
  const { retired, output } = await expectAlike(make, jit, 20_000_000);
  // 2 × (50,001 × (1 + … + 20) mod 64), and 1 for the signals.
  expect(output).toBe('{"kind":"exit","code":101}');
  expect(retired).toBeGreaterThan(7_000_000);
});

/** Has a number in a register while it calls a function, and forgets it. */
const FORGETS = (number: number) => `
        .globl _start
_start: li s0, 100000
again:  li s1, ${number}
        call counts
        li s1, 0
        addi s0, s0, -1
        bnez s0, again
        li a0, 0
        li a7, 93
        ecall
counts: li t0, 100
next:   addi t0, t0, -1
        bnez t0, next
        ret
`;

test("what is different only where a region is left is found", async () => {
  const make = hostedSide((given) =>
    createHosted({
      program: { bytes: linkElf(assemble(FORGETS(given.jit === "off" ? 1 : 2))), path: "/bin/forgets" },
      args: ["forgets"],
      env: [],
      memory: 16 << 20,
      seed: 1n,
      deterministic: true,
      ...given,
    }),
  );
  const options = { jit: "always", piece: 30_000, memoryEvery: 20, most: 20_000_000 } as const;
  const { difference } = await lockstep(make, options);
  expect(difference).toMatch(/hart 0, where a region is left: x9 1, not 2$/m);
});
