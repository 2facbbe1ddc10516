import { assemble } from "../src/isa/assembler/assemble.ts";
import { linkElf } from "../src/isa/assembler/elf.ts";
import { Machine } from "../src/machine/machine.ts";
import type { MachineOptions, MachineSurroundings } from "../src/machine/machine-options.ts";
import { MemoryDisk } from "../src/machine/memory-disk.ts";

/**
 * A guest that is always at something with its devices. Hart 0 reads and writes its disk, echoes what is typed and prints a
 * letter now and then; the others sleep until their timers wake them, and then, one after the other, ask for
 * random numbers. All of what they see goes into a sum, which the letters depend on.
 */
const TEXT = `
        .globl _start
_start: csrr t0, mhartid
        bnez t0, other

        li s3, 0x10001000       # the disk
        la s0, disk
        jal ra, setup
        li s4, 0x10000000       # the serial port
        li s1, 0
        la s2, sum
work:   addi s1, s1, 1
        andi t0, s1, 1          # odd: write
        sw t0, 1024(s0)
        li t1, 13
        mul t1, t1, s1
        andi t1, t1, 63
        sd t1, 1032(s0)         # sector
        addi t2, s0, 1024       # header
        sd t2, 0(s0)
        li t2, 16
        sw t2, 8(s0)
        li t2, 0x10001          # next: 1
        sw t2, 12(s0)
        li t2, 2048
        add t2, t2, s0          # data
        sd t2, 16(s0)
        li t3, 512
        sw t3, 24(s0)
        xori t0, t0, 1
        slli t0, t0, 1
        ori t0, t0, 1
        li t3, 0x20000          # next: 2
        or t0, t0, t3
        sw t0, 28(s0)
        li t3, 3072
        add t3, t3, s0          # status
        sd t3, 32(s0)
        li t4, 1
        sw t4, 40(s0)
        li t4, 2
        sw t4, 44(s0)
        ld t4, 0(s2)
        sd t4, 0(t2)
        jal ra, submit
        ld t4, 0(t2)
        ld t5, 0(s2)
        add t5, t5, t4
        add t5, t5, s1
        sd t5, 0(s2)
        lbu t0, 5(s4)
        andi t0, t0, 1
        beqz t0, quiet
        lbu t0, 0(s4)
        sb t0, 0(s4)
        add t5, t5, t0
        sd t5, 0(s2)
quiet:  andi t0, s1, 1
        bnez t0, work
        andi t0, t5, 15
        addi t0, t0, 'a'
        sb t0, 0(s4)
        j work

other:  mv s5, t0
        la t0, late
        csrw mtvec, t0
        li t0, 0x80
        csrw mie, t0
        slli s6, s5, 3
        li t0, 0x02004000
        add s6, s6, t0          # mtimecmp
        li s7, 0x0200bff8       # mtime
        li t0, 1
        bne s5, t0, sleep
        li s3, 0x10008000       # random numbers
        la s0, random
        jal ra, setup
sleep:  ld t0, 0(s7)
        addi t0, t0, 777
        sd t0, 0(s6)
        wfi
        csrr t0, mip
        andi t0, t0, 0x80
        beqz t0, sleep
        li t0, 1
        bne s5, t0, count
        addi t2, s0, 1024
        sd t2, 0(s0)
        li t3, 64
        sw t3, 8(s0)
        li t3, 2
        sw t3, 12(s0)
        jal ra, submit
        ld t4, 1024(s0)
        j keep
count:  addi t4, t4, 3
keep:   la t0, sum
        amoadd.d zero, t4, (t0)
        j sleep
late:   j late

# s3: registers, s0: a page for the queue: descriptors, at 256 the available and at 512 the used ring.
setup:  sw zero, 0x70(s3)
        li t0, 3
        sw t0, 0x70(s3)
        li t0, 1
        sw t0, 0x24(s3)
        sw t0, 0x20(s3)         # version 1
        sw zero, 0x24(s3)
        sw zero, 0x20(s3)
        li t0, 11
        sw t0, 0x70(s3)
        sw zero, 0x30(s3)
        li t0, 8
        sw t0, 0x38(s3)
        sw s0, 0x80(s3)
        addi t0, s0, 256
        sw t0, 0x90(s3)
        addi t0, s0, 512
        sw t0, 0xa0(s3)
        li t0, 1
        sw t0, 0x44(s3)
        li t0, 15
        sw t0, 0x70(s3)
        ret

# Makes the chain at descriptor 0 available and waits until it is used.
submit: lhu t0, 258(s0)
        addi t0, t0, 1
        fence
        sh t0, 258(s0)
        sw zero, 0x50(s3)
wait:   lhu t1, 514(s0)
        sub t1, t1, t0
        slli t1, t1, 48
        bnez t1, wait
        lw t1, 0x60(s3)
        sw t1, 0x64(s3)
        ret

        .data
        .align 12
disk:   .space 4096
random: .space 4096
sum:    .dword 0
`;

const bytes = linkElf(assemble(TEXT), { base: 0x8000_0000n });

/** The host's time, or one that stands still for a machine in virtual time. */
export const host = {
  milliseconds: () => performance.now(),
  now: () => BigInt(Date.now()) * 1_000_000n,
  entropy: (into: Uint8Array) => into.fill(7),
  nextTurn: () => new Promise<void>((resolve) => setImmediate(resolve)),
};

/** What a busy machine is connected to: a disk, and somebody who reads. */
export function surroundings(): MachineSurroundings & {
  readonly printed: () => string;
  readonly disk: MemoryDisk;
} {
  let printed = "";
  const disk = new MemoryDisk(64 * 512);
  const print = (output: Uint8Array) => {
    printed += String.fromCharCode(...output);
  };
  return { host, print, drives: [disk], disk, printed: () => printed };
}

/** A machine at the start of that guest, in virtual time unless told otherwise. */
export async function busyMachine(options: Partial<MachineOptions> = {}) {
  const around = surroundings();
  const machine = await Machine.create({
    memory: 1 << 20,
    harts: 3,
    boot: { bios: "none", kernel: { name: "busy.elf", bytes } },
    deterministic: true,
    seed: 5n,
    ...around,
    ...options,
  });
  return { machine, printed: around.printed };
}
