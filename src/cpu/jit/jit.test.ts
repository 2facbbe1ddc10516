import { describe, expect, test } from "vitest";
import { Csr, Mstatus } from "../csr-state.ts";
import { LONGEST_STRAIGHT_RUN } from "../hart.ts";
import { HART, Privilege } from "../layout.ts";
import { PageTable } from "../page-table.ts";
import { Pte } from "../sv39.ts";
import { DEVICE, load, RAM, stateOf, type TestHart, Trio, testHart } from "./pair-fixture.ts";
import { MOST_REGIONS } from "./region-table.ts";

const A0 = 10;
const { R, W, X, A, D, V } = Pte;
const RWX = R | W | X | A | D | V;

/** The program on all three, to its `wfi`. */
function same(source: string, setUp: (one: TestHart) => void = () => {}, limit = 1_000_000): Trio {
  const trio = new Trio((one) => {
    load(one, source);
    one.hart.pc = BigInt(RAM);
    setUp(one);
  });
  expect(trio.run(limit)).toBe("wait");
  expect(trio.always.jit?.stats.regions).toBeGreaterThan(0);
  return trio;
}

describe("what is retired", () => {
  test("a region behind a long straight run does not retire more than was asked for", () => {
    const source = `
      .balign 4096
    start:
      .rept 2040
      c.addi a0, 1
      .endr
    middle:
      .rept 380
      c.addi a0, 1
      .endr
      fclass.d a2, fa0
      addi a1, a1, -1
      bgtz a1, middle
      wfi`;
    const [expected, one] = (["off", "on"] as const).map((mode) => testHart(mode));
    for (const each of [expected, one]) {
      const middle = load(each, source).get("middle") as bigint;
      each.hart.pc = middle;
      each.hart.setXn(11, 2000);
      expect(each.hart.run(1_000_000)).toBe("wait");
    }
    expect(one.jit?.stats.regions).toBe(1);
    for (let n = 2101; n < 2440; n += 13) {
      for (const { hart } of [expected, one]) {
        hart.pc = BigInt(RAM);
        hart.run(n);
      }
      expect(one.hart.spent).toBe(expected.hart.spent);
      expect(one.hart.x(A0)).toBe(expected.hart.x(A0));
    }
  });
});

describe("addresses far apart", () => {
  test("a jump to a register goes on where it went, more than 2^31 bytes away", () => {
    const trio = new Trio((one) => {
      load(one, "again: addi a0, a0, 1\n jalr ra, 0(a1)\n bne a0, a2, again\n wfi");
      load(
        one,
        `
        addi a3, a3, 1
        andi a4, a3, 63
        beqz a4, 1f
        ret
      1:
        addi a5, a5, 1
        frflags a6
        ret`,
        RAM + 0x1000,
      );
      let next = RAM / 4096 + 64;
      const table = new PageTable(one.ram, () => next++);
      table.map(0, RAM / 4096, RWX);
      table.map(0x20_0000_0000, RAM / 4096 + 1, RWX);
      const { hart } = one;
      hart.privilege = Privilege.supervisor;
      hart.mmu.useTable(table.rootPage, 0);
      hart.pc = 0n;
      hart.setXn(11, 0x20_0000_0000);
      hart.setXn(12, 30_000);
    });
    expect(trio.run(1_000_000)).toBe("wait");
    expect(trio.interpreted.hart.x(15)).toBe(30_000n / 64n);
  });
});

