import { setFlagsFromString } from "node:v8";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Expr, FloatOp } from "../../isa/meaning.ts";
import { fs1, fs2, fs3 } from "../../isa/meaning.ts";
import { HART } from "../layout.ts";
import type { FloatEnvironment } from "../softfloat/environment.ts";
import { floatOperation } from "../softfloat/float-operation.ts";
import { binary32, binary64, type Format } from "../softfloat/format.ts";
import { patterns } from "../softfloat/patterns-fixture.ts";
import { Code, I32, I64 } from "./encoder.ts";
import { FLOAT_PARAMETERS } from "./float-function.ts";
import { defineFloatFunctions, FLOAT_OPS } from "./float-functions.ts";
import { emitInlineFloat, hasInlineFloat, type InlineFloat } from "./float-inline.ts";
import { hasFusedMultiplyAdd } from "./fused-multiply-add.ts";
import { ModuleBuilder } from "./module-builder.ts";

// As the command line does (`tools/launcher.cjs`).
setFlagsFromString("--experimental-wasm-relaxed-simd");

/** A float function, or the inline form of its operation that goes on to the function where it gives up. */
type FloatFunction = (hart: number, mode: number, a: bigint, b: bigint, c: bigint) => bigint;

let softfloatCalls = 0;
/** Linear address of a word that is 1 where an inline form gave up. */
const GIVEN_UP = 32768;
const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
const words = new Int32Array(memory.buffer);
const longs = new BigInt64Array(memory.buffer);
const functions = instantiate();

function instantiate(): Record<string, FloatFunction> {
  const module = new ModuleBuilder();
  const float = module.importFunction("float", module.type([I32, I32], []));
  const type = module.type(FLOAT_PARAMETERS, [I64]);
  const floats = new Map(FLOAT_OPS.map((op) => [op, module.declare(type)]));
  defineFloatFunctions(module, { floats, float });
  for (const op of FLOAT_OPS) {
    const whole = floats.get(op) as number;
    module.export(op, whole);
    if (!hasInlineFloat(op)) continue;
    const inline = module.declare(type);
    module.define(inline, inlineBody(op, whole, {}));
    module.export(`inline ${op}`, inline);
    for (const fused of [false, true]) {
      if (fused && !hasFusedMultiplyAdd()) continue;
      const exact = module.declare(type);
      module.define(exact, inlineBody(op, whole, { exact: true, fused }));
      module.export(`${fused ? "fused " : ""}exact ${op}`, exact);
      const common = module.declare(type);
      module.define(common, inlineBody(op, whole, { isCommon: true, fused }));
      module.export(`${fused ? "fused " : ""}common ${op}`, common);
    }
  }
  const bytes = module.encode();
  const env = { memory, float: callSoftfloat };
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env }).exports as Record<
    string,
    FloatFunction
  >;
}

/** `exact`, `isCommon`: as a translated region has it, where it takes rounding to nearest and inexact for granted and where not. */
function inlineBody(
  op: FloatOp,
  whole: number,
  forms: Pick<InlineFloat, "exact" | "isCommon" | "fused">,
): Code {
  const code = new Code(FLOAT_PARAMETERS.length);
  const locals = new Map<Expr, number>([
    [fs1, 2],
    [fs2, 3],
    [fs3, 4],
  ]);
  const giveUp = () => {
    code.i32(GIVEN_UP).i32(1).mem("i32_store");
    for (let parameter = 0; parameter < 5; parameter++) code.get(parameter);
    code.returnCall(whole);
  };
  const argument = (expr: Expr) => code.get(locals.get(expr) as number);
  const rounds = !/_(min|max|eq|lt|le)$/.test(op);
  const context = { code, hart: 0, argument, giveUp, pushMode: rounds ? () => code.get(1) : undefined };
  emitInlineFloat({ ...context, ...forms }, op, [fs1, fs2, fs3].slice(0, arity(op)));
  return code;
}

function arity(op: FloatOp): number {
  if (op.endsWith("mulAdd")) return 3;
  return /_to_|sqrt|classify/.test(op) ? 1 : 2;
}

function callSoftfloat(op: number, roundingMode: number): void {
  softfloatCalls++;
  const environment: FloatEnvironment = { roundingMode, flags: 0 };
  const [a, b, c] = longs.subarray(HART.floatArgs / 8);
  longs[HART.value / 8] = floatOperation(FLOAT_OPS[op], environment, a, b, c);
  words[HART.fflags / 4] |= environment.flags;
}

