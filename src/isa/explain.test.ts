import { afterEach, describe, expect, test } from "vitest";
import { setLocale } from "../messages/catalogue.ts";
import { chineseSentences } from "../messages/instruction-sentences.ts";
import { decode } from "./decode.ts";
import { explain } from "./explain.ts";
import { encode, fieldRange, patternOf } from "./pattern.ts";
import type { Fields } from "./row.ts";
import { sentenceOf } from "./sentence.ts";
import { rowByName, rows } from "./table.ts";

afterEach(() => setLocale("en"));

const instruction = (name: string, operands: Partial<Fields>) => decode(encode(rowByName(name)!, operands))!;

const [a0, a1, a2, a3] = [10, 11, 12, 13];
const [ra, sp] = [1, 2];
const dynamic = 7;

describe("explain", () => {
  test.each<[string, Partial<Fields>, string]>([
    ["add", { rd: a0, rs1: a1, rs2: a2 }, "a0 = a1 + a2"],
    ["c.mv", { rd: a0, rs2: a1 }, "a0 = a1"],
    ["c.li", { rd: a0, imm: -5 }, "a0 = -5"],
    ["c.nop", {}, "nothing changes"],
    ["sub", { rd: a0, rs2: a1 }, "a0 = -a1"],
    ["xori", { rd: a0, rs1: a1, imm: -1 }, "a0 = ~a1"],
    ["andi", { rd: a0, rs1: a1, imm: -16 }, "a0 = a1 & ~15"],
    ["sll", { rd: a0, rs1: a1, rs2: a2 }, "a0 = a1 << (a2 & 63)"],
    ["sraiw", { rd: a0, rs1: a1, imm: 3 }, "a0 = (sign-extended low 32 bits of a1) >> 3"],
    ["addiw", { rd: a0, rs1: a1 }, "a0 = sign-extended low 32 bits of a1"],
    ["mulhu", { rd: a0, rs1: a1, rs2: a2 }, "a0 = high 64 bits of a1 * a2 (unsigned)"],
    ["lui", { rd: a0, imm: 0x12345000 }, "a0 = 0x12345000"],
    ["auipc", { rd: a0, imm: -4096 }, "a0 = pc - 0x1000"],
    ["sltiu", { rd: a0, rs1: a1, imm: 1 }, "a0 = 1 if a1 < 1 (unsigned), else 0"],
    ["max", { rd: a0, rs1: a1, rs2: a2 }, "a0 = a2 if a1 < a2 (signed), else a1"],
    ["sh2add", { rd: a0, rs1: a1, rs2: a2 }, "a0 = (a1 << 2) + a2"],
    ["ctzw", { rd: a0, rs1: a1 }, "a0 = number of trailing zero bits of low 32 bits of a1"],

    ["lw", { rd: 15, rs1: sp, imm: 16 }, "a5 = sign-extended 32-bit load from memory[sp + 16]"],
    ["lw", { rd: 0, rs1: sp, imm: 16 }, "sign-extended 32-bit load from memory[sp + 16], not kept"],
    ["lbu", { rd: a0, rs1: a1 }, "a0 = zero-extended 8-bit load from memory[a1]"],
    ["c.sdsp", { rs2: ra, imm: 8 }, "memory[sp + 8] = ra (64 bits)"],
    ["sh", { rs1: sp, rs2: 0 }, "memory[sp] = low 16 bits of 0"],
    [
      "amomin.w",
      { rd: a0, rs1: a1, rs2: a2 },
      "a0 = memory[a1] (32 bits), which atomically becomes min(memory[a1], a2) (signed)",
    ],
    ["lr.d", { rd: a0, rs1: a1 }, "a0 = memory[a1] (64 bits), now reserved"],
    [
      "sc.w",
      { rd: a0, rs1: a1, rs2: a2 },
      "a0 = 0 if memory[a1] was still reserved and is now a2 (32 bits), else 1",
    ],

    ["bne", { rs1: a0, rs2: a1, imm: -8 }, "if a0 != a1 go to pc - 8"],
    ["bltu", { rs1: a0, rs2: a1, imm: 8 }, "if a0 < a1 (unsigned) go to pc + 8"],
    ["c.beqz", { rs1: a0, imm: 8 }, "if a0 == 0 go to pc + 8"],
    ["jal", { rd: ra, imm: -2048 }, "go to pc - 2048, ra = pc + 4"],
    ["beq", { rs1: a0, rs2: a1 }, "if a0 == a1 go to pc"],
    ["c.j", { imm: 4 }, "go to pc + 4"],
    ["c.jr", { rs1: ra }, "go to ra & ~1"],
    ["c.jalr", { rs1: a0 }, "go to a0 & ~1, ra = pc + 2"],

    ["fadd.s", { rd: a0, rs1: a1, rs2: a2, rm: dynamic }, "fa0 = fa1 + fa2 (single precision)"],
    ["fdiv.d", { rd: a0, rs1: a1, rs2: a2, rm: 3 }, "fa0 = fa1 / fa2 (double precision, rounded up)"],
    [
      "fnmadd.d",
      { rd: a0, rs1: a1, rs2: a2, rs3: a3, rm: dynamic },
      "fa0 = -(fa1 * fa2) - fa3 (double precision)",
    ],
    [
      "fmsub.s",
      { rd: a0, rs1: a1, rs2: a2, rs3: a3, rm: dynamic },
      "fa0 = fa1 * fa2 - fa3 (single precision)",
    ],
    ["fsgnj.d", { rd: a0, rs1: a1, rs2: a1 }, "fa0 = fa1"],
    ["fsgnjn.d", { rd: a0, rs1: a1, rs2: a1 }, "fa0 = -fa1"],
    ["fsgnjx.s", { rd: a0, rs1: a1, rs2: a1 }, "fa0 = |fa1|"],
    ["fsgnj.s", { rd: a0, rs1: a1, rs2: a2 }, "fa0 = fa1 with the sign of fa2"],
    ["fle.d", { rd: a0, rs1: a1, rs2: a2 }, "a0 = 1 if fa1 <= fa2, else 0 (double precision)"],
    ["fcvt.w.d", { rd: a0, rs1: a1, rm: 1 }, "a0 = fa1 as a signed 32-bit integer, rounded toward zero"],
    ["fcvt.d.wu", { rd: a0, rs1: a1 }, "fa0 = low 32 bits of a1 (unsigned) as double precision"],
    ["fcvt.d.s", { rd: a0, rs1: a1 }, "fa0 = fa1 as double precision"],
    ["flw", { rd: a0, rs1: sp, imm: 4 }, "fa0 = 32-bit load from memory[sp + 4]"],
    ["fmv.w.x", { rd: a0, rs1: a1 }, "fa0 = low 32 bits of a1"],
    ["fmv.x.w", { rd: a0, rs1: a1 }, "a0 = sign-extended low 32 bits of fa1"],

    ["csrrw", { rd: sp, rs1: sp, imm: 0x340 }, "sp = mscratch, mscratch = old sp"],
    ["csrrw", { rs1: a0, imm: 0x180 }, "satp = a0"],
    ["csrrs", { rd: a0, imm: 0x342 }, "a0 = mcause"],
    ["csrrci", { rs1: 8, imm: 0x300 }, "mstatus &= ~8"],
    ["csrrs", { imm: 0x7ff }, "csr[0x7ff], not kept"],
    ["wfi", {}, "Waits until an interrupt is pending."],
  ])("%s %o", (name, operands, text) => {
    expect(explain(instruction(name, operands))).toBe(text);
  });

  test.each(["en", "zh"] as const)("tells every row in %s", (locale) => {
    setLocale(locale);
    for (const row of rows) {
      // The largest operands, whatever they are: all registers differ from x0.
      const operands: Partial<Fields> = {};
      for (const field of patternOf(row).fields)
        for (const name of field.sets) operands[name] = name === "rm" ? dynamic : fieldRange(field).max;
      expect(explain(instruction(row.name, operands)), row.name).not.toMatch(/undefined|NaN[^ ]|\[object/);
    }
  });

  test("speaks Chinese", () => {
    setLocale("zh");
    expect(explain(instruction("lw", { rd: a0, rs1: sp, imm: 16 }))).toBe(
      "a0 = 从 memory[sp + 16] 读取 32 位并符号扩展",
    );
    expect(explain(instruction("wfi", {}))).toBe("等待，直到有中断挂起。");
  });
});

test("every row has its sentence in both languages", () => {
  expect(Object.keys(chineseSentences).sort()).toEqual(rows.map((row) => row.name).sort());
  expect(sentenceOf(rowByName("wfi")!)).toBe("Waits until an interrupt is pending.");
});
