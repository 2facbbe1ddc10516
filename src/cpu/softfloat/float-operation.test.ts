import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FloatOp } from "../../isa/meaning.ts";
import { RoundingMode } from "./environment.ts";
import { floatOperation } from "./float-operation.ts";
import { binary32, binary64, type Format, isAnyNaN, isInfinite, unpack } from "./format.ts";
import { patterns } from "./patterns-fixture.ts";

const { nearestEven, towardZero, down, up, nearestMaxMagnitude } = RoundingMode;
const NX = 1;
const UF = 2;
const OF = 4;
const DZ = 8;
const NV = 16;

/** Cases each property is tried on. */
const RUNS = { numRuns: 1500, seed: 20 };

function run(op: FloatOp, roundingMode: number, args: bigint[]): { value: bigint; flags: number } {
  const environment = { roundingMode, flags: 0 };
  const value = floatOperation(op, environment, args[0], args[1], args[2]);
  return { value, flags: environment.flags };
}

const scratch = new DataView(new ArrayBuffer(8));

const toBits = (format: Format, value: number): bigint => {
  if (format === binary32) {
    scratch.setFloat32(0, value);
    return BigInt(scratch.getUint32(0));
  }
  scratch.setFloat64(0, value);
  return scratch.getBigUint64(0);
};

const toNumber = (format: Format, bits: bigint): number => {
  if (format === binary32) {
    scratch.setUint32(0, Number(bits));
    return scratch.getFloat32(0);
  }
  scratch.setBigUint64(0, bits);
  return scratch.getFloat64(0);
};

describe("rounding to nearest even agrees with the host", () => {
  const host: Record<string, (a: number, b: number) => number> = {
    add: (a, b) => a + b,
    sub: (a, b) => a - b,
    mul: (a, b) => a * b,
    div: (a, b) => a / b,
    sqrt: (a) => Math.sqrt(a),
  };
  for (const [name, f] of Object.entries(host)) {
    for (const format of [binary32, binary64]) {
      // A double has more than twice a single's precision, so rounding these twice gives the right single.
      it(`f${format.width}_${name}`, () => {
        fc.assert(
          fc.property(patterns(format), patterns(format), (a, b) => {
            const { value } = run(`f${format.width}_${name}` as FloatOp, nearestEven, [a, b]);
            const expected = f(toNumber(format, a), toNumber(format, b));
            expect(value).toBe(Number.isNaN(expected) ? format.canonicalNaN : toBits(format, expected));
          }),
          RUNS,
        );
      });
    }
  }

  it("conversions", () => {
    fc.assert(
      fc.property(patterns(binary64), (a) => {
        const single = Math.fround(toNumber(binary64, a));
        const expected = Number.isNaN(single) ? binary32.canonicalNaN : toBits(binary32, single);
        expect(run("f64_to_f32", nearestEven, [a]).value).toBe(expected);
        expect(run("i64_to_f64", nearestEven, [a]).value).toBe(
          toBits(binary64, Number(BigInt.asIntN(64, a))),
        );
        expect(run("ui64_to_f64", nearestEven, [a]).value).toBe(toBits(binary64, Number(a)));
        expect(run("i32_to_f64", nearestEven, [a]).value).toBe(
          toBits(binary64, Number(BigInt.asIntN(32, a))),
        );
      }),
      RUNS,
    );
  });
});

/** A fraction with a positive denominator. */
interface Rational {
  readonly n: bigint;
  readonly d: bigint;
}

/** Exact value of a bit pattern; of an infinity, the power of two that would follow the largest number. */
function exactValue(format: Format, bits: bigint): Rational {
  const { negative, exponent, significand } = unpack(format, bits);
  const n = negative ? -significand : significand;
  return exponent >= 0 ? { n: n << BigInt(exponent), d: 1n } : { n, d: 1n << BigInt(-exponent) };
}

const compare = (a: Rational, b: Rational): number => {
  const difference = a.n * b.d - b.n * a.d;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};

const exactResult: Record<string, (a: Rational, b: Rational, c: Rational) => Rational> = {
  add: (a, b) => ({ n: a.n * b.d + b.n * a.d, d: a.d * b.d }),
  mul: (a, b) => ({ n: a.n * b.n, d: a.d * b.d }),
  div: (a, b) => (b.n < 0n ? { n: -a.n * b.d, d: -b.n * a.d } : { n: a.n * b.d, d: b.n * a.d }),
  mulAdd: (a, b, c) => ({ n: a.n * b.n * c.d + c.n * a.d * b.d, d: a.d * b.d * c.d }),
};

