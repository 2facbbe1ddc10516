import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readSymbolTable } from "../src/debug/symbols.ts";
import { assemble } from "../src/isa/assembler/assemble.ts";
import { linkElf } from "../src/isa/assembler/elf.ts";
import { parseElf, readSections } from "../src/loader/elf.ts";

const PROGRAM = `
        .globl  start_here
        .text
        nop
start_here: la a0, value
        ret
        .type   helper, @function
helper: ret
        .size   helper, . - helper
        .section .rodata
        .byte   1
        .data
value:  .dword  value, _end
        .bss
        .space  10000
        .section .comment
        .ascii  "a note"
`;

describe("linkElf", () => {
  it("makes a file that our loader accepts, a protection to a segment", async () => {
    const bytes = linkElf(assemble(PROGRAM), { base: 0x8000_0000n, entry: "start_here" });
    const image = await parseElf(bytes, "program", { bare: true });
    expect(image.entry).toBe(0x8000_0004);
    expect(image.relocatable).toBe(false);
    const segments = image.segments.map(
      ({ address, memorySize, bytes: { length }, read, write, execute }) => ({
        address,
        memorySize,
        length,
        flags: `${read ? "r" : "-"}${write ? "w" : "-"}${execute ? "x" : "-"}`,
      }),
    );
    expect(segments).toEqual([
      { address: 0x8000_0000, memorySize: 20, length: 20, flags: "r-x" },
      { address: 0x8000_1000, memorySize: 1, length: 1, flags: "r--" },
      { address: 0x8000_2000, memorySize: 10_016, length: 16, flags: "rw-" },
    ]);
    const data = new DataView(image.segments[2].bytes.slice().buffer);
    expect([data.getBigUint64(0, true), data.getBigUint64(8, true)]).toEqual([0x8000_2000n, 0x8000_4720n]);
  });

  it("keeps symbols and notes", async () => {
    const bytes = linkElf(assemble(PROGRAM));
    const symbols = await readSymbolTable(bytes, "program");
    expect(symbols.find("helper")).toBe(0x1_0010);
    expect(symbols.describe(0x1_0008)).toBe("start_here+0x4");
    const names = (await readSections(bytes, "program")).map(({ name }) => name);
    expect(names).toContain(".comment");
    expect(names).toContain(".riscv.attributes");
  });

  it("makes a position-independent program where the source says so", async () => {
    const source = readFileSync(new URL("../firmware/hello.S", import.meta.url), "utf8");
    const image = await parseElf(linkElf(assemble(source, { file: "hello.S" })), "hello");
    expect(image.relocatable).toBe(true);
    expect(image.executableStack).toBe(false);
    expect(image.segments.length).toBe(3);
    expect(image.segments.filter(({ write, execute }) => write && execute)).toEqual([]);
  });
});
