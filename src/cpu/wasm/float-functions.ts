import type { FloatOp } from "../../isa/meaning.ts";
import { HART } from "../layout.ts";
import { Code, F32, F64, I32, I64, type ModuleBuilder, type ValueType } from "./encoder.ts";
import {
  type ArithmeticName,
  extendInteger,
  type FloatFormat,
  FloatParts,
  floatShape,
  fusedParts,
  type IntegerFormat,
  integerFits,
  integralFits,
  isFusedInRange,
  roundToOdd,
  truncateToInteger,
} from "./float-parts.ts";

/** Numbers of the operations in calls from Wasm to softfloat. */
export const FLOAT_OPS: readonly FloatOp[] = (["f32", "f64"] as const).flatMap((format) => [
  ...(
    ["add", "sub", "mul", "div", "sqrt", "mulAdd", "min", "max", "eq", "lt", "le", "classify"] as const
  ).map((name): FloatOp => `${format}_${name}`),
  ...(["i32", "ui32", "i64", "ui64"] as const).flatMap((integer): FloatOp[] => [
    `${format}_to_${integer}`,
    `${integer}_to_${format}`,
  ]),
  format === "f32" ? "f32_to_f64" : "f64_to_f32",
]);

/** Parameters and result of a float function: (hart, rounding mode, a, b, c) -> value. */
export const FLOAT_PARAMETERS = [I32, I32, I64, I64, I64] as const;
const [HART_BASE, MODE, A, B, C] = [0, 1, 2, 3, 4];

const INEXACT = 1;

/**
 * Defines the function of every operation. Each does the whole operation in any rounding mode, its flags accrued
 * in the hart block: with host floating point where that provably gives the right value and shows whether it is
 * exact, else by calling the import `float`, which is softfloat.
 */
export function defineFloatFunctions(
  module: ModuleBuilder,
  functions: { readonly floats: ReadonlyMap<FloatOp, number>; readonly float: number },
): void {
  const exactProduct = module.declare(module.type([I64, I64, I64], [I32]));
  module.define(exactProduct, exactProductBody());
  FLOAT_OPS.forEach((op, number) => {
    module.define(
      functions.floats.get(op) as number,
      new FloatFunction(op, exactProduct).write(number, functions.float),
    );
  });
}

/**
 * (x, y, z) -> whether the product of two nonzero finite f64 is ±z, where they are known to agree in their first
 * bits: so exponents need no look, and it is enough that the odd parts of the significands multiply to that of z.
 */
function exactProductBody(): Code {
  const code = new Code(3);
  const [x, y, z] = [0, 1, 2].map((parameter) => oddPart(code, parameter));
  // A product of 65 bits and more does not fit, and neither would it be representable.
  code.get(x).op("i64_clz").get(y).op("i64_clz").op("i64_add").i64(64n).op("i64_ge_u");
  return code.get(x).get(y).op("i64_mul").get(z).op("i64_eq").op("i32_and");
}

/** A new local with the significand of nonzero f64 bits without its trailing zeros. */
function oddPart(code: Code, bits: number): number {
  const part = code.local(I64);
  const hidden = 1n << 52n;
  code
    .get(bits)
    .i64(hidden - 1n)
    .op("i64_and")
    .tee(part)
    .get(part)
    .i64(hidden)
    .op("i64_or");
  code
    .get(bits)
    .i64(0x7ffn << 52n)
    .op("i64_and")
    .op("i64_eqz")
    .op("select")
    .tee(part);
  code.get(part).op("i64_ctz").op("i64_shr_u").set(part);
  return part;
}

class FloatFunction {
  private readonly code = new Code(FLOAT_PARAMETERS.length);
  private readonly op: FloatOp;
  private readonly exactProduct: number;

  constructor(op: FloatOp, exactProduct: number) {
    this.op = op;
    this.exactProduct = exactProduct;
  }

  /** The host's way is a block that is left where it proves nothing; softfloat follows it. */
  write(number: number, softfloat: number): Code {
    const { code } = this;
    code.block();
    this.fast();
    code.op("end");
    [A, B, C].forEach((argument, i) => {
      code
        .get(HART_BASE)
        .get(argument)
        .mem("i64_store", HART.floatArgs + 8 * i);
    });
    code.i32(number).get(MODE).call(softfloat);
    return code.get(HART_BASE).mem("i64_load", HART.value);
  }

