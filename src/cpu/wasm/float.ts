import type { Expr, FloatOp } from "../../isa/meaning.ts";
import { HART } from "../layout.ts";
import { type Code, I32 } from "./encoder.ts";
import { type Functions, P } from "./frame.ts";

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

/** What the code of a float node is made from. */
export interface FloatContext {
  readonly code: Code;
  readonly functions: Functions;
  /** Leaves an argument's i64 bits on the stack. */
  readonly argument: (expr: Expr) => void;
  /** Leaves the row's `rm` field (i32) on the stack; undefined for rows without one. */
  readonly pushRm: (() => void) | undefined;
}

/** Leaves the operation's i64 result on the stack, its flags accrued in the hart block. */
export function emitFloat(context: FloatContext, op: FloatOp, args: readonly Expr[]): void {
  const { code, functions } = context;
  const mode = code.local(I32);
  if (context.pushRm) {
    code.get(P.hart);
    context.pushRm();
    code.op("i32_add").mem("i32_load8_u", HART.roundingModes).tee(mode).i32(255).op("i32_eq").if();
    for (const parameter of Object.values(P)) code.get(parameter);
    code.returnCall(functions.illegal).op("end");
  }
  args.forEach((arg, i) => {
    code.get(P.hart);
    context.argument(arg);
    code.mem("i64_store", HART.floatArgs + 8 * i);
  });
  code.i32(FLOAT_OPS.indexOf(op)).get(mode).call(functions.float);
  code.get(P.hart).mem("i64_load", HART.value);
}
