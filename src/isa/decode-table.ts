import { extractionOf, type Place, patternOf } from "./pattern.ts";
import { prebuiltDecodeTable } from "./prebuilt-table.ts";
import type { Row } from "./row.ts";
import { baseRowCount, rowByName, rows } from "./table.ts";

/**
 * The instruction table as numbers, for decoding: cold code that walks objects would be most of what a short
 * program's start costs. First the buckets, each the position of a list of entries that ends with -1; then the lists;
 * then the entries, a row each:
 *
 *      0  mask, 1  match     the fixed bits
 *      2  index              of the base row in `rows`: the handler's number
 *      3  written            index of the row that has the pattern
 *      4  flags              `EntryFlag`
 *      5  rd, 6 rs1, 7 rs2, 8 rs3, 9 rm    places: bit | width << 8 | bias << 16; width 0 where the row fixes it
 *     10  except             the place of `Row.except`, 11 its value; 0 and -1 where there is none
 *     12  sign shift         left and then right by this extends the immediate's sign
 *     13  fixed immediate
 *     14  number of slices of the immediate, which follow: bit | width << 8 | bit of the value << 16
 */
export const Entry = {
  mask: 0,
  match: 1,
  index: 2,
  written: 3,
  flags: 4,
  rd: 5,
  rs1: 6,
  rs2: 7,
  rs3: 8,
  rm: 9,
  except: 10,
  exceptValue: 11,
  signShift: 12,
  fixedImm: 13,
  slices: 14,
  size: 24,
} as const;

export const EntryFlag = {
  compressed: 1,
  /** The immediate must not be 0. */
  nonzero: 2,
  /** Has an `rm` field: 5 and 6 are illegal. */
  rounds: 4,
} as const;

/** Position of the first of the words' buckets, behind those of halfwords. */
export const HALF_BUCKETS = 32;
const WORD_BUCKETS = 256;
const FUNCT3 = 0x7000;

/** Halfwords are looked up by quadrant (bits 1 and 0) and funct3 (bits 15 to 13), which every row fixes. */
const halfBucket = (bits: number) => (bits & 3) | (((bits >>> 13) & 7) << 2);
/** Words by major opcode (bits 6 to 2) and funct3 (bits 14 to 12). */
const wordBucket = (bits: number) => HALF_BUCKETS + (((bits >>> 2) & 31) | (((bits & FUNCT3) >>> 12) << 5));

let table: Int32Array | undefined;

export function decodeTable(): Int32Array {
  table ??= prebuiltDecodeTable ?? buildDecodeTable();
  return table;
}

/**
 * Position in the table of the entry that the bits match, or -1 where they are no legal instruction. The first match
 * decides: entries with more fixed bits stand first, so a special case precedes its family.
 */
export function findEntry(bits: number): number {
  const t = decodeTable();
  let at = t[(bits & 3) === 3 ? wordBucket(bits) : halfBucket(bits)];
  for (;;) {
    const entry = t[at];
    if (entry < 0) return -1;
    if (((bits & t[entry]) ^ t[entry + Entry.match]) === 0) return entry;
    at++;
  }
}

export function buildDecodeTable(): Int32Array {
  const bySpeciality = rows
    .map((_, index) => index)
    .sort((x, y) => patternOf(rows[y]).fixedBits - patternOf(rows[x]).fixedBits);
  const buckets: number[][] = Array.from({ length: HALF_BUCKETS + WORD_BUCKETS }, () => []);
  for (const index of bySpeciality) for (const bucket of bucketsOf(index)) buckets[bucket].push(index);
  const listsAt = buckets.length;
  const entriesAt = listsAt + buckets.reduce((sum, list) => sum + list.length + 1, 0);
  const out = new Int32Array(entriesAt + rows.length * Entry.size);
  let at = listsAt;
  buckets.forEach((list, bucket) => {
    out[bucket] = at;
    for (const index of list) out[at++] = entriesAt + index * Entry.size;
    out[at++] = -1;
  });
  rows.forEach((row, index) => {
    out.set(entryOf(row, index), entriesAt + index * Entry.size);
  });
  return out;
}

function bucketsOf(index: number): number[] {
  const { mask, match } = patternOf(rows[index]);
  if (index >= baseRowCount) return [halfBucket(match)];
  // A row that leaves funct3 open (`rm`, `lui`, `jal`) stands in the buckets of all its values.
  const values = Array.from({ length: 8 }, (_, funct3) => funct3 << 12);
  return values
    .filter((funct3) => ((funct3 ^ match) & mask & FUNCT3) === 0)
    .map((funct3) => wordBucket((match & ~FUNCT3) | funct3));
}

function entryOf(row: Row, index: number): number[] {
  const { mask, match } = patternOf(row);
  const extraction = extractionOf(row);
  const { rd, rs1, rs2, rs3, rm, imm, fixedImm, signShift, rounds, nonzero } = extraction;
  const place = ({ at, mask, bias }: Place) => at | (widthOf(mask) << 8) | (bias << 16);
  const flags =
    (row.length === 2 ? EntryFlag.compressed : 0) |
    (nonzero ? EntryFlag.nonzero : 0) |
    (rounds ? EntryFlag.rounds : 0);
  const base = row.base === undefined ? index : rows.indexOf(rowByName(row.base)!);
  const places = [rd, rs1, rs2, rs3, rm].map(place);
  const except = row.except ? [place(extraction[row.except.field]), row.except.value] : [0, -1];
  const slices = imm.map(({ at, mask, to }) => at | (widthOf(mask) << 8) | (to << 16));
  return [
    mask,
    match,
    base,
    index,
    flags,
    ...places,
    ...except,
    signShift,
    fixedImm,
    slices.length,
    ...slices,
  ];
}

/** Number of ones of a mask like 0b111. */
const widthOf = (mask: number) => 32 - Math.clz32(mask);
