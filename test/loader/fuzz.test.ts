import { expect, it } from "vitest";
import { parseElf } from "../../src/loader/elf.ts";
import {
  CODE,
  elfFile,
  PT_DYNAMIC,
  PT_GNU_RELRO,
  PT_INTERP,
  PT_TLS,
  smallProgram,
  text,
  words,
} from "./elf-file.ts";
import { fuzzElf } from "./fuzz.ts";

const strings = text("\0libc.so.6\0/usr/lib\0");
const dynamic = words(1, 1, 29, 11, 30, 8, 0x6ffffffb, 0x08000000, 5, 0x3000, 10, strings.length, 0, 0);
/** A dynamically linked program, with symbols. */
const linked = elfFile({
  type: "dyn",
  entry: 0x1000,
  segments: [
    { flags: "rx", vaddr: 0x1000, bytes: CODE },
    { flags: "r", vaddr: 0x3000, bytes: strings },
    { flags: "rw", vaddr: 0x4000, bytes: text("data"), memsz: 0x2000 },
    { type: PT_DYNAMIC, bytes: dynamic },
    { type: PT_INTERP, bytes: text("/lib/ld-linux-riscv64-lp64d.so.1\0") },
    { type: PT_TLS, vaddr: 0x4000, memsz: 0x40, align: 8 },
    { type: PT_GNU_RELRO, vaddr: 0x4000, memsz: 0x1000 },
  ],
  sections: [
    { name: ".text", type: 1, flags: 6, addr: 0x1000, bytes: CODE },
    { name: ".symtab", type: 2, bytes: words(0, 0, 0, 0x1000200000001n, 0x1000, 12), link: 3, entsize: 24 },
    { name: ".strtab", type: 3, bytes: text("\0main\0") },
  ],
});

it("loads 2,000 mutants, or refuses them in one line", async () => {
  const interpreter = await parseElf(smallProgram("dyn"), "ld.so");
  const { cases, loaded, refusals } = await fuzzElf([smallProgram(), linked], interpreter, 2000, 20n);
  expect(cases).toBe(2000);
  // Both outcomes must really be tried, and the refusals for many reasons.
  expect(loaded).toBeGreaterThan(200);
  expect(refusals.size).toBeGreaterThan(20);
});
