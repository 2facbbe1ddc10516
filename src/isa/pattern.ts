import { encodingMessages as messages } from "../messages/encoding.ts";
import type { Fields, Row } from "./row.ts";

/**
 * Encoding patterns as bit masks and fields (notation: `Row.pattern`).
 *
 * `imm` is sign-extended from its highest listed bit, `uimm` and `nzuimm` are zero-extended. `csr` is the
 * immediate of its rows, and a `uimm` beside it is kept in `rs1`. `fm pred succ` together are a fence's
 * immediate, `fm` in bits 11 to 8, `pred` in 7 to 4, `succ` in 3 to 0.
 */
export interface Pattern {
  /** Which bits are fixed, and what they are (unsigned 32-bit numbers). */
  readonly mask: number;
  readonly match: number;
  /** How many bits are fixed: the more, the more special the row. */
  readonly fixedBits: number;
  readonly fields: readonly PatternField[];
}

/** An operand's bits in the encoding. */
export interface PatternField {
  /** As the pattern has it, without the bit list: `rd`, `rs1'`, `rd/rs1`, `imm`, `nzuimm`. */
  readonly name: string;
  /** The decoded fields it sets: two for `rd/rs1`. */
  readonly sets: readonly (keyof Fields)[];
  readonly slices: readonly Slice[];
  readonly signed: boolean;
  readonly nonzero: boolean;
  /** Added to the encoded number: 8 for the three-bit register fields, which name x8 to x15. */
  readonly bias: number;
  /** Number of the value's bits, counting the low ones that are not encoded because they are zero. */
  readonly size: number;
  /** The values are multiples of this. */
  readonly step: number;
}

/** `width` bits of the encoding from bit `at` upwards are the value's bits from `to` upwards. */
export interface Slice {
  readonly at: number;
  readonly to: number;
  readonly width: number;
}

/** Operands that an instruction cannot hold. The message says which and what is allowed. */
export class EncodingError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "EncodingError";
  }
}

interface NamedField {
  readonly width: number;
  readonly sets: readonly (keyof Fields)[];
  readonly bias?: number;
  /** Parts of one field: the field's name and where this part's bits stand in its value. */
  readonly part?: { readonly of: string; readonly to: number };
}

const NAMED: Readonly<Record<string, NamedField>> = {
  rd: { width: 5, sets: ["rd"] },
  rs1: { width: 5, sets: ["rs1"] },
  rs2: { width: 5, sets: ["rs2"] },
  rs3: { width: 5, sets: ["rs3"] },
  "rd/rs1": { width: 5, sets: ["rd", "rs1"] },
  "rd'": { width: 3, sets: ["rd"], bias: 8 },
  "rs1'": { width: 3, sets: ["rs1"], bias: 8 },
  "rs2'": { width: 3, sets: ["rs2"], bias: 8 },
  "rd'/rs1'": { width: 3, sets: ["rd", "rs1"], bias: 8 },
  rm: { width: 3, sets: ["rm"] },
  aq: { width: 1, sets: ["aq"] },
  rl: { width: 1, sets: ["rl"] },
  csr: { width: 12, sets: ["imm"] },
  fm: { width: 4, sets: ["imm"], part: { of: "fence", to: 8 } },
  pred: { width: 4, sets: ["imm"], part: { of: "fence", to: 4 } },
  succ: { width: 4, sets: ["imm"], part: { of: "fence", to: 0 } },
};

