import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** GNU binutils for riscv64, as the tests of the assembler and disassembler use it. */

const PREFIX = "riscv64-linux-gnu-";
/** The extensions of the instruction table that every supported binutils knows. */
const ARCH = "rv64gc_zba_zbb_zbs_zihintpause";

/** Calls `use` with a folder that is removed afterwards. */
export function inTemporaryFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "runikraft-binutils-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Assembles; compressed instructions are allowed unless the source says `.option norvc`. Returns the object's path. */
export function gnuAssemble(folder: string, source: string): string {
  const path = join(folder, "gnu.S");
  const object = join(folder, "gnu.o");
  writeFileSync(path, source);
  execFileSync(`${PREFIX}as`, [`-march=${ARCH}`, "-mno-relax", path, "-o", object]);
  return object;
}

/** Links with sections at the given addresses. Returns the executable's path. */
export function gnuLink(folder: string, object: string, addresses: Readonly<Record<string, bigint>>): string {
  const path = join(folder, "gnu.elf");
  const places = Object.entries(addresses).map(
    ([name, at]) => `--section-start=${name}=0x${at.toString(16)}`,
  );
  execFileSync(`${PREFIX}ld`, ["--no-relax", "-e", "0", ...places, object, "-o", path]);
  return path;
}

/** The bytes of a section. */
export function sectionBytes(folder: string, path: string, section: string): Uint8Array {
  const out = join(folder, "section.bin");
  execFileSync(`${PREFIX}objcopy`, ["-O", "binary", "-j", section, path, out]);
  return new Uint8Array(readFileSync(out));
}

export interface Disassembled {
  readonly bits: number;
  /** As objdump prints it, without its remarks on addresses (`# 1234 <symbol>`). */
  readonly text: string;
}

/** What objdump makes of instructions that follow each other from address 0. */
export function objdump(bytes: Uint8Array, ...options: string[]): Disassembled[] {
  return inTemporaryFolder((folder) => {
    writeFileSync(join(folder, "code.bin"), bytes);
    const object = gnuAssemble(folder, `.text\n.incbin "${join(folder, "code.bin")}"\n`);
    const out = join(folder, "objdump.txt");
    const file = openSync(out, "w");
    execFileSync(`${PREFIX}objdump`, ["-D", "-z", "-j", ".text", ...options, object], {
      stdio: ["ignore", file, "inherit"],
    });
    closeSync(file);
    const lines: Disassembled[] = [];
    for (const line of readFileSync(out, "latin1").split("\n")) {
      const parts = line.split("\t");
      if (parts.length < 3 || !/^ +[0-9a-f]+:$/.test(parts[0])) continue;
      const text = parts
        .slice(2)
        .join("\t")
        .replace(/ # .*/, "")
        .replace(/ <.*>$/, "");
      lines.push({ bits: Number.parseInt(parts[1], 16), text });
    }
    return lines;
  });
}
