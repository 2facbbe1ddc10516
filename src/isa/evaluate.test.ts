import { describe, expect, test } from "vitest";
import { LOAD_FAULT, PC, run, STORE_FAULT, STORE_MISALIGNED, TestState } from "./evaluate-fixture.ts";
import { encode } from "./pattern.ts";
import type { Fields } from "./row.ts";
import { rowByName } from "./table.ts";

const s64 = (v: bigint) => BigInt.asIntN(64, v);
const s32 = (v: bigint) => BigInt.asIntN(32, v);
const MIN = -(2n ** 63n);

describe("addresses and jumps", () => {
  test("lui and auipc", () => {
    expect(run("lui", { rd: 3, imm: -4096 })[0].xs[3]).toBe(-4096n);
    expect(run("auipc", { rd: 3, imm: 0x7ffff000 })[0].xs[3]).toBe(0x8000_0000n);
    expect(run("c.lui", { rd: 3, imm: -4096 })[0].xs[3]).toBe(-4096n);
  });

  test("jal links the next address", () => {
    const [state, outcome] = run("jal", { rd: 1, imm: -8 });
    expect([state.xs[1], outcome]).toEqual([PC + 4n, { kind: "jump", target: PC - 8n }]);
  });

  test("jalr reads its base before it links, and clears bit 0", () => {
    const state = new TestState();
    state.xs[1] = 0x2001n;
    const [, outcome] = run("jalr", { rd: 1, rs1: 1, imm: 2 }, state);
    expect([state.xs[1], outcome]).toEqual([PC + 4n, { kind: "jump", target: 0x2002n }]);
  });

  test("c.jalr links two bytes on", () => {
    const state = new TestState();
    state.xs[5] = 0x2000n;
    const [, outcome] = run("c.jalr", { rs1: 5 }, state);
    expect([state.xs[1], outcome]).toEqual([PC + 2n, { kind: "jump", target: 0x2000n }]);
  });

  test.each<[string, bigint, bigint, boolean]>([
    ["beq", 5n, 5n, true],
    ["beq", 5n, 6n, false],
    ["bne", 5n, 6n, true],
    ["bne", 5n, 5n, false],
    ["blt", -1n, 1n, true],
    ["blt", 1n, 1n, false],
    ["bge", 1n, 1n, true],
    ["bge", -1n, 1n, false],
    ["bltu", 1n, -1n, true],
    ["bltu", -1n, 1n, false],
    ["bgeu", -1n, 1n, true],
    ["bgeu", 1n, -1n, false],
  ])("%s of %i and %i: %s", (name, a, b, taken) => {
    const state = new TestState();
    state.xs[1] = a;
    state.xs[2] = b;
    const [, outcome] = run(name, { rs1: 1, rs2: 2, imm: -16 }, state);
    expect(outcome).toEqual(taken ? { kind: "jump", target: PC - 16n } : { kind: "next" });
  });
});

describe("memory", () => {
  test.each<[string, bigint]>([
    ["lb", -0x10n],
    ["lbu", 0xf0n],
    ["lh", -0xe10n],
    ["lhu", 0xf1f0n],
    ["lw", -0xc0d0e10n],
    ["lwu", 0xf3f2f1f0n],
    ["ld", -0x8090a0b0c0d0e10n],
  ])("%s", (name, expected) => {
    const state = new TestState();
    for (let i = 0; i < 8; i++) state.memory.setUint8(16 + i, 0xf0 + i);
    state.xs[1] = 20n;
    run(name, { rd: 3, rs1: 1, imm: -4 }, state);
    expect(state.xs[3]).toBe(expected);
  });

  test.each([
    ["sb", "88"],
    ["sh", "8877"],
    ["sw", "88776655"],
    ["sd", "8877665544332211"],
  ])("%s", (name, hex) => {
    const state = new TestState();
    state.xs[1] = 32n;
    state.xs[2] = 0x1122334455667788n;
    run(name, { rs1: 1, rs2: 2, imm: -8 }, state);
    expect(Buffer.from(state.memory.buffer).toString("hex")).toBe(
      `${"00".repeat(24)}${hex}`.padEnd(512, "0"),
    );
  });

  test("a fault is a trap, and changes nothing", () => {
    const state = new TestState();
    state.xs[1] = 255n;
    state.xs[3] = 7n;
    expect(run("lw", { rd: 3, rs1: 1 }, state)[1]).toEqual({ kind: "trap", cause: LOAD_FAULT, tval: 255n });
    expect(run("sw", { rs1: 1, rs2: 3 }, state)[1]).toEqual({ kind: "trap", cause: STORE_FAULT, tval: 255n });
    expect(state.xs[3]).toBe(7n);
    expect(state.memory.getUint8(255)).toBe(0);
  });
});

