import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode } from "../decode.ts";
import { disassemble } from "../disassemble.ts";
import { encode, fieldRange, isLegal, patternOf } from "../pattern.ts";
import type { Fields, Row } from "../row.ts";
import { rows } from "../table.ts";
import { assemble } from "./assemble.ts";
import { placeSections } from "./place.ts";

const PC = 0x4000_0000n;

/** The 16 or 32 bits of one assembled line at `PC`. */
function bitsOf(text: string): number {
  const { segments } = placeSections(assemble(text), { base: PC });
  const { bytes } = segments[0].sections[0];
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return bytes.length === 2 ? view.getUint16(0, true) : view.getUint32(0, true);
}

/** Legal operands of a row that its text tells apart: no ignored fields, no empty sets of a fence. */
function operands(row: Row): fc.Arbitrary<Fields> {
  const start: Fields = { rd: 0, rs1: 0, rs2: 0, rs3: 0, rm: 0, imm: 0, aq: 0, rl: 0 };
  const ignored = ignoredFields(row);
  const fields = patternOf(row).fields.filter((field) => !field.sets.some((name) => ignored.includes(name)));
  const values = fields.map((field) => {
    const { min, max } = fieldRange(field);
    return fc.integer({ min: min / field.step, max: max / field.step }).map((value) => value * field.step);
  });
  return fc.tuple(...values).map((chosen) => {
    const result = { ...start, ...row.fixed };
    fields.forEach(({ sets }, index) => {
      for (const name of sets) result[name] = chosen[index];
    });
    if (row.name === "fence") result.imm = (result.imm & 0xff) | 0x11;
    return result;
  });
}

function ignoredFields(row: Row): readonly (keyof Fields)[] {
  if (row.name.startsWith("fence")) return row.name === "fence" ? ["rd", "rs1"] : ["rd", "rs1", "imm"];
  // The rounding mode of an exact conversion.
  return patternOf(row).fields.some(({ name }) => name === "rm") && !row.syntax.endsWith("rm") ? ["rm"] : [];
}

describe("disassembled text assembles to the same bits", () => {
  it.each(rows.map((row) => [row.name, row] as const))("%s", (_, row) => {
    fc.assert(
      fc.property(
        operands(row).filter((fields) => isLegal(row, fields)),
        (fields) => {
          const bits = encode(row, fields);
          const instruction = decode(bits);
          if (instruction === undefined) throw new Error(`not decoded: ${bits.toString(16)}`);
          expect(bitsOf(disassemble(instruction, PC, { noAliases: true }))).toBe(bits);
          // With aliases, a compressed instruction is printed as what it stands for.
          if (row.length === 4) expect(bitsOf(disassemble(instruction, PC))).toBe(bits);
        },
      ),
      { numRuns: 30, seed: 1 },
    );
  });
});
