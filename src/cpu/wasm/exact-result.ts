import { F64 } from "./encoder.ts";
import { type ArithmeticName, type FloatParts, isProductOfSingles } from "./float-parts.ts";
import { fusedMultiplyAdd } from "./fused-multiply-add.ts";

/** Where a product is at least as large, what it lacks is a number, too. */
const LEAST_PRODUCT = 2 ** -900;

/** Whether `isExact` can find out about the operation. `fused`: `fusedMultiplyAdd` may be used. */
export function knowsExact({ format }: FloatParts, name: ArithmeticName, fused: boolean): boolean {
  if (name === "add" || name === "sub") return true;
  if (format === "f64") return fused;
  return name !== "mulAdd";
}

/**
 * Leaves 1 on the stack where a result in the normal range (for sums: a finite one) was not rounded; 0 where it was, or is so small
 * that this would not be seen. `numbers`: locals of the operands, which stay as they are.
 */
export function isExact(
  parts: FloatParts,
  name: ArithmeticName,
  numbers: readonly number[],
  result: number,
): void {
  const { code } = parts;
  const [a, b, c] = numbers;
  switch (name) {
    case "add":
      isSum(parts, a, b, result);
      break;
    case "sub":
      isSum(parts, a, negated(parts, b), result);
      break;
    case "mul":
      isProduct(parts, a, b, result);
      break;
    case "div":
      isProduct(parts, result, b, a);
      break;
    case "sqrt":
      isProduct(parts, result, result, a);
      break;
    case "mulAdd": {
      const product = code.local(F64);
      code.get(a).get(b).op("f64_mul").set(product);
      isProduct(parts, a, b, product);
      isSum(parts, product, c, result);
      code.op("i32_and");
      break;
    }
    default:
      throw new Error(`${name} does not round`);
  }
}

function isSum(parts: FloatParts, x: number, y: number, sum: number): void {
  parts.sumError(x, y, sum);
  parts.constant(0);
  parts.op("eq");
}

/** Whether x × y = z. */
function isProduct(parts: FloatParts, x: number, y: number, z: number): void {
  const { code } = parts;
  if (parts.format === "f32") {
    isProductOfSingles(code, x, y, z);
    return;
  }
  fusedMultiplyAdd(code, x, y, negated(parts, z)).f64(0).op("f64_eq");
  code.get(z).op("f64_abs").f64(LEAST_PRODUCT).op("f64_ge").op("i32_and");
}

/** A new local with the number's negative. */
function negated(parts: FloatParts, x: number): number {
  const negative = parts.code.local(parts.type);
  parts.code.get(x);
  parts.op("neg").set(negative);
  return negative;
}
