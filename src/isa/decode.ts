import { extract, isLegal, patternOf } from "./pattern.ts";
import type { Instruction, Row } from "./row.ts";
import { baseRowCount, rowByName, rows } from "./table.ts";

/** A row as the decoder compares it. */
interface Candidate {
  readonly mask: number;
  readonly match: number;
  readonly row: Row;
  /** The row that says what happens, and its handler number. */
  readonly base: Row;
  readonly index: number;
}

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

/** Decoded halfwords, filled as they are asked for; null where illegal. */
const halves: (Instruction | null | undefined)[] = [];

function decodeHalf(bits: number): Instruction | undefined {
  let decoded = halves[bits];
  if (decoded === undefined) {
    decoded = search(halfBuckets()[halfBucketOf(bits)], bits) ?? null;
    halves[bits] = decoded;
  }
  return decoded ?? undefined;
}

function decodeWord(bits: number): Instruction | undefined {
  return search(wordBuckets()[bucketOf(bits)], bits);
}

/** The first match decides: candidates stand most fixed bits first, so a special case precedes its family. */
function search(candidates: readonly Candidate[], bits: number): Instruction | undefined {
  for (const { mask, match, row, base, index } of candidates) {
    if ((bits & mask) >>> 0 !== match) continue;
    const fields = extract(row, bits);
    return isLegal(row, fields)
      ? { row: base, written: row, index, fields, length: row.length, bits }
      : undefined;
  }
  return undefined;
}

/** Every row of the given ones as a candidate, most fixed bits first. */
function candidatesOf(some: readonly Row[]): Candidate[] {
  return [...some]
    .sort((x, y) => patternOf(y).fixedBits - patternOf(x).fixedBits)
    .map((row) => {
      const { mask, match } = patternOf(row);
      const base = row.base === undefined ? row : rowByName(row.base)!;
      return { mask, match, row, base, index: rows.indexOf(base) };
    });
}

/** Halfwords are looked up by quadrant (bits 1 and 0) and funct3 (bits 15 to 13), which every row fixes. */
const halfBucketOf = (bits: number) => (bits & 3) | ((bits >>> 13) << 2);

let half: Candidate[][] | undefined;

function halfBuckets(): Candidate[][] {
  if (half !== undefined) return half;
  half = Array.from({ length: 32 }, () => []);
  for (const entry of candidatesOf(rows.slice(baseRowCount))) half[halfBucketOf(entry.match)].push(entry);
  return half;
}

let words: Candidate[][] | undefined;

/** Words are looked up by major opcode (bits 6 to 2) and funct3 (bits 14 to 12). */
const FUNCT3 = 0x7000;
const bucketOf = (bits: number) => ((bits >>> 2) & 31) | (((bits & FUNCT3) >>> 12) << 5);

function wordBuckets(): Candidate[][] {
  if (words !== undefined) return words;
  words = Array.from({ length: 256 }, () => []);
  for (const entry of candidatesOf(rows.slice(0, baseRowCount))) {
    // A row that leaves funct3 open (`rm`, `lui`, `jal`) stands in the buckets of all its values.
    for (let funct3 = 0; funct3 <= FUNCT3; funct3 += 0x1000) {
      if (((funct3 ^ entry.match) & entry.mask & FUNCT3) !== 0) continue;
      words[bucketOf((entry.match & ~FUNCT3) | funct3)].push(entry);
    }
  }
  return words;
}
