import { describe, expect, it } from "vitest";
import {
  CODE,
  elfFile,
  headerField,
  PT_DYNAMIC,
  PT_GNU_RELRO,
  PT_GNU_STACK,
  PT_INTERP,
  PT_NOTE,
  PT_TLS,
  patched,
  type SegmentSpec,
  smallProgram,
  text,
  words,
} from "../../test/loader/elf-file.ts";
import { RefusedError } from "../messages/errors.ts";
import { parseElf, readSections } from "./elf.ts";

/** The message that the file is refused with; the empty text where it is not. */
async function refusal(bytes: Uint8Array, bare = false): Promise<string> {
  try {
    await parseElf(bytes, "hello", { bare });
    return "";
  } catch (error) {
    expect(error).toBeInstanceOf(RefusedError);
    return (error as Error).message;
  }
}

describe("a program", () => {
  it("keeps its segments, with bss", async () => {
    const image = await parseElf(smallProgram(), "hello");
    expect(image).toMatchObject({ relocatable: false, entry: 0x11000, start: 0x11000, end: 0x14000 });
    const [code, data] = image.segments;
    expect(code).toMatchObject({ index: 0, address: 0x11000, read: true, write: false, execute: true });
    expect(code.bytes).toEqual(CODE);
    expect(data).toMatchObject({ address: 0x12010, memorySize: 0x1800, write: true, execute: false });
    expect(data.bytes).toEqual(text("data"));
  });

  it("works from a view into a bigger buffer", async () => {
    const file = smallProgram();
    const buffer = new Uint8Array(file.length + 24);
    buffer.set(file, 24);
    const image = await parseElf(buffer.subarray(24), "hello");
    expect(image.segments[0].bytes).toEqual(CODE);
  });

  it("finds the program headers in memory through the segment that holds them", async () => {
    const file = elfFile({
      type: "dyn",
      entry: 0x200,
      segments: [{ flags: "rx", vaddr: 0, offset: 0, bytes: new Uint8Array(0x300), memsz: 0x300 }],
    });
    const whole = new Uint8Array(0x300);
    whole.set(file);
    expect((await parseElf(whole, "hello")).programHeaders).toEqual({ count: 1, address: 64 });
    expect((await parseElf(smallProgram(), "hello")).programHeaders.address).toBeUndefined();
  });

  it("reads the other headers", async () => {
    const interp = { type: PT_INTERP, bytes: text("/lib/ld.so\0") };
    const tls = { type: PT_TLS, vaddr: 0x12010, bytes: text("data"), memsz: 0x100, align: 8, offset: 0x2010 };
    const stack = { type: PT_GNU_STACK, flags: "rwx" };
    const relro = { type: PT_GNU_RELRO, vaddr: 0x12010, memsz: 0xff0 };
    const note = {
      type: PT_NOTE,
      bytes: new Uint8Array([4, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 71, 78, 85, 0, 0xab, 0xcd, 1, 0]),
    };
    const image = await parseElf(smallProgram("exec", [interp, tls, stack, relro, note]), "hello");
    expect(image).toMatchObject({
      interpreter: "/lib/ld.so",
      tls: { address: 0x12010, fileSize: 4, memorySize: 0x100, align: 8 },
      executableStack: true,
      relro: { address: 0x12010, size: 0xff0 },
      buildId: "abcd01",
    });
  });

  it("reads the dynamic section", async () => {
    const strings = text("\0libm.so\0libc.so\0/opt\0");
    const dynamic = words(
      1,
      1,
      1,
      9,
      29,
      17,
      30,
      8,
      0x6ffffffb,
      0x08000000,
      5,
      0x3000,
      10,
      strings.length,
      0,
      0,
      1,
      99,
    );
    const file = smallProgram("dyn", [
      { flags: "r", vaddr: 0x4000, bytes: strings },
      { type: PT_DYNAMIC, bytes: dynamic },
    ]);
    const at = patched(file, file.length - dynamic.length + 11 * 8, 8, 0x4000);
    expect((await parseElf(at, "hello")).dynamic).toEqual({
      needed: ["libm.so", "libc.so"],
      soname: undefined,
      runpath: "/opt",
      pie: true,
      bindNow: true,
    });
    expect(await refusal(file)).toBe("hello: ELF DT_NEEDED is 0x1: no text that ends within the table");
  });
});

