import fc from "fast-check";
import type { Format } from "./format.ts";

/** For property tests: bit patterns of all kinds, any bits, and the edges of exponents and fractions put together. */
export function patterns(format: Format): fc.Arbitrary<bigint> {
  const edgeField = fc.constantFrom(
    ...[0, 1, 2, format.precision, format.bias - format.precision, format.bias - 1, format.bias],
    ...[format.bias + 1, format.bias + format.precision, format.maxField - 1, format.maxField],
  );
  const mask = format.fractionMask;
  const fraction = fc.oneof(
    fc.constantFrom(0n, 1n, 2n, mask, mask - 1n, mask >> 1n, (mask >> 1n) + 1n, (mask >> 1n) + 2n),
    fc.bigInt({ min: 0n, max: mask }),
  );
  const edge = fc
    .tuple(fc.boolean(), edgeField, fraction)
    .map(
      ([negative, field, bits]) =>
        (negative ? format.signBit : 0n) | (BigInt(field) << format.fractionBits) | bits,
    );
  return fc.oneof(fc.bigInt({ min: 0n, max: 2n * format.signBit - 1n }), edge);
}
