import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RefusedError } from "../../messages/errors.ts";
import { disassembleBits } from "../disassemble.ts";
import { assemble } from "./assemble.ts";
import { linkElf } from "./elf.ts";
import { evaluateInteger } from "./evaluate-fixture.ts";
import { placeSections } from "./place.ts";

const BASE = 0x1000_0000n;

function place(text: string) {
  return placeSections(assemble(text, { file: "t.S" }), { base: BASE });
}

function section(text: string, name = ".text") {
  const found = place(text)
    .segments.flatMap((segment) => segment.sections)
    .find((s) => s.name === name);
  if (found === undefined) throw new Error(`no section ${name}`);
  return found;
}

/** The instructions of `.text`, disassembled, with targets as addresses. */
function listing(text: string): string[] {
  const { bytes, address } = section(text);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const wide = (bytes[at] & 3) === 3;
    const bits = wide ? view.getUint32(at, true) : view.getUint16(at, true);
    lines.push(disassembleBits(bits, address + BigInt(at), { noAliases: true }).replace("\t", " "));
    at += wide ? 4 : 2;
  }
  return lines;
}

const data = (text: string) => [...section(`.data\n${text}`, ".data").bytes];

function refusalText(text: string): string {
  try {
    place(text);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return error.message;
  }
  throw new Error("not refused");
}

/** The first line of the error, and the column of the caret. */
function refusal(text: string): [string, number] {
  const [first, , caret] = refusalText(text).split("\n");
  return [first, caret.indexOf("^") - 4];
}

describe("labels and targets", () => {
  it("resolves forward, backward and numeric labels", () => {
    expect(listing("a: j b\n1: beqz a0, 1f\n1: j 1b\n b: j a; 1: j 1b")).toEqual([
      "jal zero,0x1000000c",
      "beq a0,zero,0x10000008",
      "jal zero,0x10000008",
      "jal zero,0x10000000",
      "jal zero,0x10000010",
    ]);
  });

  it("inverts a conditional branch over a jump where the target is too far, and only there", () => {
    const far = listing("bltu a0, a1, end\n.space 4088\nend: nop").filter((line) => line !== "c.unimp");
    expect(far).toEqual(["bltu a0,a1,0x10000ffc", "addi zero,zero,0"]);
    const farther = listing("bltu a0, a1, end\n.space 4092\nend: nop").filter((line) => line !== "c.unimp");
    expect(farther).toEqual(["bgeu a0,a1,0x10000008", "jal zero,0x10001004", "addi zero,zero,0"]);
  });

  it("lengthens branches that only become too far because others were lengthened", () => {
    // The second branch reaches its target exactly, until the first grows by four bytes.
    const lines = listing(
      "a: .space 8\nbeq a0, a1, z\nbne a0, a1, y\n.space 4084\ny: nop\n.space 64\nz: beq a0, a1, a",
    );
    expect(lines.filter((line) => /^(b|jal)/.test(line))).toEqual([
      "bne a0,a1,0x10000010",
      "jal zero,0x1000104c",
      "bne a0,a1,0x10001008",
      "bne a0,a1,0x10001054",
      "jal zero,0x10000000",
    ]);
  });

  it("reaches symbols of other sections by distance, high and low part together", () => {
    const text = `la a0, value\nlw a1, value\nsw a1, value, t0\n${".data\n.space 4095\nvalue: .word 1"}`;
    // value is at 0x10001fff; %pcrel_hi rounds up where the low part is negative.
    expect(listing(text)).toEqual([
      "auipc a0,0x2",
      "addi a0,a0,-1",
      "auipc a1,0x2",
      "lw a1,-9(a1)",
      "auipc t0,0x2",
      "sw a1,-17(t0)",
    ]);
  });

  it("gives %hi and %lo that add up", () => {
    expect(listing("lui a0, %hi(v)\naddi a0, a0, %lo(v)\n.data\n.space 2048\nv: .byte 0")).toEqual([
      "lui a0,0x10002",
      "addi a0,a0,-2048",
    ]);
  });
});

