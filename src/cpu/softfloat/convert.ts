import { Flag, type FloatEnvironment } from "./environment.ts";
import {
  type Format,
  infinity,
  isAnyNaN,
  isInfinite,
  isNegative,
  isSignalingNaN,
  isZero,
  unpack,
  zero,
} from "./format.ts";
import { round, roundsAway } from "./round.ts";

/** An integer format that conversions know. */
export interface IntegerType {
  readonly min: bigint;
  readonly max: bigint;
}

export const i32: IntegerType = { min: -(1n << 31n), max: (1n << 31n) - 1n };
export const ui32: IntegerType = { min: 0n, max: (1n << 32n) - 1n };
export const i64: IntegerType = { min: -(1n << 63n), max: (1n << 63n) - 1n };
export const ui64: IntegerType = { min: 0n, max: (1n << 64n) - 1n };

/**
 * The integer that a number rounds to. What does not fit (infinities and NaNs, which count as positive,
 * included) gives the nearest end of the type's range and is invalid, and not inexact.
 */
export function toInteger(
  format: Format,
  environment: FloatEnvironment,
  type: IntegerType,
  a: bigint,
): bigint {
  if (isAnyNaN(format, a)) return outOfRange(environment, type.max);
  const limit = isNegative(format, a) ? type.min : type.max;
  if (isInfinite(format, a)) return outOfRange(environment, limit);
  const { negative, exponent, significand } = unpack(format, a);
  if (exponent > 64) return outOfRange(environment, limit);

  let size: bigint;
  let inexact = false;
  if (exponent >= 0) {
    size = significand << BigInt(exponent);
  } else {
    // Nothing is left of a significand shifted out by more than its length; further is no different.
    const drop = Math.min(-exponent, format.precision + 2);
    size = significand >> BigInt(drop);
    const rest = BigInt.asUintN(drop, significand);
    inexact = rest !== 0n;
    if (roundsAway(environment.roundingMode, negative, size, rest, 1n << BigInt(drop - 1))) size += 1n;
  }
  const value = negative ? -size : size;
  if (value < type.min || value > type.max) return outOfRange(environment, limit);
  if (inexact) environment.flags |= Flag.inexact;
  return value;
}

function outOfRange(environment: FloatEnvironment, limit: bigint): bigint {
  environment.flags |= Flag.invalid;
  return limit;
}

export function fromInteger(format: Format, environment: FloatEnvironment, value: bigint): bigint {
  if (value === 0n) return 0n;
  return round(format, environment, value < 0n, 0, value < 0n ? -value : value);
}

/** Between the formats; NaNs come out canonical. */
export function convert(from: Format, to: Format, environment: FloatEnvironment, a: bigint): bigint {
  if (isAnyNaN(from, a)) {
    if (isSignalingNaN(from, a)) environment.flags |= Flag.invalid;
    return to.canonicalNaN;
  }
  if (isInfinite(from, a)) return infinity(to, isNegative(from, a));
  if (isZero(from, a)) return zero(to, isNegative(from, a));
  const { negative, exponent, significand } = unpack(from, a);
  return round(to, environment, negative, exponent, significand);
}
