import { Flag, type FloatEnvironment } from "./environment.ts";
import { type Format, isAnyNaN, isNegative, isSignalingNaN, magnitude } from "./format.ts";

/** Orders numbers as integers, -0 below +0. */
const rank = (format: Format, bits: bigint): bigint =>
  isNegative(format, bits) ? -magnitude(format, bits) - 1n : bits;

/** The same with both zeros equal. */
const valueRank = (format: Format, bits: bigint): bigint =>
  isNegative(format, bits) ? -magnitude(format, bits) : bits;

/** Quiet: only a signaling NaN is invalid. */
export function equal(format: Format, environment: FloatEnvironment, a: bigint, b: bigint): bigint {
  raiseSignaling(format, environment, a, b);
  if (isAnyNaN(format, a) || isAnyNaN(format, b)) return 0n;
  return valueRank(format, a) === valueRank(format, b) ? 1n : 0n;
}

/** Signaling: any NaN is invalid. */
export function less(format: Format, environment: FloatEnvironment, a: bigint, b: bigint): bigint {
  if (raiseNaN(format, environment, a, b)) return 0n;
  return valueRank(format, a) < valueRank(format, b) ? 1n : 0n;
}

/** Signaling: any NaN is invalid. */
export function lessOrEqual(format: Format, environment: FloatEnvironment, a: bigint, b: bigint): bigint {
  if (raiseNaN(format, environment, a, b)) return 0n;
  return valueRank(format, a) <= valueRank(format, b) ? 1n : 0n;
}

/** IEEE 754-2019 minimumNumber: a NaN only where both are. */
export function minimum(format: Format, environment: FloatEnvironment, a: bigint, b: bigint): bigint {
  raiseSignaling(format, environment, a, b);
  if (isAnyNaN(format, a)) return isAnyNaN(format, b) ? format.canonicalNaN : b;
  if (isAnyNaN(format, b)) return a;
  return rank(format, a) < rank(format, b) ? a : b;
}

/** IEEE 754-2019 maximumNumber: a NaN only where both are. */
export function maximum(format: Format, environment: FloatEnvironment, a: bigint, b: bigint): bigint {
  raiseSignaling(format, environment, a, b);
  if (isAnyNaN(format, a)) return isAnyNaN(format, b) ? format.canonicalNaN : b;
  if (isAnyNaN(format, b)) return a;
  return rank(format, a) > rank(format, b) ? a : b;
}

/**
 * The class of a number, one bit set (Unprivileged ISA, "Single-Precision Floating-Point Classify
 * Instruction"): 0 -infinity, 1 negative normal, 2 negative subnormal, 3 -0, 4 +0, 5 positive subnormal,
 * 6 positive normal, 7 +infinity, 8 signaling NaN, 9 quiet NaN.
 */
export function classify(format: Format, _environment: FloatEnvironment, a: bigint): bigint {
  if (isAnyNaN(format, a)) return isSignalingNaN(format, a) ? 1n << 8n : 1n << 9n;
  const size = magnitude(format, a);
  const negative = isNegative(format, a);
  if (size === format.infinity) return negative ? 1n << 0n : 1n << 7n;
  if (size > format.fractionMask) return negative ? 1n << 1n : 1n << 6n;
  if (size !== 0n) return negative ? 1n << 2n : 1n << 5n;
  return negative ? 1n << 3n : 1n << 4n;
}

function raiseSignaling(format: Format, environment: FloatEnvironment, a: bigint, b: bigint): void {
  if (isSignalingNaN(format, a) || isSignalingNaN(format, b)) environment.flags |= Flag.invalid;
}

function raiseNaN(format: Format, environment: FloatEnvironment, a: bigint, b: bigint): boolean {
  if (!isAnyNaN(format, a) && !isAnyNaN(format, b)) return false;
  environment.flags |= Flag.invalid;
  return true;
}