describe("a bare image", () => {
  const high = 0xffffffff80000000n;
  const kernel = elfFile({
    entry: high + 4n,
    segments: [{ flags: "rwx", vaddr: high, paddr: 0x80400000, bytes: CODE, align: 0x200000 }],
  });

  it("is loaded at its physical addresses and entered there", async () => {
    const image = await parseElf(kernel, "kernel", { bare: true });
    expect(image.segments[0]).toMatchObject({ address: 0x80400000, memorySize: 12 });
    expect(image.entry).toBe(0x80400004);
  });

  it("may be outside the user half, where a hosted program may not", async () => {
    const far = elfFile({ entry: 2 ** 40, segments: [{ flags: "rx", vaddr: 2 ** 40, bytes: CODE }] });
    expect((await parseElf(far, "kernel", { bare: true })).entry).toBe(2 ** 40);
    expect(await refusal(far)).toBe(
      "hello: ELF p_vaddr of segment 0 is 0x10000000000, and its 0xc bytes do not lie between 0x10000 and 0x4000000000",
    );
  });

  it("is entered in a segment that permits nothing, as some linker scripts make it", async () => {
    const silent = elfFile({ entry: 0x80000004, segments: [{ flags: "", vaddr: 0x80000000, bytes: CODE }] });
    expect((await parseElf(silent, "kernel", { bare: true })).entry).toBe(0x80000004);
    expect(
      await refusal(elfFile({ entry: 4, segments: [{ flags: "", vaddr: 0x80000000, bytes: CODE }] }), true),
    ).toBe("hello: ELF e_entry is 0x4, which lies in no executable segment");
  });

  it("is put in order, and refused where segments overlap", async () => {
    const two = (second: number) =>
      elfFile({
        entry: 0x80001000,
        segments: [
          { flags: "rx", vaddr: 0x80001000, bytes: CODE },
          { flags: "rw", vaddr: second, bytes: text("data") },
        ],
      });
    const image = await parseElf(two(0x80000000), "kernel", { bare: true });
    expect(image.segments.map((segment) => segment.index)).toEqual([1, 0]);
    expect(await refusal(two(0x80001008), true)).toBe(
      "hello: ELF p_paddr of segment 1 is 0x80001008, below the end of segment 0 (0x8000100c)",
    );
  });
});

