import { Csr } from "../../src/cpu/csr-state.ts";
import { HART } from "../../src/cpu/layout.ts";

/** What software can see of a hart, as it stands in the hart block. */
interface Field {
  readonly name: string;
  /** Bytes, from the hart block's address. */
  readonly offset: number;
  readonly size: 4 | 8;
}

const words = (["fs", "fflags", "frm", "privilege"] as const).map((name) => field(name, HART[name], 4));
const csrs = Object.entries(Csr).map(([name, word]) => field(name, HART.csrs + word * 8));
const registers = (letter: string, from: number, offset: number) =>
  Array.from({ length: 32 - from }, (_, i) => field(`${letter}${from + i}`, offset + (from + i) * 8));

export const FIELDS: readonly Field[] = [
  field("pc", HART.pc),
  ...registers("x", 1, HART.x),
  ...registers("f", 0, HART.f),
  ...words,
  ...csrs,
  ...Array.from({ length: 15 }, (_, i) => field(`pmpaddr${i + 1}`, HART.csrs + (Csr.pmpaddr + i + 1) * 8)),
];

/** What devices drive is brought up to date between two turns: nothing that a region has to do with. */
export const FIELDS_AT_EXITS = FIELDS.filter(({ name }) => name !== "lines");

/** Of a hart block, these bytes from its start hold all fields. */
export const STATE_BYTES = Math.max(...FIELDS.map(({ offset, size }) => offset + size));

/** A hart block's words, or a copy of them, and the index of the first one. */
export type Block = readonly [words: Int32Array, first: number];

function field(name: string, offset: number, size: Field["size"] = 8): Field {
  return { name, offset, size };
}

/** Lists the fields that differ: a line for each. */
export function fieldDifferences(fields: readonly Field[], one: Block, other: Block): string[] {
  return fields.flatMap((field) => {
    const [a, b] = [contentOf(field, one), contentOf(field, other)];
    return a === b ? [] : [`${field.name} ${a}, not ${b}`];
  });
}

/** Where there is a reservation differs, that there is one must not. */
export function hasReservation([words, first]: Block): boolean {
  return words[first + HART.reservation / 4] !== 0;
}

function contentOf({ offset, size }: Field, [words, first]: Block): string {
  const at = first + offset / 4;
  const value = BigInt.asUintN(32, BigInt(words[at]));
  return (size === 4 ? value : (BigInt.asUintN(32, BigInt(words[at + 1])) << 32n) | value).toString(16);
}