const FORMS = ["", "inline ", "exact ", "fused exact ", "common ", "fused common "];

/** Compares all forms with softfloat, with inexact set before and clear before. */
function check(op: FloatOp, roundingMode: number, a: bigint, b: bigint, c: bigint): void {
  for (const flags of [0, 1]) {
    const environment = { roundingMode, flags };
    const expected = BigInt.asUintN(64, floatOperation(op, environment, a, b, c));
    const isCommon = roundingMode === 0 && flags === 1;
    for (const form of FORMS) {
      const name = `${form}${op}`;
      if (form.endsWith("common ") && !isCommon) continue;
      if (!functions[name]) continue;
      words[HART.fflags / 4] = flags;
      const value = BigInt.asUintN(64, functions[name](0, roundingMode, a, b, c));
      if (value === expected && words[HART.fflags / 4] === environment.flags) continue;
      expect([name, value, words[HART.fflags / 4]]).toEqual([name, expected, environment.flags]);
    }
  }
}

const modes = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 4 }));

const integers = fc
  .tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 63n }))
  .map(([bits, shift]) => BigInt.asUintN(64, BigInt.asIntN(64, bits) >> shift));

/** Numbers near one, where sums cancel and products stay in range; some with few significant bits. */
function moderate(format: Format): fc.Arbitrary<bigint> {
  const spread = BigInt(format.precision);
  const field = fc.bigInt({ min: BigInt(format.bias) - spread, max: BigInt(format.bias) + spread });
  const fraction = fc.bigInt({ min: 0n, max: format.fractionMask });
  const kept = fc.bigInt({ min: 0n, max: format.fractionBits });
  return fc.tuple(fc.boolean(), field, fraction, kept).map(([negative, exponent, bits, zeros]) => {
    const magnitude = (exponent << format.fractionBits) | ((bits >> zeros) << zeros);
    return negative ? magnitude | format.signBit : magnitude;
  });
}

const operands = (format: Format) => fc.oneof(moderate(format), moderate(format), patterns(format));

describe("the fast forms of an operation do what softfloat does", () => {
  for (const op of FLOAT_OPS) {
    it(op, () => {
      const format = op.startsWith("f32") ? binary32 : binary64;
      const argument = /^u?i/.test(op) ? integers : operands(format);
      const product = `f${format.width}_mul` as FloatOp;
      fc.assert(
        fc.property(
          ...([modes, argument, argument, argument] as const),
          fc.integer({ min: -3, max: 9 }),
          (mode, a, b, c, nearby) => {
            check(op, mode, a, b, c);
            // What almost cancels: an argument next to the negative of the other or of the product.
            if (nearby > 3) return;
            const other = arity(op) === 3 ? floatOperation(product, { roundingMode: 0, flags: 0 }, a, b) : a;
            const opposite = BigInt.asUintN(format.width, (other ^ format.signBit) + BigInt(nearby));
            if (arity(op) === 3) check(op, mode, a, b, opposite);
            else check(op, mode, a, opposite, c);
          },
        ),
        { numRuns: 700, seed: 37 },
      );
    });
  }
});

function bitsOf(format: Format, value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  if (format === binary64) view.setFloat64(0, value);
  else view.setFloat32(4, value);
  return view.getBigUint64(0);
}

