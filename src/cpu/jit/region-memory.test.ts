import { describe, expect, test } from "vitest";
import { Csr } from "../csr-state.ts";
import { Privilege } from "../layout.ts";
import { PageTable } from "../page-table.ts";
import { Pte } from "../sv39.ts";
import { load, RAM, type TestHart, Trio } from "./pair-fixture.ts";

const { R, W, X, A, D, V } = Pte;
const RWX = R | W | X | A | D | V;
const FIRST = 0x4000_0000;

/** Runs the source in S-mode, on all three, to its `wfi`: in page 0 of RAM; `pages` of RAM are where they say. */
function same(source: string, pages: readonly (readonly [address: number, page: number])[]): Trio {
  const trio = new Trio((one: TestHart) => {
    const handler = load(one, source).get("handler") ?? 0n;
    one.hart.csrs.set(Csr.mtvec, handler);
    let next = RAM / 4096 + 128;
    const table = new PageTable(one.ram, () => next++);
    table.map(RAM, RAM / 4096, RWX);
    for (const [address, page] of pages) table.map(address, RAM / 4096 + page, RWX);
    const { hart } = one;
    hart.privilege = Privilege.supervisor;
    hart.mmu.useTable(table.rootPage, 0);
    hart.pc = BigInt(RAM);
  });
  expect(trio.run(4_000_000)).toBe("wait");
  return trio;
}

/** What the trap handler of a source gets to know; it ends the program. */
const HANDLER = `
    .balign 4
  handler:
    csrr s1, mcause
    csrr s2, mepc
    csrr s3, mtval
    wfi`;

describe("a loop that goes back and forth between ranges", () => {
  /** Reads and writes each of two pages in turn, then `more` times the second one alone. */
  const source = (more: number) => `
    li a0, ${FIRST}
    li a1, ${FIRST ^ (FIRST + 0x10000)}
    li a2, 60000
  1: ld a3, 8(a0)
    add a4, a4, a3
    addi a3, a3, 1
    sd a3, 8(a0)
    xor a0, a0, a1
    addi a2, a2, -1
    bnez a2, 1b
    li a2, ${more}
    add a0, a0, a1
    j 1f
  2: addi a2, a2, -1
  1: ld a3, 16(a0)
    add a4, a4, a3
    bnez a2, 2b
    wfi`;
  const pages = [
    [FIRST, 20],
    [FIRST + 0x10000, 30],
  ] as const;

  test("is translated again, to ask the TLB before it leaves", () => {
    const { harts } = same(source(1), pages);
    for (const { jit } of harts.slice(1)) {
      expect(jit?.stats.lost).toBeGreaterThan(0);
      expect(jit?.stats.misses).toBeLessThan(20_000);
    }
  });

  test("also where the web reaches behind the page that the TLB knows", () => {
    const { always } = same(source(1).replace("sd a3, 8(a0)", "sw a3, 2046(a0)"), [
      [FIRST - 0x1000, 19],
      [FIRST, 21],
      ...pages.slice(1),
    ]);
    expect(always.jit?.stats.lost).toBeGreaterThan(0);
  });
});

test("new memory makes no web wide: its range grows", () => {
  const source = `
    li a0, ${FIRST}
    li a1, ${FIRST + 64 * 4096}
    li a3, 12
  1: mv a2, a0
  2: sd a2, 0(a2)
    addi a2, a2, 64
    bne a2, a1, 2b
    addi a3, a3, -1
    bnez a3, 1b
    wfi`;
  const pages = Array.from({ length: 64 }, (_, i) => [FIRST + i * 4096, 32 + i] as const);
  const { always } = same(source, pages);
  expect(always.jit?.stats.misses).toBeLessThan(80);
});

describe("pointers that move to the end of what there is", () => {
  /** Eight accesses off one pointer, the last of which are behind the end of the mapped pages at last. */
  const unrolled = (step: number) => `
    li a0, ${FIRST + (step > 0 ? 256 : 0x2f00)}
  1: addi a1, a1, 1
    sd a1, 0(a0)
    ld a2, 8(a0)
    sd a1, 16(a0)
    add a3, a3, a2
    ld a4, 24(a0)
    sd a3, 32(a0)
    ld a5, -8(a0)
    add a3, a3, a5
    sd a3, 40(a0)
    addi a0, a0, ${step}
    j 1b
    ${HANDLER}`;

  test.each([48, 40, 56, 20, 49, -48, -20])("in an unrolled loop, by %i", (step) => {
    const { always } = same(unrolled(step), [
      [FIRST, 40],
      [FIRST + 0x1000, 41],
      [FIRST + 0x2000, 50],
    ]);
    const { hart } = always;
    expect([13n, 15n]).toContain(hart.x(9));
    const edge = step > 0 ? FIRST + 0x3000 : FIRST;
    expect(Math.abs(Number(hart.x(19)) - edge)).toBeLessThan(64);
    expect(hart.x(11)).toBeGreaterThan(30n);
  });

  test.each([8, 4, 7])("over the end of the address space, by %i", (step) => {
    const { always } = same(
      `
      li a0, -4096
    1: ld a2, 0(a0)
      lw a3, 4(a0)
      add a3, a3, a2
      sd a3, 8(a0)
      lbu a4, -8(a0)
      add a5, a5, a4
      addi a0, a0, ${step}
      j 1b
      ${HANDLER}`,
      [
        [-8192, 39],
        [-4096, 40],
        [0, 41],
      ],
    );
    // Up to the page behind the first one.
    expect(always.hart.x(9)).toBe(15n);
    expect(always.hart.x(19)).toBe(4096n);
  });
});
