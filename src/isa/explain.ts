/**
 * What an instruction does, in a line for a student, told from its meaning: `a0 = a1 + a2`,
 * `if a0 != a1 (…) go to pc - 8`. Shifts are written `<<`, `>>` (fills with the sign) and `>>>` (with zeros).
 */

import { explainMessages as words } from "../messages/explain.ts";
import { hex } from "../messages/hex.ts";
import { csrName } from "./csr-names.ts";
import { explainFloat, explainSign } from "./explain-float.ts";
import {
  type AmoOp,
  add,
  type BinaryOp,
  type CompareOp,
  type Cond,
  type Expr,
  imm,
  pc,
  type SystemRoutine,
  type UnaryOp,
} from "./meaning.ts";
import { atom, formula, inner, type Phrase } from "./phrase.ts";
import { F_NAMES, X_NAMES } from "./registers.ts";
import type { Fields, Instruction } from "./row.ts";
import { sentenceOf } from "./sentence.ts";

/** The line for one instruction. Branch targets are told relative to `pc`. */
export function explain(instruction: Instruction): string {
  const { row, fields } = instruction;
  const { meaning } = row;
  const value = (expr: Expr) => phrase(simplified(expr, fields), fields);
  switch (meaning.kind) {
    case "setX": {
      const { text } = value(meaning.value);
      if (fields.rd !== 0) return `${X_NAMES[fields.rd]} = ${text}`;
      return touchesHart(meaning.value) ? words.dropped(text) : words.nothing();
    }
    case "setF":
      return `${F_NAMES[fields.rd]} = ${value(meaning.value).text}`;
    case "store": {
      const stored = value(meaning.value);
      const text =
        meaning.bits === 64 ? words.allBits(stored.text) : words.lowBits(meaning.bits, inner(stored));
      return `${place(value(meaning.addr))} = ${text}`;
    }
    case "jump": {
      const jump = words.goTo(value(meaning.target).text);
      return fields.rd === 0 ? jump : `${jump}, ${X_NAMES[fields.rd]} = pc + ${instruction.length}`;
    }
    case "branch":
      return words.ifGoTo(condition(meaning.cond, fields), value(add(pc, imm)).text);
    case "nothing":
      return sentenceOf(row);
    case "system":
      return explainCsr(meaning.routine, fields) ?? sentenceOf(row);
  }
}

/** Control and status register instructions; undefined for other routines. */
function explainCsr(routine: SystemRoutine, { rd, rs1, imm }: Fields): string | undefined {
  const csr = csrName(imm) ?? `csr[${hex(imm)}]`;
  const register = X_NAMES[rs1];
  const source = routine.endsWith("i") ? String(rs1) : rs1 === rd ? words.old(register) : register;
  const read = rd === 0 ? [] : [`${X_NAMES[rd]} = ${csr}`];
  switch (routine) {
    case "csrrw":
    case "csrrwi":
      return [...read, `${csr} = ${rs1 === 0 ? 0 : source}`].join(", ");
    case "csrrs":
    case "csrrsi":
    case "csrrc":
    case "csrrci": {
      const change = routine.startsWith("csrrs") ? `${csr} |= ${source}` : `${csr} &= ~${source}`;
      const all = rs1 === 0 ? read : [...read, change];
      return all.length === 0 ? words.dropped(csr) : all.join(", ");
    }
    default:
      return undefined;
  }
}

/** Whether a value is read from outside the registers, or changes more than its destination. */
function touchesHart(expr: Expr): boolean {
  return ["load", "amo", "lr", "sc", "float"].includes(expr.kind);
}

const zero: Expr = { kind: "const", value: 0n };