describe("every rounding mode gives the neighbour of the exact result that it names", () => {
  for (const [name, f] of Object.entries(exactResult)) {
    for (const format of [binary32, binary64]) {
      const op = `f${format.width}_${name}` as FloatOp;
      it(op, () => {
        fc.assert(
          fc.property(patterns(format), patterns(format), patterns(format), (a, b, c) => {
            if ([a, b, c].some((x) => isAnyNaN(format, x) || isInfinite(format, x))) return;
            if (name === "div" && exactValue(format, b).n === 0n) return;
            const [x, y, z] = [a, b, c].map((bits) => exactValue(format, bits));
            checkNeighbours(format, op, [a, b, c], (bound) => compare(f(x, y, z), bound));
          }),
          RUNS,
        );
      });
    }
  }

  for (const format of [binary32, binary64]) {
    const op = `f${format.width}_sqrt` as FloatOp;
    it(op, () => {
      fc.assert(
        fc.property(patterns(format), (bits) => {
          const a = bits & (format.signBit - 1n);
          if (a >= format.infinity) return;
          const x = exactValue(format, a);
          // Roots of nonnegative numbers compare as the numbers do.
          checkNeighbours(format, op, [a], (bound) =>
            bound.n < 0n ? 1 : compare(x, { n: bound.n * bound.n, d: bound.d * bound.d }),
          );
        }),
        RUNS,
      );
    });
  }
});

/** `side`: the sign of (exact result - bound). */
function checkNeighbours(
  format: Format,
  op: FloatOp,
  args: bigint[],
  side: (bound: Rational) => number,
): void {
  const exactOf = (bits: bigint) => exactValue(format, bits);
  const sideOf = (bits: bigint) =>
    isInfinite(format, bits) ? (bits === format.infinity ? -1 : 1) : side(exactOf(bits));
  const modes = [nearestEven, towardZero, down, up, nearestMaxMagnitude].map((mode) => run(op, mode, args));
  const [rne, rtz, rdn, rup, rmm] = modes.map(({ value }) => value);
  const negative = side({ n: 0n, d: 1n }) < 0;

  const exact = sideOf(rdn) === 0;
  if (exact) {
    for (const { value, flags } of modes) {
      expect(compare(exactOf(value), exactOf(rdn))).toBe(0);
      expect(flags).toBe(0);
    }
    return;
  }
  expect(sideOf(rdn)).toBe(1);
  expect(sideOf(rup)).toBe(-1);
  const [near, far] = negative ? [rup, rdn] : [rdn, rup];
  expect(far - near, "neighbours").toBe(1n);
  expect(rtz).toBe(near);
  const [low, high] = [exactOf(rdn), exactOf(rup)];
  const middle = side({ n: low.n * high.d + high.n * low.d, d: 2n * low.d * high.d });
  const even = (near & 1n) === 0n ? near : far;
  expect(rne).toBe(middle === 0 ? even : middle < 0 ? rdn : rup);
  expect(rmm).toBe(middle === 0 ? far : middle < 0 ? rdn : rup);
  for (const { value, flags } of modes) {
    expect(flags & NX).toBe(NX);
    expect(flags & (DZ | NV)).toBe(0);
    if (isInfinite(format, value)) expect(flags).toBe(OF | NX);
    // Tiny after rounding: the least normal number itself may or may not be, see the table below.
    const size = value & (format.signBit - 1n);
    const leastNormal = format.fractionMask + 1n;
    if (size < leastNormal) expect(flags).toBe(UF | NX);
    if (size > leastNormal) expect(flags & UF).toBe(0);
  }
}

const QNAN = 0x7ff8000000000000n;
const SNAN = 0x7ff0000000000001n;
const INF = 0x7ff0000000000000n;
const SIGN = 0x8000000000000000n;
const ONE = 0x3ff0000000000000n;
const MAX = 0x7fefffffffffffffn;
const LEAST_NORMAL = 0x0010000000000000n;
const ODD_NAN = 0xfff8000000000123n;
const I64_MIN = -(1n << 63n);
const I64_MAX = (1n << 63n) - 1n;
const d = (value: number) => toBits(binary64, value);
const s = (value: number) => toBits(binary32, value);

