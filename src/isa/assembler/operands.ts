import { asmMessages } from "../../messages/asm.ts";
import { csrNumber } from "../csr-names.ts";
import { fNumber, xNumber } from "../registers.ts";
import type { Fields, Row } from "../row.ts";
import { DYNAMIC, immediateStyle, ROUNDING_MODES, syntaxParts } from "../syntax.ts";
import type { Cursor, Expression, Value } from "./expression.ts";
import type { FixupKind } from "./fixup.ts";
import type { Pass } from "./pass.ts";
import type { Place } from "./source.ts";

/** One way to write one instruction: a row of the table, or an alias of one. */
export interface Form {
  readonly row: Row;
  readonly syntax: string;
  readonly fixed: Readonly<Partial<Record<keyof Fields, number | "rs1">>>;
}

/** The operands as read: the fields, and an immediate that depends on where things end up. */
export interface Operands {
  readonly fields: Partial<Fields>;
  readonly fixup?: { readonly kind: FixupKind; readonly target: Value };
  /** Where the immediate stands, for errors about its value; else where the operands begin. */
  readonly place: Place;
  /** The immediate is not settled yet. */
  readonly guess: boolean;
}

const RELOCATION_KINDS = { hi: "hi", lo: "lo", pcrel_hi: "pcrel_hi", pcrel_lo: "pcrel_lo" } as const;

/** Reads a form's operands to the end of the statement. Fails at the first token that does not fit. */
export function readOperands(pass: Pass, cursor: Cursor, form: Form): Operands {
  const fields: Partial<Fields> = {};
  let fixup: Operands["fixup"];
  let place: Place = cursor.token;
  let guess = false;
  const target = (e: Expression, kind: FixupKind) => {
    fixup = { kind, target: pass.evaluate(e) };
  };
  const parts = syntaxParts(form.syntax);
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    switch (part) {
      case "rd":
      case "rs1":
      case "rs2":
        fields[part] = register(cursor, xNumber, asmMessages.expectedX);
        break;
      case "fd":
      case "fs1":
      case "fs2":
      case "fs3":
        fields[FLOAT_FIELDS[part]] = register(cursor, fNumber, asmMessages.expectedF);
        break;
      case "csr":
        fields.imm = csr(pass, cursor);
        break;
      case "uimm":
        fields.rs1 = pass.integer(cursor, 0, 31);
        break;
      case "pred":
        fields.imm = fenceBits(cursor) << 4;
        break;
      case "succ":
        fields.imm = (fields.imm ?? 0) | fenceBits(cursor);
        break;
      case "target":
        place = cursor.token;
        target(cursor.expression(), "relative");
        break;
      case "imm": {
        place = cursor.token;
        if (parts[i + 1] === "(" && omittedOffset(cursor)) {
          fields.imm = 0;
          break;
        }
        const e = cursor.expression();
        if (e.kind === "relocation") target(e.a, RELOCATION_KINDS[e.name]);
        else {
          const value = pass.evaluate(e);
          if (value.section !== null && value.known) pass.source.fail(e, asmMessages.notConstant());
          guess = !value.known;
          fields.imm = immediate(pass, form.row, value, e);
        }
        break;
      }
      case "(":
        // An atomic access may be written with an offset, which must be 0.
        if (parts[i - 1] !== "imm" && !cursor.is("(")) pass.integer(cursor, 0, 0);
        cursor.expect("(");
        break;
      case ",":
        if (parts[i + 1] === "rm" && cursor.done) {
          fields.rm = DYNAMIC;
          i++;
          break;
        }
        cursor.expect(",");
        break;
      case "rm":
        fields.rm = roundingMode(cursor);
        break;
      default:
        cursor.expect(part);
    }
  }
  cursor.expectEnd();
  for (const [name, value] of Object.entries(form.fixed))
    fields[name as keyof Fields] = value === "rs1" ? fields.rs1 : value;
  return { fields, fixup, place, guess };
}

const FLOAT_FIELDS = { fd: "rd", fs1: "rs1", fs2: "rs2", fs3: "rs3" } as const;

/** Reads the name of a register. */
export function register(
  cursor: Cursor,
  numberOf: (name: string) => number | undefined,
  expected: (found: string) => string,
): number {
  const { kind, text } = cursor.token;
  const number = kind === "name" ? numberOf(text) : undefined;
  if (number === undefined) return cursor.fail(expected(text));
  cursor.next();
  return number;
}

/** `(a0)` with nothing before it: an offset of 0. */
function omittedOffset(cursor: Cursor): boolean {
  return (
    cursor.is("(") &&
    xNumber(cursor.peek(1).text) !== undefined &&
    cursor.peek(2).text === ")" &&
    cursor.peek(3).kind === "end"
  );
}

function csr(pass: Pass, cursor: Cursor): number {
  const number = cursor.token.kind === "name" ? csrNumber(cursor.token.text) : undefined;
  if (number === undefined) return pass.integer(cursor, 0, 0xfff);
  cursor.next();
  return number;
}

function fenceBits(cursor: Cursor): number {
  const { kind, text } = cursor.token;
  if (kind !== "name" || !/^i?o?r?w?$/.test(text)) return cursor.fail(asmMessages.expectedFence(text));
  cursor.next();
  return Array.from("iorw").reduce((bits, letter) => bits * 2 + (text.includes(letter) ? 1 : 0), 0);
}

function roundingMode(cursor: Cursor): number {
  const { text } = cursor.token;
  const mode = ROUNDING_MODES.indexOf(text);
  if (mode < 0) return cursor.fail(asmMessages.expectedRounding(text));
  cursor.next();
  return mode;
}

/** A plain number as the row's immediate: `lui`'s is the 20 bits above 12 zero ones. */
function immediate(pass: Pass, row: Row, { value, known }: Value, place: Place): number {
  if (immediateStyle(row) === "upper") {
    const fits =
      row.length === 2 ? value < 32n || (value >= 0xfffe0n && value <= 0xfffffn) : value <= 0xfffffn;
    if (pass.strict && !(fits && value >= 0n)) pass.source.fail(place, asmMessages.upperRange(value));
    return Number(BigInt.asIntN(20, value)) << 12;
  }
  return known ? Number(value) : 0;
}
