import { hex } from "../messages/hex.ts";
import { missingExtensions, parseArch, readAttributes } from "./attributes.ts";
import { parseElf, readProgramHeaders, readSections } from "./elf.ts";
import type { Image } from "./image.ts";
import { pageRuns } from "./map.ts";
import { PF, type ProgramHeader, PT } from "./program-header.ts";
import { LoadError } from "./refuse.ts";
import { type Section, SHF, SHT } from "./sections.ts";

/** What there is to say about an ELF file, as plain data that JSON can hold. Addresses are hexadecimal text. */
export interface ElfReport {
  readonly file: string;
  readonly type: "EXEC" | "DYN";
  readonly entry: string;
  readonly osAbi: number;
  readonly flags: string;
  /** Why it is not run as a Linux program; `undefined`: it is. */
  readonly notHosted: string | undefined;
  readonly interpreter: string | undefined;
  readonly needed: readonly string[];
  readonly runpath: string | undefined;
  readonly soname: string | undefined;
  readonly bindNow: boolean;
  readonly tls:
    | { readonly fileSize: number; readonly memorySize: number; readonly align: number }
    | undefined;
  readonly executableStack: boolean | undefined;
  readonly relro: { readonly address: string; readonly size: number } | undefined;
  readonly buildId: string | undefined;
  readonly isa: IsaReport | undefined;
  readonly segments: readonly SegmentReport[];
  readonly sections: readonly SectionReport[];
}

export interface IsaReport {
  readonly arch: string;
  readonly extensions: readonly { readonly name: string; readonly version: string | undefined }[];
  /** Of these, what this machine does not have. */
  readonly missing: readonly string[];
}

export interface SegmentReport {
  readonly type: string;
  readonly flags: string;
  readonly offset: string;
  readonly address: string;
  readonly physicalAddress: string;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

export interface SectionReport {
  readonly name: string;
  readonly type: string;
  readonly flags: string;
  readonly address: string;
  readonly offset: string;
  readonly size: number;
}

const SEGMENT_TYPES: Record<number, string> = {
  0: "NULL",
  [PT.load]: "LOAD",
  [PT.dynamic]: "DYNAMIC",
  [PT.interp]: "INTERP",
  [PT.note]: "NOTE",
  6: "PHDR",
  [PT.tls]: "TLS",
  1685382480: "GNU_EH_FRAME",
  [PT.gnuStack]: "GNU_STACK",
  [PT.gnuRelro]: "GNU_RELRO",
  1685382483: "GNU_PROPERTY",
  [PT.riscvAttributes]: "RISCV_ATTRIBUTES",
};

const SECTION_TYPES: Record<number, string> = {
  0: "NULL",
  1: "PROGBITS",
  [SHT.symtab]: "SYMTAB",
  [SHT.strtab]: "STRTAB",
  4: "RELA",
  5: "HASH",
  6: "DYNAMIC",
  7: "NOTE",
  [SHT.nobits]: "NOBITS",
  [SHT.dynsym]: "DYNSYM",
  14: "INIT_ARRAY",
  15: "FINI_ARRAY",
  16: "PREINIT_ARRAY",
  [SHT.riscvAttributes]: "RISCV_ATTRIBUTES",
  1879048182: "GNU_HASH",
  1879048189: "VERDEF",
  1879048190: "VERNEED",
  1879048191: "VERSYM",
};

/**
 * Describes a file as a hosted program, or where it cannot be one as a bare image. Rejects with `LoadError` where
 * it is neither.
 */
export async function reportElf(bytes: Uint8Array, file: string): Promise<ElfReport> {
  const { image, notHosted } = await readImage(bytes, file);
  const headers = await readProgramHeaders(bytes, file);
  const sections = await readSections(bytes, file);
  const { dynamic, tls, relro } = image;
  return {
    file,
    type: image.relocatable ? "DYN" : "EXEC",
    entry: hex(image.entry),
    osAbi: image.osAbi,
    flags: hex(image.flags),
    notHosted,
    interpreter: image.interpreter,
    needed: dynamic?.needed ?? [],
    runpath: dynamic?.runpath,
    soname: dynamic?.soname,
    bindNow: dynamic?.bindNow ?? false,
    tls: tls && { fileSize: tls.fileSize, memorySize: tls.memorySize, align: tls.align },
    executableStack: image.executableStack,
    relro: relro && { address: hex(relro.address), size: relro.size },
    buildId: image.buildId,
    isa: isaReport(bytes, headers, sections),
    segments: headers.map(segmentReport),
    sections: sections.slice(1).map(sectionReport),
  };
}

async function readImage(
  bytes: Uint8Array,
  file: string,
): Promise<{ image: Image; notHosted: string | undefined }> {
  try {
    const image = await parseElf(bytes, file);
    pageRuns(image, false);
    return { image, notHosted: undefined };
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    try {
      return { image: await parseElf(bytes, file, { bare: true }), notHosted: error.message };
    } catch {
      throw error;
    }
  }
}

function isaReport(
  bytes: Uint8Array,
  headers: readonly ProgramHeader[],
  sections: readonly Section[],
): IsaReport | undefined {
  const section = sections.find((one) => one.type === SHT.riscvAttributes);
  const header = headers.find((one) => one.type === PT.riscvAttributes);
  const found = section?.bytes ?? (header && bytes.subarray(header.offset, header.offset + header.fileSize));
  const arch = found && readAttributes(found)?.arch;
  if (!arch) return undefined;
  const extensions = parseArch(arch);
  return { arch, extensions, missing: missingExtensions(extensions) };
}

function segmentReport(one: ProgramHeader): SegmentReport {
  return {
    type: SEGMENT_TYPES[one.type] ?? hex(one.type),
    flags: letters(one.flags, [PF.r, PF.w, PF.x], "RWX"),
    offset: hex(one.offset),
    address: hex(one.vaddr),
    physicalAddress: hex(one.paddr),
    fileSize: one.fileSize,
    memorySize: one.memorySize,
    align: one.align,
  };
}

function sectionReport(one: Section): SectionReport {
  return {
    name: one.name,
    type: SECTION_TYPES[one.type] ?? hex(one.type),
    flags: letters(one.flags, [SHF.alloc, SHF.write, SHF.execute], "AWX"),
    address: hex(BigInt.asUintN(64, BigInt(one.address))),
    offset: hex(one.offset),
    size: one.size,
  };
}

/** The letters of the set bits, `-` for the others. */
function letters(flags: number, bits: readonly number[], names: string): string {
  return bits.map((bit, i) => (Math.floor(flags / bit) % 2 === 1 ? names[i] : "-")).join("");
}
