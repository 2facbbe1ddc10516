import { describe, expect, test } from "vitest";
import { csrRows } from "../src/cpu/csr.ts";
import { Csr } from "../src/cpu/csr-state.ts";
import type { Hart } from "../src/cpu/hart.ts";
import { HART } from "../src/cpu/layout.ts";
import { assemble } from "../src/isa/assembler/assemble.ts";
import { patternOf } from "../src/isa/pattern.ts";
import type { Row } from "../src/isa/row.ts";
import { rows } from "../src/isa/table.ts";
import { ADDRESS_MAP, Board } from "../src/machine/board.ts";
import type { VirtualClock } from "../src/machine/clock.ts";
import { Random } from "./differential/random.ts";

/**
 * Random instructions in every privilege mode, with random page tables, PMP, delegation and device addresses in the
 * registers. No guest can throw or hang the host, and how a run is cut into pieces changes nothing.
 */
const RAM = ADDRESS_MAP.ram.base;
const TABLE = RAM + 0xf0000;
const SPENT = 20_000;

/** Where the page tables, if on, have all of RAM for user mode; they have it at its own address for S-mode. */
const USER_RAM = 0x4000_0000;
const HANDLERS = { m: RAM + 0x20000, s: RAM + 0x20100 };

/**
 * A trap handler that goes on at some instruction of the first 64 KiB, in some lower or equal mode, with addresses
 * of devices, code and page tables in some registers.
 */
const handler = (mode: "m" | "s", previousPrivilege: number) => {
  const program = assemble(`
    li t1, 0x9e3779b97f4a7c15
    csrr t0, ${mode}scratch
    add t0, t0, t1
    csrw ${mode}scratch, t0
    srli t1, t0, 20
    xor t0, t0, t1
    li t1, ${previousPrivilege}
    csrc ${mode}status, t1
    and t1, t1, t0
    csrs ${mode}status, t1
    li a0, ${RAM}
    bltz t0, 1f
    li a0, ${USER_RAM}
1:  slli t0, t0, 48
    srli t0, t0, 48
    andi t0, t0, -2
    add t0, t0, a0
    csrw ${mode}epc, t0
    li a2, 0x02004000
    li a3, 0x0200bff8
    li a4, 0x10000000
    li a5, ${TABLE}
    li s0, ${RAM + 0x8ffc}
    li s1, 0x02000000
    ${mode}ret`);
  return program.sections.filter(({ executable }) => executable)[0].bytes;
};

const ofKind = (...kinds: string[]) => rows.filter(({ meaning }) => kinds.includes(meaning.kind));
const system = ofKind("system");
const memory = rows.filter(
  (row) => row.meaning.kind === "store" || /^(l[bhwdr]|amo|fl|c\.l|c\.fl)/.test(row.name),
);

function instruction(random: Random): Uint8Array {
  const kind = random.below(10);
  let pool: readonly Row[] = rows;
  if (kind < 2) pool = system;
  else if (kind < 5) pool = memory;
  const row = random.pick(pool);
  const { mask, match } = patternOf(row);
  const noise = random.below(2 ** 32);
  let bits = ((noise & ~mask) | match) >>> 0;
  if (row.name.startsWith("csr")) bits = ((bits & 0xfffff) | (random.pick(csrRows).number << 20)) >>> 0;
  return new Uint8Array(Uint32Array.of(bits).buffer, 0, row.length);
}

function boardFor(seed: number): Board {
  const random = new Random(seed);
  const board = new Board({ ram: 1 << 20, harts: 1 + (seed % 3), print: () => {} });
  const { ram } = board;
  for (let at = 0; at < 0x10000; ) {
    const bytes = instruction(random);
    ram.write(RAM + at, bytes);
    at += bytes.length;
  }
  ram.write(HANDLERS.m, handler("m", 0x1800));
  ram.write(HANDLERS.s, handler("s", 0x100));
  for (let i = 0; i < 512; i++) {
    const gigabyte = (BigInt(RAM / 4096) << 10n) | BigInt(random.below(0x400));
    const page = (BigInt(RAM / 4096 + random.below(256)) << 10n) | BigInt(random.below(0x100));
    ram.writeU64(TABLE + i * 8, random.pick([gigabyte | 1n, page]));
  }
  const leaf = (flags: number) => (BigInt(RAM / 4096) << 10n) | BigInt(flags);
  ram.writeU64(TABLE + 8, leaf(0x1f));
  ram.writeU64(TABLE + 16, leaf(0xcf));
  for (const hart of board.harts) prepare(hart, random);
  return board;
}

