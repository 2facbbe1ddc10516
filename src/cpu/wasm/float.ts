import type { Effect, Expr, FloatOp } from "../../isa/meaning.ts";
import { HART } from "../layout.ts";
import { type Code, I32 } from "./encoder.ts";
import { emitInlineFloat, hasInlineFloat } from "./float-inline.ts";
import { type Functions, P } from "./frame.ts";

/** What `HART.roundingModes` has for rounding modes that make an instruction illegal. */
const INVALID_MODE = 255;

/** What the code of a float node is made from. */
export interface FloatContext {
  readonly code: Code;
  readonly functions: Functions;
  /** Leaves an argument's i64 bits on the stack. */
  readonly argument: (expr: Expr) => void;
  /** Leaves the row's `rm` field (i32) on the stack; undefined for rows without one. */
  readonly pushRm: (() => void) | undefined;
}

/** The operation of a meaning whose common case is done inline, the rest by a slow twin of the handler. */
export function inlineFloat(effect: Effect): FloatOp | undefined {
  let found: FloatOp | undefined;
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const expr = node as Expr;
    if (expr.kind === "float" && hasInlineFloat(expr.op)) found = expr.op;
    for (const child of Object.values(node)) visit(child);
  };
  visit(effect);
  return found;
}

/**
 * Leaves the operation's i64 result on the stack, its flags accrued in the hart block. With `giveUp` only the
 * common case is done, and `giveUp` (which leaves the function) the rest.
 */
export function emitFloat(
  context: FloatContext,
  op: FloatOp,
  args: readonly Expr[],
  giveUp: (() => void) | undefined,
): void {
  const { code, argument, pushRm } = context;
  const pushMode = pushRm && (() => pushRoundingMode(code, pushRm));
  if (giveUp && hasInlineFloat(op)) {
    emitInlineFloat({ code, hart: P.hart, argument, pushMode, giveUp }, op, args);
  } else {
    emitFloatCall(context, op, args, pushMode);
  }
}

function pushRoundingMode(code: Code, pushRm: () => void): void {
  code.get(P.hart);
  pushRm();
  code.op("i32_add").mem("i32_load8_u", HART.roundingModes);
}

function emitFloatCall(
  { code, functions, argument }: FloatContext,
  op: FloatOp,
  args: readonly Expr[],
  pushMode: (() => void) | undefined,
): void {
  const mode = code.local(I32);
  if (pushMode) {
    pushMode();
    code.tee(mode).i32(INVALID_MODE).op("i32_eq").if();
    for (const parameter of Object.values(P)) code.get(parameter);
    code.returnCall(functions.illegal).op("end");
  }
  code.get(P.hart).get(mode);
  for (let i = 0; i < 3; i++) {
    if (i < args.length) argument(args[i]);
    else code.i64(0n);
  }
  code.call(functions.floats.get(op) as number);
}
