import { describe, expect, test } from "vitest";
import { Random } from "../../../test/differential/random.ts";
import { decode } from "../../isa/decode.ts";
import { type EvaluationState, EvaluationTrap, evaluate } from "../../isa/evaluate.ts";
import { encode, fieldRange, patternOf } from "../../isa/pattern.ts";
import type { Fields, Row } from "../../isa/row.ts";
import { rows } from "../../isa/table.ts";
import { Arena } from "../../memory/arena.ts";
import { Bus } from "../../memory/bus.ts";
import { PhysicalMemory } from "../../memory/physical-memory.ts";
import { Csr } from "../csr-state.ts";
import { Hart } from "../hart.ts";
import { Cause } from "../layout.ts";
import { floatOperation } from "../softfloat/float-operation.ts";

/** Pages of RAM: code in the first four, data in the next two (with the RAM's end behind them). */
const RAM = 0x8000_0000;
const CODE = 0x8000_2000n;
const DATA = 0x8000_4000n;
const RAM_SIZE = 0x6000;
const VECTOR = 0x8000_0000n;
const C_EBREAK = 0x9002;
const WFI = 0x10500073;
const CASES = 24;

const CORNERS = [0n, 1n, -1n, 2n, -2n, 31n, 63n, 64n, 0x7fffffffn, 0x80000000n, 0xffffffffn, -0x80000000n];
const EXTREMES = [1n << 63n, (1n << 63n) - 1n, 0x80ff7f00_01000080n, 0x0123456789abcdefn];
const FLOATS = [
  0x3ff0000000000000n,
  0xbff8000000000000n,
  0x7ff0000000000000n,
  0x7ff8000000000000n,
  0x7ff0000000000001n,
  0x8000000000000000n,
  0x0000000000000001n,
  0x43e0000000000000n,
  0x41dfffffffc00000n,
  0x0010000000000000n,
  0xffffffff_3f800000n,
  0xffffffff_bfc00000n,
  0xffffffff_7f800000n,
  0xffffffff_7fc00000n,
  0xffffffff_7f800001n,
  0xffffffff_00000001n,
  0xffffffff_80000000n,
  0xffffffff_4f000000n,
  0xffffffff_00800000n,
  0x00000000_3f800000n,
];

function integer(r: Random): bigint {
  const kind = r.below(3);
  if (kind === 0) return CORNERS[r.below(CORNERS.length)];
  if (kind === 1) return EXTREMES[r.below(EXTREMES.length)];
  return r.bits64();
}

/** Special values, plain doubles and boxed singles of moderate size, and any bits. */
function floating(r: Random): bigint {
  const kind = r.below(4);
  if (kind === 0) return FLOATS[r.below(FLOATS.length)];
  if (kind === 1) return (BigInt(1000 + r.below(46)) << 52n) | (r.bits64() & 0x800fffff_fffff000n);
  if (kind === 2)
    return (
      0xffffffff_00000000n |
      (BigInt(((110 + r.below(40)) << 23) | (r.word() & 0x807ffff0)) & 0xffffffffn) |
      0xffffffff_00000000n
    );
  return r.bits64();
}

function randomFields(row: Row, r: Random): Partial<Fields> {
  const fields: Partial<Fields> = {};
  for (const field of patternOf(row).fields) {
    const { min, max } = fieldRange(field);
    const steps = Math.floor((max - min) / field.step) + 1;
    let value = min + r.below(steps) * field.step;
    // Half of the immediates are small, so that jumps stay near.
    if (field.sets[0] === "imm" && r.below(2) === 0)
      value = Math.max(min, -64 * field.step) + r.below(128) * field.step;
    for (const name of field.sets) fields[name] = Math.min(max, value);
  }
  return fields;
}

function randomInstruction(row: Row, r: Random): number {
  for (;;) {
    try {
      const bits = encode(row, randomFields(row, r));
      if (decode(bits)?.written === row) return bits;
    } catch {
      // A reserved combination: another one.
    }
  }
}

interface Machine {
  readonly ram: PhysicalMemory;
  readonly hart: Hart;
}

