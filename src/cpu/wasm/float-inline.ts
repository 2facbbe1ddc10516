import type { Expr, FloatOp } from "../../isa/meaning.ts";
import { HART } from "../layout.ts";
import { type Code, F32, F64, I64 } from "./encoder.ts";
import { isExact, knowsExact } from "./exact-result.ts";
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
  truncateToInteger,
} from "./float-parts.ts";
import { fusedMultiplyAdd } from "./fused-multiply-add.ts";

const INEXACT = 1;
const TOWARD_ZERO = 1;

/** What the code of a float node is made from. */
export interface InlineFloat {
  readonly code: Code;
  /** Local with the linear address of the hart block. */
  readonly hart: number;
  /** Leaves an argument's i64 bits on the stack. */
  readonly argument: (expr: Expr) => void;
  /** Leaves the rounding mode (i32; 255 where it is invalid) on the stack; undefined for rows without one. */
  readonly pushMode: (() => void) | undefined;
  /** Rounding is known to be to nearest, or without a meaning, and inexact to be set: neither is looked at. */
  readonly isCommon?: boolean;
  /** While inexact is not set, results that need no rounding are given as well, where that can be found out. */
  readonly exact?: boolean;
  /** The f32 local that has an argument's value already, if there is one. */
  readonly single?: (expr: Expr) => number | undefined;
  /** Told of an f32 local that has the result, which is on the stack boxed. */
  readonly onSingle?: (local: number) => void;
  /** `fusedMultiplyAdd` may be used. */
  readonly fused?: boolean;
  /** Gives up, having changed nothing: the whole instruction is done again by the operation's function. */
  readonly giveUp: () => void;
}

/**
 * Leaves an operation's i64 result on the stack, or gives up. This is the common case in as little code as it
 * takes: rounding to nearest while inexact is already set, so that nothing is left to find out about a result in
 * the normal range; with `exact`, also while it is not.
 */
export function emitInlineFloat(context: InlineFloat, op: FloatOp, args: readonly Expr[]): void {
  new InlineWriter(context).write(op, args);
}

/** Whether `emitInlineFloat` knows the operation. */
export const hasInlineFloat = (op: FloatOp): boolean => floatShape(op).kind !== "classify";

class InlineWriter {
  private readonly context: InlineFloat;
  private readonly code: Code;

  constructor(context: InlineFloat) {
    this.context = context;
    this.code = context.code;
  }

  write(op: FloatOp, args: readonly Expr[]): void {
    const shape = floatShape(op);
    switch (shape.kind) {
      case "arithmetic":
        this.arithmetic(new FloatParts(this.code, shape.format), shape.name, args);
        break;
      case "toInteger":
        this.toInteger(shape.format, shape.integer, args[0]);
        break;
      case "fromInteger":
        this.fromInteger(shape.format, shape.integer, args[0]);
        break;
      case "convert":
        this.convert(shape.format, args[0]);
        break;
      case "classify":
        throw new Error("classification has no inline form");
    }
  }

  /** Gives up unless the condition on the stack holds. */
  private require(): void {
    this.code.op("i32_eqz").if();
    this.context.giveUp();
    this.code.op("end");
  }

  private pushInexact(): Code {
    return this.code.get(this.context.hart).mem("i32_load", HART.fflags).i32(INEXACT).op("i32_and");
  }

  /** The mode is to nearest, and inexact is set. */
  private requireCommonCase(): void {
    if (this.context.isCommon) return;
    this.context.pushMode?.();
    this.pushInexact().i32(INEXACT).op("i32_xor").op("i32_or").op("i32_eqz");
    this.require();
  }

  /**
   * The same, but where `isExact` will find out what is to be known while inexact is not set: then only the mode is required.
   * Returns whether it will.
   */
  private requireCommonOr(isKnown: boolean): boolean {
    const { isCommon, exact, pushMode } = this.context;
    const finds = isKnown && exact === true && !isCommon;
    if (!finds) this.requireCommonCase();
    else if (pushMode) this.requireMode(0);
    return finds;
  }

  /** Inexact is set, or the condition that is left on the stack holds. */
  private requireInexactOr(condition: () => void): void {
    this.pushInexact().op("i32_eqz").if();
    condition();
    this.require();
    this.code.op("end");
  }

  private requireMode(mode: number): void {
    this.context.pushMode?.();
    this.code.i32(mode).op("i32_eq");
    this.require();
  }

  private requireValidMode(): void {
    if (!this.context.pushMode) return;
    this.context.pushMode();
    this.code.i32(255).op("i32_ne");
    this.require();
  }

  private numbers(parts: FloatParts, args: readonly Expr[]): number[] {
    return args.map((arg) => {
      const known = parts.format === "f32" ? this.context.single?.(arg) : undefined;
      if (known !== undefined) return known;
      const number = this.code.local(parts.type);
      this.context.argument(arg);
      parts.fromBits().set(number);
      return number;
    });
  }

