import { asmMessages } from "../../messages/asm.ts";
import type { Token } from "./lexer.ts";
import type { Place, Source } from "./source.ts";

/**
 * Expressions: 64-bit signed integers with the operators and precedence of C (not of GNU `as`, where `<<`
 * binds as `*` does: put parentheses where both are mixed). A relation is 1 where it holds.
 */
export type Expression = Place &
  (
    | { readonly kind: "constant"; readonly value: bigint }
    | { readonly kind: "symbol"; readonly name: string }
    /** `.`: the place where the next byte goes. */
    | { readonly kind: "here" }
    | { readonly kind: "unary"; readonly op: string; readonly a: Expression }
    | { readonly kind: "binary"; readonly op: string; readonly a: Expression; readonly b: Expression }
    | { readonly kind: "relocation"; readonly name: Relocation; readonly a: Expression }
  );

export type Relocation = "hi" | "lo" | "pcrel_hi" | "pcrel_lo";

/** The largest number a source can write: 64 bits without sign. */
const MOST = (1n << 64n) - 1n;

/** An expression's value: an offset into a section, or a plain number where `section` is null. */
export interface Value {
  readonly section: string | null;
  readonly value: bigint;
  /** False while a symbol in it has not been met: the value is a guess, to be settled by a later pass. */
  readonly known: boolean;
}

/** What the symbols mean at one place. */
export interface Scope {
  symbol(name: string, place: Place): Value;
  here(): Value;
}

/** Reads one statement's tokens from left to right. */
export class Cursor {
  readonly source: Source;
  private readonly tokens: readonly Token[];
  private at: number;
  private depth = 0;

  constructor(source: Source, tokens: readonly Token[], at = 0) {
    this.source = source;
    this.tokens = tokens;
    this.at = at;
  }

  get token(): Token {
    return this.tokens[this.at];
  }

  peek(distance = 1): Token {
    return this.tokens[Math.min(this.at + distance, this.tokens.length - 1)];
  }

  next(): Token {
    const token = this.token;
    if (token.kind !== "end") this.at++;
    return token;
  }

  is(symbol: string): boolean {
    return this.token.kind === "symbol" && this.token.text === symbol;
  }

  /** Steps over `symbol` if it is next. */
  accept(symbol: string): boolean {
    if (!this.is(symbol)) return false;
    this.at++;
    return true;
  }

  expect(symbol: string): void {
    if (!this.accept(symbol)) this.fail(asmMessages.expected(symbol, this.token.text));
  }

  name(): string {
    if (this.token.kind !== "name") this.fail(asmMessages.expectedName(this.token.text));
    return this.next().text;
  }

  get done(): boolean {
    return this.token.kind === "end";
  }

  expectEnd(): void {
    if (!this.done) this.fail(asmMessages.extra(this.token.text));
  }

  save(): number {
    return this.at;
  }

  restore(at: number): void {
    this.at = at;
  }

  fail(message: string): never {
    this.source.fail(this.token, message);
  }

  expression(): Expression {
    return this.binary(0);
  }

  private binary(level: number): Expression {
    if (level === PRECEDENCE.length) return this.unary();
    let a = this.binary(level + 1);
    while (this.token.kind === "symbol" && PRECEDENCE[level].includes(this.token.text)) {
      const { text: op, line, column } = this.next();
      a = { kind: "binary", op, a, b: this.binary(level + 1), line, column };
    }
    return a;
  }

  private unary(): Expression {
    if (++this.depth > NESTING_LIMIT) this.fail(asmMessages.tooDeep());
    const operand = this.operand();
    this.depth--;
    return operand;
  }