  private fast(): void {
    const shape = floatShape(this.op);
    switch (shape.kind) {
      case "arithmetic":
        this.arithmetic(new FloatParts(this.code, shape.format), shape.name);
        break;
      case "classify":
        this.classify(shape.format);
        break;
      case "toInteger":
        this.toInteger(shape.format, shape.integer);
        break;
      case "fromInteger":
        this.fromInteger(shape.format, shape.integer);
        break;
      case "convert":
        this.convert(shape.format);
        break;
    }
  }

  /** Leaves the block for softfloat unless the condition on the stack holds. */
  private require(): void {
    this.code.op("i32_eqz").brIf(0);
  }

  private requireNearest(): void {
    this.code.get(MODE).brIf(0);
  }

  /** Accrues inexact where the condition on the stack holds. */
  private raiseInexact(): void {
    const { code } = this;
    code.if().get(HART_BASE).get(HART_BASE).mem("i32_load", HART.fflags).i32(INEXACT).op("i32_or");
    code.mem("i32_store", HART.fflags).op("end");
  }

  private returnNumber(parts: FloatParts, x: number): void {
    this.code.get(x);
    parts.toBits().op("return");
  }

  private numbers(parts: FloatParts, bits: readonly number[]): number[] {
    return bits.map((parameter) => {
      const number = this.code.local(parts.type);
      this.code.get(parameter);
      parts.fromBits().set(number);
      return number;
    });
  }

  private arithmetic(parts: FloatParts, name: ArithmeticName): void {
    if (name === "add" || name === "sub") this.sum(parts, name);
    else if (name === "mul" || name === "div") this.productOrQuotient(parts, name);
    else if (name === "sqrt") this.squareRoot(parts);
    else if (name === "min" || name === "max") this.minimumOrMaximum(parts, name);
    else if (name !== "mulAdd") this.compare(parts, name);
    else if (parts.format === "f32") this.fusedSingle(parts);
    else this.fusedDouble(parts);
  }

  /** A sum never underflows inexactly, and its error is a number. */
  private sum(parts: FloatParts, name: "add" | "sub"): void {
    const { code } = this;
    const [a, b] = this.numbers(parts, [A, B]);
    const sum = code.local(parts.type);
    this.requireNearest();
    if (name === "sub") {
      code.get(b);
      parts.op("neg").set(b);
    }
    code.get(a).get(b);
    parts.op("add").set(sum);
    parts.isFinite(sum);
    this.require();
    parts.sumError(a, b, sum);
    parts.constant(0);
    parts.op("ne");
    this.raiseInexact();
    this.returnNumber(parts, sum);
  }

  private productOrQuotient(parts: FloatParts, name: "mul" | "div"): void {
    const { code } = this;
    const [a, b] = this.numbers(parts, [A, B]);
    const result = code.local(parts.type);
    this.requireNearest();
    code.get(a).get(b);
    parts.op(name).set(result);
    // A zero is exact where an argument is one; where none is, the result underflowed.
    code.get(result);
    parts.constant(0);
    parts.op("eq").if().get(a);
    parts.constant(0);
    parts.op("eq");
    if (name === "mul") {
      code.get(b);
      parts.constant(0);
      parts.op("eq").op("i32_or");
    }
    code.op("i32_eqz").brIf(1);
    this.returnNumber(parts, result);
    code.op("end");
    parts.isNormal(result);
    this.require();
    if (name === "mul") this.isProduct(parts, a, b, result);
    else this.isProduct(parts, result, b, a);
    code.op("i32_eqz");
    this.raiseInexact();
    this.returnNumber(parts, result);
  }

  private squareRoot(parts: FloatParts): void {
    const { code } = this;
    const [a] = this.numbers(parts, [A]);
    const root = code.local(parts.type);
    this.requireNearest();
    code.get(a);
    parts.op("sqrt").set(root);
    parts.isFinite(root);
    this.require();
    code.get(root);
    parts.constant(0);
    parts.op("ne").if();
    this.isProduct(parts, root, root, a);
    code.op("i32_eqz");
    this.raiseInexact();
    code.op("end");
    this.returnNumber(parts, root);
  }

