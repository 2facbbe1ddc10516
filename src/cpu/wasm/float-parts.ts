import type { FloatOp } from "../../isa/meaning.ts";
import { type Code, F32, F64, I64, type OpName, type ValueType } from "./encoder.ts";

export type FloatFormat = "f32" | "f64";
export type IntegerFormat = "i32" | "ui32" | "i64" | "ui64";

/** A floating-point operation's name taken apart: what it does, its format, and the integer one it converts. */
export type FloatShape =
  | { readonly kind: "arithmetic"; readonly format: FloatFormat; readonly name: ArithmeticName }
  | { readonly kind: "classify"; readonly format: FloatFormat }
  | { readonly kind: "toInteger"; readonly format: FloatFormat; readonly integer: IntegerFormat }
  | { readonly kind: "fromInteger"; readonly format: FloatFormat; readonly integer: IntegerFormat }
  /** To `format` from the other one. */
  | { readonly kind: "convert"; readonly format: FloatFormat };

export type ArithmeticName =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "sqrt"
  | "mulAdd"
  | "min"
  | "max"
  | "eq"
  | "lt"
  | "le";

export function floatShape(op: FloatOp): FloatShape {
  if (op === "f32_to_f64") return { kind: "convert", format: "f64" };
  if (op === "f64_to_f32") return { kind: "convert", format: "f32" };
  const [source, ...rest] = op.split("_");
  if (rest[0] !== "to") {
    const format = source as FloatFormat;
    if (rest[0] === "classify") return { kind: "classify", format };
    return { kind: "arithmetic", format, name: rest[0] as ArithmeticName };
  }
  return source.startsWith("f")
    ? { kind: "toInteger", format: source as FloatFormat, integer: rest[1] as IntegerFormat }
    : { kind: "fromInteger", format: rest[1] as FloatFormat, integer: source as IntegerFormat };
}

/** Pieces of Wasm that compute with host floating point in one format. Locals are of that format. */
export class FloatParts {
  readonly code: Code;
  readonly format: FloatFormat;
  readonly type: ValueType;

  constructor(code: Code, format: FloatFormat) {
    this.code = code;
    this.format = format;
    this.type = format === "f32" ? F32 : F64;
  }

  /** This format's instruction of that name. */
  op(name: string): Code {
    return this.code.op(`${this.format}_${name}` as OpName);
  }

  constant(value: number): Code {
    return this.format === "f32" ? this.code.f32(value) : this.code.f64(value);
  }

  /** i64 bits -> number, on the stack. */
  fromBits(): Code {
    if (this.format === "f64") return this.code.op("f64_reinterpret_i64");
    return this.code.op("i32_wrap_i64").op("f32_reinterpret_i32");
  }

  /** Number -> i64 bits, on the stack. */
  toBits(): Code {
    if (this.format === "f64") return this.code.op("i64_reinterpret_f64");
    return this.code.op("i32_reinterpret_f32").op("i64_extend_i32_u");
  }

  /** Leaves 1 on the stack unless the number is infinite or NaN. */
  isFinite(x: number): Code {
    return this.exponent(x)
      .i32(this.format === "f32" ? 0xff : 0x7ff)
      .op("i32_ne");
  }

  /**
   * Leaves 1 on the stack where a rounded result says that rounding neither overflowed nor met the subnormal
   * numbers: the least normal number itself may have been rounded up to, so the exponent has to be larger than its.
   */
  isNormal(x: number): Code {
    const code = this.exponent(x).i32(2).op("i32_sub");
    return code.i32(this.format === "f32" ? 0xff - 2 : 0x7ff - 2).op("i32_lt_u");
  }

  /** Leaves the exponent's bits on the stack: comparing them takes no constant that would have to be loaded. */
  private exponent(x: number): Code {
    const { code } = this;
    if (this.format === "f32")
      return code.get(x).op("i32_reinterpret_f32").i32(1).op("i32_shl").i32(24).op("i32_shr_u");
    code.get(x).op("i64_reinterpret_f64").i64(1n).op("i64_shl").i64(53n).op("i64_shr_u");
    return code.op("i32_wrap_i64");
  }

