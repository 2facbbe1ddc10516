import { describe, expect, it } from "vitest";
import { elfFile, patched, smallProgram, text } from "../../test/loader/elf-file.ts";
import { readSymbolTable } from "./symbols.ts";

interface Entry {
  readonly name: string;
  readonly value: number | bigint;
  readonly size?: number;
  /** Default 2: STT_FUNC. */
  readonly type?: number;
  readonly local?: boolean;
  /** Default 1: `.text`. */
  readonly section?: number;
}

/** A file with `.text` at 0x1000 to 0x2000 and these symbols. */
function withSymbols(entries: readonly Entry[], type: "symtab" | "dynsym" = "symtab"): Uint8Array {
  const names = `\0${entries.map((entry) => `${entry.name}\0`).join("")}`;
  const table = new Uint8Array(24 * (entries.length + 1));
  const view = new DataView(table.buffer);
  entries.forEach((entry, i) => {
    const at = 24 * (i + 1);
    view.setUint32(at, names.indexOf(`\0${entry.name}\0`) + 1, true);
    view.setUint8(at + 4, (entry.local ? 0 : 0x10) | (entry.type ?? 2));
    view.setUint16(at + 6, entry.section ?? 1, true);
    view.setBigUint64(at + 8, BigInt.asUintN(64, BigInt(entry.value)), true);
    view.setBigUint64(at + 16, BigInt(entry.size ?? 0), true);
  });
  return elfFile({
    segments: [{ flags: "rx", vaddr: 0x1000, memsz: 0x1000 }],
    sections: [
      { name: ".text", type: 1, flags: 6, addr: 0x1000, bytes: new Uint8Array(0x1000) },
      { name: `.${type}`, type: type === "symtab" ? 2 : 11, bytes: table, link: 3, entsize: 24 },
      { name: ".strtab", type: 3, bytes: text(names) },
    ],
  });
}

const program = withSymbols([
  { name: "main", value: 0x1100, size: 0x40 },
  { name: "_start", value: 0x1000, type: 0 },
  { name: "loop", value: 0x1010, type: 0, local: true },
  { name: "$x", value: 0x1100, type: 0, local: true },
  { name: ".L3", value: 0x1104, type: 0, local: true },
  { name: "file.c", value: 0x1100, type: 4, local: true },
  { name: "printf", value: 0, section: 0 },
  { name: "tail", value: 0x1800, type: 0 },
]);

describe("looking an address up", () => {
  it("finds the symbol that covers it", async () => {
    const symbols = await readSymbolTable(program, "hello");
    expect(symbols.describe(0x1000)).toBe("_start");
    expect(symbols.describe(0x100e)).toBe("_start+0xe");
    expect(symbols.describe(0x1012)).toBe("loop+0x2");
    expect(symbols.describe(0x113f)).toBe("main+0x3f");
    expect(symbols.lookup(0x1104)).toEqual({ name: "main", offset: 4 });
  });

  it("does not stretch a symbol beyond its end, or a label beyond its section", async () => {
    const symbols = await readSymbolTable(program, "hello");
    expect(symbols.lookup(0xfff)).toBeUndefined();
    expect(symbols.describe(0x1140)).toBe("loop+0x130");
    expect(symbols.describe(0x1fff)).toBe("tail+0x7ff");
    expect(symbols.lookup(0x2000)).toBeUndefined();
  });

  it("adds the base of a placed image", async () => {
    const symbols = await readSymbolTable(program, "hello", 0x1000000000);
    expect(symbols.describe(0x1000001104)).toBe("main+0x4");
    expect(symbols.find("main")).toBe(0x1000001100);
    expect(symbols.lookup(0x1104)).toBeUndefined();
  });

  it("takes the outer symbol past the end of a nested one, and the public name of several", async () => {
    const symbols = await readSymbolTable(
      withSymbols([
        { name: "outer", value: 0x1000, size: 0x100 },
        { name: "inner", value: 0x1010, size: 0x10 },
        { name: "__malloc", value: 0x1400, size: 0x10 },
        { name: "malloc", value: 0x1400, size: 0x10 },
        { name: "start_of_malloc", value: 0x1400, type: 0, local: true },
      ]),
      "hello",
    );
    expect(symbols.describe(0x1018)).toBe("inner+0x8");
    expect(symbols.describe(0x1020)).toBe("outer+0x20");
    expect(symbols.describe(0x1404)).toBe("malloc+0x4");
  });

  it("works at the top of the address space, with signed addresses", async () => {
    const high = -0x80000000;
    const symbols = await readSymbolTable(withSymbols([{ name: "kernel", value: high, size: 8 }]), "vmlinux");
    expect(symbols.describe(high + 4)).toBe("kernel+0x4");
  });
});

describe("looking a name up", () => {
  it("finds exact names only", async () => {
    const symbols = await readSymbolTable(program, "hello");
    expect(symbols.find("main")).toBe(0x1100);
    expect(symbols.find("mai")).toBeUndefined();
    expect(symbols.find("printf")).toBeUndefined();
    expect([...symbols].map((one) => [one.name, one.function])).toEqual([
      ["_start", false],
      ["loop", false],
      ["main", true],
      ["tail", false],
    ]);
  });

  it("prefers a global symbol to a local one", async () => {
    const twice = withSymbols([
      { name: "twin", value: 0x1000, local: true },
      { name: "twin", value: 0x1100 },
      { name: "twin", value: 0x1200, local: true },
    ]);
    expect((await readSymbolTable(twice, "hello")).find("twin")).toBe(0x1100);
  });
});

describe("a symbol table", () => {
  it("is .dynsym where there is no .symtab, and empty where there is neither", async () => {
    const dynamic = await readSymbolTable(withSymbols([{ name: "main", value: 0x1100 }], "dynsym"), "hello");
    expect(dynamic.find("main")).toBe(0x1100);
    expect((await readSymbolTable(smallProgram(), "hello")).size).toBe(0);
  });

  it("is refused with wrong entries or strings", async () => {
    const table = Number(new DataView(program.buffer).getBigUint64(40, true)) + 2 * 64;
    await expect(readSymbolTable(patched(program, table + 56, 8, 16), "hello")).rejects.toThrow(
      "hello: ELF sh_entsize of section 2 is 16, not 24",
    );
    await expect(readSymbolTable(patched(program, table + 40, 4, 1), "hello")).rejects.toThrow(
      "hello: ELF sh_link of section 2 is 1, not the index of a string table",
    );
  });

  it("shows no control characters", async () => {
    const symbols = await readSymbolTable(withSymbols([{ name: "a\x1b[2Jb", value: 0x1000 }]), "hello");
    expect(symbols.describe(0x1000)).toBe("?");
  });
});