function machine(): Machine {
  const arena = new Arena(8 << 20);
  const ram = new PhysicalMemory(arena, RAM, RAM_SIZE);
  return { ram, hart: new Hart(0, arena, new Bus(ram)) };
}

/** Fills the code pages with breakpoints, so that wherever the instruction goes, a trap tells. */
function prepare({ ram, hart }: Machine, bits: number, address: bigint, seed: number): void {
  const r = new Random(seed);
  const code = new Uint16Array(0x4000 / 2).fill(C_EBREAK);
  const at = Number(address - BigInt(RAM)) / 2;
  code[at] = bits;
  if ((bits & 3) === 3) code[at + 1] = bits >>> 16;
  code.set([WFI & 0xffff, WFI >>> 16]);
  ram.write(RAM, new Uint8Array(code.buffer));
  const data = new Uint8Array(0x2000);
  for (let i = 0; i < data.length; i += 4) new DataView(data.buffer).setUint32(i, r.word());
  ram.write(Number(DATA), data);
  for (let page = RAM / 4096; page < RAM / 4096 + 6; page++) hart.code.invalidate(page);
  for (let i = 1; i < 32; i++) hart.setX(i, BigInt.asIntN(64, integer(r)));
  for (let i = 0; i < 32; i++) hart.setF(i, BigInt.asUintN(64, floating(r)));
  const instruction = decode(bits);
  // An address register that leads into the data pages, or not far beyond the second.
  const base = Number(DATA) + r.below(0x2010) - (r.below(2) ? (instruction?.fields.imm ?? 0) : 0);
  const memory = ["load", "store", "amo", "lr", "sc"].some((kind) =>
    JSON.stringify(instruction?.row.meaning, text).includes(`"kind":"${kind}"`),
  );
  if (memory && instruction && instruction.fields.rs1 !== 0)
    hart.setX(instruction.fields.rs1, BigInt(r.below(3) ? base - (base % 8) : base));
  if (instruction?.row.name === "jalr" && instruction.fields.rs1 !== 0)
    hart.setX(instruction.fields.rs1, CODE + BigInt(r.below(0x1000)));
  hart.csrs.set(Csr.mtvec, VECTOR);
  hart.csrs.floatState = 3;
  hart.csrs.setFrm(r.below(8));
  hart.csrs.fflags = r.below(2);
  hart.csrs.clearReservation();
  hart.pc = address;
}

const text = (_: string, value: unknown) => (typeof value === "bigint" ? `${value}` : value);

/** What the reference evaluator makes of the machine's state; changes a copy of it. */
function reference({ ram, hart }: Machine, bits: number) {
  const x = Array.from({ length: 32 }, (_, i) => hart.x(i));
  const f = Array.from({ length: 32 }, (_, i) => hart.f(i));
  const memory = ram.read(RAM, RAM_SIZE);
  const view = new DataView(memory.buffer);
  let flags = hart.csrs.fflags;
  const locate = (address: bigint, size: number, cause: number) => {
    for (let i = 0n; i < BigInt(size); i++) {
      const offset = address + i - BigInt(RAM);
      if (offset >= 0n && offset < BigInt(RAM_SIZE)) continue;
      // The address reported is the first in the page that faults.
      throw new EvaluationTrap(cause, i === 0n ? address : address + i);
    }
    return Number(address - BigInt(RAM));
  };
  const state: EvaluationState = {
    pc: hart.pc,
    x: (i) => x[i],
    setX: (i, value) => {
      x[i] = value;
    },
    f: (i) => f[i],
    setF: (i, value) => {
      f[i] = value;
    },
    load: (address, size) => {
      const at = locate(address, size, Cause.loadAccess);
      let value = 0n;
      for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(at + i));
      return value;
    },
    store: (address, size, value) => {
      const at = locate(address, size, Cause.storeAccess);
      for (let i = 0; i < size; i++) view.setUint8(at + i, Number((value >> BigInt(8 * i)) & 0xffn));
    },
    checkAtomic: (address, size, writes) => {
      if (address % BigInt(size) !== 0n)
        throw new EvaluationTrap(writes ? Cause.storeMisaligned : Cause.loadMisaligned, address);
      locate(address, size, writes ? Cause.storeAccess : Cause.loadAccess);
    },
    reservation: undefined,
    frm: hart.csrs.frm,
    float: (op, roundingMode, args) => {
      const environment = { roundingMode, flags: 0 };
      const result = floatOperation(op, environment, args[0], args[1], args[2]);
      flags |= environment.flags;
      return result;
    },
  };
  const instruction = decode(bits);
  if (!instruction) throw new Error("not an instruction");
  const outcome = evaluate(instruction, state);
  return { outcome, x, f, memory, flags, next: hart.pc + BigInt(instruction.length) };
}

