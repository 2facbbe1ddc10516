import { Code, F32, F64, I64 } from "./encoder.ts";
import { A, B, C, FloatFunction } from "./float-function.ts";
import {
  type ArithmeticName,
  type FloatFormat,
  FloatParts,
  fusedParts,
  isFusedInRange,
  isProductOfSingles,
  roundToOdd,
} from "./float-parts.ts";

/**
 * (x, y, z) -> whether the product of two nonzero finite f64 is ±z, where they are known to agree in their first
 * bits: so exponents need no look, and it is enough that the odd parts of the significands multiply to that of z.
 */
export function exactProductBody(): Code {
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

/** Operations on numbers of one format. */
export class ArithmeticFunction extends FloatFunction {
  private readonly parts: FloatParts;
  private readonly name: ArithmeticName;
  private readonly exactProduct: number;

  /** `exactProduct`: the function with `exactProductBody`. */
  constructor(format: FloatFormat, name: ArithmeticName, exactProduct: number) {
    super();
    this.parts = new FloatParts(this.code, format);
    this.name = name;
    this.exactProduct = exactProduct;
  }

  protected override fast(): void {
    const { parts, name } = this;
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
      isProductOfSingles(code, x, y, z);
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
}
