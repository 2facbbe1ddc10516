import { describe, expect, test } from "vitest";
import { Csr } from "../src/cpu/csr-state.ts";
import { Pte } from "../src/cpu/sv39.ts";
import { signal } from "../src/kernel/rksignal/signals.ts";
import { USER_END } from "../src/kernel/rkvm/space-areas.ts";
import { errno } from "../src/kernel/syscalls/errno.ts";
import { attack, exitOf, OWNED, segfault, wordAt } from "./hardening/attack.ts";

/**
 * Attacks by a guest on itself and on what is around it, and how each ends. docs/HARDENING.md says what is claimed;
 * the layout's part is in test/hardening/layout.test.ts, files in test/hardening/files.test.ts.
 */
const MAPERR = 1;
const ACCERR = 2;
const MARK = 0x1122_3344_5566_7788n;
const R = 1;
const RW = 3;
const RX = 5;
const RWX = 7;
const PRIVATE = 0x22;
const SHARED = 0x21;
const FIXED = 0x32;

describe("writing to what is not writable", () => {
  test.each([
    ["text", ".text", RX],
    ["constants", ".section .rodata", R],
  ])("%s: SIGSEGV, and nothing has changed", async (_name, section, prot) => {
    const { crash, machine, saved } = await segfault(`
      _start: la s1, victim
              li t0, -1
              sd t0, 0(s1)
              finish
              ${section}
              .balign 8
      victim: .dword ${MARK}`);
    expect(crash).toMatchObject({ code: ACCERR, access: "write", address: saved(9), area: { prot } });
    expect(wordAt(machine, saved(9))).toBe(MARK);
  });

  test.each([
    [".text", "READ", "a0"],
    [".section .rodata", "READ", "a0"],
    [".text", "278", "s1"],
    [".section .rodata", "278", "s1"],
  ])("%s by way of system call %s: EFAULT, and nothing has changed", async (section, number, first) => {
    const { machine, register, status } = await attack(
      `_start: la s1, victim
               li a0, 0
               mv a0, ${first}
               ${first === "a0" ? "mv a1, s1" : "li a1, 8"}
               li a2, ${first === "a0" ? 8 : 0}
               li a7, ${number}
               ecall
               finish
               ${section}
               .balign 8
       victim: .dword ${MARK}`,
      {
        console: {
          input: { terminal: false, read: () => new Uint8Array(8).fill(255), onInput: () => {} },
          output: { terminal: false, write: () => {} },
          error: { terminal: false, write: () => {} },
          size: () => ({ rows: 1, columns: 1 }),
          onResize: () => {},
        },
      },
    );
    expect(status).toEqual({ kind: "exit", code: -errno.EFAULT & 0xff });
    expect(wordAt(machine, register(9))).toBe(MARK);
  });
});

describe("running what is data", () => {
  const stack = "addi sp, sp, -64\n mv s1, sp";
  const heap = `li a7, BRK
    li a0, 0
    ecall
    mv s1, a0
    li t0, 4096
    add a0, a0, t0
    ecall`;
  const mapping = (flags: number) => `mmap 0, 4096, ${RW}, ${flags}\n mv s1, a0`;

  test.each([
    ["the stack", stack, "[stack]"],
    ["the heap", heap, "[heap]"],
    ["data", "la s1, data", "/guest"],
    ["bss", "la s1, bss", "/guest"],
    ["a private mapping", mapping(PRIVATE), ""],
    ["a shared mapping", mapping(SHARED), ""],
  ])("%s: SIGSEGV at the first instruction", async (_name, setup, name) => {
    const { crash, saved } = await segfault(`
      _start: ${setup}
              plant s1
              jalr s1
              li a0, 0
              finish
              .data
              .balign 8
      data:   .dword 0, 0
              .bss
              .balign 8
      bss:    .space 16`);
    expect(crash).toMatchObject({
      code: ACCERR,
      access: "execute",
      address: saved(9),
      area: { prot: RW, name },
    });
    expect(Number(crash.pc)).toBe(saved(9));
  });
});