describe("li", () => {
  it("makes every 64-bit constant", () => {
    const corner = fc.constantFrom(0n, 1n, 0x7ffn, 0x800n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 1n << 63n);
    const value = fc.oneof(
      fc.bigInt(-(1n << 63n), (1n << 63n) - 1n),
      fc.tuple(corner, corner).map(([a, b]) => a - b),
    );
    fc.assert(
      fc.property(value, fc.boolean(), (constant, compress) => {
        const { bytes } = section(`.option ${compress ? "rvc" : "norvc"}\nli a0, ${constant}`);
        expect(evaluateInteger(bytes)).toBe(BigInt.asIntN(64, constant));
      }),
      { seed: 2 },
    );
  });

  it.each([
    ["0x7ff", 1],
    ["0x800", 2],
    ["0x80000000", 2],
    ["0x123456789abcdef0", 8],
    ["1 << 40", 2],
  ])("takes few instructions: %s, %i", (constant, count) => {
    expect(section(`li a0, ${constant}`).size).toBe(count * 4);
  });
});

describe("expressions", () => {
  const word = (text: string) => new DataView(Uint8Array.from(data(text)).buffer).getBigInt64(0, true);

  it.each([
    ["1 + 2 * 3", 7n],
    ["(1 + 2) * 3", 9n],
    ["1 << 2 + 1", 8n],
    ["1 | 2 ^ 3 & 2", 1n | (2n ^ (3n & 2n))],
    ["7 / 2 - -7 / 2", 6n],
    ["-7 % 4", -3n],
    ["3 > 2 == 1", 1n],
    ["1 != 1 || 2 && 0", 0n],
    ["~0 >> 60", 15n],
    ["!5 + !0", 1n],
    ["'a' + '\\n' + '\\\\'", 97n + 10n + 92n],
    ["0b101 + 017 + 0x1F", 51n],
    ["1 << 64", 0n],
    ["0xffffffffffffffff", -1n],
  ])("%s", (text, value) => {
    expect(word(`.dword ${text}`)).toBe(value);
  });

  it("may give a symbol another value", () => {
    expect(data(".set i, 1\n.byte i\n.set i, i * 2 + 1\n.byte i")).toEqual([1, 3]);
    expect(refusal(".set i, i + 1\n.byte i")[0]).toBe(
      "t.S:1:1: sizes and addresses depend on each other without end",
    );
  });

  it("knows a distance to a label further down as an operand", () => {
    expect(listing("a: addi a0, a0, a - b\nli a1, b - a\nb:")).toEqual(["addi a0,a0,-8", "addi a1,zero,8"]);
  });

  it("knows constants before and behind their use, and distances", () => {
    expect(word(".dword late + b - a\n.equ late, early * 2\nearly = 5\na: .space 3\nb:")).toBe(13n);
  });
});

