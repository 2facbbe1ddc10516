import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decode } from "./decode.ts";
import { disassemble, disassembleBits } from "./disassemble.ts";

interface Line {
  readonly bits: string;
  readonly text: string;
}

/** Lines of the instruction's bits, a tab and the text. */
function golden(name: string): Line[] {
  const path = new URL(`./golden/${name}`, import.meta.url);
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ bits: line.split("\t", 1)[0], text: line.slice(line.indexOf("\t") + 1) }));
}

describe("disassemble", () => {
  it.each([
    ["aliases.txt", false],
    ["no-aliases.txt", true],
  ])("prints what objdump prints: %s", (file, noAliases) => {
    const lines = golden(file);
    expect(lines.length).toBeGreaterThan(200);
    let pc = 0x1000n;
    const ours = lines.map(({ bits }): Line => {
      const text = disassembleBits(Number.parseInt(bits, 16), pc, { noAliases });
      pc += BigInt(bits.length / 2);
      return { bits, text };
    });
    expect(ours).toEqual(lines);
  });

  it("prints branch targets as absolute addresses, with their symbol where one is known", () => {
    const beqz = decode(0xfe050ee3); // beqz a0, -4
    const text = (symbol?: (address: bigint) => string | undefined) =>
      beqz && disassemble(beqz, 0x8000_0010n, { symbol });
    expect(text()).toBe("beqz\ta0,0x8000000c");
    expect(text((address) => (address === 0x8000_000cn ? "loop+0x8" : undefined))).toBe(
      "beqz\ta0,8000000c <loop+0x8>",
    );
    expect(text(() => undefined)).toBe("beqz\ta0,0x8000000c");
  });

  it("wraps targets at the ends of the address space", () => {
    expect(disassembleBits(0xffdff06f, 0n)).toBe("j\t0xfffffffffffffffc");
    expect(disassembleBits(0x0040006f, 0xffff_ffff_ffff_fffcn)).toBe("j\t0x0");
  });

  it("shows what is no instruction as data", () => {
    expect(disassembleBits(0x0000, 0n)).toBe("unimp");
    expect(disassembleBits(0x0000, 0n, { noAliases: true })).toBe("c.unimp");
    expect(disassembleBits(0x9c41, 0n)).toBe(".2byte\t0x9c41");
    expect(disassembleBits(0xffffffff | 0, 0n)).toBe(".4byte\t0xffffffff");
  });
});
