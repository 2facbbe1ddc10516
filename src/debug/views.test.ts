import { describe, expect, it } from "vitest";
import { PageTable } from "../cpu/page-table.ts";
import { Pte } from "../cpu/sv39.ts";
import { assemble } from "../isa/assembler/assemble.ts";
import { linkElf } from "../isa/assembler/elf.ts";
import { parseElf } from "../loader/elf.ts";
import { Board } from "../machine/board.ts";
import { Arena } from "../memory/arena.ts";
import { PhysicalMemory } from "../memory/physical-memory.ts";
import { backtrace } from "./backtrace.ts";
import { codeAround } from "./crash.ts";
import { disassembleRange } from "./disassembly.ts";
import { GuestMemory } from "./guest-memory.ts";
import { isCall, lineAt } from "./listing.ts";
import type { Registers } from "./registers.ts";
import { formatFloatRegisters, formatRegisters, registerChanges, registerWords } from "./registers.ts";
import { readSymbolTable, type SymbolTable } from "./symbols.ts";
import { explainWalk } from "./walk.ts";

const BASE = 0x8000_0000;
const STACK = BASE + 0x8000;

const ram = () => new PhysicalMemory(new Arena(16 << 20), BASE, 1 << 20);

/** A program at physical addresses. */
async function program(
  code: string,
): Promise<{ memory: GuestMemory; ram: PhysicalMemory; symbols: SymbolTable }> {
  const bytes = linkElf(assemble(`.text\n.globl _start\n_start:\n${code}\n`), { base: BigInt(BASE) });
  const image = await parseElf(bytes, "program", { bare: true });
  const physical = ram();
  for (const segment of image.segments) physical.write(segment.address, segment.bytes);
  return {
    memory: new GuestMemory(physical, () => undefined),
    ram: physical,
    symbols: await readSymbolTable(bytes, "program"),
  };
}

function registers(values: Record<number, number>, pc = BASE): Registers {
  const x = Array.from({ length: 32 }, (_, i) => BigInt(values[i] ?? 0));
  return { pc: BigInt(pc), x, f: new Array(32).fill(0n), fcsr: 0 };
}

describe("guest memory", () => {
  it("reads across pages by the guest's table, and stops where nothing is mapped", () => {
    const physical = ram();
    let next = BASE / 4096;
    const table = new PageTable(physical, () => next++);
    const flags = Pte.R | Pte.W | Pte.U | Pte.A | Pte.D;
    table.map(0x1000, BASE / 4096 + 100, flags);
    table.map(0x2000, BASE / 4096 + 50, flags);
    physical.write(BASE + 100 * 4096 + 4094, Uint8Array.of(1, 2));
    physical.write(BASE + 50 * 4096, Uint8Array.of(3, 4, 5, 6, 7, 8));
    const memory = new GuestMemory(physical, () => table.rootPage);
    expect([...memory.read(0x1ffe, 5)]).toEqual([1, 2, 3, 4, 5]);
    expect(memory.word(0x1ffe)).toBe(0x0807060504030201n);
    expect(memory.read(0x2ffe, 100).length).toBe(2);
    expect(memory.read(0x5000, 4).length).toBe(0);
    expect(memory.physical(0x2003)).toBe(BASE + 50 * 4096 + 3);
  });
});

describe("the page-table walk in words", () => {
  it("shows each level, the bits, and what user mode may do", () => {
    const physical = ram();
    let next = BASE / 4096;
    const table = new PageTable(physical, () => next++);
    table.map(0x40_1000, BASE / 4096 + 9, Pte.R | Pte.X | Pte.U | Pte.A);
    const memory = new GuestMemory(physical, () => table.rootPage);
    expect(explainWalk(memory, 0x40_1234)).toEqual([
      "walk for 0x401234",
      "level 2: entry 0, at physical 0x80000000",
      "  -------V  points to the next table, at physical 0x80001000",
      "level 1: entry 2, at physical 0x80001010",
      "  -------V  points to the next table, at physical 0x80002000",
      "level 0: entry 1, at physical 0x80002008",
      "  -A-UX-RV  maps a 4 KiB page: physical 0x80009234",
      "in user mode it may be read, executed",
    ]);
    expect(explainWalk(memory, 0x8000_0000)).toEqual([
      "walk for 0x80000000",
      "level 2: entry 2, at physical 0x80000010",
      "  --------  V is 0: nothing is mapped there (page fault)",
    ]);
    expect(explainWalk(memory, 2 ** 38)[1]).toMatch(/bits 63 to 39/);
  });
});

describe("registers", () => {
  it("tell what changed, integers and floats", () => {
    const [hart] = new Board({ ram: 1 << 20, print: () => {} }).harts;
    const before = registerWords(hart);
    hart.setX(11, -1n);
    hart.setF(0, 5n);
    hart.csrs.fflags = 1;
    const after = registerWords(hart);
    expect(registerChanges(before, after)).toEqual([
      { name: "a1", before: 0n, after: 2n ** 64n - 1n },
      { name: "ft0", before: 0n, after: 5n },
      { name: "fcsr", before: 0n, after: 1n },
    ]);
  });

  it("are shown with their values", () => {
    expect(formatRegisters(registers({ 10: 255 }))).toContain("  a0 00000000000000ff");
    const f = new Array(32).fill(0n);
    f[10] = 0x3ff8_0000_0000_0000n;
    f[11] = 0xffff_ffff_3fc0_0000n;
    const text = formatFloatRegisters({ ...registers({}), f });
    expect(text).toBe(" fa0 3ff8000000000000 1.5\n fa1 ffffffff3fc00000 1.5f\nfcsr 0x0");
  });
});

