/** The floating-point part of `explain`. */
import { explainMessages as words } from "../messages/explain.ts";
import type { Expr } from "./meaning.ts";
import { formula, inner, type Phrase } from "./phrase.ts";
import type { Fields } from "./row.ts";

type Float = Expr & { readonly kind: "float" };
type Binary = Expr & { readonly kind: "binary" };

const DYNAMIC = 7;
/** Operations on floats that never round: they have no rounding mode to tell. */
const EXACT = new Set(["min", "max", "eq", "lt", "le", "classify"]);

export function explainFloat(expr: Float, { rm }: Fields, value: (e: Expr) => Phrase): Phrase {
  const a = inner(value(expr.args[0]));
  const [from, to] = expr.op.split("_to_");
  const rounded = (text: string) => formula(rm === DYNAMIC ? text : words.rounded(text, rm));
  if (to === undefined) {
    const [format, operation] = from.split("_");
    const bits = Number(format.slice(1));
    const text = arithmetic(operation, expr.args, value);
    const tellsMode = rm !== DYNAMIC && !EXACT.has(operation);
    return formula(tellsMode ? words.inPrecisionRounded(text, bits, rm) : words.inPrecision(text, bits));
  }
  if (from.startsWith("f")) {
    if (expr.op === "f32_to_f64") return formula(words.asPrecision(a, 64));
    if (to === "f32") return rounded(words.asPrecision(a, 32));
    return rounded(to.startsWith("u") ? words.toUnsigned(a, size(to)) : words.toSigned(a, size(to)));
  }
  const integer = size(from) === 32 ? words.lowBits(32, a) : a;
  const typed = from.startsWith("u") ? words.unsigned(integer) : words.signed(integer);
  const exact = size(from) === 32 && to === "f64";
  const text = words.asPrecision(typed, size(to));
  return exact ? formula(text) : rounded(text);
}

/** The bits of `i32`, `ui64`, `f32`, … */
const size = (type: string) => Number(/\d+/.exec(type));

function arithmetic(operation: string, args: readonly Expr[], value: (e: Expr) => Phrase): string {
  const [a, b] = args.map((arg) => inner(value(arg)));
  switch (operation) {
    case "add":
      return `${a} + ${b}`;
    case "sub":
      return `${a} - ${b}`;
    case "mul":
      return `${a} * ${b}`;
    case "div":
      return `${a} / ${b}`;
    case "sqrt":
      return words.squareRoot(a);
    case "min":
    case "max":
      return `${operation}(${a}, ${b})`;
    case "eq":
      return words.choice(`${a} == ${b}`, "1", "0");
    case "lt":
      return words.choice(`${a} < ${b}`, "1", "0");
    case "le":
      return words.choice(`${a} <= ${b}`, "1", "0");
    case "classify":
      return words.classify(a);
    default: {
      // mulAdd: changed signs of the arguments are those of the product and of the addend.
      const [factor, , addend] = args;
      const product = `${inner(value(positive(factor)))} * ${b}`;
      const sign = addend === positive(addend) ? "+" : "-";
      return `${factor === positive(factor) ? product : `-(${product})`} ${sign} ${inner(value(positive(addend)))}`;
    }
  }
}

const isSignBit = (expr: Expr) =>
  expr.kind === "const" && (expr.value === 0x8000_0000n || expr.value === -(1n << 63n));

/** The argument without its sign change. */
function positive(expr: Expr): Expr {
  return expr.kind === "binary" && expr.op === "xor" && isSignBit(expr.b) ? expr.a : expr;
}

/** Sign injections: formulas over sign bits, told as what they do. Undefined for other expressions. */
export function explainSign(expr: Binary, fields: Fields, value: (e: Expr) => Phrase): Phrase | undefined {
  const signed = expr.b;
  if (signed.kind !== "binary" || signed.op !== "and" || !isSignBit(signed.b)) return undefined;
  const same = fields.rs1 === fields.rs2;
  const inverted = signed.a.kind === "binary" && signed.a.op === "xor";
  const source = inverted ? (signed.a as Binary).a : signed.a;
  const kept = expr.op === "or" ? (expr.a as Binary).a : expr.a;
  const target = value(kept).text;
  const other = value(source).text;
  if (expr.op === "xor") return formula(same ? `|${target}|` : words.signFlippedBy(target, other));
  if (inverted) return formula(same ? `-${target}` : words.withOtherSignOf(target, other));
  return formula(same ? target : words.withSignOf(target, other));
}
