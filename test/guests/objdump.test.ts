import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/isa/assembler/assemble.ts";
import { placeSections } from "../../src/isa/assembler/place.ts";
import { csrName } from "../../src/isa/csr-names.ts";
import { decode, instructionLength } from "../../src/isa/decode.ts";
import { disassembleBits } from "../../src/isa/disassemble.ts";
import {
  type Disassembled,
  gnuAssemble,
  gnuLink,
  inTemporaryFolder,
  objdump,
  sectionBytes,
} from "./binutils.ts";

/** One way in which we mean to differ from objdump. */
interface Difference {
  readonly why: string;
  readonly is: (pair: Pair) => boolean;
  /** Only some versions of binutils differ. */
  readonly versions?: true;
}

interface Pair {
  readonly bits: number;
  readonly gnu: string;
  readonly ours: string;
}

const isData = (text: string) => /^\.(insn|[24]byte)\t/.test(text);
const mnemonic = (text: string) => text.split("\t", 1)[0];
const operands = (text: string) => text.slice(mnemonic(text).length);
/** Binutils 2.36 to 2.41 print the immediate form of an instruction by the name of the register form. */
const withoutI = (name: string) =>
  name.replace(/^(bclr|bext|binv|bset|csrr?[wsc]|ror|[a-z]+?)i(w?)$/, "$1$2");

const DIFFERENCES: readonly Difference[] = [
  {
    why: "rounding modes 5 and 6 are reserved: the hart refuses them, objdump prints `unknown`",
    is: ({ bits, gnu, ours }) => isData(ours) && /,unknown$/.test(gnu) && [5, 6].includes((bits >>> 12) & 7),
  },
  {
    why: "reserved fields of fence and fence.i are to be ignored (manual, Memory Ordering Instructions)",
    is: ({ bits, gnu, ours }) => isData(gnu) && /^fence/.test(ours) && (bits & 0x7f) === 0x0f,
  },
  {
    why: "a rounding mode does not matter to conversions that are exact, so all but the reserved are legal",
    is: ({ gnu, ours }) => isData(gnu) && /^fcvt\.d\.(s|w|wu)\t/.test(ours),
  },
  {
    why: "uret, hret, dret and sfence.vm belong to extensions and drafts that this hart does not have",
    is: ({ gnu, ours }) => isData(ours) && /^(uret|hret|dret|sfence\.vm)$/.test(gnu),
  },
  {
    why: "Zicond: unknown to older binutils, and not in the architecture that the test names",
    is: ({ gnu, ours }) => isData(gnu) && /^czero\./.test(ours),
  },
  {
    why: "c.addi16sp with 0 is reserved (manual, C extension)",
    is: ({ bits, ours }) => bits === 0x6101 && isData(ours),
  },
  {
    why: "c.nop keeps its name where aliases are off",
    is: ({ gnu, ours }) =>
      gnu.replace("c.addi\tzero,", "c.nop\t").replace(/\t0$/, "") === ours && /^c\.nop/.test(ours),
  },
  {
    why: "unimp is an alias of a CSR access, so it is not printed where aliases are off",
    is: ({ bits, gnu, ours }) => bits === 0xc0001073 && gnu === "unimp" && /^csrrw\t/.test(ours),
  },
  {
    why: "immediate forms keep their names, as binutils from 2.42 on prints them",
    is: ({ gnu, ours }) => mnemonic(gnu) === withoutI(mnemonic(ours)) && operands(gnu) === operands(ours),
    versions: true,
  },
  {
    why: "newer binutils names CSRs of extensions that this hart does not have",
    is: ({ bits, gnu, ours }) =>
      csrName(bits >>> 20) === undefined && new RegExp(`^${ours.replace(/0x[0-9a-f]+/, "\\w+")}$`).test(gnu),
    versions: true,
  },
];

const BRANCH = /^(c\.)?(j|jal|beqz?|bnez?|bltu?|bgeu?|blez|bgez|bltz|bgtz)\t/;

/** Newer binutils prints data as `.insn 2, 0x0004`; branch targets have no `0x` where a symbol could follow. */
function normalised(text: string): string {
  const data = /^\.insn\t([24]), 0x0*([0-9a-f]+)$/.exec(text);
  if (data) return `.${data[1]}byte\t0x${data[2]}`;
  return BRANCH.test(text) ? text.replace(/([0-9a-f]+)$/, "0x$1") : text;
}

/** Compares every instruction; returns those that no listed difference explains. Counts go to `met`. */
function compare(lines: readonly Disassembled[], noAliases: boolean, met: Map<Difference, number>): string[] {
  const unexplained: string[] = [];
  let pc = 0;
  for (const { bits, text } of lines) {
    const pair = { bits, gnu: normalised(text), ours: disassembleBits(bits, BigInt(pc), { noAliases }) };
    pc += instructionLength(bits & 0xffff);
    if (pair.gnu === pair.ours) continue;
    const difference = DIFFERENCES.find(({ is }) => is(pair));
    if (difference) met.set(difference, (met.get(difference) ?? 0) + 1);
    else if (unexplained.length < 20)
      unexplained.push(`${bits.toString(16)}: objdump ${pair.gnu}, ours ${pair.ours}`);
  }
  return unexplained;
}

/** rd, rs1, rs2 combinations that meet every special case of the syntax. */
const CORNERS = [
  ...[
    [0, 0, 0],
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
    [10, 11, 12],
    [31, 31, 31],
  ],
  ...[
    [5, 6, 6],
    [1, 1, 2],
    [2, 2, 2],
    [0, 5, 0],
    [8, 9, 24],
  ],
] as const;

