import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { run, TestState } from "./evaluate-fixture.ts";
import { rowByName, rows } from "./table.ts";

/** x3 after `name x3, x1, x2`, or `name x3, x1, imm`. */
function compute(name: string, a: bigint, b: bigint, imm = 0): bigint {
  const state = new TestState();
  state.xs[1] = a;
  state.xs[2] = b;
  const row = rowByName(name)!;
  const operands = row.syntax === "rd, rs1, rs2" ? { rd: 3, rs1: 1, rs2: 2 } : { rd: 3, rs1: 1, imm };
  expect(run(name, operands, state)[1]).toEqual({ kind: "next" });
  return state.xs[3];
}

const s64 = (v: bigint) => BigInt.asIntN(64, v);
const u64 = (v: bigint) => BigInt.asUintN(64, v);
const s32 = (v: bigint) => BigInt.asIntN(32, v);
const u32 = (v: bigint) => BigInt.asUintN(32, v);
const MIN = -(2n ** 63n);

/** Any 64 bits, often ones at an edge. */
const value = fc.oneof(
  fc.bigInt({ min: MIN, max: 2n ** 63n - 1n }),
  fc.constantFrom(
    0n,
    1n,
    -1n,
    MIN,
    -MIN - 1n,
    -(2n ** 31n),
    2n ** 31n - 1n,
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 32n,
  ),
  fc.integer({ min: 0, max: 63 }).map((n) => s64(1n << BigInt(n))),
);

