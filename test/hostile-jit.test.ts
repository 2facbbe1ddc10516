import { expect, test } from "vitest";
import { Csr } from "../src/cpu/csr-state.ts";
import { DEVICE, load, RAM, type TestHart, Trio } from "../src/cpu/jit/pair-fixture.ts";
import { Privilege } from "../src/cpu/layout.ts";
import { PageTable } from "../src/cpu/page-table.ts";
import { Pte } from "../src/cpu/sv39.ts";
import { Random } from "./differential/random.ts";
import { DATA_PAGES, entryOf, hostileProgram, PAGE, VIRTUAL } from "./hostile-jit/program.ts";

const { R, W, X, U, A, D, V } = Pte;
const SSIP = 2;

function setUp(one: TestHart, seed: number): void {
  const r = new Random(seed);
  const { ram, hart } = one;
  const program = hostileProgram(seed);
  const norvc = (text: string) => `.option norvc\n${text}`;
  for (const name of ["code", "handler", "patched", "one", "other"] as const)
    load(one, norvc(program[name]), RAM + PAGE[name] * 4096);
  const base = RAM / 4096;
  let next = base + PAGE.tables;
  const table = new PageTable(ram, () => next++);
  for (let i = 0; i < 8; i++) table.map(VIRTUAL.code + i * 4096, base + PAGE.code + i, R | X | A);
  table.map(VIRTUAL.patched, base + PAGE.patched, R | W | X | A | D);
  table.map(VIRTUAL.switched, base + PAGE.one, R | X | A);
  for (let i = 0; i < DATA_PAGES; i++)
    table.map(VIRTUAL.data + i * 4096, base + PAGE.data + i, R | W | A | D);
  table.map(VIRTUAL.device, DEVICE / 4096, R | W | A | D);
  table.map(VIRTUAL.constants, base + PAGE.constants, R | W | A | D);
  table.map(VIRTUAL.stack, base + PAGE.stack, R | W | A | D);
  const leaf = table.walk(VIRTUAL.code).steps[2].address;
  table.map(VIRTUAL.table, Math.floor(leaf / 4096), R | W | A | D);
  const words = new BigUint64Array(64);
  const flags = [R | W | A | D, R | W | A | D, R | W, R | W | A, R | A, R | W | U | A | D, X | A, 0];
  for (let i = 0; i < 16; i++) {
    const page = r.pick([r.below(DATA_PAGES), r.below(DATA_PAGES), DATA_PAGES, 0]) + PAGE.data;
    words[i] = (BigInt(base + page) << 10n) | BigInt(r.pick(flags) | V);
  }
  words[3] = 0n;
  words[7] = BigInt((DEVICE / 4096) << 10) | BigInt(R | W | A | D | V);
  words[11] = (BigInt(base + PAGE.code) << 10n) | BigInt(R | A | V);
  [PAGE.one, PAGE.other, PAGE.other].forEach((page, i) => {
    words[16 + i] = (BigInt(base + page) << 10n) | BigInt((i < 2 ? R | X | A : R) | V);
  });
  // addi a0, a0, 7; xor a1, a1, a0; nothing legal; ld a2, 0(s0).
  new Uint32Array(words.buffer).set([0x0075_0513, 0x00a5_c5b3, 0, 0x0004_3603], 64);
  ram.write(RAM + PAGE.constants * 4096, new Uint8Array(words.buffer));
  for (let i = 1; i < 32; i++) {
    hart.setX(i, BigInt.asIntN(64, r.bits64() >> BigInt(r.below(64))));
    hart.setF(i, r.bits64());
  }
  for (let i = 0; i < 4; i++) hart.setXn([8, 9, 18, 19][i], VIRTUAL.data + i * 4096 + 8 * r.below(512));
  hart.setXn(2, VIRTUAL.stack + 4000);
  hart.setXn(24, entryOf(VIRTUAL.data));
  hart.setXn(25, VIRTUAL.constants);
  hart.setXn(26, VIRTUAL.constants + 256);
  hart.setXn(27, VIRTUAL.code);
  // Part of a page is closed while the first entry is on: of data, or of code.
  const closed = RAM + (seed % 2 ? PAGE.data + 2 : PAGE.other) * 4096 + 1024;
  hart.mmu.pmp.writeAddress(0, BigInt(closed / 4 + 7));
  hart.mmu.pmp.writeAddress(1, -1n);
  hart.mmu.pmp.writeConfig(0, 0x1f00n);
  hart.csrs.set(Csr.mtvec, BigInt(RAM + PAGE.handler * 4096));
  hart.csrs.set(Csr.mie, BigInt(SSIP));
  hart.privilege = Privilege.supervisor;
  hart.mmu.useTable(table.rootPage, 0);
  hart.mmu.reset();
  hart.pc = BigInt(VIRTUAL.code);
}

test.each([1, 2, 3])("a hostile guest sees no difference: seed %i", (seed) => {
  const trio = new Trio((one) => setUp(one, seed));
  const r = new Random(seed);
  for (let i = 0; i < 25; i++) {
    trio.run(r.pick([1 + r.below(10), r.below(3000), 2600 + r.below(5000), 20_000]));
    if (r.below(3) === 0) for (const { hart } of trio.harts) hart.csrs.setLow(Csr.mip, SSIP);
  }
  expect(trio.always.jit?.stats.regions).toBeGreaterThan(0);
});
