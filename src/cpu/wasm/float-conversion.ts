import { F64, I32, I64 } from "./encoder.ts";
import { A, FloatFunction, MODE } from "./float-function.ts";
import {
  extendInteger,
  type FloatFormat,
  FloatParts,
  type FloatShape,
  type IntegerFormat,
  integerFits,
  integralFits,
  truncateToInteger,
} from "./float-parts.ts";

/** Conversions, and classification. */
export class ConversionFunction extends FloatFunction {
  private readonly shape: Exclude<FloatShape, { kind: "arithmetic" }>;

  constructor(shape: Exclude<FloatShape, { kind: "arithmetic" }>) {
    super();
    this.shape = shape;
  }

  protected override fast(): void {
    const { shape } = this;
    if (shape.kind === "classify") this.classify(shape.format);
    else if (shape.kind === "toInteger") this.toInteger(shape.format, shape.integer);
    else if (shape.kind === "fromInteger") this.fromInteger(shape.format, shape.integer);
    else this.convert(shape.format);
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
    const result = code.local(target.type);
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
