import { asmMessages } from "../../messages/asm.ts";
import { assembleDirective } from "./directive.ts";
import { Cursor, type Expression, type Value } from "./expression.ts";
import { applyFixups, type Fixup, type FixupKind } from "./fixup.ts";
import { assembleInstruction } from "./instruction.ts";
import { type Token, tokenize } from "./lexer.ts";
import { expandMacros } from "./macro.ts";
import { Pass, type PassResult } from "./pass.ts";
import type { Section } from "./section.ts";
import { type Place, Source, splitStatements } from "./source.ts";
import type { SymbolDetails } from "./symbols.ts";

export interface AssembleOptions {
  /** Name of the source in error messages. */
  readonly file?: string;
}

/** A symbol of the program: an offset into a section, or a plain number where `section` is null. */
export interface AssembledSymbol {
  readonly name: string;
  readonly section: string | null;
  readonly value: bigint;
  readonly global: boolean;
  readonly type: SymbolDetails["type"];
  /** Bytes; 0 where `.size` does not say. */
  readonly size: bigint;
}

/** A program whose sections have no addresses yet: `placeSections` and `linkElf` give them some. */
export interface Assembled {
  readonly source: Source;
  /** In the order of their first mention. */
  readonly sections: readonly Section[];
  readonly symbols: ReadonlyMap<string, AssembledSymbol>;
  /** What is left to settle when the sections have addresses. */
  readonly fixups: readonly Fixup[];
  /** Says `.option pic`: it must run at any address, so it can hold none. */
  readonly positionIndependent: boolean;
}

/** More passes than any program needs whose sizes settle at all. */
const PASS_LIMIT = 32;

/**
 * Assembles a program in GNU syntax: labels (also `1:` with `1b` and `1f`), the instruction table with the
 * standard pseudo-instructions, and the usual directives. Conditional branches whose target is too far become
 * an inverted branch over a jump.
 *
 * @throws RefusedError `file:line:column: message`, with the source line
 */
export function assemble(text: string, options: AssembleOptions = {}): Assembled {
  const source = new Source(options.file ?? "<assembly>", text);
  const statements = parse(source);
  let result: PassResult = { symbols: new Map(), farBranches: new Set() };
  let settled = false;
  for (let count = 0; !settled; count++) {
    if (count === PASS_LIMIT) source.fail({ line: 1, column: 1 }, asmMessages.unsettled());
    const pass = walk(source, statements, result, false);
    settled = !pass.moved;
    result = pass;
  }
  return finish(source, walk(source, statements, result, true));
}

interface ParsedStatement {
  readonly labels: readonly { readonly name: string; readonly place: Place }[];
  readonly assignment?: { readonly name: string; readonly value: Expression; readonly place: Place };
  /** The directive or mnemonic, and the tokens from behind it. */
  readonly operation?: Token;
  readonly tokens: readonly Token[];
  readonly operands: number;
}

function parse(source: Source): ParsedStatement[] {
  const counts = new Map<string, number>();
  return expandMacros(source, splitStatements(source)).map((statement) =>
    parseStatement(source, tokenize(source, statement), counts),
  );
}

/** Numeric labels get a name for each definition: `1` becomes `1\u00011`, `1\u00012`, …; so do their uses. */
const numbered = (label: string, count: number) => `${label}\u0001${count}`;

function parseStatement(source: Source, raw: readonly Token[], counts: Map<string, number>): ParsedStatement {
  const labels: { name: string; place: Place }[] = [];
  let at = 0;
  while (raw[at + 1]?.text === ":" && (raw[at].kind === "name" || /^[0-9]+$/.test(raw[at].text))) {
    const { text, kind } = raw[at];
    if (kind === "number") counts.set(text, (counts.get(text) ?? 0) + 1);
    labels.push({ name: kind === "number" ? numbered(text, counts.get(text) ?? 0) : text, place: raw[at] });
    at += 2;
  }
  const tokens = raw.map((token): Token => {
    if (token.kind !== "local") return token;
    const label = token.text.slice(0, -1);
    const count = (counts.get(label) ?? 0) + (token.text.endsWith("f") ? 1 : 0);
    return { ...token, kind: "name", text: numbered(label, count) };
  });
  const operation = tokens[at];
  if (operation.kind === "end") return { labels, tokens, operands: at };
  if (operation.kind !== "name") source.fail(operation, asmMessages.expectedStatement(operation.text));
  if (tokens[at + 1].text !== "=") return { labels, operation, tokens, operands: at + 1 };
  const cursor = new Cursor(source, tokens, at + 2);
  const value = cursor.expression();
  cursor.expectEnd();
  return { labels, assignment: { name: operation.text, value, place: operation }, tokens, operands: at };
}

function walk(
  source: Source,
  statements: readonly ParsedStatement[],
  before: PassResult,
  strict: boolean,
): Pass {
  const pass = new Pass(source, before, strict);
  statements.forEach(({ labels, assignment, operation, tokens, operands }, index) => {
    pass.statement = index;
    for (const { name, place } of labels) pass.label(name, place);
    if (assignment) pass.define(assignment.name, pass.evaluate(assignment.value), assignment.place);
    if (!operation) return;
    const cursor = new Cursor(source, tokens, operands);
    if (operation.text.startsWith(".")) assembleDirective(pass, operation.text, cursor, operation);
    else assembleInstruction(pass, operation.text, cursor, operation);
  });
  return pass;
}

function finish(source: Source, pass: Pass): Assembled {
  const fixups = applyFixups(
    source,
    pass.fixups,
    () => undefined,
    (section, offset, bytes) => pass.sections.get(section)?.bytes.set(bytes, offset),
  );
  const { positionIndependent } = pass;
  const fixed = fixups.find(({ kind, target }) => ABSOLUTE.includes(kind) && target.section !== null);
  if (positionIndependent && fixed) source.fail(fixed.place, asmMessages.fixedAddress());
  const symbols = new Map<string, AssembledSymbol>();
  for (const [name, { section, value }] of pass.symbols)
    symbols.set(name, symbol(name, section, value, pass));
  return { source, sections: [...pass.sections.values()], symbols, fixups, positionIndependent };
}

const ABSOLUTE: readonly FixupKind[] = ["data", "hi", "lo"];

function symbol(name: string, section: Value["section"], value: bigint, pass: Pass): AssembledSymbol {
  const { global, type, size } = pass.describe(name);
  return { name, section, value, global, type, size: size?.value ?? 0n };
}
