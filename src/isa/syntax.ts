import { patternOf } from "./pattern.ts";
import type { Row } from "./row.ts";
import { rowByName } from "./table.ts";

const cache = new Map<string, readonly string[]>();

/** An operand syntax (`Row.syntax`) as its words and its `,`, `(` and `)`. */
export function syntaxParts(syntax: string): readonly string[] {
  const known = cache.get(syntax);
  if (known !== undefined) return known;
  const parts = syntax.match(/[a-z0-9]+|[,()]/g) ?? [];
  cache.set(syntax, parts);
  return parts;
}

/** How an immediate is written: `upper` as the 20 bits it puts above 12 zero ones, in hex; `amount` in hex. */
export type ImmediateStyle = "upper" | "amount" | "plain";

const styles = new WeakMap<Row, ImmediateStyle>();

/** The style of a row's immediate; a compressed row's is that of its base. */
export function immediateStyle(row: Row): ImmediateStyle {
  const known = styles.get(row);
  if (known !== undefined) return known;
  const base = row.base === undefined ? row : (rowByName(row.base) ?? row);
  const field = patternOf(base).fields.find((f) => f.sets.includes("imm"));
  const style = field?.step === 4096 ? "upper" : field?.name === "uimm" ? "amount" : "plain";
  styles.set(row, style);
  return style;
}

export const ROUNDING_MODES: readonly (string | undefined)[] = [
  ...["rne", "rtz", "rdn", "rup", "rmm"],
  undefined,
  undefined,
  "dyn",
];

/** The `rm` of an instruction that names none: dynamic. */
export const DYNAMIC = 7;

/** A fence's set of accesses, four bits, in letters: input, output, read, write. */
export function fenceSet(bits: number): string {
  return Array.from("iorw", (letter, index) => ((bits >> (3 - index)) & 1 ? letter : "")).join("");
}
