import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode, instructionLength } from "./decode.ts";
import { encode, patternOf } from "./pattern.ts";
import { baseRowCount, rowByName, rows } from "./table.ts";

describe("decode", () => {
  test.each([
    [0x00c58533, "add"],
    [0x02c58533, "mul"],
    [0x0005051b, "addiw"],
    [0x30200073, "mret"],
    [0x8330000f, "fence.tso"],
    [0x0100000f, "pause"],
    [0x0ff0000f, "fence"],
    [0x0000100f, "fence.i"],
    [0x08b5453b, undefined], // zext.h wants rs2 = 0
    [0x0805453b, "zext.h"],
    [0xd2057553, "fcvt.d.w"],
    [0xd2055553, undefined], // rounding mode 5
    [0x00b56553, undefined], // fadd.s, rounding mode 6
    [0x0005f003, undefined], // load of 128 bits
    [0x1005a5af, "lr.w"],
    [0x10c5a5af, undefined], // lr.w wants rs2 = 0
    [0x0000001f, undefined], // an instruction of 48 bits
    [0xffffffff, undefined],
  ])("word %i is %s", (bits, name) => {
    expect(decode(bits)?.written.name).toBe(name);
    expect(decode(bits | 0)?.written.name).toBe(name);
  });

  test.each([
    [0x0000, undefined],
    [0x0004, undefined], // c.addi4spn with offset 0
    [0x0040, "c.addi4spn"],
    [0x0001, "c.nop"],
    [0x0081, "c.addi"], // adds 0: a hint
    [0x2001, undefined], // c.addiw to x0
    [0x4001, "c.li"], // to x0: a hint
    [0x6101, undefined], // c.addi16sp of 0
    [0x6141, "c.addi16sp"],
    [0x6001, undefined], // c.lui of 0
    [0x6005, "c.lui"], // to x0: a hint
    [0x8002, undefined], // c.jr to x0
    [0x8082, "c.jr"],
    [0x9002, "c.ebreak"],
    [0x9082, "c.jalr"],
    [0x9c41, undefined], // reserved beside c.subw and c.addw
    [0x4002, undefined], // c.lwsp to x0
    [0x6002, undefined], // c.ldsp to x0
    [0x8000, undefined], // quadrant 0, funct3 100
  ])("halfword %i is %s", (bits, name) => {
    expect(decode(bits)?.written.name).toBe(name);
  });

  test("a compressed instruction is its base row with some operands fixed", () => {
    const loaded = decode(0x557e)!;
    expect(loaded.row).toBe(rowByName("lw"));
    expect(loaded.index).toBe(rows.indexOf(loaded.row));
    expect(loaded.fields).toEqual({ rd: 10, rs1: 2, rs2: 0, rs3: 0, rm: 0, imm: 252, aq: 0, rl: 0 });
    expect(loaded.length).toBe(2);
    // The upper half of a wider read does not matter.
    expect(decode(0xabcd557e)).toBe(loaded);
  });

  test("all legal halfwords encode back to themselves", () => {
    let legal = 0;
    for (let bits = 0; bits < 0x10000; bits++) {
      if (instructionLength(bits) === 4) continue;
      const decoded = decode(bits);
      if (decoded === undefined) continue;
      legal++;
      expect(encode(decoded.written, decoded.fields)).toBe(bits);
    }
    expect(legal).toBe(46_743);
  });

  test("all legal words encode back to themselves", () => {
    const opcodes = [...new Set(rows.slice(0, baseRowCount).map((row) => patternOf(row).match & 0x7f))];
    const word = fc
      .tuple(fc.integer({ min: 0, max: 2 ** 25 - 1 }), fc.constantFrom(...opcodes))
      .map(([high, opcode]) => high * 128 + opcode);
    fc.assert(
      fc.property(word, (bits) => {
        const decoded = decode(bits);
        if (decoded !== undefined) expect(encode(decoded.written, decoded.fields)).toBe(bits);
      }),
      { numRuns: 20_000 },
    );
  });
});

describe("the table", () => {
  test("of two rows that share encodings, one is a special case of the other", () => {
    for (const one of rows)
      for (const other of rows) {
        if (one === other || one.length !== other.length) continue;
        const a = patternOf(one);
        const b = patternOf(other);
        if (((a.match ^ b.match) & a.mask & b.mask) !== 0) continue;
        const both = (a.mask | b.mask) >>> 0;
        expect([a.mask, b.mask], `${one.name} and ${other.name}`).toContain(both);
        expect(a.mask, `${one.name} and ${other.name}`).not.toBe(b.mask);
      }
  });

  test.each(rows)("$name: names its operands", (row) => {
    const encoded = new Set<string>(patternOf(row).fields.flatMap((field) => field.sets));
    for (const fixed of Object.keys(row.fixed ?? {})) encoded.add(fixed);
    const names = row.syntax.match(/\w+/g) ?? [];
    const hold: Record<string, string> = { target: "imm", csr: "imm", pred: "imm", succ: "imm", uimm: "rs1" };
    for (const name of names)
      expect(encoded).toContain(hold[name] ?? name.replace(/^f(?=d$)/, "r").replace(/^fs/, "rs"));
    expect(row.sentence).toMatch(/^[A-Z].*\.$/);
    expect(rowByName(row.name)).toBe(row);
  });

  test("each row has a name of its own, the compressed ones stand last", () => {
    expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length);
    rows.forEach((row, index) => {
      expect(row.length).toBe(index < baseRowCount ? 4 : 2);
      if (row.base !== undefined) expect(row.meaning).toBe(rowByName(row.base)!.meaning);
    });
  });

  test("float rows are those of F and D, compressed or not", () => {
    expect(rows.filter((row) => row.float).length).toBe(30 + 32 + 4);
    expect(rows.filter((row) => row.float && row.extension === "C").map((row) => row.name)).toEqual([
      "c.fld",
      "c.fsd",
      "c.fldsp",
      "c.fsdsp",
    ]);
  });
});
