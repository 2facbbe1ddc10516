import { beforeEach, describe, expect, test } from "vitest";
import { assemble } from "../isa/assembler/assemble.ts";
import { placeSections } from "../isa/assembler/place.ts";
import { Arena } from "../memory/arena.ts";
import { Bus } from "../memory/bus.ts";
import { PhysicalMemory } from "../memory/physical-memory.ts";
import { arenaBytesFor } from "./code-cache.ts";
import { Csr } from "./csr-state.ts";
import { Engine } from "./engine.ts";
import { Hart } from "./hart.ts";
import { HART, Privilege } from "./layout.ts";
import { PageTable } from "./page-table.ts";
import { Pte } from "./sv39.ts";

const RAM = 0x8000_0000;
const A0 = 10;
const A1 = 11;

let ram: PhysicalMemory;
let hart: Hart;

function machine(capacity?: number): void {
  const arena = new Arena(64 << 20);
  ram = new PhysicalMemory(arena, RAM, 1 << 20);
  hart = new Hart(0, arena, new Bus(ram), new Engine(ram, { capacity }));
  hart.mmu.pmp.allowAll();
}

beforeEach(() => machine());

/** Puts assembled code at an address and says where its labels are. */
function load(at: number, source: string): ReadonlyMap<string, bigint> {
  const placed = placeSections(assemble(`.option norvc\n${source}`), { base: BigInt(at) });
  for (const section of placed.segments.flatMap((segment) => segment.sections))
    ram.write(Number(section.address), section.bytes);
  return placed.symbols;
}

/** Runs to the next wfi. */
function run(from: bigint | number): void {
  hart.pc = BigInt(from);
  expect(hart.run(1_000_000)).toBe("wait");
}

describe("code that changes", () => {
  const PATCH = `
    la t0, target
    la t1, replacement
    lw t1, 0(t1)
    li a0, 0
    li t2, 2
  again:
  target:
    addi a0, a0, 1
    sw t1, 0(t0)
    FENCE
    addi t2, t2, -1
    bnez t2, again
    wfi
  replacement:
    addi a0, a0, 100`;

  test.each(["fence.i", "sfence.vma"])("a store to code is executed after %s", (fence) => {
    load(RAM, PATCH.replace("FENCE", fence));
    run(RAM);
    expect(hart.x(A0)).toBe(101n);
  });

  test("again and again, each change is noticed", () => {
    const source = `
      la t0, target
      la t1, first
      li t3, 0
      li a0, 0
      li t2, 50
    again:
      lw t4, 0(t1)
      add t4, t4, t3
      sw t4, 0(t0)
      fence.i
    target:
      nop
      li t5, 1
      slli t5, t5, 20
      add t3, t3, t5
      addi t2, t2, -1
      bnez t2, again
      wfi
    first:
      addi a0, a0, 1`;
    load(RAM, source);
    run(RAM);
    // addi a0, a0, 1 then 2, 3, … 50: the immediate stands from bit 20.
    expect(hart.x(A0)).toBe(BigInt((50 * 51) / 2));
  });

  test("what the host writes and announces is executed at once", () => {
    load(RAM, "li a0, 1\nwfi");
    run(RAM);
    load(RAM, "li a0, 2\nwfi");
    hart.code.invalidate(RAM / 4096);
    run(RAM);
    expect(hart.x(A0)).toBe(2n);
  });

  test("a fork executes its own copy", () => {
    load(RAM, "li a0, 1\nwfi");
    run(RAM);
    const fork = ram.fork();
    load(RAM, "li a0, 2\nwfi");
    run(RAM);
    expect(hart.x(A0)).toBe(2n);
    expect(fork.readU32(RAM)).not.toBe(ram.readU32(RAM));
  });
});

describe("instructions across a page's edge", () => {
  const code = (value: number) => `.space 4094\n.option rvc\nc.nop\n.option norvc\nli a0, ${value}\nwfi`;

  test("run, and count as one", () => {
    load(RAM, `nop\n${code(7).replace("4094", "4088").replace("c.nop", "c.nop")}`);
    hart.pc = BigInt(RAM + 4092);
    const before = hart.retired;
    expect(hart.run(1_000_000)).toBe("wait");
    expect(hart.x(A0)).toBe(7n);
    expect(hart.retired - before).toBe(3);
  });

  test("follow a remapping of the second page", () => {
    const page = (n: number) => RAM / 4096 + n;
    let next = page(16);
    const table = new PageTable(ram, () => next++);
    const flags = Pte.V | Pte.R | Pte.X | Pte.A;
    // li a0, VALUE: its upper half, in the second page, holds the value.
    load(RAM, ".space 4094\n.option rvc\nc.nop\n");
    const li = (value: number) => ((value << 20) | (A0 << 7) | 0x13) >>> 0;
    ram.write(RAM + 4094, new Uint8Array([li(0) & 0xff, (li(0) >> 8) & 0xff]));
    for (const [n, value] of [
      [1, 5],
      [2, 6],
    ]) {
      const half = li(value) >>> 16;
      ram.write(RAM + n * 4096, new Uint8Array([half & 0xff, half >> 8, 0x73, 0x00, 0x50, 0x10]));
    }
    table.map(0x1_0000, page(0), flags);
    table.map(0x1_1000, page(1), flags);
    const see = () => {
      hart.privilege = Privilege.supervisor;
      hart.mmu.useTable(table.rootPage, 1);
      run(0x1_0ffe);
      return hart.x(A0);
    };
    expect(see()).toBe(5n);
    table.unmap(0x1_1000);
    table.map(0x1_1000, page(2), flags);
    hart.mmu.fence();
    expect(see()).toBe(6n);
    table.unmap(0x1_1000);
    hart.mmu.fence();
    hart.csrs.set(Csr.mtvec, BigInt(RAM + 0x8000));
    load(RAM + 0x8000, "wfi");
    hart.pc = 0x1_0ffen;
    hart.run(1_000_000);
    expect([hart.csrs.get(Csr.mcause), hart.csrs.get(Csr.mepc), hart.csrs.get(Csr.mtval)]).toEqual([
      12n,
      0x1_0ffen,
      0x1_1000n,
    ]);
  });
});