describe("a broken file is refused with the field and its value", () => {
  const good = smallProgram();
  const field = headerField;
  const cases: [string, Uint8Array, string][] = [
    ["a script", text("#!/bin/sh\n"), "e_ident[EI_MAG] is 23 21 2f 62, not 7f 45 4c 46"],
    ["32 bits", patched(good, 4, 1, 1), "e_ident[EI_CLASS] is 1 (32-bit), not 2 (64-bit)"],
    ["big-endian", patched(good, 5, 1, 2), "e_ident[EI_DATA] is 2 (big-endian), not 1 (little-endian)"],
    ["another version", patched(good, 6, 1, 9), "e_ident[EI_VERSION] is 9, not 1"],
    ["another system", patched(good, 7, 1, 9), "e_ident[EI_OSABI] is 9, not 0 / 3 (Linux)"],
    ["x86-64", patched(good, 18, 2, 62), "e_machine is 62 (x86-64), not 243 (RISC-V)"],
    ["an object file", patched(good, 16, 2, 1), "e_type is 1 (REL), not 2 (EXEC) / 3 (DYN)"],
    ["e_version", patched(good, 20, 4, 2), "e_version is 2, not 1"],
    ["RVE", patched(good, 48, 4, 13), "e_flags is 0xd (the RVE ABI), not RV64I"],
    ["soft float", patched(good, 48, 4, 1), "e_flags is 0x1 (the soft float ABI), not the double float ABI"],
    ["quad float", patched(good, 48, 4, 7), "e_flags is 0x7 (the quad float ABI), not the double float ABI"],
    ["e_ehsize", patched(good, 52, 2, 52), "e_ehsize is 52, not 64"],
    ["e_phentsize", patched(good, 54, 2, 32), "e_phentsize is 32, not 56"],
    [
      "too many sections",
      patched(patched(good, 40, 8, 64), 58, 4, 0x20000040),
      "e_shnum is 8192, more than the limit of 4096",
    ],
    ["too many headers", patched(good, 56, 2, 0xffff), "e_phnum is 65535, more than the limit of 1170"],
    ["e_phoff in the header", patched(good, 32, 8, 8), "e_phoff is 0x8, less than 0x40"],
    [
      "e_phoff outside",
      patched(good, 32, 8, 2n ** 64n - 64n),
      `e_phoff is 0xffffffffffffffc0, which reaches past the end of the file (${good.length} bytes)`,
    ],
    [
      "no PT_LOAD",
      elfFile({ segments: [{ type: PT_NOTE }] }),
      "e_phnum counts 0 PT_LOAD segments: there is nothing to load",
    ],
    [
      "filesz > memsz",
      patched(good, field(0, "filesz"), 8, 13),
      "p_filesz of segment 0 is 0xd, more than p_memsz (0xc)",
    ],
    [
      "offset outside",
      patched(good, field(1, "offset"), 8, 2n ** 63n + 0x10n),
      `p_offset of segment 1 is 0x8000000000000010, which reaches past the end of the file (${good.length} bytes)`,
    ],
    [
      "size outside",
      patched(patched(good, field(1, "filesz"), 8, 0x1000), field(1, "memsz"), 8, 0x1000),
      `p_filesz of segment 1 is 0x1000, which reaches past the end of the file (${good.length} bytes)`,
    ],
    [
      "odd alignment",
      patched(good, field(0, "align"), 8, 3),
      "p_align of segment 0 is 0x3, not a power of two",
    ],
    [
      "huge alignment",
      patched(good, field(0, "align"), 8, 2n ** 40n),
      "p_align of segment 0 is 0x10000000000, more than the limit of 0x40000000",
    ],
    [
      "incongruent",
      patched(good, field(0, "vaddr"), 8, 0x11010),
      "p_vaddr of segment 0 is 0x11010, which differs from p_offset (0x1000) modulo 0x1000",
    ],
    [
      "page zero",
      patched(good, field(0, "vaddr"), 8, 0),
      "p_vaddr of segment 0 is 0x0, and its 0xc bytes do not lie between 0x10000 and 0x4000000000",
    ],
    [
      "wrapping",
      patched(good, field(1, "memsz"), 8, 2n ** 64n - 0x1000n),
      "p_vaddr of segment 1 is 0x12010, and its 0xfffffffffffff000 bytes do not lie between 0x10000 and 0x4000000000",
    ],
    [
      "too big",
      patched(good, field(1, "memsz"), 8, 2n ** 32n),
      "sum of p_memsz is 0x10000000c, more than the limit of 0x80000000",
    ],
    [
      "unsorted",
      patched(good, field(1, "vaddr"), 8, 0x10010),
      "p_vaddr of segment 1 is 0x10010, below the end of segment 0 (0x1100c)",
    ],
    [
      "entry in data",
      patched(good, 24, 8, 0x12010),
      "e_entry is 0x12010, which lies in no executable segment",
    ],
    ["odd entry", patched(good, 24, 8, 0x11001), "e_entry is 0x11001, an odd address"],
  ];

  it.each(cases)("%s", async (_name, bytes, expected) => {
    const message = await refusal(bytes);
    expect(message).toMatch(/^hello: ELF [^\n]*$/);
    expect(message).toContain(expected);
  });

  it("a header cut short", async () => {
    expect(await refusal(good.subarray(0, 63))).toBe(
      "hello: the file size is 63 bytes, too short for an ELF header (64 bytes)",
    );
    expect(await refusal(new Uint8Array(0))).toContain("0 bytes");
  });

  it("any prefix of a program", async () => {
    for (let length = 0; length < good.length; length += 37)
      expect(await refusal(good.subarray(0, length))).not.toBe("");
  });

  const extras: [string, SegmentSpec[], string][] = [
    [
      "two interpreters",
      [0, 1].map(() => ({ type: PT_INTERP, bytes: text("/lib/ld.so\0") })),
      "p_type of segment 3 is 3 (INTERP)",
    ],
    [
      "an endless interpreter",
      [{ type: PT_INTERP, bytes: text("/lib/ld.so") }],
      "no text that ends within the table",
    ],
    [
      "an interpreter with an escape sequence",
      [{ type: PT_INTERP, bytes: text("/\x1b[2J\0") }],
      "p_offset of segment 2",
    ],
    [
      "a long interpreter",
      [{ type: PT_INTERP, bytes: new Uint8Array(5000) }],
      "p_filesz of segment 2 is 0x1388",
    ],
    ["TLS outside", [{ type: PT_TLS, vaddr: 0x90000, bytes: text("data") }], "lie in no PT_LOAD segment"],
    [
      "huge TLS",
      [{ type: PT_TLS, vaddr: 0x12010, memsz: 2n ** 40n }],
      "p_memsz of segment 2 is 0x10000000000",
    ],
    ["RELRO outside", [{ type: PT_GNU_RELRO, vaddr: 0x12010, memsz: 0x2000 }], "lie in no PT_LOAD segment"],
    ["text relocations", [{ type: PT_DYNAMIC, bytes: words(22, 0) }], "DT_TEXTREL is set"],
    ["flagged text relocations", [{ type: PT_DYNAMIC, bytes: words(30, 4) }], "DF_TEXTREL is set"],
    [
      "a huge dynamic section",
      [{ type: PT_DYNAMIC, bytes: new Uint8Array(0x20000) }],
      "more than the limit of 0x10000",
    ],
  ];

  it.each(extras)("%s", async (_name, segments, expected) => {
    expect(await refusal(smallProgram("exec", segments))).toContain(expected);
  });

  it("a small file that fills the memory by repeating itself", async () => {
    const repeated = (i: number) => ({ flags: "rx", vaddr: 0x100000 * (i + 1), offset: 0, memsz: 0x10000 });
    const file = elfFile({ entry: 0x100000, segments: Array.from({ length: 20 }, (_, i) => repeated(i)) });
    const big = new Uint8Array(0x10000);
    big.set(file);
    const whole = Array.from({ length: 20 }).reduce<Uint8Array>(
      (bytes, _, i) => patched(bytes, field(i, "filesz"), 8, 0x10000),
      big,
    );
    expect(await refusal(whole)).toBe(
      "hello: ELF sum of p_filesz is 0x30000, more than the limit of 0x20000",
    );
  });
});