describe("where the fast forms are easily wrong", () => {
  const MAX = Number.MAX_VALUE;
  const SMALL = 2 ** -500 * (1 + 2 ** -52);
  const cases: [string, FloatOp, number[]][] = [
    ["rounded up to the least normal number", "f64_mul", [2 ** -1022, 1 - 2 ** -53]],
    ["rounded up to the least normal number", "f32_mul", [2 ** -126, 1 - 2 ** -24]],
    ["underflow to zero", "f64_mul", [2 ** -600, 2 ** -600]],
    ["a zero times a number", "f64_mul", [-0, 5]],
    ["a product whose rounding error is less than any number", "f64_mul", [SMALL, SMALL]],
    ["a fused product with such an error", "f64_mulAdd", [SMALL, SMALL, 2 ** -990]],
    ["a quotient with such an error", "f64_div", [2 ** -1000 * (1 + 2 ** -52), 1 + 2 ** -51]],
    ["a quotient that underflows to zero", "f64_div", [1, Infinity]],
    // 2^65 + 1, which is 1 modulo 2^64, rounds to 2^65.
    ["a product that is exact modulo 2^64", "f64_mul", [3 * 409891 * 7623851, 11 * 131 * 2731]],
    ["the largest number and half its last bit", "f64_add", [MAX, 2 ** 970]],
    ["just under half the largest number's last bit", "f64_add", [MAX, 2 ** 970 - 2 ** 917]],
    ["the largest number less half its last bit", "f64_sub", [MAX, 2 ** 970]],
    ["the largest number and half of its negative", "f64_add", [MAX, -(2 ** 1023 - 2 ** 970)]],
    ["a fused sum that overflows", "f64_mulAdd", [2 ** 500, 2 ** 500, MAX]],
    ["a fused sum with infinity", "f64_mulAdd", [1, 1, Infinity]],
    ["a fused sum of zeros", "f64_mulAdd", [-0, 1, 0]],
    ["an infinite product without a zero", "f64_mulAdd", [MAX, MAX, -1]],
    ["just below a middle", "f64_mulAdd", [1 + 2 ** -27, 1 - 2 ** -27, -(2 ** -200)]],
    ["just above a middle", "f64_mulAdd", [1 + 2 ** -27, 1 - 2 ** -27, 2 ** -200]],
    ["all but the product's low part cancels", "f64_mulAdd", [1 + 2 ** -52, 1 + 2 ** -52, -1 - 2 ** -51]],
    ["just below a middle", "f32_mulAdd", [2 ** -24 + 2 ** -47, 1 - 2 ** -23, 1 + 2 ** -23]],
    ["just above a middle", "f32_mulAdd", [-(2 ** -24) - 2 ** -47, 1 - 2 ** -23, 1 + 2 ** -22]],
    ["the next integer is out of range", "f64_to_i32", [2 ** 31 - 0.5]],
    ["below zero by less than one", "f64_to_ui32", [-0.75]],
    ["the first integer out of range", "f64_to_i64", [2 ** 63]],
    ["nearly a half", "f64_to_i64", [0.5 - 2 ** -54]],
  ];

  for (const [what, op, args] of cases) {
    it(`${op}: ${what}`, () => {
      const [a, b, c] = [...args, 0, 0].map((arg) => bitsOf(op.startsWith("f32") ? binary32 : binary64, arg));
      for (let mode = 0; mode < 5; mode++) check(op, mode, a, b, c);
    });
  }
});

describe("what common code does never calls softfloat", () => {
  const values = [1.5, -2.25, 0.1, 1e-3, 12345.678, -1, 3, 100];

  for (const op of FLOAT_OPS) {
    it(op, () => {
      const format = op.startsWith("f32") ? binary32 : binary64;
      softfloatCalls = 0;
      for (const flags of [0, 1]) {
        for (const x of values) {
          for (const y of values) {
            for (const z of values) {
              words[HART.fflags / 4] = flags;
              const isInteger = /^u?i/.test(op);
              const unsigned = /_to_ui|sqrt/.test(op);
              const a = isInteger ? BigInt(Math.trunc(x)) : bitsOf(format, unsigned ? Math.abs(x) : x);
              functions[op](0, 0, a, bitsOf(format, y), bitsOf(format, z));
            }
          }
        }
      }
      expect(softfloatCalls).toBe(0);
    });
  }
});

describe("what is exact is not given up while inexact is not set", () => {
  const cases: [FloatOp, number[]][] = [
    ["f64_add", [3, 0.25]],
    ["f64_sub", [3, 3]],
    ["f64_mul", [3, -0.75]],
    ["f64_div", [21, 3]],
    ["f64_sqrt", [81]],
    ["f64_mulAdd", [3, 5, -7.5]],
    ["f32_add", [3, 0.25]],
    ["f32_mul", [3, -0.75]],
    ["f32_div", [21, 3]],
    ["f32_sqrt", [81]],
    ["f64_to_f32", [1.25]],
  ];

  it.each(cases)("%s", (op, args) => {
    const format = op.startsWith("f32") ? binary32 : binary64;
    const [a, b, c] = [...args, 0, 0].map((arg) => bitsOf(format, arg));
    words[HART.fflags / 4] = 0;
    words[GIVEN_UP / 4] = 0;
    functions[`fused exact ${op}`](0, 0, a, b, c);
    expect(words[GIVEN_UP / 4]).toBe(0);
    expect(words[HART.fflags / 4]).toBe(0);
  });
});