describe("directives", () => {
  it("write data", () => {
    expect(data('.byte 1, -1; .half 0x203; .ascii "a\\t\\x41\\101"; .asciz "é"')).toEqual([
      ...[1, 255, 3, 2],
      ...[97, 9, 65, 65, 0xc3, 0xa9, 0],
    ]);
    expect(data(".byte 1\n.balign 4\n.byte 2\n.p2align 1, 9\n.fill 2, 2, 0x0102")).toEqual([
      1, 0, 0, 0, 2, 9, 2, 1, 2, 1,
    ]);
    expect(data(".float 1.5\n.double -0.5")).toEqual([0, 0, 0xc0, 0x3f, 0, 0, 0, 0, 0, 0, 0xe0, 0xbf]);
  });

  it("fill code with instructions", () => {
    expect(listing("c.nop\n.balign 8\nnop")).toEqual([
      "c.nop",
      "c.nop",
      "addi zero,zero,0",
      "addi zero,zero,0",
    ]);
  });

  it("make room in .bss and go on where they were", () => {
    const text =
      ".data\n.byte 1\n.text\n.comm room, 24, 16\nnop\n.previous\n.byte 2\n.previous\nla a0, room + 8";
    expect(data(text.replace(".data\n", ""))).toEqual([1, 2]);
    expect(listing(text)).toEqual(["addi zero,zero,0", "auipc a0,0x1", "addi a0,a0,20"]);
  });

  it("keep sections of one kind together, each kind on its own pages", () => {
    const { segments } = place(
      ".data\n.byte 1\n.text\nnop\n.section .rodata\n.byte 2\n.bss\n.space 5000\n.section .text.init\nnop\n.data\n.byte 3",
    );
    expect(
      segments.map((s) => [s.address, s.size, s.executable, s.writable, s.sections.map((t) => t.name)]),
    ).toEqual([
      [0x1000_0000n, 8n, true, false, [".text", ".text.init"]],
      [0x1000_1000n, 1n, false, false, [".rodata"]],
      [0x1000_2000n, 5002n, false, true, [".data", ".bss"]],
    ]);
  });

  it("compress where .option rvc says so", () => {
    const text = (option: string) =>
      `.option ${option}\naddi a0, a0, 1\nmv a0, a1\nadd zero, a0, a1\nld s0, 8(a0)\nret`;
    expect(listing(text("rvc"))).toEqual([
      "c.addi a0,1",
      "c.mv a0,a1",
      "add zero,a0,a1",
      "c.ld s0,8(a0)",
      "c.jr ra",
    ]);
    expect(section(text("norvc")).size).toBe(20);
    expect(section(".option push\n.option rvc\n.option pop\nret").size).toBe(4);
  });

  it("define macros and repetitions", () => {
    const text = `
      .macro twice op, reg:req, by=1
      \\op \\reg, \\reg, \\by
      l\\@_\\reg: \\op \\reg, \\reg, \\by * 2
      .endm
      start: twice addi, a0
      twice op=xori, by=(1, 2)
    `;
    expect(refusal(text)[0]).toMatch(/^t\.S:7:7: the argument 'reg' is missing/);
    expect(
      listing(text.replace("twice op=xori, by=(1, 2)", "twice xori, a1, by=3\n.rept 1 + 1\nnop\n.endr")),
    ).toEqual([
      "addi a0,a0,1",
      "addi a0,a0,2",
      "xori a1,a1,3",
      "xori a1,a1,6",
      "addi zero,zero,0",
      "addi zero,zero,0",
    ]);
  });
});