/** Every funct3, funct7 and rs2 of one major opcode, with the corner registers. */
function sweep(opcode: number): Uint32Array {
  const words = new Set<number>();
  const add = (funct7: number, rs2: number, rs1: number, funct3: number, rd: number) => {
    words.add(
      ((funct7 << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | (opcode << 2) | 3) >>> 0,
    );
  };
  for (let funct3 = 0; funct3 < 8; funct3++)
    for (let funct7 = 0; funct7 < 128; funct7++) {
      for (const [rd, rs1, rs2] of CORNERS) add(funct7, rs2, rs1, funct3, rd);
      for (let rs2 = 0; rs2 < 32; rs2++) {
        add(funct7, rs2, 0, funct3, 0);
        add(funct7, rs2, 4, funct3, 3);
      }
    }
  return Uint32Array.from(words);
}

/** The major opcodes of 32-bit instructions. Those with all of bits 4 to 2 set are of longer formats. */
const OPCODES = Array.from({ length: 32 }, (_, opcode) => opcode).filter((opcode) => (opcode & 7) !== 7);

describe.each([
  ["aliases", false, []],
  ["no aliases", true, ["-M", "no-aliases"]],
])("objdump and we agree on legality and text: %s", (_, noAliases, options) => {
  const met = new Map<Difference, number>();

  it("of every halfword", () => {
    const halves = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits).filter(
      (bits) => (bits & 3) !== 3,
    );
    const lines = objdump(new Uint8Array(halves.buffer), ...options);
    expect(lines.map(({ bits }) => bits)).toEqual([...halves]);
    expect(compare(lines, noAliases, met)).toEqual([]);
  });

  it("of two million words", () => {
    let count = 0;
    for (const opcode of OPCODES) {
      const words = sweep(opcode);
      const lines = objdump(new Uint8Array(words.buffer), ...options);
      expect(lines.length).toBe(words.length);
      expect(compare(lines, noAliases, met)).toEqual([]);
      count += words.length;
    }
    expect(count).toBeGreaterThan(2_000_000);
  });

  it("but for differences that are all met", () => {
    const idle = DIFFERENCES.filter((difference) => !difference.versions && !met.has(difference));
    const elsewhere = noAliases ? [] : ["c.nop keeps", "unimp is"];
    expect(
      idle.map(({ why }) => why).filter((why) => !elsewhere.some((start) => why.startsWith(start))),
    ).toEqual([]);
  });
});

/** As lines of an offset and four bytes, so that a difference shows where it is. */
function hexWords(bytes: Uint8Array): string[] {
  const hex = Buffer.from(bytes).toString("hex");
  return (hex.match(/.{1,8}/g) ?? []).map((word, index) => `${(index * 4).toString(16)}: ${word}`);
}

/** What GNU as and ld make of a program, and what we do, section by section. */
function expectSameBytes(ours: string, gnu: string, base: bigint): void {
  const { segments } = placeSections(assemble(ours), { base });
  const sections = segments.flatMap((segment) => segment.sections);
  inTemporaryFolder((folder) => {
    const addresses = Object.fromEntries(sections.map(({ name, address }) => [name, address]));
    const executable = gnuLink(folder, gnuAssemble(folder, gnu), addresses);
    for (const { name, bytes, zeroes } of sections) {
      if (zeroes) continue;
      // GNU as pads code to a multiple of its alignment.
      const theirs = sectionBytes(folder, executable, name).subarray(0, bytes.length);
      expect({ name, words: hexWords(theirs) }).toEqual({ name, words: hexWords(bytes) });
    }
  });
}

describe("GNU as and ld and we make the same bytes", () => {
  it("of every instruction's text", () => {
    // Targets are left to the next test: what GNU as makes of a plain number there depends on the link.
    const lines: string[] = [];
    for (const opcode of OPCODES)
      for (const bits of sweep(opcode).filter((_, index) => index % 23 === 0)) {
        const text = disassembleBits(bits, 0n);
        if (decode(bits) && !BRANCH.test(text) && !/unknown|czero/.test(text)) lines.push(text);
      }
    expect(lines.length).toBeGreaterThan(20_000);
    const source = `.option norvc\n.text\n${lines.join("\n")}\n`;
    expectSameBytes(source, source, 0x10000n);
  });

  it("of every compressed instruction's text", () => {
    const lines: string[] = [];
    for (let bits = 0; bits < 0x10000; bits++) {
      const text = disassembleBits(bits, 0n, { noAliases: true });
      if ((bits & 3) !== 3 && decode(bits) && !BRANCH.test(text)) lines.push(text);
    }
    expect(lines.length).toBeGreaterThan(30_000);
    const source = `.option rvc\n.text\n${lines.join("\n")}\n`;
    expectSameBytes(source, source, 0x10000n);
  });

  it.each(["pseudo.S", "data.S"])("of a program: %s", (name) => {
    const source = readFileSync(fileURLToPath(new URL(join("assembly", name), import.meta.url)), "utf8");
    expectSameBytes(source, source, 0x10000n);
  });

  it("of firmware/hello.S", () => {
    const source = readFileSync(fileURLToPath(new URL("../../firmware/hello.S", import.meta.url)), "utf8");
    // Where GNU as would go through a global offset table, we always take the distance.
    expectSameBytes(source, source.replace(/\.option\s+pic/, ".option norvc"), 0x10000n);
  });
});
