import type { Meaning, RegisterField } from "./meaning.ts";

/**
 * One instruction of the table: encoding, syntax, meaning and a sentence for people.
 *
 * `pattern` is written as the manual's encoding tables are, most significant bit first, tokens separated by
 * spaces: runs of `0`/`1`, and fields:
 *
 *     rd rs1 rs2 rs3            5-bit register numbers          rd' rs1' rs2'   3-bit ones (x8 to x15)
 *     rd/rs1 rd'/rs1'           one field that is both           rm aq rl fm pred succ csr
 *     imm[12|10:5]              bits of the sign-extended immediate, in this order
 *     uimm[5:3]                 bits of a zero-extended immediate (shift amounts, CSR immediates, offsets)
 *     nzimm[..] nzuimm[..]      likewise; zero is not a legal value (or is another row)
 *
 * A field's width follows from its bit list (`imm[11:0]` is 12 bits) or from its name. The same pattern
 * decodes and encodes.
 */
export interface Row {
  /** The mnemonic: `add`, `fcvt.w.d`, `amoadd.w`, `c.addi`. Suffixes `.aq`, `.rl`, `.aqrl` are not part of it. */
  readonly name: string;
  readonly pattern: string;
  /** Bytes: 2 for compressed rows. */
  readonly length: 2 | 4;
  /**
   * Operands in GNU order, e.g. `rd, rs1, imm`, `rd, imm(rs1)`, `rs1, rs2, target`, `rd, csr, rs1`, `pred, succ`.
   * `fd fs1 fs2 fs3` are floating-point registers (fields rd, rs1, …). `rm` may be left out: it is dynamic then.
   * Where only the pattern has a field (`aq`, an unshown `rm`), it is 0 unless a suffix says otherwise.
   */
  readonly syntax: string;
  readonly extension: Extension;
  /** One sentence for a student; `rd`, `rs1`, … stand for the operands. */
  readonly sentence: string;
  readonly meaning: Meaning;
  /** Uses the floating-point unit: illegal while `mstatus.FS` is off, and leaves it dirty. */
  readonly float: boolean;
  /**
   * A compressed row is another row with some fields fixed: `base` is that row's name, `fixed` the fields.
   * Its meaning is the base's.
   */
  readonly base?: string;
  readonly fixed?: Readonly<Partial<Fields>>;
  /** A register field that must not have the value given: that encoding is reserved, or another row's. */
  readonly except?: { readonly field: RegisterField; readonly value: number };
}

export type Extension =
  | "I"
  | "M"
  | "A"
  | "F"
  | "D"
  | "C"
  | "Zicsr"
  | "Zifencei"
  | "Zba"
  | "Zbb"
  | "Zbs"
  | "Zicond"
  | "Priv";

/** The decoded operand fields of one instruction; fields that the row lacks are 0. */
export interface Fields {
  rd: number;
  rs1: number;
  rs2: number;
  rs3: number;
  /** Rounding mode field: 0 to 4, or 7 for dynamic. */
  rm: number;
  /** The immediate: fits a signed 32-bit integer. For CSR rows the CSR number (their uimm is in `rs1`). */
  imm: number;
  aq: number;
  rl: number;
}

/** What the decoder returns for a legal encoding. `row` is never a compressed row: see `written`. */
export interface Instruction {
  /** The row that says what happens: for a compressed encoding, its base row. */
  readonly row: Row;
  /** The row that matched the bits: the same as `row`, or the compressed row. */
  readonly written: Row;
  /** The base row's index in `rows` (stable within a build): handlers are numbered by it. */
  readonly index: number;
  /** May be shared by all who decode the same bits. */
  readonly fields: Readonly<Fields>;
  readonly length: 2 | 4;
  /** The 16 or 32 bits. */
  readonly bits: number;
}