describe("errors say where and what", () => {
  it.each([
    ["nop\n  addd a0, a1", "t.S:2:3: there is no instruction 'addd'", 2],
    ["addi a0, a1, 2048", "t.S:1:14: imm is 2048, must be from -2048 to 2047", 13],
    ["addi a0, fa1, 1", "t.S:1:10: expected an integer register, found 'fa1'", 9],
    ["fadd.s fa0, a1, fa2", "t.S:1:13: expected a floating-point register, found 'a1'", 12],
    ["add a0, a1", "t.S:1:11: expected ',', found the end of the statement", 10],
    ["ret a0", "t.S:1:5: 'a0' is one operand too many", 4],
    ["nop; j nowhere", "t.S:1:8: 'nowhere' is not defined", 7],
    [".equ x, nowhere + 1\nli a0, x", "t.S:1:9: 'nowhere' is not defined", 8],
    ["j 1f", "t.S:1:3: '1' is not defined", 2],
    ["a: nop\na: nop", "t.S:2:1: 'a' is defined twice", 0],
    ['.ascii "open', "t.S:1:8: this string is never closed", 7],
    ["/* open", "t.S:1:1: this comment is never closed", 0],
    [".word 1 / (2 - 2)", "t.S:1:9: division by zero", 8],
    [".byte 256", "t.S:1:7: 256 is not between -128 and 255", 6],
    [".bogus", "t.S:1:1: there is no directive '.bogus'", 0],
    [".word a * 2\na:", "t.S:1:9: '*' needs plain numbers, not addresses", 8],
    ["li a0, a\na:", "t.S:1:8: this must be a plain number, not an address", 7],
    ["lui a0, 0x100000", "t.S:1:9: 0x100000 is not a 20-bit number", 8],
    ["addi a0, a0, %pcrel_lo(a)\na: nop", "t.S:1:14: %pcrel_lo() needs the label", 13],
    [".bss\n.word 1", "t.S:2:7: section .bss can only hold zeroes", 6],
    ["j a\n.space 0x200000\na:", "t.S:1:3: imm is 2097156, must be from -1048576 to 1048574", 2],
    ['.section .both, "awx"\nnop', "t.S:1:1: section .both is writable and executable", 0],
    [".space 1 << 40", "t.S:1:8: 1099511627776 is not between 0 and 268435456", 7],
    [".macro m\nm\n.endm\nm", "t.S:2:1: macros are nested too deeply, or never end", 0],
    [".rept 100000000\nnop\n.endr", "t.S:2:1: macros are nested too deeply, or never end", 0],
    [".rept 2\nnop", "t.S:1:1: .rept is never ended", 0],
    [`.word ${"(".repeat(10000)}`, "t.S:1:207: too many nested parentheses", 40],
    [
      ".option pic\n.data\na: .dword a",
      "t.S:3:11: a position-independent program cannot hold an address",
      10,
    ],
    ["c.add a0, zero", "t.S:1:7: c.add has no encoding for these operands", 6],
    ["csrr a0, 4096", "t.S:1:10: 4096 is not between 0 and 4095", 9],
    ["fence rx, w", "t.S:1:7: expected some of the letters iorw, in this order, found 'rx'", 6],
    ["9a: nop", "t.S:1:1: '9a' is not a number", 0],
    ["\tadd\ta0, a1, `", "t.S:1:14: '`' means nothing here", 13],
    ["lw a0, 4(a1", "t.S:1:12: expected ')', found the end of the statement", 11],
    [
      "li a0, 0x10000000000000000",
      "t.S:1:8: 0x10000000000000000 is not between 0 and 18446744073709551615",
      7,
    ],
    [".dword 1 + 18446744073709551616", "t.S:1:12: 18446744073709551616 is not between 0 and", 11],
  ])("%j", (text, message, column) => {
    const [first, caret] = refusal(text);
    expect(first.slice(0, message.length)).toBe(message);
    expect(caret).toBe(column);
  });

  it("shows a piece of a long line, and no control characters", () => {
    const [first, line, caret] = refusalText(
      `nop;${" ".repeat(1000)}\u001b[2J\u0085;${" ".repeat(1000)}`,
    ).split("\n");
    expect(first).toBe("t.S:1:1005: '\ufffd' means nothing here");
    expect(line.length).toBeLessThan(100);
    expect(line[caret.indexOf("^")]).toBe("\ufffd");
    expect(line).not.toMatch(/\p{Cc}/u);
  });

  it("refuses to link a program of nothing", () => {
    expect(() => linkElf(assemble("# nothing\n", { file: "t.S" }))).toThrow(
      "t.S:1:1: there is no code and no data to put into a file",
    );
  });

  it("whatever the text is", () => {
    const piece = fc.constantFrom(
      ...[
        "addi",
        "lw",
        ".word",
        ".balign",
        "a0",
        "1f",
        "1:",
        "x:",
        "x",
        ",",
        "(",
        ")",
        "%lo",
        "%",
        "-",
        "<<",
        "5",
      ],
      ...[
        "'",
        '"',
        "\\",
        ".macro",
        ".endm",
        ".rept",
        ".section",
        "\n",
        ";",
        "=",
        "li",
        "beq",
        ".set",
        "9e9",
        "/*",
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
        try {
          place(pieces.join(" "));
        } catch (error) {
          if (!(error instanceof RefusedError)) throw error;
        }
      }),
      { seed: 3, numRuns: 3000 },
    );
  });
});