describe("atomics", () => {
  test.each<[string, bigint, bigint, bigint]>([
    ["amoswap.w", 0x80000000n, 5n, 5n],
    ["amoadd.w", 0xffffffffn, 2n, 1n],
    ["amoxor.w", 0xf0f0n, 0xffffn, 0x0f0fn],
    ["amoand.w", 0xf0f0n, 0xff00n, 0xf000n],
    ["amoor.w", 0xf0f0n, 0x0ff0n, 0xfff0n],
    ["amomin.w", 1n, 0xffffffffn, 0xffffffffn],
    ["amomax.w", 1n, 0xffffffffn, 1n],
    ["amominu.w", 1n, 0xffffffffn, 1n],
    ["amomaxu.w", 1n, 0xffffffffn, 0xffffffffn],
    // The upper half of the register does not count.
    ["amomax.w", 1n, 0x7000000080000000n, 1n],
    ["amomaxu.w", 0x80000000n, 0x7fffffffn, 0x80000000n],
    ["amomin.d", 1n, -1n, -1n],
    ["amomaxu.d", 1n, -1n, -1n],
    ["amoadd.d", 0xffffffffn, 1n, 0x1_0000_0000n],
  ])("%s of %i with %i", (name, old, operand, expected) => {
    const size = name.endsWith("w") ? 4 : 8;
    const state = new TestState();
    state.store(16n, size, old);
    state.xs[1] = 16n;
    state.xs[2] = operand;
    run(name, { rd: 3, rs1: 1, rs2: 2 }, state);
    expect(state.xs[3]).toBe(BigInt.asIntN(size * 8, old));
    expect(state.load(16n, size)).toBe(BigInt.asUintN(size * 8, expected));
    expect(state.load(16n + BigInt(size), 8)).toBe(0n);
  });

  test("a store-conditional succeeds once after a load-reserved of the same word", () => {
    const state = new TestState();
    state.xs[1] = 16n;
    state.xs[2] = 9n;
    run("sc.w", { rd: 4, rs1: 1, rs2: 2 }, state);
    expect([state.xs[4], state.load(16n, 4)]).toEqual([1n, 0n]);
    state.store(16n, 4, 0x80000001n);
    run("lr.w", { rd: 3, rs1: 1 }, state);
    expect(state.xs[3]).toBe(-0x7fffffffn);
    run("sc.w", { rd: 4, rs1: 1, rs2: 2 }, state);
    expect([state.xs[4], state.load(16n, 4)]).toEqual([0n, 9n]);
    state.xs[2] = 10n;
    run("sc.w", { rd: 4, rs1: 1, rs2: 2 }, state);
    expect([state.xs[4], state.load(16n, 4)]).toEqual([1n, 9n]);
    run("lr.w", { rd: 3, rs1: 1 }, state);
    run("sc.d", { rd: 4, rs1: 1, rs2: 2 }, state);
    expect(state.xs[4]).toBe(1n);
  });

  test("misaligned ones trap", () => {
    const state = new TestState();
    state.xs[1] = 18n;
    const trap = { kind: "trap", cause: STORE_MISALIGNED, tval: 18n };
    for (const name of ["lr.w", "sc.d", "amoadd.w"])
      expect(run(name, { rd: 3, rs1: 1 }, state)[1]).toEqual(trap);
  });
});

