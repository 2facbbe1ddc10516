/**
 * Every floating-point operation of the meaning language, exactly as RISC-V has it (Unprivileged ISA, "F" and
 * "D" extensions): the truth that all faster ways are held to.
 */
import type { FloatOp } from "../../isa/meaning.ts";
import { add, divide, multiply, multiplyAdd, squareRoot, subtract } from "./arithmetic.ts";
import { classify, equal, less, lessOrEqual, maximum, minimum } from "./compare.ts";
import { convert, fromInteger, type IntegerType, i32, i64, toInteger, ui32, ui64 } from "./convert.ts";
import type { FloatEnvironment } from "./environment.ts";
import { binary32, binary64, type Format } from "./format.ts";

type Operation = (environment: FloatEnvironment, a: bigint, b: bigint, c: bigint) => bigint;

/**
 * Does one operation. Arguments are 64-bit values, signed or not, of which a single-precision number and a
 * 32-bit integer are the low 32 bits. The result is an unsigned bit pattern for a floating-point number, and a
 * signed 64-bit value (a 32-bit one sign-extended) for an integer.
 */
export const floatOperation = (
  op: FloatOp,
  environment: FloatEnvironment,
  a: bigint,
  b = 0n,
  c = 0n,
): bigint => operations[op](environment, a, b, c);

const unary =
  (format: Format, f: (format: Format, environment: FloatEnvironment, a: bigint) => bigint): Operation =>
  (environment, a) =>
    f(format, environment, BigInt.asUintN(format.width, a));

const binary =
  (
    format: Format,
    f: (format: Format, environment: FloatEnvironment, a: bigint, b: bigint) => bigint,
  ): Operation =>
  (environment, a, b) =>
    f(format, environment, BigInt.asUintN(format.width, a), BigInt.asUintN(format.width, b));

const fused =
  (format: Format): Operation =>
  (environment, a, b, c) =>
    multiplyAdd(
      format,
      environment,
      BigInt.asUintN(format.width, a),
      BigInt.asUintN(format.width, b),
      BigInt.asUintN(format.width, c),
    );

const toInt =
  (format: Format, type: IntegerType, width: 32 | 64): Operation =>
  (environment, a) =>
    BigInt.asIntN(width, toInteger(format, environment, type, BigInt.asUintN(format.width, a)));

const fromInt =
  (format: Format, reduce: (bits: number, value: bigint) => bigint, width: 32 | 64): Operation =>
  (environment, a) =>
    fromInteger(format, environment, reduce(width, a));

const operations: Readonly<Record<FloatOp, Operation>> = {
  f32_add: binary(binary32, add),
  f32_sub: binary(binary32, subtract),
  f32_mul: binary(binary32, multiply),
  f32_div: binary(binary32, divide),
  f32_sqrt: unary(binary32, squareRoot),
  f32_mulAdd: fused(binary32),
  f32_min: binary(binary32, minimum),
  f32_max: binary(binary32, maximum),
  f32_eq: binary(binary32, equal),
  f32_lt: binary(binary32, less),
  f32_le: binary(binary32, lessOrEqual),
  f32_classify: unary(binary32, classify),
  f32_to_i32: toInt(binary32, i32, 32),
  f32_to_ui32: toInt(binary32, ui32, 32),
  f32_to_i64: toInt(binary32, i64, 64),
  f32_to_ui64: toInt(binary32, ui64, 64),
  i32_to_f32: fromInt(binary32, BigInt.asIntN, 32),
  ui32_to_f32: fromInt(binary32, BigInt.asUintN, 32),
  i64_to_f32: fromInt(binary32, BigInt.asIntN, 64),
  ui64_to_f32: fromInt(binary32, BigInt.asUintN, 64),

  f64_add: binary(binary64, add),
  f64_sub: binary(binary64, subtract),
  f64_mul: binary(binary64, multiply),
  f64_div: binary(binary64, divide),
  f64_sqrt: unary(binary64, squareRoot),
  f64_mulAdd: fused(binary64),
  f64_min: binary(binary64, minimum),
  f64_max: binary(binary64, maximum),
  f64_eq: binary(binary64, equal),
  f64_lt: binary(binary64, less),
  f64_le: binary(binary64, lessOrEqual),
  f64_classify: unary(binary64, classify),
  f64_to_i32: toInt(binary64, i32, 32),
  f64_to_ui32: toInt(binary64, ui32, 32),
  f64_to_i64: toInt(binary64, i64, 64),
  f64_to_ui64: toInt(binary64, ui64, 64),
  i32_to_f64: fromInt(binary64, BigInt.asIntN, 32),
  ui32_to_f64: fromInt(binary64, BigInt.asUintN, 32),
  i64_to_f64: fromInt(binary64, BigInt.asIntN, 64),
  ui64_to_f64: fromInt(binary64, BigInt.asUintN, 64),

  f32_to_f64: unary(binary32, (_, environment, a) => convert(binary32, binary64, environment, a)),
  f64_to_f32: unary(binary64, (_, environment, a) => convert(binary64, binary32, environment, a)),
};
