import { system } from "../meaning.ts";
import type { Row } from "../row.ts";
import { rowsOf } from "./builder.ts";

const row = rowsOf("Zicsr");
const fence = rowsOf("Zifencei");

/** Zicsr: control and status registers, read and changed in one step. Zifencei: its one instruction. */
// biome-ignore format: a row reads best as a table entry
export const zicsr: readonly Row[] = [
  row("csrrw", "csr rs1 001 rd 1110011", "rd, csr, rs1",
    "Writes rs1 to a control and status register; rd gets its old value.", system("csrrw")),
  row("csrrs", "csr rs1 010 rd 1110011", "rd, csr, rs1",
    "Sets the bits of a control and status register that are set in rs1; rd gets its old value.",
    system("csrrs")),
  row("csrrc", "csr rs1 011 rd 1110011", "rd, csr, rs1",
    "Clears the bits of a control and status register that are set in rs1; rd gets its old value.",
    system("csrrc")),
  row("csrrwi", "csr uimm[4:0] 101 rd 1110011", "rd, csr, uimm",
    "Writes a number from 0 to 31 to a control and status register; rd gets its old value.",
    system("csrrwi")),
  row("csrrsi", "csr uimm[4:0] 110 rd 1110011", "rd, csr, uimm",
    "Sets the bits of a control and status register that are set in uimm; rd gets its old value.",
    system("csrrsi")),
  row("csrrci", "csr uimm[4:0] 111 rd 1110011", "rd, csr, uimm",
    "Clears the bits of a control and status register that are set in uimm; rd gets its old value.",
    system("csrrci")),

  // `imm`, `rs1` and `rd` are reserved for finer fences and ignored.
  fence("fence.i", "imm[11:0] rs1 001 rd 0001111", "",
    "Makes this hart fetch the instructions that it has stored.", system("fence.i")),
];
