import { afterEach, describe, expect, it } from "vitest";
import {
  CODE,
  elfFile,
  PT_DYNAMIC,
  PT_GNU_RELRO,
  PT_GNU_STACK,
  PT_INTERP,
  PT_TLS,
  patched,
  smallProgram,
  text,
  words,
} from "../../../test/loader/elf-file.ts";
import { reportElf } from "../../loader/report.ts";
import { setLocale } from "../../messages/catalogue.ts";
import { formatReport } from "./info.ts";

const strings = text("\0libm.so.6\0libc.so.6\0");
const attributes = Uint8Array.of(
  0x41,
  33,
  0,
  0,
  0,
  ...text("riscv\0"),
  1,
  23,
  0,
  0,
  0,
  5,
  ...text("rv64i2p1_v1p0_c\0"),
);
const program = elfFile({
  type: "dyn",
  entry: 0x1000,
  segments: [
    { flags: "rx", vaddr: 0x1000, bytes: CODE },
    { flags: "r", vaddr: 0x3000, bytes: strings },
    { flags: "rw", vaddr: 0x4000, bytes: text("data"), memsz: 0x2000 },
    { type: PT_DYNAMIC, bytes: words(1, 1, 1, 11, 30, 8, 5, 0x3000, 10, strings.length, 0, 0) },
    { type: PT_INTERP, bytes: text("/lib/ld.so\0") },
    { type: PT_TLS, vaddr: 0x4000, bytes: text("data"), memsz: 0x40, align: 8, offset: 0x1000 },
    { type: PT_GNU_STACK, flags: "rw" },
    { type: PT_GNU_RELRO, vaddr: 0x4000, memsz: 0x1000 },
  ],
  sections: [
    { name: ".text", type: 1, flags: 6, addr: 0x1000, bytes: CODE },
    { name: ".riscv.attributes", type: 0x70000003, bytes: attributes },
  ],
});

afterEach(() => setLocale("en"));

describe("info", () => {
  it("shows what a program is and needs", async () => {
    const shown = formatReport(await reportElf(program, "hello"));
    expect(shown.slice(0, shown.indexOf("\nSegments"))).toBe(`hello
  kind                 position-independent (DYN)
  entry                0x1000
  runs as              a Linux program (runikraft run)
  instructions         i2.1 v1.0 c
  not on this machine  v
  interpreter          /lib/ld.so
  libraries            libm.so.6 libc.so.6
  thread data          64 bytes (4 from the file), alignment 8
  stack                not executable
  read-only later      4096 bytes at 0x4000, all symbols bound at start
`);
  });

  it("lists segments and sections", async () => {
    const shown = formatReport(await reportElf(program, "hello"));
    expect(shown).toMatch(/^ {2}LOAD +RW- +0x[0-9a-f]+ +0x4000 +0x4 +0x2000 +0x1000$/m);
    expect(shown).toMatch(/^ {2}GNU_RELRO +R-- /m);
    expect(shown).toMatch(/^ {2}\.text +PROGBITS +A-X +0x1000 +0x[0-9a-f]+ +0xc$/m);
    expect(shown).not.toContain("physical");
  });

  it("says why an image is only a bare one", async () => {
    const kernel = elfFile({
      entry: 0x80000000,
      segments: [{ flags: "rwx", vaddr: 0xffffffff80000000n, paddr: 0x80000000, bytes: CODE }],
    });
    const report = await reportElf(patched(kernel, 24, 8, 0xffffffff80000000n), "kernel");
    expect(report.segments[0]).toMatchObject({
      address: "0xffffffff80000000",
      physicalAddress: "0x80000000",
    });
    const shown = formatReport(report);
    expect(shown).toContain("runs as     a bare image only (runikraft boot)");
    expect(shown).toContain("not hosted  kernel: ELF p_vaddr of segment 0 is 0xffffffff80000000");
    expect(shown).toContain("physical");
  });

  it("says that W^X keeps a program from running", async () => {
    const program = elfFile({ entry: 0x10000, segments: [{ flags: "rwx", vaddr: 0x10000, bytes: CODE }] });
    expect((await reportElf(program, "hello")).notHosted).toContain("W^X");
  });

  it("refuses what is no ELF file", async () => {
    await expect(reportElf(text("#!/bin/sh\n"), "script")).rejects.toThrow(
      "script: ELF e_ident[EI_MAG] is 23 21",
    );
  });

  it("survives JSON", async () => {
    const report = await reportElf(program, "hello");
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({
      type: "DYN",
      needed: ["libm.so.6", "libc.so.6"],
      tls: { memorySize: 64 },
      isa: { missing: ["v"] },
    });
  });

  it("speaks Chinese", async () => {
    setLocale("zh");
    const shown = formatReport(await reportElf(smallProgram(), "hello"));
    expect(shown).toContain("固定地址的可执行文件（EXEC）");
    await expect(reportElf(patched(program, 18, 2, 62), "hello")).rejects.toThrow(
      "hello：ELF e_machine 为 62 (x86-64)，应为 243 (RISC-V)",
    );
  });
});