describe("writable and executable at once", () => {
  const asks: [string, string][] = [
    ["mmap", `mmap 0, 4096, ${RWX}, ${PRIVATE}`],
    ["mmap, write and execute alone", `mmap 0, 4096, 6, ${PRIVATE}`],
    ["mmap, shared", `mmap 0, 4096, ${RWX}, ${SHARED}`],
    ["mmap with bits that mean nothing", `mmap 0, 4096, ${0x0100_0000 | RWX}, ${PRIVATE}`],
    ["mprotect of data", `la s1, data\n mprotect s1, 4096, ${RWX}`],
    ["mprotect of text", `la s1, page\n mprotect s1, 4096, ${RWX}`],
    ["mprotect of the stack", `li t0, -4096\n and s1, sp, t0\n mprotect s1, 4096, ${RWX}`],
  ];
  const program = (ask: string) => `
            .balign 4096
    page:
    _start: ${ask}
            finish
            .data
            .balign 4096
    data:   .dword 0`;

  test.each(asks)("%s: EACCES", async (_name, ask) => {
    expect(await exitOf(program(ask))).toBe(-errno.EACCES);
  });

  test("mprotect with bits beside the three: EINVAL", async () => {
    const ask = `la s1, data\n mprotect s1, 4096, ${0x0100_0000 | RWX}`;
    expect(await exitOf(program(ask))).toBe(-errno.EINVAL);
  });

  test("is what --allow-wx lets through", async () => {
    const run = `mmap 0, 4096, ${RWX}, ${PRIVATE}\n mv s1, a0\n plant s1\n jr s1`;
    expect(await exitOf(program(run), { allowWx: true })).toBe(OWNED);
  });

  test("a page is one after the other: written, then run, then written, never both", async () => {
    const setup = `mmap 0, 4096, ${RW}, ${PRIVATE}
      mv s1, a0
      plant s1
      mprotect s1, 4096, ${RX}`;
    // Code that was written before can be run: what a JIT compiler does.
    expect(await exitOf(program(`${setup}\n jr s1`))).toBe(OWNED);
    const written = await segfault(program(`${setup}\n sd zero, 0(s1)`));
    expect(written.crash).toMatchObject({ code: ACCERR, access: "write", area: { prot: RX } });
    // A translation and decoded code of the time when it was executable are of no use.
    const back = await segfault(
      program(`${setup}
        li t0, 0x8067                  # ret, in place of the payload
        mprotect s1, 4096, ${RW}
        li t0, 0x8067
        sw t0, 0(s1)
        fence.i
        mprotect s1, 4096, ${RX}
        jalr s1
        mprotect s1, 4096, ${RW}
        jalr s1`),
    );
    expect(back.crash).toMatchObject({ code: ACCERR, access: "execute", area: { prot: RW } });
  });

  test("holds for each mapping of a shared file by itself", async () => {
    const two = `la a1, path
      li a0, -100
      li a2, 0x42                      # O_RDWR | O_CREAT
      li a3, 0x1ff
      li a7, 56
      ecall
      mv s3, a0
      li a1, 4096
      li a7, 46
      ecall
      li a0, 0
      li a1, 4096
      li a2, ${RW}
      li a3, 1
      mv a4, s3
      li a5, 0
      li a7, MMAP
      ecall
      mv s1, a0
      li a0, 0
      li a2, ${RX}
      ecall
      mv s2, a0
      plant s1
      .section .rodata
      path: .asciz "/tmp/file"
      .text`;
    const written = await segfault(program(`${two}\n sd zero, 0(s2)`));
    expect(written.crash).toMatchObject({ code: ACCERR, access: "write", area: { prot: RX, shared: true } });
    const run = await segfault(program(`${two}\n jr s1`));
    expect(run.crash).toMatchObject({ code: ACCERR, access: "execute", area: { prot: RW, shared: true } });
    // Not prevented, and said so: what one mapping wrote is what the other runs, and no stale decoded code.
    expect(await exitOf(program(`${two}\n jr s2`))).toBe(OWNED);
    const again = `${two}
      li t0, 0x8067
      sw t0, 0(s1)
      fence.i
      jalr s2
      plant s1
      jr s2`;
    expect(await exitOf(program(again))).toBe(OWNED);
  });
});

describe("page zero", () => {
  test.each([
    ["a jump to null", "jr zero", 0, "execute"],
    ["a read of null", "ld t0, 0(zero)", 0, "read"],
    ["a write near null", "sd zero, 1000(zero)", 1000, "write"],
    ["a read of the 64th KiB", "li t0, 0xfff8\n ld t0, 0(t0)", 0xfff8, "read"],
  ])("%s: SIGSEGV", async (_name, access, address, kind) => {
    const { crash } = await segfault(`_start: ${access}`);
    expect(crash).toMatchObject({ code: MAPERR, access: kind, address, area: undefined });
  });

  test.each([0, 0x1000, 0xf000])("cannot be mapped: MAP_FIXED at %i is EPERM", async (at) => {
    expect(await exitOf(`_start: mmap ${at}, 4096, ${RW}, ${FIXED}\n finish`)).toBe(-errno.EPERM);
  });

  test("a mapping cannot be moved there, and a hint is no more than that", async () => {
    const move = `_start: mmap 0, 4096, ${RW}, ${PRIVATE}
      li a1, 4096
      li a2, 4096
      li a3, 3
      li a4, 0
      li a7, 216
      ecall
      finish`;
    expect(await exitOf(move)).toBe(-errno.EPERM);
    const { register } = await attack(`_start: mmap 0x1000, 4096, ${RW}, ${PRIVATE}\n mv s1, a0\n finish`);
    expect(register(9)).toBeGreaterThanOrEqual(0x10000);
  });
});

