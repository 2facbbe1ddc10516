import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode } from "./decode.ts";
import { EncodingError, encode, extract, fieldRange, hasField, parsePattern, patternOf } from "./pattern.ts";
import type { Fields, Row } from "./row.ts";
import { rowByName, rows } from "./table.ts";

/** Operands that fit a row's encoding, of which some may be reserved. */
function operandsOf(row: Row): fc.Arbitrary<Partial<Fields>> {
  const each = patternOf(row).fields.map((field) => {
    const { min, max } = fieldRange(field);
    return fc
      .integer({ min: min / field.step, max: max / field.step })
      .map((n) => Object.fromEntries(field.sets.map((name) => [name, n * field.step])));
  });
  return fc.tuple(...each).map((parts) => Object.assign({}, ...parts) as Partial<Fields>);
}

function encodingOf(row: Row, operands: Partial<Fields>): number | undefined {
  try {
    return encode(row, operands);
  } catch (error) {
    if (error instanceof EncodingError) return undefined;
    throw error;
  }
}

describe("patterns", () => {
  test("parse to mask, match and bit slices", () => {
    const { mask, match, fields } = parsePattern("imm[12|10:5] rs2 rs1 000 imm[4:1|11] 1100011", 4);
    expect([mask, match]).toEqual([0x707f, 0x63]);
    const imm = fields.find((f) => f.name === "imm")!;
    expect(imm.slices).toEqual([
      { at: 31, to: 12, width: 1 },
      { at: 25, to: 5, width: 6 },
      { at: 8, to: 1, width: 4 },
      { at: 7, to: 11, width: 1 },
    ]);
    expect(fieldRange(imm)).toEqual({ min: -4096, max: 4094 });
  });

  test.each([
    ["0000000 rs2 rs1 000 rd 011001", "is not 32 bits"],
    ["0000000 rs2 rs9 000 rd 0110011", '"rs9" is not a field'],
  ])("refuse %s", (pattern, message) => {
    expect(() => parsePattern(pattern, 4)).toThrow(message);
  });

  test.each(rows)("$name: every bit of a value is encoded exactly once", (row) => {
    for (const field of patternOf(row).fields) {
      const bits = field.slices.flatMap((s) => Array.from({ length: s.width }, (_, i) => s.to + i));
      const low = Math.log2(field.step);
      expect(bits.sort((x, y) => x - y)).toEqual(Array.from({ length: field.size - low }, (_, i) => low + i));
    }
  });
});

describe("encode", () => {
  test.each(rows)("$name: encoding and decoding agree", (row) => {
    fc.assert(
      fc.property(operandsOf(row), (operands) => {
        const bits = encodingOf(row, operands);
        fc.pre(bits !== undefined);
        expect(extract(row, bits)).toMatchObject({ ...operands, ...row.fixed });
        const decoded = decode(bits)!;
        expect(decoded.fields).toEqual(extract(decoded.written, bits));
        // `fence` covers what `fence.tso` and `pause` name.
        if (row.name !== "fence") expect(decoded.written).toBe(row);
      }),
      { numRuns: 60 },
    );
  });

  const row = (name: string) => rowByName(name)!;

  test.each<[string, Partial<Fields>, number]>([
    ["add", { rd: 10, rs1: 11, rs2: 12 }, 0x00c58533],
    ["lui", { rd: 10, imm: 0x12345000 }, 0x12345537],
    ["lui", { rd: 10, imm: -4096 }, 0xfffff537],
    ["jal", { rd: 1, imm: -2 }, 0xfffff0ef],
    ["beq", { rs1: 1, rs2: 2, imm: -4096 }, 0x80208063],
    ["sd", { rs1: 2, rs2: 1, imm: 8 }, 0x00113423],
    ["srai", { rd: 10, rs1: 10, imm: 63 }, 0x43f55513],
    ["csrrwi", { rd: 10, imm: 0x300, rs1: 31 }, 0x300fd573],
    ["csrrs", { rd: 10, imm: 0xf14 }, 0xf1402573],
    ["amoadd.w", { rd: 10, rs1: 11, rs2: 12, aq: 1, rl: 1 }, 0x06c5a52f],
    ["fmadd.d", { rd: 1, rs1: 2, rs2: 3, rs3: 4, rm: 7 }, 0x223170c3],
    ["fence", { imm: 0xff }, 0x0ff0000f],
    ["c.addi16sp", { imm: -512 }, 0x7101],
    ["c.lui", { rd: 10, imm: -4096 }, 0x757d],
    ["c.lwsp", { rd: 10, imm: 252 }, 0x557e],
    ["c.lwsp", { rd: 10, rs1: 2, imm: 252 }, 0x557e],
    ["c.j", { imm: -2048 }, 0xb001],
    ["c.mv", { rd: 10, rs2: 11 }, 0x852e],
    ["c.add", { rd: 10, rs1: 10, rs2: 11 }, 0x952e],
  ])("%s %o", (name, operands, bits) => {
    expect(encode(row(name), operands).toString(16)).toBe(bits.toString(16));
  });

  test.each<[string, Partial<Fields>, string]>([
    ["addi", { imm: 2048 }, "imm is 2048, must be from -2048 to 2047"],
    ["addi", { imm: -2049 }, "imm is -2049, must be from -2048 to 2047"],
    ["addi", { imm: 0.5 }, "imm is 0.5, must be an integer"],
    ["slli", { imm: 64 }, "imm is 64, must be from 0 to 63"],
    ["slliw", { imm: 32 }, "imm is 32, must be from 0 to 31"],
    ["lui", { imm: 0x12345678 }, "imm is 305419896, must be a multiple of 4096"],
    ["beq", { imm: 3 }, "imm is 3, must be a multiple of 2"],
    ["jal", { imm: 1 << 20 }, "imm is 1048576, must be from -1048576 to 1048574"],
    ["csrrwi", { rs1: 32 }, "rs1 is 32, must be from 0 to 31"],
    ["fadd.s", { rm: 5 }, "rounding mode 5 is reserved"],
    ["c.lw", { rd: 7, rs1: 8 }, "rd is 7, must be from 8 to 15"],
    ["c.lwsp", { rd: 10, rs1: 3 }, "rs1 is 3, this instruction only has 2"],
    ["c.lwsp", { rd: 0 }, "c.lwsp has no encoding for these operands"],
    ["c.addi4spn", { rd: 8, imm: 0 }, "imm must not be 0"],
    ["c.lui", { rd: 2, imm: 4096 }, "c.lui has no encoding for these operands"],
    ["c.add", { rd: 10, rs1: 11, rs2: 12 }, "rd and rs1 must be the same register"],
    ["c.mv", { rd: 10, rs2: 0 }, "c.mv has no encoding for these operands"],
  ])("%s refuses %o", (name, operands, message) => {
    expect(() => encode(row(name), operands)).toThrow(new EncodingError(message));
  });
});

test("hasField tells what an encoding holds", () => {
  expect(hasField(rowByName("fadd.s")!, "rm")).toBe(true);
  expect(hasField(rowByName("fmin.s")!, "rm")).toBe(false);
  expect(hasField(rowByName("c.add")!, "rs1")).toBe(true);
});