describe("where a region's pages are", () => {
  /** `f` stands at the end of page 1 and goes on in whatever comes behind it: pages 2 (in memory) or 3. */
  const F = `
    .section .f, "ax"
    .balign 4096
    .zero 4088
  f:
    addi a0, a0, 1
    addi a0, a0, 2
    addi a0, a0, 10
    ret
    .balign 4096
    addi a0, a0, 100
    ret`;

  /** In S-mode, `pages` of RAM by virtual address; tables behind the first 64 pages. */
  function translated({ hart, ram }: TestHart, pages: Readonly<Record<number, number>>): void {
    let next = RAM / 4096 + 64;
    const table = new PageTable(ram, () => next++);
    for (const [address, page] of Object.entries(pages)) table.map(Number(address), RAM / 4096 + page, RWX);
    hart.mmu.useTable(table.rootPage, 0);
  }

  test("a function that is mapped twice, with different pages behind it", () => {
    same(
      `li s0, 40
     1: li t1, 0x40000ff8
        jalr t1
        li t1, 0x50000ff8
        jalr t1
        addi s0, s0, -1
        bnez s0, 1b
        csrw satp, zero
        sfence.vma
        wfi
      ${F}`,
      (one) => {
        translated(one, { 1073741824: 1, 1073745920: 2, 1342177280: 1, 1342181376: 3, [RAM]: 0 });
        one.hart.privilege = Privilege.supervisor;
        one.hart.mmu.refresh();
      },
    );
  });

  test("code of S-mode is other code in M-mode, also while that loads as S-mode does", () => {
    const trio = same(
      `j enter
        .balign 4
      handler:
        li t0, ${Mstatus.MPRV | (1 << 11)}
        csrs mstatus, t0
        la ra, done
        li t1, ${RAM + 0x1ff8}
        jr t1
      done:
        wfi
      enter:
        la t0, handler
        csrw mtvec, t0
        li t0, ${1 << 11}
        csrs mstatus, t0
        li t0, 0x80000000
        la t0, inS
        csrw mepc, t0
        mret
      inS:
        li t1, 0x40000ff8
        jalr t1
        jalr t1
        ecall
      ${F}`,
      (one) => translated(one, { 1073741824: 1, 1073745920: 3, [RAM]: 0 }),
    );
    expect(trio.interpreted.hart.x(A0)).toBe(3n + 100n + 3n + 100n + 3n + 10n);
  });
});

test("code without floating point is translated while that is switched off", () => {
  const trio = same("li a0, 1000\n1: addi a0, a0, -1\n bnez a0, 1b\n wfi", ({ hart }) => {
    hart.csrs.floatState = 0;
  });
  expect(trio.always.jit?.stats.validations).toBeLessThan(10);
});

describe("where there is little room", () => {
  /** Functions on pages of their own, called round and round. */
  const PAGES = 12;
  const program = `
    li s0, 20
  1:
    ${Array.from({ length: PAGES }, (_, i) => `la t0, f${i}\n jalr t0`).join("\n")}
    addi s0, s0, -1
    bnez s0, 1b
    wfi
    ${Array.from({ length: PAGES }, (_, i) => `.balign 4096\n f${i}: addi a0, a0, ${i}\n xori a0, a0, ${3 * i}\n ret`).join("\n")}`;

  test.each([1, 2, 3, 5])("decoded pages: %i", (capacity) => {
    const trio = new Trio(
      (one) => {
        load(one, program);
        one.hart.pc = BigInt(RAM);
      },
      { capacity },
    );
    expect(trio.run(100_000)).toBe("wait");
  });

  test("an arena that is full leaves the code to the interpreter", () => {
    const trio = new Trio((one) => {
      load(one, program);
      one.hart.pc = BigInt(RAM);
      one.hart.run(30);
      const { arena } = one.hart;
      for (let size = 1 << 20; size >= 8; size >>= 1)
        for (;;)
          try {
            arena.reserve(size, 8);
          } catch {
            break;
          }
    });
    expect(trio.run(100_000)).toBe("wait");
  });
});

test("a loop that leaves Wasm each time around is found hot", () => {
  const trio = same(`
    li s0, 600
  1: li a0, 500
  2: addi a0, a0, -1
    bnez a0, 2b
    csrr a1, mscratch
    addi s0, s0, -1
    bnez s0, 1b
    wfi`);
  expect(trio.harts[1].jit?.stats.regions).toBeGreaterThan(0);
});

test("a comparison raises its flags where its result is thrown away", () => {
  const trio = same(`
    li a0, -1
    fmv.d.x fa0, a0
    fle.d zero, fa0, fa0
    frflags a1
    wfi`);
  expect(trio.always.hart.x(11)).toBe(0x10n);
});

