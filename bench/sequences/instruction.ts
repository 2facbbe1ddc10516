import type { Instruction, Row } from "../../src/isa/row.ts";

/** As sequences are written: `addi/2`. */
export const sequenceName = ({ row, length }: Instruction): string => `${row.name}/${length}`;

/** Nothing follows it in a straight run. */
export const endsRun = ({ meaning }: Row): boolean => meaning.kind === "jump" || meaning.kind === "system";

const FLOAT_ACCESSES = new Set(["flw", "fld", "fsw", "fsd"]);

/**
 * Whether a sequence may have it. Not what leaves Wasm; nor division, atomics and floating-point arithmetic, beside
 * whose own time a dispatch is little.
 */
export function isFusable({ name, meaning, float, extension }: Row): boolean {
  if (meaning.kind === "system" || extension === "A" || extension === "Zifencei") return false;
  if (float) return FLOAT_ACCESSES.has(name);
  return !/^(fence|div|rem)/.test(name);
}