describe("listings", () => {
  it("mark the instruction at the pc, with its neighbours", async () => {
    const { memory, symbols } = await program("  li a0, 1\n  addi a0, a0, 2\nhere: sd a0, 0(sp)\n  ret\n");
    const here = symbols.find("here") as number;
    const lines = codeAround(here, memory, (at) => symbols.describe(Number(at)));
    expect(lines.find((line) => line.startsWith("=>"))).toMatch(/<here>: .*sd a0,0\(sp\)$/);
    expect(lines.join("\n")).toMatch(/addi a0,a0,2\n=>/);
    expect(lines.at(-1)).toMatch(/^ {3}/);
  });

  it("say so where nothing is readable", () => {
    const memory = new GuestMemory(ram(), () => undefined);
    expect(codeAround(0x10, memory)).toEqual(["=> 0x10 (nothing readable there)"]);
  });

  it("know calls", async () => {
    const { memory, symbols } = await program("a: call f\nb: j f\nf: ret\n");
    const at = (name: string) => lineAt(memory, symbols.find(name) as number)?.instruction;
    expect([isCall(at("b")), isCall(at("f"))]).toEqual([false, false]);
    const call = lineAt(memory, (symbols.find("b") as number) - 4);
    expect(isCall(call?.instruction)).toBe(true);
  });

  it("of whole ranges take data and cut-off instructions as they are", async () => {
    const { symbols } = await program("nop\n");
    const bytes = Uint8Array.of(0x13, 0x05, 0x15, 0x00, 0x93, 0x05, 0x01);
    const lines = [...disassembleRange({ name: ".text", address: BASE, bytes }, symbols, false)];
    expect(lines.map((line) => line.replace(/\s+/g, " ").trim())).toEqual([
      "0000000080000000 <_start>:",
      "80000000: 00150513 addi a0,a0,1",
      "80000004: 0593 .2byte 0x0593",
      "80000006: 01 .byte 0x01",
    ]);
  });
});

describe("backtraces", () => {
  const CODE = "outer: call inner\nouter_after: nop\ninner: call leaf\ninner_after: nop\nleaf: nop\n ret\n";

  async function stopped() {
    const { memory, ram: physical, symbols } = await program(CODE);
    const at = (name: string) => symbols.find(name) as number;
    return { memory, physical, at };
  }

  it("follow frame pointers where the program keeps them", async () => {
    const { memory, physical, at } = await stopped();
    physical.writeU64(STACK + 24, BigInt(at("inner_after")));
    physical.writeU64(STACK + 16, BigInt(STACK + 64));
    physical.writeU64(STACK + 56, BigInt(at("outer_after")));
    physical.writeU64(STACK + 48, 0n);
    const found = backtrace(registers({ 2: STACK, 8: STACK + 32 }, at("leaf")), memory);
    expect(found).toEqual({
      method: "frames",
      addresses: [at("leaf"), at("inner_after"), at("outer_after")],
      more: false,
    });
  });

  it("otherwise take what looks like return addresses, and nothing else", async () => {
    const { memory, physical, at } = await stopped();
    physical.writeU64(STACK + 8, 0x1234n);
    physical.writeU64(STACK + 16, BigInt(at("leaf")));
    physical.writeU64(STACK + 40, BigInt(at("outer_after")));
    const found = backtrace(registers({ 1: at("inner_after"), 2: STACK }, at("leaf")), memory);
    expect(found.method).toBe("scan");
    expect(found.addresses).toEqual([at("leaf"), at("inner_after"), at("outer_after")]);
  });

  it("find the stack again after it has overflowed", async () => {
    const { ram: physical, symbols } = await program(CODE);
    let next = BASE / 4096 + 40;
    const table = new PageTable(physical, () => next++);
    const flags = Pte.R | Pte.W | Pte.X | Pte.U | Pte.A | Pte.D;
    table.map(0x10000, BASE / 4096, flags);
    table.map(0x80000, BASE / 4096 + 60, flags);
    const memory = new GuestMemory(physical, () => table.rootPage);
    const after = (symbols.find("outer_after") as number) - BASE + 0x10000;
    physical.writeU64(BASE + 60 * 4096 + 8, BigInt(after));
    expect(backtrace(registers({ 2: 0x7f000 }, 0x10000), memory).addresses).toEqual([0x10000, after]);
  });

  it("end, whatever stands on the stack", async () => {
    const { memory, physical, at } = await stopped();
    // A frame that points to itself, and a stack full of return addresses.
    for (let offset = 0; offset < 4096; offset += 8)
      physical.writeU64(STACK + offset, BigInt(at("inner_after")));
    physical.writeU64(STACK + 16, BigInt(STACK + 32));
    const found = backtrace(registers({ 2: STACK, 8: STACK + 32 }, at("leaf")), memory, 16);
    expect(found.addresses.length).toBe(16);
    expect(found.more).toBe(true);
    expect(backtrace(registers({ 2: 0, 8: 0 }, 0), memory).addresses).toEqual([0]);
    const wild = registers({ 1: 2 ** 50, 2: 2 ** 52, 8: 2 ** 52 + 16 }, 2 ** 51);
    expect(backtrace(wild, memory).addresses).toEqual([2 ** 51]);
  });
});
