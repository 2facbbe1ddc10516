import { and, constant, imm, not, or, rs1, rs2, setX, shl, shrU, xor } from "../meaning.ts";
import type { Row } from "../row.ts";
import { rowsOf } from "./builder.ts";

const row = rowsOf("Zbs");
const one = constant(1n);

/** Zbs: single bits. */
// biome-ignore format: a row reads best as a table entry
export const zbs: readonly Row[] = [
  row("bclr", "0100100 rs2 rs1 001 rd 0110011", "rd, rs1, rs2",
    "Writes rs1 with the bit whose number is in the low 6 bits of rs2 cleared to rd.",
    setX(and(rs1, not(shl(one, rs2))))),
  row("bclri", "010010 uimm[5:0] rs1 001 rd 0010011", "rd, rs1, imm",
    "Writes rs1 with bit imm cleared to rd.", setX(and(rs1, not(shl(one, imm))))),
  row("bext", "0100100 rs2 rs1 101 rd 0110011", "rd, rs1, rs2",
    "Writes the bit of rs1 whose number is in the low 6 bits of rs2 to rd, as 0 or 1.",
    setX(and(shrU(rs1, rs2), one))),
  row("bexti", "010010 uimm[5:0] rs1 101 rd 0010011", "rd, rs1, imm",
    "Writes bit imm of rs1 to rd, as 0 or 1.", setX(and(shrU(rs1, imm), one))),
  row("binv", "0110100 rs2 rs1 001 rd 0110011", "rd, rs1, rs2",
    "Writes rs1 with the bit whose number is in the low 6 bits of rs2 inverted to rd.",
    setX(xor(rs1, shl(one, rs2)))),
  row("binvi", "011010 uimm[5:0] rs1 001 rd 0010011", "rd, rs1, imm",
    "Writes rs1 with bit imm inverted to rd.", setX(xor(rs1, shl(one, imm)))),
  row("bset", "0010100 rs2 rs1 001 rd 0110011", "rd, rs1, rs2",
    "Writes rs1 with the bit whose number is in the low 6 bits of rs2 set to rd.",
    setX(or(rs1, shl(one, rs2)))),
  row("bseti", "001010 uimm[5:0] rs1 001 rd 0010011", "rd, rs1, imm",
    "Writes rs1 with bit imm set to rd.", setX(or(rs1, shl(one, imm)))),
];
