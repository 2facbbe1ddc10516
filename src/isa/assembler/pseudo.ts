import { asmMessages } from "../../messages/asm.ts";
import { fNumber, xNumber } from "../registers.ts";
import type { Fields, Row } from "../row.ts";
import { rowByName, rows } from "../table.ts";
import { emitInstruction } from "./compress.ts";
import type { Cursor, Value } from "./expression.ts";
import type { FixupKind } from "./fixup.ts";
import { register } from "./operands.ts";
import type { Pass } from "./pass.ts";
import type { Place } from "./source.ts";

/**
 * A pseudo-instruction that may become several instructions. Returns false where the operands are those of the
 * real instruction of that name.
 */
type Pseudo = (pass: Pass, cursor: Cursor, place: Place) => boolean;

const row = (name: string): Row => rowByName(name) as Row;
const RA = 1;
const T1 = 6;

/** The pseudo-instructions that stand for more than one instruction (RISC-V Assembly Programmer's Manual). */
export const pseudos: ReadonlyMap<string, Pseudo> = new Map<string, Pseudo>([
  ["li", loadImmediate],
  ["la", loadAddress],
  ["lla", loadAddress],
  ["call", call],
  ["tail", (pass, cursor, place) => farJump(pass, cursor, place, 0, T1)],
  ["jump", jump],
  ...rows.filter((r) => r.length === 4 && /^(rd|fd), imm\(rs1\)$/.test(r.syntax)).map((r) => load(r)),
  ...rows.filter((r) => r.length === 4 && /^(rs2|fs2), imm\(rs1\)$/.test(r.syntax)).map((r) => store(r)),
]);

function emit(pass: Pass, place: Place, name: string, fields: Partial<Fields>): void {
  emitInstruction(pass, place, row(name), fields);
}

function x(cursor: Cursor): number {
  return register(cursor, xNumber, asmMessages.expectedX);
}

/** The register that a load or store of this row moves. */
function moved(cursor: Cursor, r: Row): number {
  return r.float ? register(cursor, fNumber, asmMessages.expectedF) : x(cursor);
}

/** `li rd, constant`: any 64-bit constant, in as few steps as shifting and adding take (GNU `as` does the same). */
function loadImmediate(pass: Pass, cursor: Cursor, place: Place): boolean {
  const rd = x(cursor);
  cursor.expect(",");
  const value = pass.number(cursor.expression());
  cursor.expectEnd();
  if (value >= -2048n && value <= 2047n) emit(pass, place, "addi", { rd, rs1: 0, imm: Number(value) });
  else loadWide(pass, place, rd, value);
  return true;
}

/**
 * 32 bits are `lui` and `addiw`. More are the same for what is left of the low 12 bits, shifted down over its
 * zero bits, then shifted back up and completed.
 */
function loadWide(pass: Pass, place: Place, rd: number, value: bigint): void {
  const low = BigInt.asIntN(12, value);
  let high = BigInt.asIntN(64, value - low);
  if (value === BigInt.asIntN(32, value)) {
    if (high !== 0n) emit(pass, place, "lui", { rd, imm: Number(BigInt.asIntN(32, high)) });
    if (low !== 0n || high === 0n)
      emit(pass, place, "addiw", { rd, rs1: high === 0n ? 0 : rd, imm: Number(low) });
    return;
  }
  let shift = 12;
  high >>= 12n;
  while ((high & 1n) === 0n) {
    high >>= 1n;
    shift++;
  }
  loadWide(pass, place, rd, high);
  emit(pass, place, "slli", { rd, rs1: rd, imm: shift });
  if (low !== 0n) emit(pass, place, "addi", { rd, rs1: rd, imm: Number(low) });
}

/** `auipc` into `base` for the target's upper part, then an instruction that adds the lower part. */
function pair(
  pass: Pass,
  place: Place,
  base: number,
  target: Value,
  second: Row,
  values: Partial<Fields>,
): void {
  const anchor = pass.here();
  const fixup = (kind: FixupKind, at: Value, r: Row, fields: Partial<Fields>) =>
    pass.fixup(kind, at, place, 4, { row: r, values: fields });
  fixup("pcrel_hi", target, row("auipc"), { rd: base });
  fixup("pcrel_lo", anchor, second, { ...values, rs1: base });
}

/** The address of the rest of the statement. */
function address(pass: Pass, cursor: Cursor): Value {
  const value = pass.evaluate(cursor.expression());
  cursor.expectEnd();
  return value;
}

/** `la rd, symbol` */
function loadAddress(pass: Pass, cursor: Cursor, place: Place): boolean {
  const rd = x(cursor);
  cursor.expect(",");
  pair(pass, place, rd, address(pass, cursor), row("addi"), { rd });
  return true;
}

/** `call symbol`; `call rd, symbol`, which goes by way of t1 as in GNU `as`. */
function call(pass: Pass, cursor: Cursor, place: Place): boolean {
  if (cursor.peek().text !== ",") return farJump(pass, cursor, place, RA, RA);
  const link = x(cursor);
  cursor.expect(",");
  return farJump(pass, cursor, place, link, T1);
}

/** `jump symbol, rt` */
function jump(pass: Pass, cursor: Cursor, place: Place): boolean {
  const target = pass.evaluate(cursor.expression());
  cursor.expect(",");
  const base = x(cursor);
  cursor.expectEnd();
  pair(pass, place, base, target, row("jalr"), { rd: 0 });
  return true;
}

function farJump(pass: Pass, cursor: Cursor, place: Place, rd: number, base: number): boolean {
  pair(pass, place, base, address(pass, cursor), row("jalr"), { rd });
  return true;
}

/** Whether the operands end in a base register, as those of the real instruction do. */
function hasBase(cursor: Cursor): boolean {
  const start = cursor.save();
  while (!cursor.done && !(cursor.is("(") && xNumber(cursor.peek(1).text) !== undefined)) cursor.next();
  // One that is never closed is still meant as one.
  const close = cursor.peek(2);
  const found =
    !cursor.done && (close.kind === "end" || (close.text === ")" && cursor.peek(3).kind === "end"));
  cursor.restore(start);
  return found;
}

/** `lw rd, symbol`; a floating-point load needs a register for the address: `flw fd, symbol, rt`. */
function load(r: Row): [string, Pseudo] {
  return [
    r.name,
    (pass, cursor, place) => {
      if (r.name === "jalr" || hasBase(cursor)) return false;
      const rd = moved(cursor, r);
      cursor.expect(",");
      if (!r.float) pair(pass, place, rd, address(pass, cursor), r, { rd });
      else throughRegister(pass, cursor, place, r, { rd });
      return true;
    },
  ];
}

/** `sw rs2, symbol, rt` */
function store(r: Row): [string, Pseudo] {
  return [
    r.name,
    (pass, cursor, place) => {
      if (hasBase(cursor)) return false;
      const rs2 = moved(cursor, r);
      cursor.expect(",");
      throughRegister(pass, cursor, place, r, { rs2 });
      return true;
    },
  ];
}

function throughRegister(pass: Pass, cursor: Cursor, place: Place, r: Row, fields: Partial<Fields>): void {
  const target = pass.evaluate(cursor.expression());
  cursor.expect(",");
  const base = x(cursor);
  cursor.expectEnd();
  pair(pass, place, base, target, r, fields);
}
