/**
 * Addition, multiplication, division, square root and fused multiply-add: each takes its operands apart, works
 * out the exact result (or enough of it and whether anything follows) and rounds once.
 */
import { Flag, type FloatEnvironment, RoundingMode } from "./environment.ts";
import {
  bitLength,
  type Exact,
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
import { round } from "./round.ts";

export function add(format: Format, environment: FloatEnvironment, a: bigint, b: bigint): bigint {
  if (isAnyNaN(format, a) || isAnyNaN(format, b)) return nanResult(format, environment, a, b);
  if (isInfinite(format, a)) {
    return isInfinite(format, b) && a !== b ? invalid(format, environment) : a;
  }
  if (isInfinite(format, b)) return b;
  return addExact(format, environment, unpack(format, a), unpack(format, b));
}

export const subtract = (format: Format, environment: FloatEnvironment, a: bigint, b: bigint): bigint =>
  add(format, environment, a, b ^ format.signBit);

export function multiply(format: Format, environment: FloatEnvironment, a: bigint, b: bigint): bigint {
  if (isAnyNaN(format, a) || isAnyNaN(format, b)) return nanResult(format, environment, a, b);
  const negative = isNegative(format, a) !== isNegative(format, b);
  if (isInfinite(format, a) || isInfinite(format, b)) {
    return isZero(format, a) || isZero(format, b) ? invalid(format, environment) : infinity(format, negative);
  }
  const product = multiplyExact(unpack(format, a), unpack(format, b));
  if (product.significand === 0n) return zero(format, negative);
  return round(format, environment, negative, product.exponent, product.significand);
}

export function divide(format: Format, environment: FloatEnvironment, a: bigint, b: bigint): bigint {
  if (isAnyNaN(format, a) || isAnyNaN(format, b)) return nanResult(format, environment, a, b);
  const negative = isNegative(format, a) !== isNegative(format, b);
  if (isInfinite(format, a)) {
    return isInfinite(format, b) ? invalid(format, environment) : infinity(format, negative);
  }
  if (isInfinite(format, b)) return zero(format, negative);
  if (isZero(format, b)) {
    if (isZero(format, a)) return invalid(format, environment);
    environment.flags |= Flag.divideByZero;
    return infinity(format, negative);
  }
  if (isZero(format, a)) return zero(format, negative);

  const dividend = unpack(format, a);
  const divisor = unpack(format, b);
  // At least precision + 2 bits of quotient, below them one for a remainder.
  const shift =
    format.precision + 2 + Math.max(0, bitLength(divisor.significand) - bitLength(dividend.significand));
  const numerator = dividend.significand << BigInt(shift);
  const quotient = numerator / divisor.significand;
  const sticky = quotient * divisor.significand === numerator ? 0n : 1n;
  const exponent = dividend.exponent - divisor.exponent - shift - 1;
  return round(format, environment, negative, exponent, (quotient << 1n) | sticky);
}

export function squareRoot(format: Format, environment: FloatEnvironment, a: bigint): bigint {
  if (isAnyNaN(format, a)) return nanResult(format, environment, a, a);
  if (isZero(format, a)) return a;
  if (isNegative(format, a)) return invalid(format, environment);
  if (isInfinite(format, a)) return a;

  const { exponent, significand } = unpack(format, a);
  // An even exponent, and a radicand of twice as many bits as the root is to have.
  const shift = 2 * (format.precision + 2) - bitLength(significand);
  const evenShift = shift + ((shift + exponent) & 1);
  const radicand = significand << BigInt(evenShift);
  const root = integerSquareRoot(radicand);
  const sticky = root * root === radicand ? 0n : 1n;
  return round(format, environment, false, (exponent - evenShift) / 2 - 1, (root << 1n) | sticky);
}

/** a × b + c, rounded once. */
export function multiplyAdd(
  format: Format,
  environment: FloatEnvironment,
  a: bigint,
  b: bigint,
  c: bigint,
): bigint {
  const infiniteProduct = isInfinite(format, a) || isInfinite(format, b);
  const noProduct = infiniteProduct && (isZero(format, a) || isZero(format, b));
  // RISC-V raises invalid for infinity × 0 even where c is a quiet NaN.
  if (noProduct) return invalid(format, environment);
  if (isAnyNaN(format, a) || isAnyNaN(format, b) || isAnyNaN(format, c)) {
    return nanResult(format, environment, a, b, c);
  }
  if (infiniteProduct) {
    const product = infinity(format, isNegative(format, a) !== isNegative(format, b));
    return isInfinite(format, c) && c !== product ? invalid(format, environment) : product;
  }
  if (isInfinite(format, c)) return c;
  const product = multiplyExact(unpack(format, a), unpack(format, b));
  return addExact(format, environment, product, unpack(format, c));
}

/** The result of an operation on a NaN. */
function nanResult(format: Format, environment: FloatEnvironment, a: bigint, b: bigint, c = 0n): bigint {
  if (isSignalingNaN(format, a) || isSignalingNaN(format, b) || isSignalingNaN(format, c)) {
    environment.flags |= Flag.invalid;
  }
  return format.canonicalNaN;
}

function invalid(format: Format, environment: FloatEnvironment): bigint {
  environment.flags |= Flag.invalid;
  return format.canonicalNaN;
}

function multiplyExact(a: Exact, b: Exact): Exact {
  return {
    negative: a.negative !== b.negative,
    exponent: a.exponent + b.exponent,
    significand: a.significand * b.significand,
  };
}

/**
 * Beyond this distance of exponents the operand with the lesser one (a significand of at most 106 bits) is
 * below the last bit of the other widened by `STICKY_BITS`, so its sign is all that rounding can see of it.
 */
const FAR = 192;
const STICKY_BITS = 64;

function addExact(format: Format, environment: FloatEnvironment, a: Exact, b: Exact): bigint {
  const sum = a.significand === 0n ? b : b.significand === 0n ? a : sumOfNonzero(a, b);
  if (sum.significand === 0n) {
    // Zeros of one sign keep it; everything else that cancels is -0 only when rounding down.
    const negative = a.negative === b.negative ? a.negative : environment.roundingMode === RoundingMode.down;
    return zero(format, negative);
  }
  return round(format, environment, sum.negative, sum.exponent, sum.significand);
}

function sumOfNonzero(a: Exact, b: Exact): Exact {
  const [high, low] = a.exponent >= b.exponent ? [a, b] : [b, a];
  const distance = high.exponent - low.exponent;
  const far = distance > FAR;
  const shift = far ? STICKY_BITS : distance;
  const highPart = high.significand << BigInt(shift);
  const lowPart = far ? 1n : low.significand;
  const exponent = high.exponent - shift;
  if (a.negative === b.negative) return { negative: a.negative, exponent, significand: highPart + lowPart };
  const difference = highPart - lowPart;
  return difference < 0n
    ? { negative: low.negative, exponent, significand: -difference }
    : { negative: high.negative, exponent, significand: difference };
}

/** Floor of the square root of a positive integer below 2^120. */
function integerSquareRoot(value: bigint): bigint {
  // The host's root has 53 right bits; one step of Newton's method doubles them.
  const guess = BigInt(Math.floor(Math.sqrt(Number(value))));
  let root = (guess + value / guess) >> 1n;
  while (root * root > value) root -= 1n;
  return root;
}
