import { add, constant, imm, rs1, rs2, setX, shl, zext32 } from "../meaning.ts";
import type { Row } from "../row.ts";
import { rowsOf } from "./builder.ts";

const row = rowsOf("Zba");
const word = zext32(rs1);

/** Zba: address generation. */
// biome-ignore format: a row reads best as a table entry
export const zba: readonly Row[] = [
  row("add.uw", "0000100 rs2 rs1 000 rd 0111011", "rd, rs1, rs2",
    "Adds the low 32 bits of rs1, zero-extended, and rs2.", setX(add(word, rs2))),
  row("sh1add", "0010000 rs2 rs1 010 rd 0110011", "rd, rs1, rs2",
    "Adds 2 times rs1 and rs2: the address of an element of 2 bytes.",
    setX(add(shl(rs1, constant(1n)), rs2))),
  row("sh2add", "0010000 rs2 rs1 100 rd 0110011", "rd, rs1, rs2",
    "Adds 4 times rs1 and rs2: the address of an element of 4 bytes.",
    setX(add(shl(rs1, constant(2n)), rs2))),
  row("sh3add", "0010000 rs2 rs1 110 rd 0110011", "rd, rs1, rs2",
    "Adds 8 times rs1 and rs2: the address of an element of 8 bytes.",
    setX(add(shl(rs1, constant(3n)), rs2))),
  row("sh1add.uw", "0010000 rs2 rs1 010 rd 0111011", "rd, rs1, rs2",
    "Adds 2 times the low 32 bits of rs1, zero-extended, and rs2.", setX(add(shl(word, constant(1n)), rs2))),
  row("sh2add.uw", "0010000 rs2 rs1 100 rd 0111011", "rd, rs1, rs2",
    "Adds 4 times the low 32 bits of rs1, zero-extended, and rs2.", setX(add(shl(word, constant(2n)), rs2))),
  row("sh3add.uw", "0010000 rs2 rs1 110 rd 0111011", "rd, rs1, rs2",
    "Adds 8 times the low 32 bits of rs1, zero-extended, and rs2.", setX(add(shl(word, constant(3n)), rs2))),
  row("slli.uw", "000010 uimm[5:0] rs1 001 rd 0011011", "rd, rs1, imm",
    "Shifts the low 32 bits of rs1, zero-extended, left by imm bits.", setX(shl(word, imm))),
];
