import { constant, eq, ne, rs1, rs2, select, setX } from "../meaning.ts";
import type { Row } from "../row.ts";
import { rowsOf } from "./builder.ts";

const row = rowsOf("Zicond");
const zero = constant(0n);

/** Zicond: conditions without branches. */
// biome-ignore format: a row reads best as a table entry
export const zicond: readonly Row[] = [
  row("czero.eqz", "0000111 rs2 rs1 101 rd 0110011", "rd, rs1, rs2",
    "Writes 0 to rd if rs2 is zero, else rs1.", setX(select(eq(rs2, zero), zero, rs1))),
  row("czero.nez", "0000111 rs2 rs1 111 rd 0110011", "rd, rs1, rs2",
    "Writes 0 to rd if rs2 is not zero, else rs1.", setX(select(ne(rs2, zero), zero, rs1))),
];
