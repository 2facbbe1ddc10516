import { describe, expect, test } from "vitest";
import { encode, fieldRange, patternOf } from "../../isa/pattern.ts";
import type { Fields } from "../../isa/row.ts";
import { rowByName, rows } from "../../isa/table.ts";
import { Arena } from "../../memory/arena.ts";
import { Bus } from "../../memory/bus.ts";
import { PhysicalMemory } from "../../memory/physical-memory.ts";
import { Csr } from "../csr-state.ts";
import { Hart } from "../hart.ts";
import { HART, TLB } from "../layout.ts";
import { FIRST_FUSION } from "./fusion.ts";
import { SEQUENCES } from "./sequences.ts";

const RAM = 0x8000_0000;
const CODE = 0x8000_1100n;
const DATA = 0x8000_4800n;
const RAM_SIZE = 0x8000;
const C_EBREAK = 0x9002;
const CASES = 6;

let state = 0x2545f491;
function below(limit: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % limit;
}

/** Rows that a name like `addi/2` is written by: the base row, or the compressed ones that stand for it. */
function writers(name: string) {
  const [mnemonic, length] = name.split("/");
  return length === "4" ? [rowByName(mnemonic)!] : rows.filter((row) => row.base === mnemonic);
}

/** A random encoding; immediates are small, so that addresses stay in the data and jumps in the page. */
function randomBits(name: string): number {
  const candidates = writers(name);
  for (;;) {
    const row = candidates[below(candidates.length)];
    const fields: Partial<Fields> = {};
    for (const field of patternOf(row).fields) {
      const { min, max } = fieldRange(field);
      const low = Math.max(min, -16 * field.step);
      const value =
        low + below(Math.floor((Math.min(max, 32 * field.step) - low) / field.step) + 1) * field.step;
      for (const set of field.sets) fields[set] = value;
    }
    try {
      return encode(row, fields);
    } catch {
      // A reserved combination: another one.
    }
  }
}

const arena = new Arena(16 << 20);
const ram = new PhysicalMemory(arena, RAM, RAM_SIZE);
const hart = new Hart(0, arena, new Bus(ram));
const codePage = new Uint16Array(2048);
const registers = new BigInt64Array(32);

function writeCode(): void {
  ram.write(RAM + 0x1000, new Uint8Array(codePage.buffer));
  hart.code.invalidate(RAM / 4096 + 1);
}

function prepare(): void {
  ram.write(
    Number(DATA) - 0x800,
    new Uint8Array(0x1000).map((_, i) => i * 7),
  );
  for (let i = 1; i < 32; i++) hart.setX(i, registers[i]);
  for (let i = 0; i < 32; i++) hart.setF(i, BigInt(i) << 60n);
  hart.csrs.set(Csr.mtvec, BigInt(RAM));
  hart.csrs.floatState = 3;
  hart.pc = CODE;
}

/** Everything that the run can have changed. */
function outcome() {
  const x = Array.from({ length: 32 }, (_, i) => hart.x(i));
  const f = Array.from({ length: 32 }, (_, i) => hart.f(i));
  const traps = [Csr.mcause, Csr.mepc, Csr.mtval].map((csr) => hart.csrs.get(csr));
  return { x, f, traps, data: Buffer.from(ram.read(RAM, RAM_SIZE)).toString("latin1") };
}

/** Empties the TLBs, so that the first access of a page is a miss in the middle of a fused handler. */
function forgetTranslations(): void {
  const tlb = arena.i32[(hart.base + HART.dataTlb) / 4];
  arena.u8.fill(0xff, tlb, tlb + TLB.generation);
}

describe("a fused sequence does what its instructions do one by one", () => {
  ram.writeU32(RAM, 0x10500073);
  test.each(SEQUENCES.map((names) => ({ names })))("$names", ({ names }) => {
    for (let i = 0; i < CASES; i++) {
      codePage.fill(C_EBREAK);
      let at = Number(CODE & 0xfffn) / 2;
      for (const name of names.split(" ")) {
        const bits = randomBits(name);
        codePage[at++] = bits;
        if ((bits & 3) === 3) codePage[at++] = bits >>> 16;
      }
      const pointers = below(4) !== 0;
      for (let x = 1; x < 32; x++)
        registers[x] = pointers ? DATA + BigInt(below(64) * 8) : BigInt(below(9) - 4);
      writeCode();
      prepare();
      const first = hart.retired;
      for (let steps = 0; hart.pc !== BigInt(RAM) && steps < 200; steps++) hart.step();
      if (hart.pc !== BigInt(RAM)) continue; // A loop: it never ends, fused or not.
      const expected = outcome();
      const stepped = hart.retired - first;
      const before = hart.retired;
      hart.code.fuse();
      prepare();
      if (i % 2 === 0) forgetTranslations();
      expect(hart.run(1e6)).toBe("wait");
      expect(outcome()).toEqual(expected);
      expect(hart.retired - before, "retired, with the wfi").toBe(stepped + 1);
    }
  });
  test("slots get them when the code is fused", () => {
    codePage.fill(C_EBREAK);
    const at = Number(CODE & 0xfffn) / 2;
    codePage.set([0x6582, 0x6622, 0x4501], at); // c.ldsp a1, 0; c.ldsp a2, 8; c.li a0, 0
    writeCode();
    prepare();
    hart.run(1e6);
    const slots = hart.code.slotPage(RAM / 4096 + 1);
    const handler = () => arena.u32[(slots + at * 16) / 4];
    expect(handler()).toBeLessThan(FIRST_FUSION);
    hart.code.fuse();
    expect(handler()).toBeGreaterThanOrEqual(FIRST_FUSION);
  });
});