describe("floating point", () => {
  const BOX = 0xffffffff_00000000n;
  const ONE = 0x3f800000n;

  function floats(name: string, operands: Partial<Fields>, registers: Record<number, bigint>) {
    const state = new TestState();
    for (const [register, bits] of Object.entries(registers)) state.fs[Number(register)] = bits;
    const [, outcome] = run(name, operands, state);
    return { state, outcome };
  }

  test("single-precision arguments are unboxed and results boxed", () => {
    const state = new TestState();
    state.fs[1] = BOX | ONE;
    state.fs[2] = ONE; // not boxed: a NaN
    state.floatResult = 0x40000000n;
    run("fadd.s", { rd: 3, rs1: 1, rs2: 2, rm: 1 }, state);
    expect(state.floats).toEqual([{ op: "f32_add", roundingMode: 1, args: [ONE, 0x7fc00000n] }]);
    expect(state.fs[3]).toBe(BOX | 0x40000000n);
  });

  test.each<[string, bigint, bigint]>([
    ["fmadd.d", 2n, 5n],
    ["fmsub.d", 2n, 5n + MIN],
    ["fnmsub.d", 2n + MIN, 5n],
    ["fnmadd.d", 2n + MIN, 5n + MIN],
  ])("%s is one fused operation with signs changed", (name, a, c) => {
    const { state } = floats(name, { rd: 6, rs1: 1, rs2: 2, rs3: 3 }, { 1: 2n, 2: 3n, 3: 5n });
    expect(state.floats).toEqual([{ op: "f64_mulAdd", roundingMode: 0, args: [a, 3n, c] }]);
  });

  test.each<[string, bigint, bigint]>([
    ["fmadd.s", 2n, 5n],
    ["fmsub.s", 2n, 0x80000005n],
    ["fnmsub.s", 0x80000002n, 5n],
    ["fnmadd.s", 0x80000002n, 0x80000005n],
  ])("%s changes bit 31", (name, a, c) => {
    const registers = { 1: BOX | 2n, 2: BOX | 3n, 3: BOX | 5n };
    const { state } = floats(name, { rd: 6, rs1: 1, rs2: 2, rs3: 3 }, registers);
    expect(state.floats).toEqual([{ op: "f32_mulAdd", roundingMode: 0, args: [a, 3n, c] }]);
  });

  test("all upper bits must be set for a boxed value", () => {
    const { state } = floats(
      "feq.s",
      { rd: 6, rs1: 1, rs2: 2 },
      { 1: BOX | ONE, 2: 0xfffffffe_00000000n | ONE },
    );
    expect(state.floats[0].args).toEqual([ONE, 0x7fc00000n]);
  });

  test.each<[string, bigint, bigint, bigint]>([
    ["fsgnj.s", BOX | 0xbf800000n, BOX | ONE, BOX | ONE],
    ["fsgnjn.s", BOX | 0xbf800000n, BOX | ONE, BOX | 0xbf800000n],
    ["fsgnjx.s", BOX | 0xbf800000n, BOX | 0x80000000n, BOX | ONE],
    ["fsgnj.s", ONE, BOX | 0x80000000n, BOX | 0xffc00000n],
    ["fsgnj.d", 0x3ff0000000000000n, 1n << 63n, 0xbff0000000000000n],
    ["fsgnjn.d", 0x3ff0000000000000n, 1n << 63n, 0x3ff0000000000000n],
    ["fsgnjx.d", 0xbff0000000000000n, 1n << 63n, 0x3ff0000000000000n],
  ])("%s of %i and %i", (name, a, b, expected) => {
    expect(floats(name, { rd: 3, rs1: 1, rs2: 2 }, { 1: a, 2: b }).state.fs[3]).toBe(expected);
  });

  test("moves and memory take the raw bits", () => {
    const raw = 0x12345678_9abcdef0n;
    const { state } = floats("fmv.x.w", { rd: 3, rs1: 1 }, { 1: raw });
    expect(state.xs[3]).toBe(s32(0x9abcdef0n));
    run("fmv.x.d", { rd: 3, rs1: 1 }, state);
    expect(state.xs[3]).toBe(raw);
    run("fmv.w.x", { rd: 4, rs1: 3 }, state);
    expect(state.fs[4]).toBe(BOX | 0x9abcdef0n);
    run("fmv.d.x", { rd: 4, rs1: 3 }, state);
    expect(state.fs[4]).toBe(raw);
    run("fsw", { rs1: 0, rs2: 1, imm: 8 }, state);
    expect(state.load(8n, 8)).toBe(0x9abcdef0n);
    run("flw", { rd: 5, rs1: 0, imm: 8 }, state);
    expect(state.fs[5]).toBe(BOX | 0x9abcdef0n);
    run("fsd", { rs1: 0, rs2: 1, imm: 16 }, state);
    run("fld", { rd: 5, rs1: 0, imm: 16 }, state);
    expect(state.fs[5]).toBe(raw);
  });

  test("f0 is a register like the others", () => {
    expect(floats("fsgnj.d", { rd: 0, rs1: 1, rs2: 1 }, { 1: 5n }).state.fs[0]).toBe(5n);
  });

  test("conversions", () => {
    const state = new TestState();
    state.fs[1] = BOX | ONE;
    state.xs[1] = -2n;
    run("fcvt.d.s", { rd: 3, rs1: 1 }, state);
    run("fcvt.s.d", { rd: 3, rs1: 1, rm: 2 }, state);
    run("fcvt.s.wu", { rd: 3, rs1: 1, rm: 3 }, state);
    run("fcvt.wu.s", { rd: 3, rs1: 1, rm: 1 }, state);
    expect(state.floats).toEqual([
      { op: "f32_to_f64", roundingMode: 0, args: [ONE] },
      { op: "f64_to_f32", roundingMode: 2, args: [s64(BOX | ONE)] },
      { op: "ui32_to_f32", roundingMode: 3, args: [-2n] },
      { op: "f32_to_ui32", roundingMode: 1, args: [ONE] },
    ]);
  });

  test("rounding mode 7 is frm, and illegal while frm holds none", () => {
    const state = new TestState();
    state.frm = 2;
    expect(run("fadd.d", { rd: 3, rs1: 1, rs2: 2, rm: 7 }, state)[1]).toEqual({ kind: "next" });
    expect(state.floats[0].roundingMode).toBe(2);
    state.frm = 5;
    const operands = { rd: 3, rs1: 1, rs2: 2, rm: 7 };
    const bits = BigInt(encode(rowByName("fadd.d")!, operands));
    expect(run("fadd.d", operands, state)[1]).toEqual({ kind: "trap", cause: 2, tval: bits });
    expect(run("fadd.d", { ...operands, rm: 0 }, state)[1]).toEqual({ kind: "next" });
    expect(run("fmin.d", { rd: 3, rs1: 1, rs2: 2 }, state)[1]).toEqual({ kind: "next" });
  });
});

test("system instructions are handed on, and fences do nothing", () => {
  expect(run("ecall", {})[1]).toEqual({ kind: "system", routine: "ecall" });
  expect(run("c.ebreak", {})[1]).toEqual({ kind: "system", routine: "ebreak" });
  expect(run("csrrw", { rd: 1, rs1: 2, imm: 0x300 })[1]).toEqual({ kind: "system", routine: "csrrw" });
  expect(run("fence", { imm: 0xff })[1]).toEqual({ kind: "next" });
});