function prepare(hart: Hart, random: Random): void {
  const places = [
    ...[RAM, RAM + 0x8ffc, 0x0200_0000, 0x0200_4000, 0x0200_bff8, 0x0c00_0000, 0x0c00_2000, 0x0c20_0004],
    ...[0x1000_0000, 0x1000_1000, 0x0010_1000, 0x4000_0000, -8],
  ];
  for (let x = 1; x < 32; x++) hart.setXn(x, random.pick(places) + random.pick([0, 0, random.below(4096)]));
  const { csrs, mmu } = hart;
  csrs.set(Csr.mtvec, BigInt(HANDLERS.m));
  csrs.set(Csr.stvec, BigInt(HANDLERS.s));
  csrs.set(Csr.medeleg, BigInt(random.below(0x10000) & 0xb3ff));
  csrs.set(Csr.mideleg, BigInt(random.below(0x1000) & 0x222));
  csrs.set(Csr.mie, BigInt(random.below(0x1000) & 0xaaa));
  csrs.floatState = random.below(4);
  if (random.below(4) > 0) mmu.pmp.allowAll();
  if (random.below(2) === 0) mmu.useTable(TABLE / 4096, random.below(4));
  hart.privilege = random.pick([0, 1, 3]);
  mmu.reset();
  hart.pc = BigInt(RAM + random.below(0x8000) * 2);
}

/** Everything that software could tell apart. */
function stateOf({ harts, ram, clint, plic, uart }: Board) {
  let sum = 0;
  for (const word of new Uint32Array(ram.read(RAM, ram.size).buffer)) sum = (Math.imul(sum, 31) + word) | 0;
  return {
    harts: harts.map(hartState),
    mtime: clint.mtime,
    devices: [clint.save(), plic.save(), uart.save()],
    ram: sum,
  };
}

function hartState(hart: Hart) {
  const words = (from: number, count: number) =>
    [...hart.arena.u64.subarray((hart.base + from) / 8, (hart.base + from) / 8 + count)].join();
  return {
    pc: hart.pc,
    privilege: hart.privilege,
    retired: hart.retired,
    x: words(HART.x, 32),
    f: words(HART.f, 32),
    csrs: words(HART.csrs, 64),
    float: [hart.csrs.fflags, hart.csrs.frm, hart.csrs.floatState],
  };
}

function run(board: Board, piece: () => number) {
  let left = SPENT * board.harts.length;
  while (left > 0) {
    const state = board.run(Math.min(left, piece()));
    left -= board.spent;
    if (state === "ran") continue;
    if (board.ticksToEvent === undefined) break;
    (board.clock as VirtualClock).skip(board.ticksToEvent);
  }
  return stateOf(board);
}

describe("random guests", () => {
  let retired = 0;

  test.each(Array.from({ length: 24 }, (_, i) => i + 1))("seed %i", (seed) => {
    const whole = run(boardFor(seed), () => Number.POSITIVE_INFINITY);
    const random = new Random(seed);
    const pieces = run(boardFor(seed), () => 1 + random.below(random.pick([2, 50, 5000])));
    expect(pieces).toEqual(whole);
    const sum = whole.harts.reduce((before, hart) => before + hart.retired, 0);
    expect(sum).toBeLessThanOrEqual(SPENT * whole.harts.length);
    retired += sum;
  });

  test("got somewhere", () => {
    expect(retired).toBeGreaterThan(50_000);
  });
});