test("a register holds a number of single precision as long as nothing else is written to it", () => {
  const trio = same(`
    la a0, words
    fld ft0, 0(a0)
    fsqrt.d ft1, ft0
    la s1, function
    li s0, 20000
  1:
    jalr s1
    addi s0, s0, -1
    bnez s0, 1b
    wfi
  function:
    flw fa0, 8(a0)
    fmul.s fa1, fa0, fa0
    fadd.s fa2, fa1, fa0
    fmadd.s fa3, fa2, fa1, fa0
    fsw fa3, 16(a0)
    fcvt.d.s fa4, fa3
    fsgnjn.s fa2, fa0, fa0
    fadd.s fa6, fa2, fa0
    fcvt.s.d fa7, fa4
    fsub.s fa7, fa7, fa2
    fmv.x.w a2, fa7
    fmv.x.d a4, fa3
    # Not boxed any more: a NaN.
    fld fa1, 0(a0)
    fcvt.d.s fa5, fa1
    fmv.x.d a3, fa5
    ret
    .balign 4096
  words:
    .dword 0x400921fb54442d18
    .word 0x3fc00000
    .word 0
    .dword 0`);
  const { hart } = trio.always;
  expect(hart.x(12)).toBe(BigInt(new Int32Array(new Float32Array([1.5 ** 2 * 3.75 + 3]).buffer)[0]));
  expect(hart.x(13)).toBe(0x7ff8_0000_0000_0000n);
});

describe("faults in a region", () => {
  /** Writes and reads through a page's end, ever further, and back: every access faults at last. */
  const source = `
    la t0, handler
    csrw mtvec, t0
    li s0, ${RAM + (1 << 20) - 64}
    li a3, 7
  1: addi a0, a0, 1
    sd a0, 0(s0)
    addi a1, a1, 3
    ld a2, 8(s0)
    add a3, a3, a2
    addi s0, s0, 4
    j 1b
    .balign 4
  handler:
    csrr a5, mcause
    csrr a6, mepc
    csrr a7, mtval
    wfi`;

  test("leave registers, memory and counts as the interpreter does", () => {
    const trio = same(source);
    // The first load that reaches behind the end of memory: the part that is there does not fault.
    expect(trio.always.hart.x(15)).toBe(5n);
    expect(trio.always.hart.x(17)).toBe(BigInt(RAM + (1 << 20)));
  });

  test("the same, from any instruction on", () => {
    const trio = new Trio((one) => {
      load(one, source);
      one.hart.pc = BigInt(RAM);
    });
    for (let i = 0; trio.run(1) === "limit"; i++) expect(i).toBeLessThan(500);
  });
});