describe("running over", () => {
  const frames = (bytes: number) => `
    _start:  li s2, ${bytes}
    recurse: sub sp, sp, s2
             sd ra, 0(sp)
             call recurse`;

  test.each([64, 4096, 65536, 1 << 20])(
    "the stack by frames of %i bytes ends in its guard",
    async (bytes) => {
      const { crash, machine } = await segfault(frames(bytes));
      expect(crash).toMatchObject({
        code: MAPERR,
        access: "write",
        area: { name: "[stack guard]", guard: true },
      });
      const { start } = machine.layout.stack;
      expect(crash.address).toBeGreaterThanOrEqual(start - (1 << 20));
      expect(crash.address).toBeLessThan(start);
    },
  );

  const HEAP = `li a7, BRK
    li a0, 0
    ecall
    mv s1, a0
    li t0, 8192
    add a0, a0, t0
    ecall`;

  const BSS = `
    _start: ${HEAP}
            la t0, bss
    over:   sd t0, 0(t0)
            addi t0, t0, 8
            j over
            .bss
    bss:    .space 8`;

  test("bss ends where the image ends, without ASLR in the guard before the heap", async () => {
    const { crash, machine } = await segfault(BSS);
    expect(crash).toMatchObject({ code: MAPERR, address: machine.layout.image.end });
    const fixed = await segfault(BSS, { aslr: false });
    expect(fixed.crash).toMatchObject({ code: MAPERR, area: { name: "[heap guard]", guard: true } });
    expect(fixed.crash.area!.end - fixed.crash.area!.start).toBe(65536);
  });

  test("the heap's start ends in its guard, its end where it ends, and the area's end in a guard", async () => {
    const before = await segfault(`_start: ${HEAP}\n sb zero, -1(s1)`);
    expect(before.crash).toMatchObject({ code: MAPERR, area: { name: "[heap guard]", guard: true } });
    const over = await segfault(`
      _start: ${HEAP}
      over:   sd zero, 0(s1)
              addi s1, s1, 8
              j over`);
    expect(over.crash).toMatchObject({ code: MAPERR, access: "write" });
    expect(over.crash.address).toBe(over.machine.layout.heap.start + 8192);
    const far = await segfault(`_start: ${HEAP}\n li t0, ${2 ** 34}\n add t0, t0, s1\n sb zero, 0(t0)`);
    expect(far.crash).toMatchObject({ code: MAPERR, area: { name: "[heap guard]", guard: true } });
  });

  test.each([
    ["unmapped", "li a7, MUNMAP\n mv a0, s1\n li a1, 4096\n ecall"],
    ["made accessible", `mprotect s1, 4096, ${RW}`],
    [
      "mapped over",
      `mv s2, s1\n li a7, MMAP\n mv a0, s2\n li a1, 4096\n li a2, ${RW}\n li a3, ${FIXED}\n li a4, -1\n ecall`,
    ],
  ])("a guard cannot be %s", async (_name, remove) => {
    const program = `_start: li s1, ${252 * 2 ** 30 - 8 * 2 ** 20 - 4096}\n ${remove}\n finish`;
    expect(await exitOf(program, { aslr: false })).toBe(-errno.EACCES);
  });
});

describe("the supervisor's memory", () => {
  test("is in no page that the program reaches", async () => {
    const { machine } = await attack(`_start: sd zero, -8(sp)\n li a0, 0\n finish`);
    const { table, resident } = machine.process.memory;
    const tables = new Set(table.tables());
    expect(tables.size).toBeGreaterThan(3);
    let user = 0;
    resident.each(0, USER_END, (_at, page, flags) => {
      expect(tables.has(page)).toBe(false);
      if (flags & Pte.U) user++;
    });
    expect(user).toBeGreaterThan(2);
    // Nothing at all in the half of the address space that is not the program's.
    const root = machine.board.ram.read(table.rootPage * 4096 + 2048, 2048);
    expect(root.every((byte) => byte === 0)).toBe(true);
  });

  test.each([
    ["the upper half", "-8"],
    ["where Linux maps all memory", "0xffffffd600000000"],
    ["beyond Sv39", "0x4000000000"],
    ["RAM's physical address", "0x80000000"],
    ["the UART's physical address", "0x10000000"],
    ["the CLINT's physical address", "0x2000000"],
  ])("%s is not there to user mode", async (_name, address) => {
    for (const access of ["ld t1, 0(t0)", "sd t0, 0(t0)", "jr t0"]) {
      const { crash } = await segfault(`_start: li t0, ${address}\n ${access}`);
      expect(crash.code).toBe(MAPERR);
    }
  });

  test.each([
    "csrr t0, satp",
    "csrw satp, zero",
    "csrr t0, sstatus",
    "csrw mstatus, t0",
    "sfence.vma",
    "sret",
    "mret",
  ])("%s is illegal", async (instruction) => {
    const { status, machine } = await attack(`_start: ${instruction}\n li a0, 0\n finish`);
    expect(status).toMatchObject({ kind: "signal", signal: signal.SIGILL });
    expect(machine.board.hart.privilege).toBe(0);
    const { rootPage } = machine.process.memory.table;
    expect(machine.board.hart.csrs.get(Csr.satp) & 0xfff_ffff_ffffn).toBe(BigInt(rootPage));
  });
});
