import { decodeTable, Entry, findEntry } from "./decode-table.ts";
import { extract, isLegal } from "./pattern.ts";
import type { Instruction } from "./row.ts";
import { rows } from "./table.ts";

/** Bytes of the instruction that begins with this halfword. Longer formats than 32 bits are not decoded. */
export function instructionLength(lowHalf: number): 2 | 4 {
  return (lowHalf & 3) === 3 ? 4 : 2;
}

/**
 * Decodes the instruction in the low 16 or 32 bits, of which the encoding itself says how many count.
 * Undefined where it is illegal: reserved, of an extension that is not there, or a rounding mode of 5 or 6.
 */
export function decode(bits: number): Instruction | undefined {
  return (bits & 3) === 3 ? decodeWord(bits >>> 0) : decodeHalf(bits & 0xffff);
}

/** Words that were decoded lately, each in the place that it is hashed to: code has the same ones again and again. */
const words: (Instruction | undefined)[] = new Array(4096).fill(undefined);

function decodeWord(bits: number): Instruction | undefined {
  const place = Math.imul(bits, 0x9e3779b1) >>> 20;
  const known = words[place];
  if (known?.bits === bits) return known;
  const decoded = search(bits);
  if (decoded) words[place] = decoded;
  return decoded;
}

/** Decoded halfwords, filled as they are asked for; null where illegal. */
const halves: (Instruction | null | undefined)[] = [];

function decodeHalf(bits: number): Instruction | undefined {
  let decoded = halves[bits];
  if (decoded === undefined) {
    decoded = search(bits) ?? null;
    halves[bits] = decoded;
  }
  return decoded ?? undefined;
}

function search(bits: number): Instruction | undefined {
  const entry = findEntry(bits);
  if (entry < 0) return undefined;
  const table = decodeTable();
  const written = rows[table[entry + Entry.written]];
  const fields = extract(written, bits);
  if (!isLegal(written, fields)) return undefined;
  const index = table[entry + Entry.index];
  return { row: rows[index], written, index, fields, length: written.length, bits };
}