/** Parses a pattern of 8 × `length` bits. Throws on a malformed one: the table is wrong. */
export function parsePattern(text: string, length: 2 | 4): Pattern {
  const hasCsr = text.includes("csr");
  const found = new Map<string, { sets: readonly (keyof Fields)[]; bias: number; slices: Slice[] }>();
  let at = length * 8;
  let mask = 0;
  let match = 0;
  let fixedBits = 0;
  const place = (name: string, sets: readonly (keyof Fields)[], bias: number, to: number, width: number) => {
    at -= width;
    let field = found.get(name);
    if (field === undefined) {
      field = { sets, bias, slices: [] };
      found.set(name, field);
    }
    field.slices.push({ at, to, width });
  };
  for (const token of text.split(" ")) {
    const named = NAMED[token];
    if (/^[01]+$/.test(token)) {
      const width = token.length;
      at -= width;
      fixedBits += width;
      mask |= (2 ** width - 1) << at;
      match |= Number.parseInt(token, 2) << at;
    } else if (named !== undefined) {
      place(named.part?.of ?? token, named.sets, named.bias ?? 0, named.part?.to ?? 0, named.width);
    } else {
      const list = /^(imm|uimm|nzimm|nzuimm)\[([\d:|]+)\]$/.exec(token);
      if (list === null) throw new SyntaxError(`pattern "${text}": "${token}" is not a field`);
      for (const range of list[2].split("|")) {
        const [high, low = high] = range.split(":").map(Number);
        place(list[1], [hasCsr ? "rs1" : "imm"], 0, low, high - low + 1);
      }
    }
  }
  if (at !== 0) throw new SyntaxError(`pattern "${text}" is not ${length * 8} bits`);
  const fields = [...found].map(
    ([name, { sets, bias, slices }]): PatternField => ({
      name,
      sets,
      slices,
      signed: name === "imm" || name === "nzimm",
      nonzero: name.startsWith("nz"),
      bias,
      size: Math.max(...slices.map((s) => s.to + s.width)),
      step: 2 ** Math.min(...slices.map((s) => s.to)),
    }),
  );
  return { mask: mask >>> 0, match: match >>> 0, fixedBits, fields };
}

const patterns = new WeakMap<Row, Pattern>();

/** The parsed pattern of a row. */
export function patternOf(row: Row): Pattern {
  let pattern = patterns.get(row);
  if (pattern === undefined) {
    pattern = parsePattern(row.pattern, row.length);
    patterns.set(row, pattern);
  }
  return pattern;
}

/** Whether the encoding has this field (for a compressed row: among those not fixed). */
export function hasField(row: Row, field: keyof Fields): boolean {
  return patternOf(row).fields.some((f) => f.sets.includes(field));
}

/** The smallest and largest value that a field of a pattern can hold. */
export function fieldRange(field: PatternField): { readonly min: number; readonly max: number } {
  if (field.signed) return { min: -(2 ** (field.size - 1)), max: 2 ** (field.size - 1) - field.step };
  return { min: field.bias, max: field.bias + 2 ** field.size - field.step };
}

/** Where a field that is no immediate stands: `(bits >>> at & mask) + bias`; one the row lacks or fixes is its bias. */
export interface Place {
  readonly at: number;
  readonly mask: number;
  readonly bias: number;
}

/** A pattern's fields laid out for decoding. */
export interface Extraction {
  readonly rd: Place;
  readonly rs1: Place;
  readonly rs2: Place;
  readonly rs3: Place;
  readonly rm: Place;
  readonly aq: Place;
  readonly rl: Place;
  readonly imm: readonly { readonly at: number; readonly mask: number; readonly to: number }[];
  readonly fixedImm: number;
  /** Shifting left and then right by this extends the sign; 0 for unsigned immediates. */
  readonly signShift: number;
  readonly rounds: boolean;
  /** The immediate must not be 0. */
  readonly nonzero: boolean;
}

const extractions = new Map<Row, Extraction>();

export function extractionOf(row: Row): Extraction {
  let extraction = extractions.get(row);
  if (extraction === undefined) {
    extraction = planExtraction(row);
    extractions.set(row, extraction);
  }
  return extraction;
}