  private arithmetic(parts: FloatParts, name: ArithmeticName, args: readonly Expr[]): void {
    const { code } = this;
    const numbers = this.numbers(parts, args);
    if (name === "mulAdd") {
      if (parts.format === "f32") this.fusedSingle(parts, numbers);
      else this.fusedDouble(numbers);
      return;
    }
    const [a, b] = numbers;
    if (name === "min" || name === "max" || name === "eq" || name === "lt" || name === "le") {
      parts.areOrdered(a, b);
      this.require();
      code.get(a).get(b);
      parts.op(name);
      if (name === "min" || name === "max") parts.toBits();
      else code.op("i64_extend_i32_u");
      return;
    }
    const finds = this.requireCommonOr(knowsExact(parts, name, this.context.fused ?? false));
    const result = code.local(parts.type);
    for (const number of numbers) code.get(number);
    parts.op(name).set(result);
    if (name === "mul" || name === "div") parts.isNormal(result);
    else parts.isFinite(result);
    this.require();
    if (finds) this.requireInexactOr(() => isExact(parts, name, numbers, result));
    this.give(parts, result);
  }

  private give(parts: FloatParts, result: number): void {
    if (parts.format === "f32") this.context.onSingle?.(result);
    this.code.get(result);
    parts.toBits();
  }

  /**
   * The f64 sum is the exact one rounded, and lies on the same side of every f32 and of every middle between two
   * of them, unless it is such a middle itself.
   */
  private fusedSingle(parts: FloatParts, [a, b, c]: number[]): void {
    const { code } = this;
    const sum = code.local(I64);
    const result = code.local(F32);
    this.requireCommonCase();
    code.get(a).op("f64_promote_f32").get(b).op("f64_promote_f32").op("f64_mul");
    code.get(c).op("f64_promote_f32").op("f64_add").op("i64_reinterpret_f64").tee(sum);
    code
      .i64((1n << 29n) - 1n)
      .op("i64_and")
      .i64(1n << 28n)
      .op("i64_ne");
    code.get(sum).op("f64_reinterpret_i64").op("f32_demote_f64").set(result);
    parts.isNormal(result).op("i32_and");
    this.require();
    this.give(parts, result);
  }

  private fusedDouble([a, b, c]: number[]): void {
    const { code } = this;
    const { fused = false } = this.context;
    const parts = new FloatParts(code, "f64");
    const finds = this.requireCommonOr(knowsExact(parts, "mulAdd", fused));
    if (fused) {
      const result = code.local(F64);
      fusedMultiplyAdd(code, a, b, c).set(result);
      parts.isNormal(result);
      this.require();
      if (finds) this.requireInexactOr(() => isExact(parts, "mulAdd", [a, b, c], result));
      code.get(result).op("i64_reinterpret_f64");
      return;
    }
    const product = code.local(F64);
    code.get(a).get(b).op("f64_mul").set(product);
    isFusedInRange(code, a, b, c, product);
    this.require();
    const { high, low } = fusedParts(code, a, b, c, product);
    code.get(high).get(low).op("f64_add").op("i64_reinterpret_f64");
  }

  private toInteger(format: FloatFormat, integer: IntegerFormat, arg: Expr): void {
    const { code } = this;
    const parts = new FloatParts(code, format);
    const x = code.local(F64);
    const integral = code.local(F64);
    this.requireMode(TOWARD_ZERO);
    this.context.argument(arg);
    parts.fromBits();
    if (format === "f32") code.op("f64_promote_f32");
    code.tee(x).op("f64_trunc").set(integral);
    integralFits(code, integer, integral);
    this.pushInexact().get(x).get(integral).op("f64_eq").op("i32_or").op("i32_and");
    this.require();
    code.get(integral);
    truncateToInteger(code, integer);
  }

  private fromInteger(format: FloatFormat, integer: IntegerFormat, arg: Expr): void {
    const { code } = this;
    const parts = new FloatParts(code, format);
    const signed = integer === "i32" || integer === "i64";
    const value = code.local(I64);
    this.context.argument(arg);
    extendInteger(code, integer);
    code.set(value);
    if (format === "f64" && integer.endsWith("32")) {
      this.requireValidMode();
    } else {
      this.requireMode(0);
      this.pushInexact().op("i32_eqz").if();
      integerFits(code, format, value, signed);
      this.require();
      code.op("end");
    }
    code.get(value);
    parts.op(signed ? "convert_i64_s" : "convert_i64_u");
    parts.toBits();
  }

  private convert(to: FloatFormat, arg: Expr): void {
    const { code } = this;
    const from = new FloatParts(code, to === "f64" ? "f32" : "f64");
    const target = new FloatParts(code, to);
    const [x] = this.numbers(from, [arg]);
    if (to === "f64") {
      this.requireValidMode();
      from.areOrdered(x, x);
      this.require();
      code.get(x).op("f64_promote_f32");
      target.toBits();
    } else {
      const result = code.local(F32);
      const finds = this.requireCommonOr(true);
      code.get(x).op("f32_demote_f64").set(result);
      target.isNormal(result);
      this.require();
      if (finds) this.requireInexactOr(() => code.get(result).op("f64_promote_f32").get(x).op("f64_eq"));
      this.give(target, result);
    }
  }
}
