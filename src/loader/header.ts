import { loaderMessages } from "../messages/loader.ts";
import { hex, MAX_PROGRAM_HEADERS } from "./limits.ts";
import { LoadError } from "./refuse.ts";

/** Sizes of ELF64 structures. */
export const HEADER_SIZE = 64;
export const PROGRAM_HEADER_SIZE = 56;
export const SECTION_HEADER_SIZE = 64;

const EM_RISCV = 243;
const ET_EXEC = 2;
const ET_DYN = 3;
/** `e_ident[EI_OSABI]` values of Linux programs: System V and GNU/Linux (which static glibc's IFUNCs ask for). */
const LINUX_OS_ABIS = [0, 3];
/** Linked images have some dozens. */
const MAX_SECTIONS = 4096;

/** `e_flags` (RISC-V psABI, "File header"). */
const FLOAT_ABIS = ["soft", "single", "double", "quad"];
const FLOAT_ABI_DOUBLE = 2;
const RVE = 8;

/** Machines that people try, by `e_machine`. */
const MACHINES: Record<number, string> = {
  3: "x86",
  8: "MIPS",
  20: "PowerPC",
  21: "PowerPC64",
  22: "S390",
  40: "ARM",
  62: "x86-64",
  183: "AArch64",
  247: "BPF",
  258: "LoongArch",
};

/** Types that are not for loading, by `e_type`. */
const TYPES: Record<number, string> = { 0: "NONE", 1: "REL", 4: "CORE" };

/** A file whose ELF header has been checked: both tables lie inside the file. */
export interface Header {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly bare: boolean;
  readonly relocatable: boolean;
  readonly flags: number;
  readonly osAbi: number;
  readonly entry: bigint;
  readonly programHeaderOffset: number;
  readonly programHeaderCount: number;
  readonly sectionHeaderOffset: number;
  /** 0: no sections. */
  readonly sectionHeaderCount: number;
  readonly sectionNamesIndex: number;
}

/**
 * Checks the ELF header. Hosted programs must be made for Linux with the double-float ABI; a bare image may have
 * any operating system and float ABI.
 */
export function checkHeader(bytes: Uint8Array, name: string, bare: boolean): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const refuseUnless = (good: boolean, field: string, value: string, expected: string) => {
    if (!good) throw new LoadError(loaderMessages.mustBe(name, field, value, expected));
  };
  const checkCount = (field: string, count: number, limit: number) => {
    if (count > limit) throw new LoadError(loaderMessages.tooBig(name, field, String(count), String(limit)));
  };
  if (bytes.length >= 4) {
    const magic = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    refuseUnless(magic === "7f 45 4c 46", "e_ident[EI_MAG]", magic, "7f 45 4c 46");
  }
  if (bytes.length < HEADER_SIZE) throw new LoadError(loaderMessages.tooShort(name, bytes.length));
  const u16 = (at: number) => view.getUint16(at, true);
  refuseUnless(bytes[4] === 2, "e_ident[EI_CLASS]", classText(bytes[4]), "2 (64-bit)");
  refuseUnless(bytes[5] === 1, "e_ident[EI_DATA]", dataText(bytes[5]), "1 (little-endian)");
  refuseUnless(bytes[6] === 1, "e_ident[EI_VERSION]", String(bytes[6]), "1");
  refuseUnless(
    bare || LINUX_OS_ABIS.includes(bytes[7]),
    "e_ident[EI_OSABI]",
    String(bytes[7]),
    "0 / 3 (Linux)",
  );
  const machine = u16(18);
  refuseUnless(machine === EM_RISCV, "e_machine", withName(machine, MACHINES[machine]), "243 (RISC-V)");
  const type = u16(16);
  refuseUnless(type === ET_EXEC || type === ET_DYN, "e_type", typeText(type), "2 (EXEC) / 3 (DYN)");
  const version = view.getUint32(20, true);
  refuseUnless(version === 1, "e_version", String(version), "1");
  const flags = view.getUint32(48, true);
  refuseUnless((flags & RVE) === 0, "e_flags", withName(hex(flags), loaderMessages.embeddedAbi()), "RV64I");
  const floatAbi = (flags >> 1) & 3;
  refuseUnless(
    bare || floatAbi === FLOAT_ABI_DOUBLE,
    "e_flags",
    withName(hex(flags), loaderMessages.floatAbi(FLOAT_ABIS[floatAbi])),
    loaderMessages.floatAbi(FLOAT_ABIS[FLOAT_ABI_DOUBLE]),
  );
  refuseUnless(u16(52) === HEADER_SIZE, "e_ehsize", String(u16(52)), String(HEADER_SIZE));
  const programHeaderCount = u16(56);
  if (programHeaderCount === 0) throw new LoadError(loaderMessages.noSegments(name));
  checkCount("e_phnum", programHeaderCount, MAX_PROGRAM_HEADERS);
  refuseUnless(u16(54) === PROGRAM_HEADER_SIZE, "e_phentsize", String(u16(54)), String(PROGRAM_HEADER_SIZE));
  const sectionHeaderCount = view.getBigUint64(40, true) === 0n ? 0 : u16(60);
  if (sectionHeaderCount > 0) {
    refuseUnless(
      u16(58) === SECTION_HEADER_SIZE,
      "e_shentsize",
      String(u16(58)),
      String(SECTION_HEADER_SIZE),
    );
    checkCount("e_shnum", sectionHeaderCount, MAX_SECTIONS);
  }
  const table = (field: string, at: number, size: number) => {
    const offset = view.getBigUint64(at, true);
    if (offset < HEADER_SIZE)
      throw new LoadError(loaderMessages.below(name, field, hex(offset), hex(HEADER_SIZE)));
    if (offset + BigInt(size) > bytes.length)
      throw new LoadError(loaderMessages.beyondFile(name, field, hex(offset), String(bytes.length)));
    return Number(offset);
  };
  return {
    name,
    bytes,
    view,
    bare,
    relocatable: type === ET_DYN,
    flags,
    osAbi: bytes[7],
    entry: view.getBigUint64(24, true),
    programHeaderOffset: table("e_phoff", 32, programHeaderCount * PROGRAM_HEADER_SIZE),
    programHeaderCount,
    sectionHeaderOffset: sectionHeaderCount && table("e_shoff", 40, sectionHeaderCount * SECTION_HEADER_SIZE),
    sectionHeaderCount,
    sectionNamesIndex: u16(62),
  };
}

function withName(value: number | string, name: string | undefined): string {
  return name === undefined ? String(value) : `${value} (${name})`;
}

function classText(value: number): string {
  return withName(value, value === 1 ? "32-bit" : undefined);
}

function dataText(value: number): string {
  return withName(value, value === 2 ? "big-endian" : undefined);
}

function typeText(value: number): string {
  return withName(value, TYPES[value]);
}
