import { decode, instructionLength } from "../../isa/decode.ts";
import type { Range } from "../../loader/image.ts";
import type { Section } from "../../loader/sections.ts";
import { rangeFinder } from "./ranges.ts";

const WRITES_RD = /\brd\b/;
const ADDRESS_ENDS = new Set(["addi", "addiw", "jalr"]);

/**
 * Where functions may begin in code that nothing describes: what is called there, and every address that the code itself puts
 * together from two neighbouring instructions.
 */
export function startsIn(code: readonly Section[], gaps: readonly Range[]): Set<number> {
  const starts = new Set<number>();
  for (const { address, size } of gaps) {
    const section = code.find((one) => address >= one.address && address < one.address + one.size);
    if (section) readGap(section, address - section.address, address - section.address + size, starts);
  }
  const isInGap = rangeFinder(gaps);
  for (const start of starts) if (!isInGap(start)) starts.delete(start);
  return starts;
}

function readGap({ bytes, address }: Section, from: number, to: number, starts: Set<number>): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const halves = new Map<number, number>();
  for (let at = from; at + 2 <= to; ) {
    const low = view.getUint16(at, true);
    const length = at + 4 <= to ? instructionLength(low) : 2;
    const instruction = decode(length === 2 ? low : view.getUint32(at, true));
    const here = address + at;
    at += length;
    if (!instruction) continue;
    const { row, fields } = instruction;
    const { rd, rs1, imm } = fields;
    const half = ADDRESS_ENDS.has(row.name) ? halves.get(rs1) : undefined;
    if (half !== undefined) starts.add(half + imm);
    if (row.name === "jal" && rd !== 0) starts.add(here + imm);
    if (row.name === "auipc") halves.set(rd, here + imm);
    else if (row.name === "lui") halves.set(rd, imm);
    else if (WRITES_RD.test(row.syntax)) halves.delete(rd);
  }
}