  /** Leaves on the stack whether x × y = z, where z or one factor is what the other two gave, rounded. */
  private isProduct(parts: FloatParts, x: number, y: number, z: number): void {
    const { code } = this;
    if (parts.format === "f32") {
      // The product of two f32 is exact as f64.
      code.get(x).op("f64_promote_f32").get(y).op("f64_promote_f32").op("f64_mul");
      code.get(z).op("f64_promote_f32").op("f64_eq");
      return;
    }
    for (const factor of [x, y, z]) code.get(factor).op("i64_reinterpret_f64");
    code.call(this.exactProduct);
  }

  /** As f64 the product is exact, and the sum rounded to odd has enough bits to be rounded again. */
  private fusedSingle(parts: FloatParts): void {
    const { code } = this;
    const wide = new FloatParts(code, "f64");
    const [a, b, c] = this.numbers(parts, [A, B, C]);
    const product = code.local(F64);
    const addend = code.local(F64);
    const sum = code.local(F64);
    const error = code.local(F64);
    const result = code.local(F32);
    this.requireNearest();
    code.get(a).op("f64_promote_f32").get(b).op("f64_promote_f32").op("f64_mul").tee(product);
    code.get(c).op("f64_promote_f32").tee(addend).op("f64_add").tee(sum).f64(0).op("f64_eq").if();
    code.get(sum).op("f32_demote_f64").set(result);
    this.returnNumber(parts, result);
    code.op("end");
    wide.sumError(product, addend, sum).set(error);
    roundToOdd(code, sum, error);
    code.get(sum).op("f32_demote_f64").set(result);
    parts.isNormal(result);
    this.require();
    // Where the sum is inexact, its last bit is odd, and too far down to be in the result.
    code.get(result).op("f64_promote_f32").get(sum).op("f64_ne");
    this.raiseInexact();
    this.returnNumber(parts, result);
  }

  private fusedDouble(parts: FloatParts): void {
    const { code } = this;
    const [a, b, c] = this.numbers(parts, [A, B, C]);
    const product = code.local(F64);
    const result = code.local(F64);
    this.requireNearest();
    code.get(a).get(b).op("f64_mul").tee(product).f64(0).op("f64_eq").if();
    code.get(a).f64(0).op("f64_eq").get(b).f64(0).op("f64_eq").op("i32_or").op("i32_eqz").brIf(1);
    code.get(product).get(c).op("f64_add").set(result);
    parts.isFinite(result).op("i32_eqz").brIf(1);
    this.returnNumber(parts, result);
    code.op("end");
    isFusedInRange(code, a, b, c, product);
    this.require();
    const { high, low } = fusedParts(code, a, b, c, product);
    code.get(high).get(low).op("f64_add").set(result);
    // Where the low part is inexact, its last bit is odd, and too far down to be in the result.
    parts.sumError(high, low, result).f64(0).op("f64_ne");
    this.raiseInexact();
    this.returnNumber(parts, result);
  }

  /** The host's are IEEE 754's minimum and maximum, which differ for NaNs alone. */
  private minimumOrMaximum(parts: FloatParts, name: "min" | "max"): void {
    const { code } = this;
    const [a, b] = this.numbers(parts, [A, B]);
    parts.areOrdered(a, b);
    this.require();
    code.get(a).get(b);
    parts.op(name);
    parts.toBits().op("return");
  }

  private compare(parts: FloatParts, name: "eq" | "lt" | "le"): void {
    const { code } = this;
    const [a, b] = this.numbers(parts, [A, B]);
    parts.areOrdered(a, b);
    this.require();
    code.get(a).get(b);
    parts.op(name).op("i64_extend_i32_u").op("return");
  }

