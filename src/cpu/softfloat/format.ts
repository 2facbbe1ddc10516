/**
 * The two IEEE 754 binary interchange formats of the F and D extensions, and what one of their bit patterns
 * stands for. A bit pattern is an unsigned bigint of `width` bits:
 *
 *     sign (1) | exponent, biased (exponentBits) | fraction (fractionBits)
 */
export interface Format {
  readonly width: number;
  /** Bits of a significand, its leading one included. */
  readonly precision: number;
  readonly bias: number;
  /** The exponent field of infinities and NaNs. */
  readonly maxField: number;
  /** Exponent of the least positive subnormal number: what a significand's lowest bit is worth at least. */
  readonly minUlpExponent: number;
  /** `precision - 1`, as the shift amount that bigint operations want. */
  readonly fractionBits: bigint;
  readonly fractionMask: bigint;
  readonly signBit: bigint;
  /** +infinity. Every bit pattern above it, the sign aside, is a NaN. */
  readonly infinity: bigint;
  /** The lowest of the quiet NaNs' magnitudes, and the NaN that every operation gives. */
  readonly canonicalNaN: bigint;
}

function format(exponentBits: number, fractionBits: number): Format {
  const bias = 2 ** (exponentBits - 1) - 1;
  const maxField = 2 ** exponentBits - 1;
  const infinity = BigInt(maxField) << BigInt(fractionBits);
  return {
    width: 1 + exponentBits + fractionBits,
    precision: fractionBits + 1,
    bias,
    maxField,
    minUlpExponent: 1 - bias - fractionBits,
    fractionBits: BigInt(fractionBits),
    fractionMask: (1n << BigInt(fractionBits)) - 1n,
    signBit: 1n << BigInt(exponentBits + fractionBits),
    infinity,
    canonicalNaN: infinity | (1n << BigInt(fractionBits - 1)),
  };
}

export const binary32 = format(8, 23);
export const binary64 = format(11, 52);

/** The bit pattern without its sign. */
export const magnitude = (format: Format, bits: bigint): bigint => bits & (format.signBit - 1n);

export const isNegative = (format: Format, bits: bigint): boolean => (bits & format.signBit) !== 0n;

export const isAnyNaN = (format: Format, bits: bigint): boolean => magnitude(format, bits) > format.infinity;

export const isSignalingNaN = (format: Format, bits: bigint): boolean => {
  const value = magnitude(format, bits);
  return value > format.infinity && value < format.canonicalNaN;
};

export const isInfinite = (format: Format, bits: bigint): boolean =>
  magnitude(format, bits) === format.infinity;

export const isZero = (format: Format, bits: bigint): boolean => magnitude(format, bits) === 0n;

export const zero = (format: Format, negative: boolean): bigint => (negative ? format.signBit : 0n);

export const infinity = (format: Format, negative: boolean): bigint =>
  negative ? format.signBit | format.infinity : format.infinity;

/** A finite number as an exact product: (negative ? -1 : 1) × significand × 2^exponent. */
export interface Exact {
  readonly negative: boolean;
  readonly exponent: number;
  /** Not normalised; 0n for zeros. */
  readonly significand: bigint;
}

/** Takes a finite number apart. */
export function unpack(format: Format, bits: bigint): Exact {
  const negative = isNegative(format, bits);
  const fraction = bits & format.fractionMask;
  const field = Number(bits >> format.fractionBits) & format.maxField;
  if (field === 0) return { negative, exponent: format.minUlpExponent, significand: fraction };
  const significand = fraction | (format.fractionMask + 1n);
  return { negative, exponent: format.minUlpExponent + field - 1, significand };
}

const asFloat = new Float64Array(1);
const asWords = new Uint32Array(asFloat.buffer);

/** Number of bits of a positive integer below 2^1000. */
export function bitLength(value: bigint): number {
  asFloat[0] = Number(value);
  const length = (asWords[1] >>> 20) - 1022;
  // The conversion may have rounded up to the next power of two.
  return value >> BigInt(length - 1) === 0n ? length - 1 : length;
}