describe("whoever looks at the hart between", () => {
  const LOOP = `
    li s0, ${RAM + 0x8000}
  1: addi a0, a0, 1
    sd a0, 0(s0)
    ld a1, 0(s0)
    andi a2, a0, 7
    bnez a2, 2f
    addi a3, a3, 1
  2: j 1b`;

  test("finds it after just so many instructions", () => {
    const trio = new Trio((one) => {
      load(one, LOOP);
      one.hart.pc = BigInt(RAM);
    });
    let sum = 0;
    for (const n of [1, 50_000, 7, 2599, 2600, 2601, 3000, 4097, 99_999, 1, 2, 3, 20_001]) {
      expect(trio.run(n)).toBe("limit");
      sum += n;
      for (const { hart } of trio.harts) expect(hart.retired).toBe(sum);
    }
  });

  test("gets the hart back after about so many, whatever it is at", () => {
    const programs = [
      LOOP,
      "1: addi a0, a0, 1\n j 1b",
      // Calls inside each other, deeper than regions may call.
      `li sp, ${RAM + 0xf000}\n 1: li s0, 900\n call f\n j 1b
      f: addi sp, sp, -8\n sd ra, 0(sp)\n addi s0, s0, -1\n blez s0, 2f\n call f\n 2: ld ra, 0(sp)\n addi sp, sp, 8\n ret`,
      // Jumps to registers, to one of two places.
      "la s0, 2f\n la s1, 3f\n 1: xor t0, s0, s1\n jr s0\n 2: mv s0, s1\n j 1b\n 3: xor s0, s1, t0\n j 1b",
      `1: ${"addi a0, a0, 1\n".repeat(500)} j 1b`,
    ];
    for (const program of programs)
      for (const mode of ["on", "always"] as const) {
        const one = testHart(mode);
        load(one, program);
        one.hart.pc = BigInt(RAM);
        one.hart.run(500_000);
        expect(one.jit?.stats.regions).toBeGreaterThan(0);
        for (const limit of [3_000, 10_001, 77_777]) {
          expect(one.hart.runAbout(limit)).toBe("limit");
          expect(one.hart.spent).toBeLessThanOrEqual(limit);
          expect(one.hart.spent).toBeGreaterThan(limit - LONGEST_STRAIGHT_RUN);
        }
      }
  });

  test("has an interrupt taken before the next instruction", () => {
    const trio = new Trio((one) => {
      load(one, LOOP);
      load(one, "addi s5, s5, 1\n csrr s6, mepc\n mret", RAM + 0x4000);
      one.hart.pc = BigInt(RAM);
      one.hart.csrs.set(Csr.mtvec, BigInt(RAM + 0x4000));
      one.hart.csrs.set(Csr.mie, 1n << 7n);
      one.hart.csrs.set(Csr.mstatus, BigInt(Mstatus.MIE));
    });
    for (const n of [50_000, 3, 20_011, 2_601, 40_000, 4]) {
      trio.run(n);
      const pc = trio.always.hart.pc;
      for (const { hart } of trio.harts) hart.csrs.setLine(7, true);
      trio.run(1);
      for (const { hart } of trio.harts) {
        expect(hart.pc).toBe(BigInt(RAM + 0x4000));
        expect(hart.csrs.get(Csr.mepc)).toBe(pc);
        hart.csrs.setLine(7, false);
      }
    }
    trio.run(60_000);
    expect(trio.always.hart.x(21)).toBe(6n);
    expect(trio.always.jit?.stats.regions).toBeGreaterThan(0);
  });

  test("steps through a region instruction by instruction", () => {
    const one = testHart("always");
    const labels = load(one, LOOP.replace("andi", "here: andi"));
    one.hart.pc = BigInt(RAM);
    one.hart.run(5000);
    const seen = new Set<bigint>();
    for (let i = 0; i < 60; i++) {
      one.hart.step();
      seen.add(one.hart.pc);
    }
    expect(seen.has(labels.get("here") as bigint)).toBe(true);
    expect(seen.size).toBe(7);
  });

  test("finds a breakpoint that is written into translated code", () => {
    const one = testHart("always");
    const here = Number(load(one, LOOP.replace("andi", "here: andi")).get("here"));
    one.hart.pc = BigInt(RAM);
    one.hart.run(5000);
    one.ram.write(here, new Uint8Array([0x02, 0x90]));
    one.hart.code.invalidate(Math.floor(here / 4096));
    load(one, "wfi", RAM + 0x4000);
    one.hart.csrs.set(Csr.mtvec, BigInt(RAM + 0x4000));
    expect(one.hart.run(5000)).toBe("wait");
    expect(one.hart.csrs.get(Csr.mcause)).toBe(3n);
    expect(Number(one.hart.csrs.get(Csr.mepc))).toBe(here);
    expect(one.jit?.stats.lost).toBeGreaterThan(0);
  });

  test("saves a hart that goes on as another, translated or not", () => {
    const [from, to] = [testHart("always"), testHart("off")];
    load(from, LOOP);
    from.hart.pc = BigInt(RAM);
    from.hart.run(12_345);
    to.ram.write(RAM, from.ram.read(RAM, from.ram.size));
    to.hart.restore(from.hart.save());
    for (const { hart } of [from, to]) hart.run(10_000);
    expect(stateOf(to)).toEqual(stateOf(from));
  });
});

test("more regions than there is room for: the oldest go", () => {
  const count = MOST_REGIONS + 20;
  const one = testHart("always", { ramSize: 4 << 20 });
  // Each ends at a system instruction, which is the interpreter's.
  load(one, `${"addi a0, a0, 1\n fclass.d a1, fa0\n".repeat(count)} wfi`);
  one.hart.pc = BigInt(RAM);
  for (let at = 0; at < count; at++) {
    one.hart.pc = BigInt(RAM + at * 6);
    one.hart.setXn(A0, 0);
    one.hart.run(2700);
  }
  expect(one.jit?.stats.regions).toBeGreaterThan(MOST_REGIONS);
  expect([...(one.jit?.table.all ?? [])].length).toBeLessThanOrEqual(MOST_REGIONS);
});