/** The expression with the instruction's immediate and x0 put in, and operations that do nothing left out. */
function simplified(expr: Expr, fields: Fields): Expr {
  const inside = (e: Expr) => simplified(e, fields);
  switch (expr.kind) {
    case "imm":
      return { kind: "const", value: BigInt(fields.imm) };
    case "x":
      return fields[expr.field] === 0 ? zero : expr;
    case "unary": {
      const a = inside(expr.a);
      return isZero(a) && expr.op.includes("ext") ? zero : { ...expr, a };
    }
    case "binary": {
      const a = inside(expr.a);
      const b = inside(expr.b);
      if (isZero(b) && KEEP_LEFT.has(expr.op)) return a;
      if (isZero(a) && KEEP_RIGHT.has(expr.op)) return b;
      return { ...expr, a, b };
    }
    case "load":
    case "lr":
      return { ...expr, addr: inside(expr.addr) };
    case "amo":
    case "sc":
      return { ...expr, addr: inside(expr.addr), value: inside(expr.value) };
    case "box":
    case "unbox":
      return { ...expr, a: inside(expr.a) };
    case "select":
      return { ...expr, a: inside(expr.a), b: inside(expr.b) };
    case "float":
      return { ...expr, args: expr.args.map(inside) };
    default:
      return expr;
  }
}

const isZero = (expr: Expr) => expr.kind === "const" && expr.value === 0n;
/** `a op 0` is `a`; `0 op b` is `b`. */
const KEEP_LEFT: ReadonlySet<BinaryOp> = new Set(["add", "sub", "or", "xor", "shl", "shrU", "shrS"]);
const KEEP_RIGHT: ReadonlySet<BinaryOp> = new Set(["add", "or", "xor"]);

function phrase(expr: Expr, fields: Fields): Phrase {
  const value = (e: Expr) => phrase(e, fields);
  switch (expr.kind) {
    case "const":
      return atom(number(expr.value));
    case "x":
      return atom(X_NAMES[fields[expr.field]]);
    case "f":
      return atom(F_NAMES[fields[expr.field]]);
    case "pc":
      return atom("pc");
    case "unary":
      return formula(unaryText[expr.op](inner(value(expr.a))));
    case "binary":
      return explainSign(expr, fields, value) ?? binaryPhrase(expr, value);
    case "select":
      return formula(words.choice(condition(expr.cond, fields), inner(value(expr.a)), inner(value(expr.b))));
    case "fromBool":
      return formula(words.choice(condition(expr.cond, fields), "1", "0"));
    case "load": {
      const from = place(value(expr.addr));
      if (expr.bits === 64) return formula(words.load(64, from));
      return formula((expr.signed ? words.signedLoad : words.unsignedLoad)(expr.bits, from));
    }
    case "amo": {
      const at = place(value(expr.addr));
      return formula(words.amo(expr.bits, at, amoText[expr.op](at, inner(value(expr.value)))));
    }
    case "lr":
      return formula(words.loadReserved(expr.bits, place(value(expr.addr))));
    case "sc":
      return formula(words.storeConditional(expr.bits, place(value(expr.addr)), value(expr.value).text));
    case "float":
      return explainFloat(expr, fields, value);
    case "unbox":
      return value(expr.a);
    case "box":
      if (expr.a.kind === "x") return formula(words.lowBits(32, X_NAMES[fields[expr.a.field]]));
      if (expr.a.kind === "load") return formula(words.load(32, place(value(expr.a.addr))));
      return value(expr.a);
    default:
      throw new Error(`no meaning has ${expr.kind} inside a value`);
  }
}

/** A place in memory. */
const place = (address: Phrase) => `memory[${address.text}]`;

/** Small numbers in decimal, others in hexadecimal. */
function number(value: bigint): string {
  return -4096n < value && value < 4096n ? String(value) : hex(value);
}

function sum(left: string, right: bigint): string {
  return right < 0n ? `${left} - ${number(-right)}` : `${left} + ${number(right)}`;
}

function binaryPhrase(expr: Expr & { kind: "binary" }, value: (e: Expr) => Phrase): Phrase {
  const { op, a, b } = expr;
  const left = inner(value(a));
  if (op === "add" && b.kind === "const") return formula(sum(left, b.value));
  if (op === "sub" && isZero(a)) return formula(`-${inner(value(b))}`);
  if (op === "xor" && b.kind === "const" && b.value === -1n) return atom(`~${left}`);
  if (op === "and" && b.kind === "const" && b.value < 0n) return formula(`${left} & ~${number(~b.value)}`);
  const registerAmount = SHIFTS.has(op) && b.kind === "x";
  return formula(binaryText[op](left, registerAmount ? `(${value(b).text} & 63)` : inner(value(b))));
}

