import { Flag, type FloatEnvironment, RoundingMode } from "./environment.ts";
import { bitLength, type Format, infinity } from "./format.ts";

/**
 * Whether a magnitude whose dropped low bits are `rest` (of which `half` is the middle) rounds away from zero,
 * `kept` being what is left of it.
 */
export function roundsAway(
  mode: number,
  negative: boolean,
  kept: bigint,
  rest: bigint,
  half: bigint,
): boolean {
  switch (mode) {
    case RoundingMode.nearestEven:
      return rest > half || (rest === half && (kept & 1n) === 1n);
    case RoundingMode.nearestMaxMagnitude:
      return rest >= half;
    case RoundingMode.down:
      return negative && rest !== 0n;
    case RoundingMode.up:
      return !negative && rest !== 0n;
    default:
      return false;
  }
}

/**
 * The number of the format that (negative ? -1 : 1) × significand × 2^exponent rounds to; raises inexact,
 * underflow and overflow. The significand is positive. An operation whose exact result has no finite
 * significand hands in at least `precision` + 2 bits of it, the lowest one set where anything nonzero follows.
 */
export function round(
  format: Format,
  environment: FloatEnvironment,
  negative: boolean,
  exponent: number,
  significand: bigint,
): bigint {
  const { precision, minUlpExponent } = format;
  const mode = environment.roundingMode;
  const length = bitLength(significand);
  const excess = length - precision;
  const ulpExponent = Math.max(exponent + excess, minUlpExponent);
  const drop = ulpExponent - exponent;

  let kept: bigint;
  if (drop <= 0) {
    kept = significand << BigInt(-drop);
  } else {
    kept = significand >> BigInt(drop);
    const rest = BigInt.asUintN(drop, significand);
    if (rest !== 0n) {
      environment.flags |= Flag.inexact;
      if (drop > excess && !reachesNormal(format, mode, negative, exponent, significand, length)) {
        environment.flags |= Flag.underflow;
      }
      if (roundsAway(mode, negative, kept, rest, 1n << BigInt(drop - 1))) kept += 1n;
    }
  }
  // The leading one of a normal number's significand adds the one that is missing in the exponent field; so
  // does the carry of a significand that was rounded up to 2^precision.
  const field = BigInt(ulpExponent - minUlpExponent);
  const result = (field << format.fractionBits) + kept;
  if (result >= format.infinity) return overflow(format, environment, negative);
  return negative ? result | format.signBit : result;
}

/**
 * RISC-V detects tininess after rounding: a number below the normal range is not tiny if rounding it to full
 * precision, as if the exponent had no lower bound, gives the least normal number.
 */
function reachesNormal(
  format: Format,
  mode: number,
  negative: boolean,
  exponent: number,
  significand: bigint,
  length: number,
): boolean {
  if (exponent + length !== format.minUlpExponent + format.precision - 1) return false;
  const drop = length - format.precision;
  if (drop <= 0) return false;
  const kept = significand >> BigInt(drop);
  if (bitLength(kept + 1n) === format.precision) return false;
  const rest = BigInt.asUintN(drop, significand);
  return roundsAway(mode, negative, kept, rest, 1n << BigInt(drop - 1));
}

function overflow(format: Format, environment: FloatEnvironment, negative: boolean): bigint {
  environment.flags |= Flag.overflow | Flag.inexact;
  const mode = environment.roundingMode;
  const towardZero =
    mode === RoundingMode.towardZero || mode === (negative ? RoundingMode.up : RoundingMode.down);
  const result = infinity(format, negative);
  return towardZero ? result - 1n : result;
}