describe("sections", () => {
  const file = elfFile({
    segments: [{ flags: "rx", bytes: CODE }],
    sections: [
      { name: ".text", type: 1, flags: 6, addr: 0x1000, bytes: CODE },
      { name: ".bss", type: 8, flags: 3, addr: -4096n & (2n ** 64n - 1n), size: 0x100000 },
    ],
  });

  it("have their names and contents", async () => {
    const sections = await readSections(file, "hello");
    expect(sections.map((one) => one.name)).toEqual(["", ".text", ".bss", ".shstrtab"]);
    expect(sections[1]).toMatchObject({ type: 1, flags: 6, address: 0x1000, bytes: CODE });
    expect(sections[2]).toMatchObject({ address: -4096, size: 0x100000, bytes: new Uint8Array(0) });
  });

  it("outside the file are refused", async () => {
    const table = Number(new DataView(file.buffer).getBigUint64(40, true));
    await expect(readSections(patched(file, table + 64 + 32, 8, 2n ** 64n - 1n), "hello")).rejects.toThrow(
      "hello: ELF sh_size of section 1 is 0xffffffffffffffff, which reaches past the end of the file",
    );
  });

  it("may be missing", async () => {
    expect(await readSections(smallProgram(), "hello")).toEqual([]);
  });
});
