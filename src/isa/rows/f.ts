import {
  add,
  and,
  box,
  constant,
  type Expr,
  float,
  fs1,
  fs2,
  fs3,
  imm,
  load,
  not,
  or,
  rs1,
  setF,
  setX,
  sext32,
  store,
  unbox,
  xor,
} from "../meaning.ts";
import type { Row } from "../row.ts";
import { rowsOf } from "./builder.ts";

const row = rowsOf("F");
const address = add(rs1, imm);
// Single-precision operands are NaN-boxed in the 64-bit registers ("NaN Boxing of Narrower Values").
const a = unbox(fs1);
const b = unbox(fs2);
const c = unbox(fs3);
const signBit = constant(0x8000_0000n);
const sign = (value: Expr) => and(value, signBit);
const magnitude = (value: Expr) => and(value, constant(0x7fff_ffffn));
const negated = (value: Expr) => xor(value, signBit);

/** F: single-precision floating point. */
// biome-ignore format: a row reads best as a table entry
export const f: readonly Row[] = [
  row("flw", "imm[11:0] rs1 010 rd 0000111", "fd, imm(rs1)",
    "Loads a single-precision value from memory into fd.", setF(box(load(32, false, address)))),
  row("fsw", "imm[11:5] rs2 rs1 010 imm[4:0] 0100111", "fs2, imm(rs1)",
    "Stores the single-precision value in fs2 to memory.", store(32, address, fs2)),

  row("fmadd.s", "rs3 00 rs2 rs1 rm rd 1000011", "fd, fs1, fs2, fs3, rm",
    "Writes fs1 * fs2 + fs3, rounded once, to fd.", setF(box(float("f32_mulAdd", a, b, c)))),
  row("fmsub.s", "rs3 00 rs2 rs1 rm rd 1000111", "fd, fs1, fs2, fs3, rm",
    "Writes fs1 * fs2 - fs3, rounded once, to fd.", setF(box(float("f32_mulAdd", a, b, negated(c))))),
  row("fnmsub.s", "rs3 00 rs2 rs1 rm rd 1001011", "fd, fs1, fs2, fs3, rm",
    "Writes -(fs1 * fs2) + fs3, rounded once, to fd.", setF(box(float("f32_mulAdd", negated(a), b, c)))),
  row("fnmadd.s", "rs3 00 rs2 rs1 rm rd 1001111", "fd, fs1, fs2, fs3, rm",
    "Writes -(fs1 * fs2) - fs3, rounded once, to fd.",
    setF(box(float("f32_mulAdd", negated(a), b, negated(c))))),

  row("fadd.s", "0000000 rs2 rs1 rm rd 1010011", "fd, fs1, fs2, rm",
    "Adds fs1 and fs2.", setF(box(float("f32_add", a, b)))),
  row("fsub.s", "0000100 rs2 rs1 rm rd 1010011", "fd, fs1, fs2, rm",
    "Subtracts fs2 from fs1.", setF(box(float("f32_sub", a, b)))),
  row("fmul.s", "0001000 rs2 rs1 rm rd 1010011", "fd, fs1, fs2, rm",
    "Multiplies fs1 by fs2.", setF(box(float("f32_mul", a, b)))),
  row("fdiv.s", "0001100 rs2 rs1 rm rd 1010011", "fd, fs1, fs2, rm",
    "Divides fs1 by fs2.", setF(box(float("f32_div", a, b)))),
  row("fsqrt.s", "0101100 00000 rs1 rm rd 1010011", "fd, fs1, rm",
    "Writes the square root of fs1 to fd.", setF(box(float("f32_sqrt", a)))),

  row("fsgnj.s", "0010000 rs2 rs1 000 rd 1010011", "fd, fs1, fs2",
    "Writes fs1 with the sign of fs2 to fd.", setF(box(or(magnitude(a), sign(b))))),
  row("fsgnjn.s", "0010000 rs2 rs1 001 rd 1010011", "fd, fs1, fs2",
    "Writes fs1 with the opposite of the sign of fs2 to fd.", setF(box(or(magnitude(a), sign(not(b)))))),
  row("fsgnjx.s", "0010000 rs2 rs1 010 rd 1010011", "fd, fs1, fs2",
    "Writes fs1 to fd, with its sign changed if fs2 is negative.", setF(box(xor(a, sign(b))))),
  row("fmin.s", "0010100 rs2 rs1 000 rd 1010011", "fd, fs1, fs2",
    "Writes the smaller of fs1 and fs2 to fd; a NaN gives way to a number.",
    setF(box(float("f32_min", a, b)))),
  row("fmax.s", "0010100 rs2 rs1 001 rd 1010011", "fd, fs1, fs2",
    "Writes the larger of fs1 and fs2 to fd; a NaN gives way to a number.",
    setF(box(float("f32_max", a, b)))),

  row("feq.s", "1010000 rs2 rs1 010 rd 1010011", "rd, fs1, fs2",
    "Writes 1 to rd if fs1 and fs2 are equal, else 0.", setX(float("f32_eq", a, b))),
  row("flt.s", "1010000 rs2 rs1 001 rd 1010011", "rd, fs1, fs2",
    "Writes 1 to rd if fs1 is less than fs2, else 0.", setX(float("f32_lt", a, b))),
  row("fle.s", "1010000 rs2 rs1 000 rd 1010011", "rd, fs1, fs2",
    "Writes 1 to rd if fs1 is less than or equal to fs2, else 0.", setX(float("f32_le", a, b))),
  row("fclass.s", "1110000 00000 rs1 001 rd 1010011", "rd, fs1",
    "Sets the one bit of rd that says what fs1 is: infinite, normal, subnormal or zero of either sign, or a NaN.",
    setX(float("f32_classify", a))),

  row("fcvt.w.s", "1100000 00000 rs1 rm rd 1010011", "rd, fs1, rm",
    "Rounds fs1 to a signed 32-bit integer; what is out of range becomes the nearest one.",
    setX(float("f32_to_i32", a))),
  row("fcvt.wu.s", "1100000 00001 rs1 rm rd 1010011", "rd, fs1, rm",
    "Rounds fs1 to an unsigned 32-bit integer, sign-extended into rd; what is out of range becomes the nearest one.",
    setX(float("f32_to_ui32", a))),
  row("fcvt.l.s", "1100000 00010 rs1 rm rd 1010011", "rd, fs1, rm",
    "Rounds fs1 to a signed 64-bit integer; what is out of range becomes the nearest one.",
    setX(float("f32_to_i64", a))),
  row("fcvt.lu.s", "1100000 00011 rs1 rm rd 1010011", "rd, fs1, rm",
    "Rounds fs1 to an unsigned 64-bit integer; what is out of range becomes the nearest one.",
    setX(float("f32_to_ui64", a))),
  row("fcvt.s.w", "1101000 00000 rs1 rm rd 1010011", "fd, rs1, rm",
    "Converts the low 32 bits of rs1, signed, to single-precision.", setF(box(float("i32_to_f32", rs1)))),
  row("fcvt.s.wu", "1101000 00001 rs1 rm rd 1010011", "fd, rs1, rm",
    "Converts the low 32 bits of rs1, unsigned, to single-precision.", setF(box(float("ui32_to_f32", rs1)))),
  row("fcvt.s.l", "1101000 00010 rs1 rm rd 1010011", "fd, rs1, rm",
    "Converts rs1, signed, to single-precision.", setF(box(float("i64_to_f32", rs1)))),
  row("fcvt.s.lu", "1101000 00011 rs1 rm rd 1010011", "fd, rs1, rm",
    "Converts rs1, unsigned, to single-precision.", setF(box(float("ui64_to_f32", rs1)))),
  row("fmv.x.w", "1110000 00000 rs1 000 rd 1010011", "rd, fs1",
    "Copies the low 32 bits of fs1 as they are, sign-extended, to rd.", setX(sext32(fs1))),
  row("fmv.w.x", "1111000 00000 rs1 000 rd 1010011", "fd, rs1",
    "Copies the low 32 bits of rs1 as they are to fd.", setF(box(rs1))),
];