/** The registers, flags and memory that are not as expected. */
function differences({ ram, hart }: Machine, expected: ReturnType<typeof reference>): string[] {
  const found: string[] = [];
  for (let i = 0; i < 32; i++) {
    if (hart.x(i) !== BigInt.asIntN(64, expected.x[i]))
      found.push(`x${i} = ${hart.x(i)}, not ${expected.x[i]}`);
    if (hart.f(i) !== BigInt.asUintN(64, expected.f[i]))
      found.push(`f${i} = ${hart.f(i)}, not ${expected.f[i]}`);
  }
  if (hart.csrs.fflags !== expected.flags) found.push(`fflags = ${hart.csrs.fflags}, not ${expected.flags}`);
  if (Buffer.compare(ram.read(RAM, RAM_SIZE), expected.memory) !== 0) found.push("memory");
  return found;
}

/** The trap that ends a chained run: the instruction's own, or the breakpoint (or hole) where it went. */
function endOfChain({ outcome, next }: ReturnType<typeof reference>, address: bigint) {
  if (outcome.kind === "trap") return { cause: outcome.cause, pc: address, retired: 0 };
  const target = BigInt.asIntN(64, outcome.kind === "jump" ? outcome.target : next);
  const inCode = target >= BigInt(RAM) && target < DATA;
  return { cause: inCode ? Cause.breakpoint : Cause.instructionAccess, pc: target, retired: 1 };
}

const testable = rows.filter((row) => row.meaning.kind !== "system");

describe("every instruction does what its meaning says", () => {
  const m = machine();
  const { hart } = m;
  const trap = () => ({
    cause: Number(hart.csrs.get(Csr.mcause)),
    pc: BigInt.asIntN(64, hart.csrs.get(Csr.mepc)),
  });

  test.each(testable.map((row, index) => ({ name: row.name, row, index })))("$name", ({ row, index }) => {
    const r = new Random(index * 7919 + 1);
    for (let i = 0; i < CASES; i++) {
      const bits = randomInstruction(row, r);
      const seed = r.word();
      // Sometimes across a page's edge, so that the second half stands in the next page.
      const address = i % 8 === 7 ? CODE + 0xffen : CODE + BigInt(2 * r.below(0x400));
      const what = `case ${i}, ${bits.toString(16)} at ${address.toString(16)}`;
      prepare(m, bits, address, seed);
      const expected = reference(m, bits);
      const { outcome } = expected;
      hart.step();
      expect(differences(m, expected), `${what}, stepped`).toEqual([]);
      if (outcome.kind === "trap") {
        expect(trap(), what).toEqual({ cause: outcome.cause, pc: address });
        expect(hart.csrs.get(Csr.mtval), what).toBe(BigInt.asUintN(64, outcome.tval));
      } else {
        const target = outcome.kind === "jump" ? outcome.target : expected.next;
        expect(hart.pc, what).toBe(BigInt.asIntN(64, target));
      }
      // The same again, chained: it goes on to the trap that follows, and from there to the vector's wfi.
      const end = endOfChain(expected, address);
      const intoItself = end.retired === 1 && end.pc >= address && end.pc < expected.next;
      if (intoItself || end.pc === VECTOR) continue;
      prepare(m, bits, address, seed);
      const before = hart.retired;
      expect(hart.run(1e6), what).toBe("wait");
      expect(differences(m, expected), `${what}, chained`).toEqual([]);
      expect(trap(), what).toEqual({ cause: end.cause, pc: end.pc });
      expect(hart.retired - before, `${what}: retired, with the wfi`).toBe(end.retired + 1);
    }
  });
});