function condition({ op, a, b }: Cond, fields: Fields): string {
  const text = (e: Expr) => inner(phrase(simplified(e, fields), fields));
  return compareText[op](text(a), text(b));
}

const compareText: Readonly<Record<CompareOp, (a: string, b: string) => string>> = {
  eq: (a, b) => `${a} == ${b}`,
  ne: (a, b) => `${a} != ${b}`,
  lt: (a, b) => words.signed(`${a} < ${b}`),
  ltu: (a, b) => words.unsigned(`${a} < ${b}`),
  ge: (a, b) => words.signed(`${a} >= ${b}`),
  geu: (a, b) => words.unsigned(`${a} >= ${b}`),
};

const unaryText: Readonly<Record<UnaryOp, (a: string) => string>> = {
  sext8: (a) => words.signExtended(8, a),
  sext16: (a) => words.signExtended(16, a),
  sext32: (a) => words.signExtended(32, a),
  zext16: (a) => words.zeroExtended(16, a),
  zext32: (a) => words.zeroExtended(32, a),
  clz: words.leadingZeros,
  ctz: words.trailingZeros,
  popcnt: words.ones,
  clzw: (a) => words.leadingZeros(words.lowBits(32, a)),
  ctzw: (a) => words.trailingZeros(words.lowBits(32, a)),
  popcntw: (a) => words.ones(words.lowBits(32, a)),
  orcb: words.bytesFilled,
  rev8: words.bytesReversed,
};

/** Operations that take their second argument modulo 64. */
const SHIFTS: ReadonlySet<BinaryOp> = new Set(["shl", "shrU", "shrS"]);

const binaryText: Readonly<Record<BinaryOp, (a: string, b: string) => string>> = {
  add: (a, b) => `${a} + ${b}`,
  sub: (a, b) => `${a} - ${b}`,
  and: (a, b) => `${a} & ${b}`,
  or: (a, b) => `${a} | ${b}`,
  xor: (a, b) => `${a} ^ ${b}`,
  shl: (a, b) => `${a} << ${b}`,
  shrU: (a, b) => `${a} >>> ${b}`,
  shrS: (a, b) => `${a} >> ${b}`,
  rotl: words.rotatedLeft,
  rotr: words.rotatedRight,
  rotlw: (a, b) => words.rotatedLeft(words.lowBits(32, a), b),
  rotrw: (a, b) => words.rotatedRight(words.lowBits(32, a), b),
  mul: (a, b) => `${a} * ${b}`,
  mulh: (a, b) => words.signed(words.high(`${a} * ${b}`)),
  mulhu: (a, b) => words.unsigned(words.high(`${a} * ${b}`)),
  mulhsu: (a, b) => words.signedByUnsigned(words.high(`${a} * ${b}`)),
  div: (a, b) => words.signed(`${a} / ${b}`),
  divu: (a, b) => words.unsigned(`${a} / ${b}`),
  rem: (a, b) => words.signed(`${a} % ${b}`),
  remu: (a, b) => words.unsigned(`${a} % ${b}`),
  divw: (a, b) => words.signedWord(`${a} / ${b}`),
  divuw: (a, b) => words.unsignedWord(`${a} / ${b}`),
  remw: (a, b) => words.signedWord(`${a} % ${b}`),
  remuw: (a, b) => words.unsignedWord(`${a} % ${b}`),
};

const amoText: Readonly<Record<AmoOp, (old: string, operand: string) => string>> = {
  swap: (_, operand) => operand,
  add: (old, operand) => `${old} + ${operand}`,
  xor: (old, operand) => `${old} ^ ${operand}`,
  and: (old, operand) => `${old} & ${operand}`,
  or: (old, operand) => `${old} | ${operand}`,
  min: (old, operand) => words.signed(`min(${old}, ${operand})`),
  max: (old, operand) => words.signed(`max(${old}, ${operand})`),
  minu: (old, operand) => words.unsigned(`min(${old}, ${operand})`),
  maxu: (old, operand) => words.unsigned(`max(${old}, ${operand})`),
};