  /** The classes of nonnegative numbers are the bits 4 to 7; those of negative ones mirror them. */
  private classify(format: FloatFormat): void {
    const { code } = this;
    const [width, fractionBits] = format === "f32" ? [32n, 23n] : [64n, 52n];
    const infinity = ((1n << (width - 1n - fractionBits)) - 1n) << fractionBits;
    const size = code.local(I64);
    const bit = code.local(I64);
    code
      .get(A)
      .i64((1n << (width - 1n)) - 1n)
      .op("i64_and")
      .tee(size);
    code.i64(infinity).op("i64_gt_u").if();
    code
      .i64(1n << 9n)
      .i64(1n << 8n)
      .get(size)
      .i64(1n << (fractionBits - 1n))
      .op("i64_and")
      .op("i64_eqz");
    code.op("i32_eqz").op("select").op("return").op("end");
    // One more for each of: not zero, not subnormal, not normal.
    code.i64(4n);
    for (const bound of [1n, 1n << fractionBits, infinity]) {
      code.get(size).i64(bound).op("i64_ge_u").op("i64_extend_i32_u").op("i64_add");
    }
    code.set(bit).i64(1n).i64(7n).get(bit).op("i64_sub").get(bit);
    code
      .get(A)
      .i64(1n << (width - 1n))
      .op("i64_and")
      .op("i64_eqz")
      .op("i32_eqz")
      .op("select");
    code.op("i64_shl").op("return");
  }

  private toInteger(format: FloatFormat, integer: IntegerFormat): void {
    const { code } = this;
    const parts = new FloatParts(code, format);
    const x = code.local(F64);
    const integral = code.local(F64);
    code.get(A);
    parts.fromBits();
    if (format === "f32") code.op("f64_promote_f32");
    code.set(x);
    this.roundToIntegral(x, integral);
    integralFits(code, integer, integral);
    this.require();
    code.get(x).get(integral).op("f64_ne");
    this.raiseInexact();
    code.get(integral);
    truncateToInteger(code, integer);
    code.op("return");
  }

  private roundToIntegral(x: number, integral: number): void {
    const { code } = this;
    (["f64_nearest", "f64_trunc", "f64_floor", "f64_ceil"] as const).forEach((op, mode) => {
      code.get(MODE).i32(mode).op("i32_eq").if(F64).get(x).op(op).op("else");
    });
    // Ties away from zero: what truncation drops is exact, and one half of it or more is too much to drop.
    code.get(x).op("f64_trunc").tee(integral).get(x).get(integral).op("f64_sub").op("f64_abs").f64(0.5);
    code.op("f64_ge").op("f64_convert_i32_u").get(x).op("f64_copysign").op("f64_add");
    for (let mode = 0; mode < 4; mode++) code.op("end");
    code.set(integral);
  }

  private fromInteger(format: FloatFormat, integer: IntegerFormat): void {
    const { code } = this;
    const parts = new FloatParts(code, format);
    const signed = integer === "i32" || integer === "i64";
    const exact = code.local(I32);
    code.get(A);
    extendInteger(code, integer);
    code.set(A);
    integerFits(code, format, A, signed);
    code.tee(exact).get(MODE).op("i32_eqz").op("i32_or");
    this.require();
    code.get(exact).op("i32_eqz");
    this.raiseInexact();
    code.get(A);
    parts.op(signed ? "convert_i64_s" : "convert_i64_u");
    parts.toBits().op("return");
  }

  private convert(to: FloatFormat): void {
    const { code } = this;
    const from = new FloatParts(code, to === "f64" ? "f32" : "f64");
    const target = new FloatParts(code, to);
    const [x] = this.numbers(from, [A]);
    const result = code.local(target.type as ValueType);
    code
      .get(x)
      .op(to === "f64" ? "f64_promote_f32" : "f32_demote_f64")
      .set(result);
    if (to === "f64") {
      from.areOrdered(x, x);
      this.require();
      this.returnNumber(target, result);
      return;
    }
    // What is exact is so in every mode.
    code.get(result).op("f64_promote_f32").get(x).op("f64_eq").if();
    this.returnNumber(target, result);
    code.op("end");
    this.requireNearest();
    target.isNormal(result);
    this.require();
    code.i32(1);
    this.raiseInexact();
    this.returnNumber(target, result);
  }
}