  /** Leaves 1 on the stack where neither is a NaN. */
  areOrdered(x: number, y: number): Code {
    this.code.get(x).get(x);
    this.op("eq").get(y).get(y);
    return this.op("eq").op("i32_and");
  }

  /**
   * Leaves the exact error of `sum`, which is x + y rounded to nearest and finite, on the stack (Knuth's TwoSum).
   * Nothing on the way overflows (Boldo, Graillat and Muller, "On the robustness of the 2Sum and Fast2Sum
   * algorithms", 2017; where x is the largest number, the sum or its distance from x is exact).
   */
  sumError(x: number, y: number, sum: number): Code {
    const { code } = this;
    const yPart = code.local(this.type);
    code.get(x).get(sum).get(sum).get(x);
    this.op("sub").tee(yPart);
    this.op("sub");
    this.op("sub").get(y).get(yPart);
    this.op("sub");
    return this.op("add");
  }
}

/** Leaves 1 on the stack where x × y = z, exactly, of f32: their product is exact as f64. */
export function isProductOfSingles(code: Code, x: number, y: number, z: number): void {
  code.get(x).op("f64_promote_f32").get(y).op("f64_promote_f32").op("f64_mul");
  code.get(z).op("f64_promote_f32").op("f64_eq");
}

/**
 * Rounds the f64 `sum` to odd, in place: where it is inexact (`error` is what it lacks) and its last bit is
 * even, it becomes the neighbour on the error's side. Rounding the result again, to at least two bits less,
 * then gives what rounding the exact sum once would have given (Boldo and Melquiond, "Emulation of FMA and
 * correctly rounded sums: proved algorithms using rounding to odd", 2008).
 */
export function roundToOdd(code: Code, sum: number, error: number): void {
  const bits = code.local(I64);
  code.get(sum).op("i64_reinterpret_f64").tee(bits).i64(1n).op("i64_and").op("i64_eqz");
  code.get(error).f64(0).op("f64_ne").op("i32_and").if();
  // One unit up in magnitude where the signs agree, one down where they do not.
  code.get(bits).i64(1n).get(bits).get(error).op("i64_reinterpret_f64").op("i64_xor");
  code.i64(63n).op("i64_shr_s").i64(1n).op("i64_or").op("i64_mul").op("i64_add");
  code.op("f64_reinterpret_i64").set(sum).op("end");
}

/** Limits inside which no step of `fusedParts` overflows or loses bits to underflow. */
const FUSED = { factor: 2 ** 990, productMin: 2 ** -960, productMax: 2 ** 1000, addend: 2 ** 1000 };

/** Leaves 1 on the stack where a × b + c can be computed by `fusedParts`; `product` is a × b rounded. */
export function isFusedInRange(code: Code, a: number, b: number, c: number, product: number): void {
  code.get(a).op("f64_abs").f64(FUSED.factor).op("f64_le");
  code.get(b).op("f64_abs").f64(FUSED.factor).op("f64_le").op("i32_and");
  code.get(c).op("f64_abs").f64(FUSED.addend).op("f64_le").op("i32_and");
  code.get(product).op("f64_abs").f64(FUSED.productMin).op("f64_ge").op("i32_and");
  code.get(product).op("f64_abs").f64(FUSED.productMax).op("f64_le").op("i32_and");
}

/**
 * a × b + c as the sum of two f64 (new locals) whose sum, rounded to nearest, is the fused result: `low` is
 * rounded to odd (Boldo and Melquiond, as above).
 */
export function fusedParts(
  code: Code,
  a: number,
  b: number,
  c: number,
  product: number,
): { high: number; low: number } {
  const parts = new FloatParts(code, "f64");
  const productLow = productError(code, a, b, product);
  const total = code.local(F64);
  const totalLow = code.local(F64);
  const high = code.local(F64);
  const highLow = code.local(F64);
  const low = code.local(F64);
  const lowError = code.local(F64);
  code.get(c).get(productLow).op("f64_add").set(total);
  parts.sumError(c, productLow, total).set(totalLow);
  code.get(product).get(total).op("f64_add").set(high);
  parts.sumError(product, total, high).set(highLow);
  code.get(totalLow).get(highLow).op("f64_add").set(low);
  parts.sumError(totalLow, highLow, low).set(lowError);
  roundToOdd(code, low, lowError);
  return { high, low };
}