function planExtraction(row: Row): Extraction {
  const { fields } = patternOf(row);
  const place = (name: keyof Fields): Place => {
    const field = fields.find((f) => f.sets.includes(name));
    if (field === undefined) return { at: 0, mask: 0, bias: row.fixed?.[name] ?? 0 };
    const [{ at, width }] = field.slices;
    return { at, mask: (1 << width) - 1, bias: field.bias };
  };
  const immediate = fields.find((f) => f.sets.includes("imm"));
  return {
    rd: place("rd"),
    rs1: place("rs1"),
    rs2: place("rs2"),
    rs3: place("rs3"),
    rm: place("rm"),
    aq: place("aq"),
    rl: place("rl"),
    imm: (immediate?.slices ?? []).map(({ at, to, width }) => ({ at, to, mask: (1 << width) - 1 })),
    fixedImm: row.fixed?.imm ?? 0,
    signShift: immediate?.signed ? 32 - immediate.size : 0,
    rounds: fields.some((f) => f.sets.includes("rm")),
    nonzero: fields.some((f) => f.nonzero),
  };
}

const fieldAt = ({ at, mask, bias }: Place, bits: number) => ((bits >>> at) & mask) + bias;

/** The operand fields of `bits`, which must match the row's pattern; legality is not looked at. */
export function extract(row: Row, bits: number): Fields {
  const { rd, rs1, rs2, rs3, rm, aq, rl, imm, fixedImm, signShift } = extractionOf(row);
  let immediate = fixedImm;
  for (const { at, mask, to } of imm) immediate |= ((bits >>> at) & mask) << to;
  return {
    rd: fieldAt(rd, bits),
    rs1: fieldAt(rs1, bits),
    rs2: fieldAt(rs2, bits),
    rs3: fieldAt(rs3, bits),
    rm: fieldAt(rm, bits),
    imm: (immediate << signShift) >> signShift,
    aq: fieldAt(aq, bits),
    rl: fieldAt(rl, bits),
  };
}

/** Whether extracted fields are a legal instruction: no reserved value, no encoding of another row. */
export function isLegal(row: Row, fields: Fields): boolean {
  const { rounds, nonzero } = extractionOf(row);
  if (rounds && (fields.rm === 5 || fields.rm === 6)) return false;
  if (nonzero && fields.imm === 0) return false;
  return row.except === undefined || fields[row.except.field] !== row.except.value;
}

/**
 * The encoding of a row with the given operands; those not given are 0. Operands that a compressed row fixes
 * may be left out, and must be right where they are given.
 *
 * @throws EncodingError where an operand does not fit or the combination is reserved
 */
export function encode(row: Row, operands: Readonly<Partial<Fields>>): number {
  const pattern = patternOf(row);
  let bits = pattern.match;
  for (const field of pattern.fields) bits |= place(field, operands);
  for (const [name, expected] of Object.entries(row.fixed ?? {})) {
    const value = operands[name as keyof Fields] ?? expected;
    if (value !== expected) throw new EncodingError(messages.fixed(name, value, expected));
  }
  const fields = extract(row, bits);
  if (fields.rm === 5 || fields.rm === 6) throw new EncodingError(messages.roundingMode(fields.rm));
  if (!isLegal(row, fields)) throw new EncodingError(messages.reserved(row.name));
  return bits >>> 0;
}

/** One field's bits, in place. */
function place(field: PatternField, operands: Readonly<Partial<Fields>>): number {
  const [name, second] = field.sets;
  const value = operands[name] ?? (second === undefined ? 0 : (operands[second] ?? 0));
  if (second !== undefined && (operands[second] ?? value) !== value)
    throw new EncodingError(messages.notSame(name, second));
  if (!Number.isInteger(value)) throw new EncodingError(messages.notInteger(name, value));
  const { min, max } = fieldRange(field);
  if (value < min || value > max) throw new EncodingError(messages.outOfRange(name, value, min, max));
  if (value % field.step !== 0) throw new EncodingError(messages.notMultiple(name, value, field.step));
  if (field.nonzero && value === 0) throw new EncodingError(messages.zero(name));
  let bits = 0;
  for (const { at, to, width } of field.slices)
    bits |= (((value - field.bias) >>> to) & ((1 << width) - 1)) << at;
  return bits;
}