test("a saved hart has no address of the arena that it was in", () => {
  const { always } = same(
    "li s0, 500\n1: addi s0, s0, -1\n beqz s0, 2f\n jal a1, 3f\n j 1b\n3: jr a1\n2: wfi",
  );
  const { hart } = always;
  expect(hart.arena.i32[(hart.base + HART.regionExit) / 4]).not.toBe(0);
  expect(new Int32Array(hart.save().buffer)[HART.regionExit / 4]).toBe(0);
});

test("a device is met after just so many instructions, and may stop the run", () => {
  const trio = same(`
    li s0, ${DEVICE}
    li s1, 300
  1: lw a0, 0(s0)
    add a1, a1, a0
    sw a1, 4(s0)
    andi a2, s1, 15
    bnez a2, 2f
    sd a1, 8(s0)
  2: addi s1, s1, -1
    bnez s1, 1b
    wfi`);
  expect(trio.always.log.length).toBe(300 + 300 + 2 * 18);
});

describe("two address spaces", () => {
  /** Goes from one to the other and back, as often as s1 says, with the same code. */
  const source = `
    li s1, 200
    li s0, 0x40100000
  1: csrw satp, a3
    li t0, 20
  2: ld a0, 0(s0)
    addi a0, a0, 1
    sd a0, 0(s0)
    add a5, a5, a0
    ld a1, 2040(s0)
    addi t0, t0, -1
    bnez t0, 2b
    FENCE
    xor a3, a3, a4
    addi s1, s1, -1
    bnez s1, 1b
    wfi`;

  test.each(["nop", "sfence.vma"])("with the same code have their own data, with %s", (fence) => {
    const trio = same(source.replace("FENCE", fence), ({ hart, ram }) => {
      let next = RAM / 4096 + 64;
      const tables = [1, 2].map((page) => {
        const table = new PageTable(ram, () => next++);
        table.map(RAM, RAM / 4096, RWX);
        table.map(0x4010_0000, RAM / 4096 + page, RWX);
        return table;
      });
      // With address space identifiers, so that none has to be forgotten.
      const [one, other] = tables.map(
        ({ rootPage }, i) => (8n << 60n) | (BigInt(i + 1) << 44n) | BigInt(rootPage),
      );
      hart.setX(13, BigInt.asIntN(64, one));
      hart.setX(14, one ^ other);
      hart.privilege = Privilege.supervisor;
      hart.mmu.useTable(tables[0].rootPage, 1);
    });
    for (const page of [1, 2])
      expect(new DataView(trio.always.ram.read(RAM + page * 4096, 8).buffer).getUint32(0, true)).toBe(2000);
  });
});

describe("code that changes", () => {
  test("in a loop, each time around", () => {
    const trio = same(`
      .option norvc
      la t0, target
      la t1, first
      lw t4, 0(t1)
      li t3, 0x100000
      li t2, 300
    again:
      add t4, t4, t3
      sw t4, 0(t0)
      fence.i
    target:
      addi a0, a0, 0
      add a1, a1, a0
      addi t2, t2, -1
      bnez t2, again
      wfi
    first:
      addi a0, a0, 0`);
    // Hot code is worth translating less and less.
    expect(trio.harts[1].jit?.stats.regions).toBeLessThan(10);
  });

  test("is what it was until the fence, in hot code too", () => {
    same(`
      .option norvc
      la t0, target
      lw t1, other
      li t2, 3
    outer:
      li t3, 20000
    inner:
    target:
      addi a0, a0, 1
      addi t3, t3, -1
      bnez t3, inner
      sw t1, 0(t0)
      li t3, 20000
    2: addi a1, a1, 1
      addi t3, t3, -1
      bnez t3, 2b
      fence.i
      addi t2, t2, -1
      bnez t2, outer
      wfi
    other:
      addi a0, a0, 3`);
  });

  test("is what was decoded where it is not fenced at all, hot or not", () => {
    const trio = same(`
      .option norvc
      la t0, target
      lw t1, other
      li t3, 2
      li t2, 1
    target:
      addi a0, a0, 1
      addi t3, t3, -1
      bnez t3, target
      beqz t2, out
      li t2, 0
      sw t1, 0(t0)
      li t3, 100000
      j target
    out: wfi
    other: addi a0, a0, 3`);
    expect(trio.always.hart.x(A0)).toBe(100_002n);
  });
});
