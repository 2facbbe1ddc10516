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
    decoded = search(halfCandidates(), bits) ?? null;
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

/** Buckets by major opcode (bits 6 to 2) and funct3 (bits 14 to 12). */
const BUCKETS = 256;
const bucketOf = (bits: number) => ((bits >>> 2) & 31) | (((bits >>> 12) & 7) << 5);
const BUCKET_BITS = 0x707c;

function candidate(row: Row): Candidate {
  const { mask, match } = patternOf(row);
  const base = row.base === undefined ? row : rowByName(row.base)!;
  return { mask, match, row, base, index: rows.indexOf(base) };
}

function candidatesOf(some: readonly Row[]): Candidate[] {
  return some.map(candidate).sort((x, y) => fixedBits(y.mask) - fixedBits(x.mask));
}

function fixedBits(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}

let half: Candidate[] | undefined;
let words: Candidate[][] | undefined;

function halfCandidates(): Candidate[] {
  half ??= candidatesOf(rows.slice(baseRowCount));
  return half;
}

function wordBuckets(): Candidate[][] {
  if (words !== undefined) return words;
  words = Array.from({ length: BUCKETS }, () => []);
  for (const entry of candidatesOf(rows.slice(0, baseRowCount))) {
    // A row that leaves funct3 open (`rm`, `lui`, `jal`) stands in every bucket it can match.
    const fixed = entry.mask & BUCKET_BITS;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const sample = ((bucket & 31) << 2) | ((bucket >>> 5) << 12);
      if ((sample & fixed) === (entry.match & fixed)) words[bucket].push(entry);
    }
  }
  return words;
}
