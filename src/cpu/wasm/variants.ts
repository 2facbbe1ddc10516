import { add, type Effect, imm, pc } from "../../isa/meaning.ts";
import type { Row } from "../../isa/row.ts";
import { rows } from "../../isa/table.ts";
import { Variant } from "../slots.ts";

/** Base rows that some compressed row stands for. */
const compressible = new Set(rows.map((row) => row.base).filter((base) => base !== undefined));

/** The variants a base row has handlers for. */
export function variantsOf(row: Row): number[] {
  const lengths = compressible.has(row.name) ? [0, Variant.compressed] : [0];
  return isDirect(row) ? lengths.flatMap((length) => [length, length | Variant.far]) : lengths;
}

/** A branch, or a jump to pc + imm: its target slot is known when it is decoded, where it is in the page. */
export function isDirect(row: Row): boolean {
  return row.meaning.kind === "branch" || isDirectJump(row.meaning);
}

export function isDirectJump(effect: Effect): boolean {
  if (effect.kind !== "jump") return false;
  let isDirect = directJumps.get(effect);
  if (isDirect === undefined) {
    isDirect = JSON.stringify(effect.target, stringifyBigint) === DIRECT_TARGET;
    directJumps.set(effect, isDirect);
  }
  return isDirect;
}

/** What is known of the few effects that jump: a translation asks for every jump. */
const directJumps = new Map<Effect, boolean>();

const stringifyBigint = (_: string, value: unknown) => (typeof value === "bigint" ? `${value}n` : value);
const DIRECT_TARGET = JSON.stringify(add(pc, imm), stringifyBigint);

/** Rows whose slots hold a rounding mode (and a third source) in place of an immediate. */
export function hasRoundingMode(row: Row): boolean {
  return row.pattern.split(" ").includes("rm");
}