  private operand(): Expression {
    const { kind, text, value, line, column } = this.next();
    if (kind === "number") {
      if (value > MOST) this.source.fail({ line, column }, asmMessages.outOfRange(text, "0", String(MOST)));
      return { kind: "constant", value: BigInt.asIntN(64, value), line, column };
    }
    if (kind === "name")
      return text === "." ? { kind: "here", line, column } : { kind: "symbol", name: text, line, column };
    if (kind === "symbol") {
      if (text === "(") {
        const inner = this.expression();
        this.expect(")");
        return inner;
      }
      if (["-", "+", "~", "!"].includes(text))
        return { kind: "unary", op: text, a: this.unary(), line, column };
      if (text === "%") {
        const name = this.name();
        if (!(RELOCATIONS as readonly string[]).includes(name))
          this.source.fail({ line, column }, asmMessages.badRelocation(name));
        this.expect("(");
        const a = this.expression();
        this.expect(")");
        return { kind: "relocation", name: name as Relocation, a, line, column };
      }
    }
    this.source.fail({ line, column }, asmMessages.expectedExpression(text));
  }
}

/** Parentheses and signs within each other: each level takes some of the host's stack. */
const NESTING_LIMIT = 200;

const RELOCATIONS: readonly Relocation[] = ["hi", "lo", "pcrel_hi", "pcrel_lo"];

/** Binary operators, the loosest first, as in C. */
const PRECEDENCE: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["|"],
  ["^"],
  ["&"],
  ["==", "!=", "<>"],
  ["<", "<=", ">", ">="],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/", "%"],
];

const shiftAmount = (b: bigint) => (b < 0n || b > 63n ? 64n : b);
const flag = (condition: boolean) => (condition ? 1n : 0n);

const BINARY: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  "||": (a, b) => flag(a !== 0n || b !== 0n),
  "&&": (a, b) => flag(a !== 0n && b !== 0n),
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  "&": (a, b) => a & b,
  "==": (a, b) => flag(a === b),
  "!=": (a, b) => flag(a !== b),
  "<>": (a, b) => flag(a !== b),
  "<": (a, b) => flag(a < b),
  "<=": (a, b) => flag(a <= b),
  ">": (a, b) => flag(a > b),
  ">=": (a, b) => flag(a >= b),
  "<<": (a, b) => a << shiftAmount(b),
  ">>": (a, b) => BigInt.asUintN(64, a) >> shiftAmount(b),
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
};

/**
 * Evaluates in `scope`. A section's offset may have numbers added to it, and two offsets into one section may
 * be subtracted or compared; everything else wants plain numbers. Refuses a `%` relocation.
 */
export function evaluate(source: Source, e: Expression, scope: Scope): Value {
  switch (e.kind) {
    case "constant":
      return { section: null, value: e.value, known: true };
    case "symbol":
      return scope.symbol(e.name, e);
    case "here":
      return scope.here();
    case "relocation":
      return source.fail(e, asmMessages.relocationInside(e.name));
    case "unary": {
      const a = evaluate(source, e.a, scope);
      if (a.section !== null && e.op !== "+") return source.fail(e, asmMessages.needsNumber(e.op));
      const value =
        e.op === "-" ? -a.value : e.op === "~" ? ~a.value : e.op === "!" ? flag(a.value === 0n) : a.value;
      return { section: a.section, value: BigInt.asIntN(64, value), known: a.known };
    }
    case "binary": {
      const a = evaluate(source, e.a, scope);
      const b = evaluate(source, e.b, scope);
      return combine(source, e, e.op, a, b);
    }
  }
}

const SAME_SECTION = ["-", "==", "!=", "<>", "<", "<=", ">", ">="];

function combine(source: Source, place: Place, op: string, a: Value, b: Value): Value {
  const known = a.known && b.known;
  if ((op === "/" || op === "%") && b.value === 0n)
    return known ? source.fail(place, asmMessages.divisionByZero()) : { section: null, value: 0n, known };
  let section: string | null = null;
  if (a.section !== b.section) {
    if (op === "+" && (a.section === null || b.section === null)) section = a.section ?? b.section;
    else if (op === "-" && b.section === null) section = a.section;
    else if (known) return source.fail(place, asmMessages.needsNumber(op));
  } else if (a.section !== null && !SAME_SECTION.includes(op))
    source.fail(place, asmMessages.needsNumber(op));
  return { section, value: BigInt.asIntN(64, BINARY[op](a.value, b.value)), known };
}
