import type { FloatOp } from "../../isa/meaning.ts";
import { I32, I64 } from "./encoder.ts";
import { ArithmeticFunction, exactProductBody } from "./float-arithmetic.ts";
import { ConversionFunction } from "./float-conversion.ts";
import { floatShape } from "./float-parts.ts";
import type { ModuleBuilder } from "./module-builder.ts";

/** Numbers of the operations in calls from Wasm to softfloat. */
export const FLOAT_OPS: readonly FloatOp[] = (["f32", "f64"] as const).flatMap((format) => [
  ...(
    ["add", "sub", "mul", "div", "sqrt", "mulAdd", "min", "max", "eq", "lt", "le", "classify"] as const
  ).map((name): FloatOp => `${format}_${name}`),
  ...(["i32", "ui32", "i64", "ui64"] as const).flatMap((integer): FloatOp[] => [
    `${format}_to_${integer}`,
    `${integer}_to_${format}`,
  ]),
  format === "f32" ? "f32_to_f64" : "f64_to_f32",
]);

/**
 * Defines the function of every operation. Each does the whole operation in any rounding mode, its flags accrued
 * in the hart block: with host floating point where that provably gives the right value and shows whether it is
 * exact, else by calling the import `float`, which is softfloat.
 */
export function defineFloatFunctions(
  module: ModuleBuilder,
  functions: { readonly floats: ReadonlyMap<FloatOp, number>; readonly float: number },
): void {
  const exactProduct = module.declare(module.type([I64, I64, I64], [I32]));
  module.define(exactProduct, exactProductBody());
  FLOAT_OPS.forEach((op, number) => {
    const shape = floatShape(op);
    const body =
      shape.kind === "arithmetic"
        ? new ArithmeticFunction(shape.format, shape.name, exactProduct)
        : new ConversionFunction(shape);
    module.define(functions.floats.get(op) as number, body.write(number, functions.float));
  });
}
