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
  store,
  unbox,
  xor,
} from "../meaning.ts";
import type { Row } from "../row.ts";
import { rowsOf } from "./builder.ts";

const row = rowsOf("D");
const address = add(rs1, imm);
const a = fs1;
const b = fs2;
const c = fs3;
const signBit = constant(-(1n << 63n));
const sign = (value: Expr) => and(value, signBit);
const magnitude = (value: Expr) => and(value, constant((1n << 63n) - 1n));
const negated = (value: Expr) => xor(value, signBit);

/**
 * D: double-precision floating point. Conversions that are always exact have a rounding mode field all the
 * same; assemblers leave it 0 and do not show it.
 */
// biome-ignore format: a row reads best as a table entry
export const d: readonly Row[] = [
  row("fld", "imm[11:0] rs1 011 rd 0000111", "fd, imm(rs1)",
    "Loads a double-precision value from memory into fd.", setF(load(64, false, address))),
  row("fsd", "imm[11:5] rs2 rs1 011 imm[4:0] 0100111", "fs2, imm(rs1)",
    "Stores the double-precision value in fs2 to memory.", store(64, address, fs2)),

  row("fmadd.d", "rs3 01 rs2 rs1 rm rd 1000011", "fd, fs1, fs2, fs3, rm",
    "Writes fs1 * fs2 + fs3, rounded once, to fd.", setF(float("f64_mulAdd", a, b, c))),
  row("fmsub.d", "rs3 01 rs2 rs1 rm rd 1000111", "fd, fs1, fs2, fs3, rm",
    "Writes fs1 * fs2 - fs3, rounded once, to fd.", setF(float("f64_mulAdd", a, b, negated(c)))),
  row("fnmsub.d", "rs3 01 rs2 rs1 rm rd 1001011", "fd, fs1, fs2, fs3, rm",
    "Writes -(fs1 * fs2) + fs3, rounded once, to fd.", setF(float("f64_mulAdd", negated(a), b, c))),
  row("fnmadd.d", "rs3 01 rs2 rs1 rm rd 1001111", "fd, fs1, fs2, fs3, rm",
    "Writes -(fs1 * fs2) - fs3, rounded once, to fd.", setF(float("f64_mulAdd", negated(a), b, negated(c)))),

  row("fadd.d", "0000001 rs2 rs1 rm rd 1010011", "fd, fs1, fs2, rm",
    "Adds fs1 and fs2.", setF(float("f64_add", a, b))),
  row("fsub.d", "0000101 rs2 rs1 rm rd 1010011", "fd, fs1, fs2, rm",
    "Subtracts fs2 from fs1.", setF(float("f64_sub", a, b))),
  row("fmul.d", "0001001 rs2 rs1 rm rd 1010011", "fd, fs1, fs2, rm",
    "Multiplies fs1 by fs2.", setF(float("f64_mul", a, b))),
  row("fdiv.d", "0001101 rs2 rs1 rm rd 1010011", "fd, fs1, fs2, rm",
    "Divides fs1 by fs2.", setF(float("f64_div", a, b))),
  row("fsqrt.d", "0101101 00000 rs1 rm rd 1010011", "fd, fs1, rm",
    "Writes the square root of fs1 to fd.", setF(float("f64_sqrt", a))),

  row("fsgnj.d", "0010001 rs2 rs1 000 rd 1010011", "fd, fs1, fs2",
    "Writes fs1 with the sign of fs2 to fd.", setF(or(magnitude(a), sign(b)))),
  row("fsgnjn.d", "0010001 rs2 rs1 001 rd 1010011", "fd, fs1, fs2",
    "Writes fs1 with the opposite of the sign of fs2 to fd.", setF(or(magnitude(a), sign(not(b))))),
  row("fsgnjx.d", "0010001 rs2 rs1 010 rd 1010011", "fd, fs1, fs2",
    "Writes fs1 to fd, with its sign changed if fs2 is negative.", setF(xor(a, sign(b)))),
  row("fmin.d", "0010101 rs2 rs1 000 rd 1010011", "fd, fs1, fs2",
    "Writes the smaller of fs1 and fs2 to fd; a NaN gives way to a number.", setF(float("f64_min", a, b))),
  row("fmax.d", "0010101 rs2 rs1 001 rd 1010011", "fd, fs1, fs2",
    "Writes the larger of fs1 and fs2 to fd; a NaN gives way to a number.", setF(float("f64_max", a, b))),

  row("feq.d", "1010001 rs2 rs1 010 rd 1010011", "rd, fs1, fs2",
    "Writes 1 to rd if fs1 and fs2 are equal, else 0.", setX(float("f64_eq", a, b))),
  row("flt.d", "1010001 rs2 rs1 001 rd 1010011", "rd, fs1, fs2",
    "Writes 1 to rd if fs1 is less than fs2, else 0.", setX(float("f64_lt", a, b))),
  row("fle.d", "1010001 rs2 rs1 000 rd 1010011", "rd, fs1, fs2",
    "Writes 1 to rd if fs1 is less than or equal to fs2, else 0.", setX(float("f64_le", a, b))),
  row("fclass.d", "1110001 00000 rs1 001 rd 1010011", "rd, fs1",
    "Sets the one bit of rd that says what fs1 is: infinite, normal, subnormal or zero of either sign, or a NaN.",
    setX(float("f64_classify", a))),

  row("fcvt.w.d", "1100001 00000 rs1 rm rd 1010011", "rd, fs1, rm",
    "Rounds fs1 to a signed 32-bit integer; what is out of range becomes the nearest one.",
    setX(float("f64_to_i32", a))),
  row("fcvt.wu.d", "1100001 00001 rs1 rm rd 1010011", "rd, fs1, rm",
    "Rounds fs1 to an unsigned 32-bit integer, sign-extended into rd; what is out of range becomes the nearest one.",
    setX(float("f64_to_ui32", a))),
  row("fcvt.l.d", "1100001 00010 rs1 rm rd 1010011", "rd, fs1, rm",
    "Rounds fs1 to a signed 64-bit integer; what is out of range becomes the nearest one.",
    setX(float("f64_to_i64", a))),
  row("fcvt.lu.d", "1100001 00011 rs1 rm rd 1010011", "rd, fs1, rm",
    "Rounds fs1 to an unsigned 64-bit integer; what is out of range becomes the nearest one.",
    setX(float("f64_to_ui64", a))),
  row("fcvt.d.w", "1101001 00000 rs1 rm rd 1010011", "fd, rs1",
    "Converts the low 32 bits of rs1, signed, to double-precision.", setF(float("i32_to_f64", rs1))),
  row("fcvt.d.wu", "1101001 00001 rs1 rm rd 1010011", "fd, rs1",
    "Converts the low 32 bits of rs1, unsigned, to double-precision.", setF(float("ui32_to_f64", rs1))),
  row("fcvt.d.l", "1101001 00010 rs1 rm rd 1010011", "fd, rs1, rm",
    "Converts rs1, signed, to double-precision.", setF(float("i64_to_f64", rs1))),
  row("fcvt.d.lu", "1101001 00011 rs1 rm rd 1010011", "fd, rs1, rm",
    "Converts rs1, unsigned, to double-precision.", setF(float("ui64_to_f64", rs1))),
  row("fcvt.s.d", "0100000 00001 rs1 rm rd 1010011", "fd, fs1, rm",
    "Rounds the double-precision fs1 to single precision.", setF(box(float("f64_to_f32", a)))),
  row("fcvt.d.s", "0100001 00000 rs1 rm rd 1010011", "fd, fs1",
    "Converts the single-precision fs1 to double precision, exactly.", setF(float("f32_to_f64", unbox(fs1)))),
  row("fmv.x.d", "1110001 00000 rs1 000 rd 1010011", "rd, fs1",
    "Copies the 64 bits of fs1 as they are to rd.", setX(fs1)),
  row("fmv.d.x", "1111001 00000 rs1 000 rd 1010011", "fd, rs1",
    "Copies the 64 bits of rs1 as they are to fd.", setF(rs1)),
];