/** A new local with the exact error of `product`, which is a × b rounded (Dekker's product). */
function productError(code: Code, a: number, b: number, product: number): number {
  const [aHigh, aLow] = split(code, a);
  const [bHigh, bLow] = split(code, b);
  const error = code.local(F64);
  code.get(aLow).get(bLow).op("f64_mul");
  code.get(product).get(aHigh).get(bHigh).op("f64_mul").op("f64_sub");
  code.get(aLow).get(bHigh).op("f64_mul").op("f64_sub");
  code.get(aHigh).get(bLow).op("f64_mul").op("f64_sub");
  code.op("f64_sub").set(error);
  return error;
}

/** Two new locals: the upper half of a significand, and what is left of it (Veltkamp). */
function split(code: Code, x: number): [number, number] {
  const scaled = code.local(F64);
  const high = code.local(F64);
  const low = code.local(F64);
  code
    .get(x)
    .f64(2 ** 27 + 1)
    .op("f64_mul")
    .tee(scaled);
  code.get(scaled).get(x).op("f64_sub").op("f64_sub").set(high);
  code.get(x).get(high).op("f64_sub").set(low);
  return [high, low];
}

/** Significant bits below which an integer converts exactly, as leading and trailing zeros of its 64 bits. */
const SPARE_BITS = { f32: 64 - 24, f64: 64 - 53 };

/** Leaves 1 on the stack where the integer in `value` (i64, already extended) has an exact conversion. */
export function integerFits(code: Code, format: FloatFormat, value: number, signed: boolean): void {
  const magnitude = code.local(I64);
  code.get(value);
  if (signed) {
    // -x where x is negative: (x ^ sign) - sign.
    const sign = code.local(I64);
    code.get(value).i64(63n).op("i64_shr_s").tee(sign).op("i64_xor").get(sign).op("i64_sub");
  }
  code.tee(magnitude).op("i64_clz").get(magnitude).op("i64_ctz").op("i64_add");
  code.i64(BigInt(SPARE_BITS[format])).op("i64_ge_u");
}

/** Leaves the low part of an i64 that an integer format has, extended, on the stack. */
export function extendInteger(code: Code, integer: IntegerFormat): void {
  if (integer === "i32") code.op("i64_extend32_s");
  if (integer === "ui32") code.i64(0xffffffffn).op("i64_and");
}

/** The integral numbers that fit: from `least` up to, but not including, `beyond`. */
const INTEGER_BOUNDS: Record<IntegerFormat, { least: number; beyond: number }> = {
  i32: { least: -(2 ** 31), beyond: 2 ** 31 },
  ui32: { least: 0, beyond: 2 ** 32 },
  i64: { least: -(2 ** 63), beyond: 2 ** 63 },
  ui64: { least: 0, beyond: 2 ** 64 },
};

/** Leaves 1 on the stack where the integral f64 in `value` fits the integer format. */
export function integralFits(code: Code, integer: IntegerFormat, value: number): void {
  const { least, beyond } = INTEGER_BOUNDS[integer];
  code.get(value).f64(least).op("f64_ge").get(value).f64(beyond).op("f64_lt").op("i32_and");
}

/** f64 that fits -> i64 as a register holds it: 32-bit results sign-extended. */
export function truncateToInteger(code: Code, integer: IntegerFormat): void {
  if (integer === "i32") code.truncate("i32_trunc_sat_f64_s").op("i64_extend_i32_s");
  else if (integer === "ui32") code.truncate("i32_trunc_sat_f64_u").op("i64_extend_i32_s");
  else code.truncate(integer === "i64" ? "i64_trunc_sat_f64_s" : "i64_trunc_sat_f64_u");
}