describe("a full cache", () => {
  /** Calls a function in each of six pages, ten times over; each has an instruction across its page's edge. */
  const source = `
    li a0, 0
    li a1, 10
  again:
    ${[1, 2, 3, 4, 5].map((n) => `call page${n}`).join("\n")}
    addi a1, a1, -1
    bnez a1, again
    wfi
    ${[1, 2, 3, 4, 5].map((n) => `.balign 4096\n.space 4090\npage${n}: addi a0, a0, ${n}\n.half 1\naddi a0, a0, 16\nret`).join("\n")}`;

  test.each([2, 3, 4, 100])("of %i pages gives the same result and count", (capacity) => {
    machine(capacity);
    load(RAM, source);
    const before = hart.retired;
    run(RAM);
    expect(hart.x(A0)).toBe(BigInt(10 * (15 + 5 * 16)));
    expect(hart.retired - before).toBe(2 + 10 * (5 * 2 + 5 * 4 + 2) + 1);
  });
});

test("a full cache forgets what was asked for longest ago, and what is translated last", () => {
  machine(8);
  const { code } = hart;
  const first = RAM / 4096;
  const slots = Array.from({ length: 8 }, (_, page) => code.slotPage(first + page));
  code.isTranslated = (page) => page === first;
  code.slotPage(first + 1);
  code.slotPage(first + 8);
  expect(code.pageCount).toBe(7);
  for (const page of [0, 1, 4, 5, 6, 7]) expect(code.slotPage(first + page)).toBe(slots[page]);
  expect(code.pageCount).toBe(7);
  code.isTranslated = () => true;
  for (let page = 2; page < 200; page++) code.slotPage(first + page);
  expect(code.pageCount).toBeLessThanOrEqual(8);
});

describe("the number of instructions", () => {
  const loop = `
    li a0, 0
    li a1, 0
  again:
    addi a0, a0, 1
    andi a2, a0, 7
    beqz a2, skip
    addi a1, a1, 3
    xor a1, a1, a0
  skip:
    mul a3, a0, a1
    j again`;

  test.each([2 ** 31, 2 ** 32, 3 * 2 ** 32, 2 ** 33 + 2 ** 31])("goes on across %i", (boundary) => {
    load(RAM, loop);
    hart.pc = BigInt(RAM);
    hart.arena.i64[(hart.base + HART.retired) / 8] = BigInt(boundary - 4000);
    hart.run(3000);
    expect(hart.retired).toBe(boundary - 1000);
    hart.run(3000);
    expect(hart.retired).toBe(boundary + 2000);
  });

  test.each([1, 2, 3, 100, 2099, 2100, 2101, 5000, 123_457])("of a run of %i is exact", (count) => {
    load(RAM, loop);
    hart.pc = BigInt(RAM);
    expect(hart.run(count)).toBe("limit");
    expect(hart.retired).toBe(count);
    const chained = [hart.pc, hart.x(A0), hart.x(A1)];
    machine();
    load(RAM, loop);
    hart.pc = BigInt(RAM);
    for (let done = 0; done < count; done += Math.min(1000, count - done))
      hart.run(Math.min(1000, count - done));
    expect([hart.pc, hart.x(A0), hart.x(A1)]).toEqual(chained);
  });

  test("of code that reads and writes fflags is exact, and so are the flags", () => {
    load(
      RAM,
      `li a0, 3000
       fsflagsi 0
     again:
       frflags a1
       fsflags a2, a0
       csrs fflags, a1
       addi a0, a0, -1
       bnez a0, again
       frflags a3
       wfi`,
    );
    hart.csrs.floatState = 3;
    run(RAM);
    expect(hart.retired).toBe(3 + 3000 * 5 + 2);
    expect([hart.x(A1), hart.x(12), hart.x(13)]).toEqual([31n, 31n, 31n]);
  });

  test("a guest that only traps comes to an end", () => {
    hart.csrs.set(Csr.mtvec, 0n);
    hart.pc = 0n;
    expect(hart.run(10_000)).toBe("limit");
    expect(hart.retired).toBe(0);
  });
});

test("an arena of the size for it holds all of RAM and a full cache", () => {
  const ramBytes = 64 << 20;
  const arena = new Arena(arenaBytesFor(ramBytes));
  const memory = new PhysicalMemory(arena, RAM, ramBytes);
  const { code } = new Hart(0, arena, new Bus(memory));
  const first = RAM / 4096;
  // In turn, so that frames and slot pages are as mixed as they can be.
  for (let page = 0; page < ramBytes / 4096; page++) {
    memory.writable(first + page);
    if (page % 4 === 0) code.slotPage(first + page);
  }
  expect(memory.residentPages).toBe(ramBytes / 4096);
});