describe("register to register", () => {
  /** Loops over single bits and bytes, unlike the evaluator. */
  const bit = (v: bigint, i: number) => (v >> BigInt(i)) & 1n;
  const gather = (n: number, at: (i: number) => bigint) => {
    let out = 0n;
    for (let i = 0; i < n; i++) out |= at(i) << BigInt(i);
    return out;
  };
  const shamt6 = (b: bigint) => Number(((b % 64n) + 64n) % 64n);
  const shamt5 = (b: bigint) => Number(((b % 32n) + 32n) % 32n);
  const count = (n: number, v: bigint, from: "top" | "bottom") => {
    for (let i = 0; i < n; i++) if (bit(v, from === "top" ? n - 1 - i : i) === 1n) return BigInt(i);
    return BigInt(n);
  };
  const population = (n: number, v: bigint) => {
    let sum = 0n;
    for (let i = 0; i < n; i++) sum += bit(v, i);
    return sum;
  };
  const choose = (first: boolean, a: bigint, b: bigint) => (first ? a : b);
  const divide = (a: bigint, b: bigint) => {
    const size = (a < 0n ? -a : a) / (b < 0n ? -b : b);
    return a < 0n !== b < 0n ? -size : size;
  };

  const formulas: Record<string, (a: bigint, b: bigint) => bigint> = {
    add: (a, b) => a + b,
    sub: (a, b) => a - b,
    addw: (a, b) => s32(a + b),
    subw: (a, b) => s32(a - b),
    slt: (a, b) => (a < b ? 1n : 0n),
    sltu: (a, b) => (u64(a) < u64(b) ? 1n : 0n),
    and: (a, b) => gather(64, (i) => (bit(a, i) === 1n && bit(b, i) === 1n ? 1n : 0n)),
    or: (a, b) => gather(64, (i) => (bit(a, i) === 1n || bit(b, i) === 1n ? 1n : 0n)),
    xor: (a, b) => gather(64, (i) => (bit(a, i) !== bit(b, i) ? 1n : 0n)),
    sll: (a, b) => a * 2n ** BigInt(shamt6(b)),
    srl: (a, b) => u64(a) / 2n ** BigInt(shamt6(b)),
    sra: (a, b) => gather(64, (i) => bit(a, Math.min(63, i + shamt6(b)))),
    sllw: (a, b) => s32(a * 2n ** BigInt(shamt5(b))),
    srlw: (a, b) => s32(u32(a) / 2n ** BigInt(shamt5(b))),
    sraw: (a, b) => s32(gather(32, (i) => bit(a, Math.min(31, i + shamt5(b))))),
    mul: (a, b) => a * b,
    mulh: (a, b) => s64((a * b - u64(a * b)) / 2n ** 64n),
    mulhu: (a, b) => (u64(a) * u64(b)) / 2n ** 64n,
    mulhsu: (a, b) => (a * u64(b) - u64(a * u64(b))) / 2n ** 64n,
    mulw: (a, b) => s32(s32(a) * s32(b)),
    div: (a, b) => (b === 0n ? -1n : a === MIN && b === -1n ? MIN : divide(a, b)),
    divu: (a, b) => (b === 0n ? 2n ** 64n - 1n : u64(a) / u64(b)),
    rem: (a, b) => (b === 0n ? a : a - b * divide(a, b)),
    remu: (a, b) => (b === 0n ? a : u64(a) - u64(b) * (u64(a) / u64(b))),
    divw: (a, b) => (s32(b) === 0n ? -1n : s32(divide(s32(a), s32(b)))),
    divuw: (a, b) => (u32(b) === 0n ? -1n : s32(u32(a) / u32(b))),
    remw: (a, b) => (s32(b) === 0n ? s32(a) : s32(a) - s32(b) * divide(s32(a), s32(b))),
    remuw: (a, b) => s32(u32(b) === 0n ? a : u32(a) - u32(b) * (u32(a) / u32(b))),

    "add.uw": (a, b) => u32(a) + b,
    sh1add: (a, b) => 2n * a + b,
    sh2add: (a, b) => 4n * a + b,
    sh3add: (a, b) => 8n * a + b,
    "sh1add.uw": (a, b) => 2n * u32(a) + b,
    "sh2add.uw": (a, b) => 4n * u32(a) + b,
    "sh3add.uw": (a, b) => 8n * u32(a) + b,
    andn: (a, b) => gather(64, (i) => (bit(b, i) === 1n ? 0n : bit(a, i))),
    orn: (a, b) => gather(64, (i) => (bit(b, i) === 0n ? 1n : bit(a, i))),
    xnor: (a, b) => gather(64, (i) => (bit(a, i) === bit(b, i) ? 1n : 0n)),
    clz: (a) => count(64, a, "top"),
    clzw: (a) => count(32, a, "top"),
    ctz: (a) => count(64, a, "bottom"),
    ctzw: (a) => count(32, a, "bottom"),
    cpop: (a) => population(64, a),
    cpopw: (a) => population(32, a),
    max: (a, b) => choose(a > b, a, b),
    maxu: (a, b) => choose(u64(a) > u64(b), a, b),
    min: (a, b) => choose(a > b, b, a),
    minu: (a, b) => choose(u64(a) > u64(b), b, a),
    "sext.b": (a) => gather(64, (i) => bit(a, Math.min(i, 7))),
    "sext.h": (a) => gather(64, (i) => bit(a, Math.min(i, 15))),
    "zext.h": (a) => gather(16, (i) => bit(a, i)),
    rol: (a, b) => gather(64, (i) => bit(a, (i - shamt6(b) + 64) % 64)),
    ror: (a, b) => gather(64, (i) => bit(a, (i + shamt6(b)) % 64)),
    rolw: (a, b) => s32(gather(32, (i) => bit(a, (i - shamt5(b) + 32) % 32))),
    rorw: (a, b) => s32(gather(32, (i) => bit(a, (i + shamt5(b)) % 32))),
    "orc.b": (a) =>
      gather(64, (i) => (population(8, (u64(a) >> BigInt(i - (i % 8))) & 0xffn) > 0n ? 1n : 0n)),
    rev8: (a) => gather(64, (i) => bit(a, 56 - (i - (i % 8)) + (i % 8))),
    bclr: (a, b) => gather(64, (i) => (i === shamt6(b) ? 0n : bit(a, i))),
    bset: (a, b) => gather(64, (i) => (i === shamt6(b) ? 1n : bit(a, i))),
    binv: (a, b) => gather(64, (i) => (i === shamt6(b) ? 1n - bit(a, i) : bit(a, i))),
    bext: (a, b) => bit(a, shamt6(b)),
    "czero.eqz": (a, b) => (b === 0n ? 0n : a),
    "czero.nez": (a, b) => (b === 0n ? a : 0n),
  };

  test.each(Object.keys(formulas))("%s", (name) => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(compute(name, a, b)).toBe(s64(formulas[name](a, b)));
      }),
      { numRuns: 150 },
    );
  });

  test("every such row has a formula here", () => {
    const integer = rows.filter(
      (row) => !row.float && row.length === 4 && /^rd, rs1(, rs2)?$/.test(row.syntax),
    );
    expect(integer.map((row) => row.name).sort()).toEqual(Object.keys(formulas).sort());
  });

  test.each([
    ["addi", "add"],
    ["addiw", "addw"],
    ["slti", "slt"],
    ["sltiu", "sltu"],
    ["xori", "xor"],
    ["ori", "or"],
    ["andi", "and"],
  ])("%s is %s with a sign-extended immediate", (name, like) => {
    fc.assert(
      fc.property(value, fc.integer({ min: -2048, max: 2047 }), (a, imm) => {
        expect(compute(name, a, 0n, imm)).toBe(compute(like, a, BigInt(imm)));
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ["slli", "sll", 63],
    ["srli", "srl", 63],
    ["srai", "sra", 63],
    ["slliw", "sllw", 31],
    ["srliw", "srlw", 31],
    ["sraiw", "sraw", 31],
    ["rori", "ror", 63],
    ["roriw", "rorw", 31],
    ["bclri", "bclr", 63],
    ["bseti", "bset", 63],
    ["binvi", "binv", 63],
    ["bexti", "bext", 63],
  ])("%s is %s by a constant", (name, like, max) => {
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max }), (a, imm) => {
        expect(compute(name, a, 0n, imm)).toBe(compute(like, a, BigInt(imm)));
      }),
      { numRuns: 100 },
    );
  });

  test("slli.uw shifts beyond 32 bits", () => {
    expect(compute("slli.uw", -1n, 0n, 8)).toBe(0xff_ffff_ff00n);
  });

  test("x0 stays 0", () => {
    const [state] = run("addi", { rd: 0, rs1: 0, imm: 5 });
    expect(state.xs[0]).toBe(0n);
  });
});
