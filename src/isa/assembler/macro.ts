import { asmMessages } from "../../messages/asm.ts";
import { Cursor, evaluate, type Scope } from "./expression.ts";
import { tokenize } from "./lexer.ts";
import type { Source, Statement } from "./source.ts";

interface Parameter {
  readonly name: string;
  readonly preset: string;
  readonly required: boolean;
}

interface Macro {
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
}

/** Limits for macros that call themselves and for `.rept` with a huge count. */
const DEPTH_LIMIT = 64;
const STATEMENT_LIMIT = 1_000_000;

/** A statement's labels, its operation and the rest. */
const SHAPE = /^(\s*(?:[\w.$]+:\s*)*)([A-Za-z_.$][\w.$]*)?(.*)$/s;

/**
 * Replaces macro calls and `.rept` blocks by their statements. `.macro name a, b=1, c:req` … `.endm`; in the
 * body `\a` is an argument, `\@` the number of the call, `\()` nothing (to end a name). Arguments are
 * separated by commas and may be given by name.
 */
export function expandMacros(source: Source, statements: readonly Statement[]): Statement[] {
  const macros = new Map<string, Macro>();
  const out: Statement[] = [];
  let calls = 0;

  const expand = (list: readonly Statement[], depth: number) => {
    for (let i = 0; i < list.length; i++) {
      const statement = list[i];
      if (depth > DEPTH_LIMIT || out.length > STATEMENT_LIMIT)
        source.fail(statement, asmMessages.macroDepth());
      const [, labels = "", operation = "", rest = ""] = SHAPE.exec(statement.text) ?? [];
      const macro = macros.get(operation);
      if (operation === ".macro" || operation === ".rept") {
        const end = blockEnd(source, list, i);
        const body = list.slice(i + 1, end);
        if (operation === ".macro") define(macros, source, statement, rest, body);
        else for (let left = repetitions(source, statement, rest); left > 0; left--) expand(body, depth + 1);
        i = end;
      } else if (operation === ".endm" || operation === ".endr") {
        source.fail(statement, asmMessages.strayEnd(operation));
      } else if (macro !== undefined) {
        if (labels.trim() !== "") out.push({ ...statement, text: labels });
        const values = bind(source, statement, operation, macro, rest);
        const call = calls++;
        expand(
          macro.body.map((s) => ({ ...s, text: substitute(s.text, values, call), expanded: true })),
          depth + 1,
        );
      } else out.push(statement);
    }
  };
  expand(statements, 0);
  return out;
}

const operationOf = (statement: Statement) => SHAPE.exec(statement.text)?.[2] ?? "";

/** The index of the `.endm` or `.endr` that ends the block which begins at `start`. */
function blockEnd(source: Source, list: readonly Statement[], start: number): number {
  const begin = operationOf(list[start]);
  const end = begin === ".macro" ? ".endm" : ".endr";
  let open = 0;
  for (let i = start; i < list.length; i++) {
    const operation = operationOf(list[i]);
    if (operation === begin) open++;
    if (operation === end && --open === 0) return i;
  }
  return source.fail(list[start], asmMessages.macroEnd(begin));
}

function define(
  macros: Map<string, Macro>,
  source: Source,
  at: Statement,
  rest: string,
  body: readonly Statement[],
): void {
  const [, name, list] =
    /^\s*([A-Za-z_.$][\w.$]*)\s*,?(.*)$/s.exec(rest) ?? source.fail(at, asmMessages.expectedName(""));
  const words = list.match(/[\w.$]+(?::req)?(?:\s*=\s*(?:"[^"]*"|[^,\s]+))?/g) ?? [];
  const parameters = words.map((word): Parameter => {
    const [, parameter = "", required, preset] = /^([\w.$]+)(:req)?(?:\s*=\s*(.*))?$/s.exec(word) ?? [];
    return { name: parameter, required: required !== undefined, preset: unquote(preset ?? "") };
  });
  macros.set(name, { parameters, body });
}

function repetitions(source: Source, at: Statement, rest: string): number {
  const tokens = tokenize(source, { ...at, text: rest });
  const none: Scope = {
    symbol: (_, place) => source.fail(place, asmMessages.notConstant()),
    here: () => source.fail(at, asmMessages.notConstant()),
  };
  const cursor = new Cursor(source, tokens);
  const { value } = evaluate(source, cursor.expression(), none);
  cursor.expectEnd();
  return Number(value);
}

const unquote = (text: string) => (/^".*"$/s.test(text) ? text.slice(1, -1) : text);

/** Splits at commas outside parentheses and quotes. */
function splitArguments(text: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const [piece] of text.matchAll(/"(?:\\.|[^"\\])*"|[\s\S]/g)) {
    if (piece === "(") depth++;
    if (piece === ")") depth--;
    if (piece === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += piece;
  }
  return parts.length === 1 && parts[0].trim() === "" ? [] : parts.map((part) => part.trim());
}

function bind(source: Source, at: Statement, name: string, macro: Macro, rest: string): Map<string, string> {
  const values = new Map<string, string>();
  let next = 0;
  for (const argument of splitArguments(rest)) {
    const named = /^([\w.$]+)\s*=(?!=)\s*(.*)$/s.exec(argument);
    const parameter =
      macro.parameters.find((p) => named !== null && p.name === named[1]) ??
      macro.parameters[next++] ??
      source.fail(at, asmMessages.macroArguments(name));
    values.set(parameter.name, unquote(named?.[1] === parameter.name ? named[2] : argument));
  }
  for (const { name: parameter, required, preset } of macro.parameters) {
    if (values.get(parameter)) continue;
    if (required) source.fail(at, asmMessages.macroMissing(parameter));
    values.set(parameter, preset);
  }
  return values;
}

function substitute(text: string, values: ReadonlyMap<string, string>, call: number): string {
  return text.replace(/\\(\(\)|@|[A-Za-z_$][\w$]*)/g, (whole, name: string) => {
    if (name === "()") return "";
    return name === "@" ? String(call) : (values.get(name) ?? whole);
  });
}