/** [operation, rounding mode, arguments, value, flags] */
const table: [FloatOp, number, bigint[], bigint, number][] = [
  // NaNs come out canonical; only signaling ones are invalid.
  ["f64_add", nearestEven, [ODD_NAN, ONE], QNAN, 0],
  ["f64_add", nearestEven, [ONE, SNAN], QNAN, NV],
  ["f64_sqrt", nearestEven, [ODD_NAN], QNAN, 0],
  ["f32_to_f64", nearestEven, [0xff800001n], QNAN, NV],
  ["f64_to_f32", nearestEven, [ODD_NAN], 0x7fc00000n, 0],
  // Invalid operations.
  ["f64_add", nearestEven, [INF, INF | SIGN], QNAN, NV],
  ["f64_sub", nearestEven, [INF, INF], QNAN, NV],
  ["f64_mul", nearestEven, [SIGN, INF], QNAN, NV],
  ["f64_div", nearestEven, [0n, SIGN], QNAN, NV],
  ["f64_div", nearestEven, [INF, INF], QNAN, NV],
  ["f64_sqrt", nearestEven, [d(-1)], QNAN, NV],
  ["f64_mulAdd", nearestEven, [INF, 0n, QNAN], QNAN, NV],
  ["f64_mulAdd", nearestEven, [INF, ONE, INF | SIGN], QNAN, NV],
  ["f64_mulAdd", nearestEven, [QNAN, ONE, SNAN], QNAN, NV],
  // Division by zero, infinities and signed zeros.
  ["f64_div", nearestEven, [d(-3), 0n], INF | SIGN, DZ],
  ["f64_div", nearestEven, [INF, SIGN], INF | SIGN, 0],
  ["f64_div", nearestEven, [ONE, INF | SIGN], SIGN, 0],
  ["f64_sqrt", nearestEven, [SIGN], SIGN, 0],
  ["f64_add", nearestEven, [ONE, d(-1)], 0n, 0],
  ["f64_add", down, [ONE, d(-1)], SIGN, 0],
  ["f64_add", up, [SIGN, SIGN], SIGN, 0],
  ["f64_add", down, [0n, 0n], 0n, 0],
  ["f64_mulAdd", down, [ONE, d(-1), ONE], SIGN, 0],
  ["f64_mulAdd", nearestEven, [0n, MAX, LEAST_NORMAL], LEAST_NORMAL, 0],
  ["f64_mulAdd", nearestEven, [MAX, d(2), INF | SIGN], INF | SIGN, 0],
  // Overflow goes to infinity or to the largest number, as the mode has it.
  ["f64_add", nearestEven, [MAX, MAX], INF, OF | NX],
  ["f64_add", towardZero, [MAX, MAX], MAX, OF | NX],
  ["f64_add", down, [MAX, MAX], MAX, OF | NX],
  ["f64_add", down, [MAX | SIGN, MAX | SIGN], INF | SIGN, OF | NX],
  ["f64_add", up, [MAX | SIGN, MAX | SIGN], MAX | SIGN, OF | NX],
  ["f64_to_f32", nearestMaxMagnitude, [d(1e300)], 0x7f800000n, OF | NX],
  ["f64_mulAdd", nearestEven, [MAX, d(2), MAX | SIGN], MAX, 0],
  // Tininess is detected after rounding: all but half an ulp at full precision rounds up to the normal range.
  ["f64_mul", nearestEven, [LEAST_NORMAL, 0x3fefffffffffffffn], LEAST_NORMAL, UF | NX],
  ["f64_mulAdd", nearestEven, [0x1n, 0x3fd0000000000000n, LEAST_NORMAL - 1n], LEAST_NORMAL - 1n, UF | NX],
  ["f64_mulAdd", nearestEven, [0x1n, 0x3fe8000000000000n, LEAST_NORMAL - 1n], LEAST_NORMAL, NX],
  ["f64_mulAdd", up, [0x1n, 0x3fe0000000000000n, LEAST_NORMAL - 1n], LEAST_NORMAL, UF | NX],
  ["f64_mulAdd", up, [0x1n, 0x3fe0000000000001n, LEAST_NORMAL - 1n], LEAST_NORMAL, NX],
  // A subnormal result that is exact raises nothing.
  ["f64_mul", nearestEven, [LEAST_NORMAL, 0x3fe0000000000000n], LEAST_NORMAL >> 1n, 0],
  ["f64_mul", up, [1n, 1n], 1n, UF | NX],
  ["f64_mul", nearestEven, [1n, 1n], 0n, UF | NX],
  // Fused: one rounding only.
  ["f64_mulAdd", nearestEven, [0x3ff0000000000001n, 0x3ff0000000000001n, d(-1)], d(2 ** -51 + 2 ** -104), NX],
  ["f32_mulAdd", nearestEven, [s(1 + 2 ** -23), s(1 + 2 ** -23), s(-1 - 2 ** -22)], s(2 ** -46), 0],
  // minimumNumber and maximumNumber.
  ["f64_min", nearestEven, [0n, SIGN], SIGN, 0],
  ["f64_max", nearestEven, [SIGN, 0n], 0n, 0],
  ["f64_min", nearestEven, [ODD_NAN, ONE], ONE, 0],
  ["f64_max", nearestEven, [ONE, SNAN], ONE, NV],
  ["f64_max", nearestEven, [ODD_NAN, SNAN], QNAN, NV],
  ["f64_min", nearestEven, [d(-2), d(-1)], d(-2), 0],
  ["f64_max", nearestEven, [d(-2), d(-1)], d(-1), 0],
  // Comparisons: equality is quiet, order is not.
  ["f64_eq", nearestEven, [0n, SIGN], 1n, 0],
  ["f64_eq", nearestEven, [QNAN, QNAN], 0n, 0],
  ["f64_eq", nearestEven, [SNAN, ONE], 0n, NV],
  ["f64_lt", nearestEven, [QNAN, ONE], 0n, NV],
  ["f64_le", nearestEven, [ONE, QNAN], 0n, NV],
  ["f64_lt", nearestEven, [SIGN, 0n], 0n, 0],
  ["f64_le", nearestEven, [0n, SIGN], 1n, 0],
  ["f64_lt", nearestEven, [d(-2), d(-1)], 1n, 0],
  ["f64_lt", nearestEven, [d(-1), d(-2)], 0n, 0],
  // Classes.
  ["f64_classify", nearestEven, [INF | SIGN], 1n << 0n, 0],
  ["f64_classify", nearestEven, [d(-1)], 1n << 1n, 0],
  ["f64_classify", nearestEven, [SIGN | 1n], 1n << 2n, 0],
  ["f64_classify", nearestEven, [SIGN], 1n << 3n, 0],
  ["f64_classify", nearestEven, [0n], 1n << 4n, 0],
  ["f64_classify", nearestEven, [LEAST_NORMAL - 1n], 1n << 5n, 0],
  ["f64_classify", nearestEven, [LEAST_NORMAL], 1n << 6n, 0],
  ["f64_classify", nearestEven, [INF], 1n << 7n, 0],
  ["f64_classify", nearestEven, [SNAN], 1n << 8n, 0],
  ["f64_classify", nearestEven, [ODD_NAN], 1n << 9n, 0],
  ["f32_classify", nearestEven, [0xffffffff_7f800001n], 1n << 8n, 0],
  // To integers: out of range is invalid and not inexact; 32-bit results are sign-extended.
  ["f64_to_i32", towardZero, [d(-2.7)], -2n, NX],
  ["f64_to_i32", nearestEven, [d(2.5)], 2n, NX],
  ["f64_to_i32", nearestMaxMagnitude, [d(2.5)], 3n, NX],
  ["f64_to_i32", down, [d(-2.1)], -3n, NX],
  ["f64_to_i32", up, [1n], 1n, NX],
  ["f64_to_i32", nearestEven, [d(2 ** 31 - 0.5)], 0x7fffffffn, NV],
  ["f64_to_i32", down, [d(2 ** 31 - 0.5)], 0x7fffffffn, NX],
  ["f64_to_i32", towardZero, [d(-1e10)], -0x80000000n, NV],
  ["f64_to_i32", towardZero, [ODD_NAN], 0x7fffffffn, NV],
  ["f64_to_ui32", towardZero, [d(2 ** 32 - 1)], -1n, 0],
  ["f64_to_ui32", towardZero, [d(-0.9)], 0n, NX],
  ["f64_to_ui32", down, [d(-0.1)], 0n, NV],
  ["f64_to_ui32", towardZero, [INF], -1n, NV],
  ["f64_to_i64", towardZero, [INF | SIGN], I64_MIN, NV],
  ["f64_to_i64", towardZero, [d(-(2 ** 63))], I64_MIN, 0],
  ["f64_to_i64", towardZero, [d(2 ** 63)], I64_MAX, NV],
  ["f64_to_ui64", towardZero, [d(2 ** 63)], I64_MIN, 0],
  ["f64_to_ui64", towardZero, [SNAN], -1n, NV],
  ["f32_to_ui64", towardZero, [s(-5)], 0n, NV],
  // From integers, of which 32-bit ones are the low half.
  ["i32_to_f64", nearestEven, [0x1_ffff_ffffn], d(-1), 0],
  ["ui32_to_f64", nearestEven, [-1n], d(2 ** 32 - 1), 0],
  ["ui64_to_f64", nearestEven, [-1n], d(2 ** 64), NX],
  ["ui64_to_f64", towardZero, [-1n], d(2 ** 64 - 2 ** 11), NX],
  ["i64_to_f32", up, [I64_MIN + 1n], s(-(2 ** 63) + 2 ** 39), NX],
  ["i64_to_f64", nearestEven, [0n], 0n, 0],
];

describe("single cases", () => {
  for (const [op, mode, args, value, flags] of table) {
    const shown = args.map((arg) => BigInt.asUintN(64, arg).toString(16)).join(", ");
    it(`${op}(${shown}) in mode ${mode}`, () => {
      expect(run(op, mode, args)).toEqual({ value, flags });
    });
  }

  it("flags accrue", () => {
    const environment = { roundingMode: nearestEven, flags: DZ };
    floatOperation("f64_add", environment, ONE, 1n);
    expect(environment.flags).toBe(DZ | NX);
  });
});
