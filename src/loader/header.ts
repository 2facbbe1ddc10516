import { hex, hexBytes } from "../messages/hex.ts";
import { loaderMessages } from "../messages/loader.ts";
import { type ElfFile, viewOf } from "./file.ts";
import { MAX_PROGRAM_HEADERS } from "./limits.ts";
import { LoadError } from "./refuse.ts";

/** Sizes of ELF64 structures. */
export const HEADER_SIZE = 64;
export const PROGRAM_HEADER_SIZE = 56;
export const SECTION_HEADER_SIZE = 64;

const MAGIC = "7f 45 4c 46";
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

/** The wrong values of `e_ident[EI_CLASS]` and `[EI_DATA]` that mean something. */
const CLASSES: Record<number, string> = { 1: "32-bit" };
const BYTE_ORDERS: Record<number, string> = { 2: "big-endian" };

/** Types that are not for loading, by `e_type`. */
const TYPES: Record<number, string> = { 0: "NONE", 1: "REL", 4: "CORE" };

/** A file whose ELF header has been checked: both tables lie inside the file. */
export interface Header {
  readonly name: string;
  readonly file: ElfFile;
  /** The ELF header's own bytes. */
  readonly bytes: Uint8Array;
  readonly bare: boolean;
  readonly relocatable: boolean;
  readonly flags: number;
  readonly osAbi: number;
  readonly entry: bigint;
  readonly programHeaderOffset: number;
  /** The program header table. */
  readonly programHeaders: Uint8Array;
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
export function checkHeader(file: ElfFile, name: string, bare: boolean): Header {
  const check = new Check(name, file);
  checkIdentification(check, bare);
  checkFlags(check, bare);
  const { bytes, view } = check;
  const programHeaderCount = checkProgramTable(check);
  const sectionHeaderCount = checkSectionTable(check);
  const programHeadersSize = programHeaderCount * PROGRAM_HEADER_SIZE;
  const programHeaderOffset = check.table("e_phoff", 32, programHeadersSize);
  return {
    name,
    file,
    bytes,
    bare,
    relocatable: check.u16(16) === ET_DYN,
    flags: view.getUint32(48, true),
    osAbi: bytes[7],
    entry: view.getBigUint64(24, true),
    programHeaderOffset,
    programHeaders: file.read(programHeaderOffset, programHeadersSize),
    programHeaderCount,
    sectionHeaderOffset:
      sectionHeaderCount && check.table("e_shoff", 40, sectionHeaderCount * SECTION_HEADER_SIZE),
    sectionHeaderCount,
    sectionNamesIndex: check.u16(62),
  };
}

/** The file is ELF of the right class, byte order, system, machine and type, and its header is whole. */
function checkIdentification(check: Check, bare: boolean): void {
  const { name, bytes, view } = check;
  if (bytes.length >= 4) {
    const magic = hexBytes(bytes.subarray(0, 4), " ");
    check.is(magic === MAGIC, "e_ident[EI_MAG]", magic, MAGIC);
  }
  if (bytes.length < HEADER_SIZE) throw new LoadError(loaderMessages.tooShort(name, bytes.length));
  const [, , , , fileClass, data, identVersion, osAbi] = bytes;
  check.is(fileClass === 2, "e_ident[EI_CLASS]", named(fileClass, CLASSES), "2 (64-bit)");
  check.is(data === 1, "e_ident[EI_DATA]", named(data, BYTE_ORDERS), "1 (little-endian)");
  check.is(identVersion === 1, "e_ident[EI_VERSION]", String(identVersion), "1");
  check.is(bare || LINUX_OS_ABIS.includes(osAbi), "e_ident[EI_OSABI]", String(osAbi), "0 / 3 (Linux)");
  const machine = check.u16(18);
  check.is(machine === EM_RISCV, "e_machine", named(machine, MACHINES), "243 (RISC-V)");
  const type = check.u16(16);
  check.is(type === ET_EXEC || type === ET_DYN, "e_type", named(type, TYPES), "2 (EXEC) / 3 (DYN)");
  const version = view.getUint32(20, true);
  check.is(version === 1, "e_version", String(version), "1");
}

function checkFlags(check: Check, bare: boolean): void {
  const flags = check.view.getUint32(48, true);
  const about = (abi: string) => `${hex(flags)} (${abi})`;
  check.is((flags & RVE) === 0, "e_flags", about(loaderMessages.embeddedAbi()), "RV64I");
  const floatAbi = (flags >> 1) & 3;
  const abiText = (abi: number) => loaderMessages.floatAbi(FLOAT_ABIS[abi]);
  check.is(
    bare || floatAbi === FLOAT_ABI_DOUBLE,
    "e_flags",
    about(abiText(floatAbi)),
    abiText(FLOAT_ABI_DOUBLE),
  );
}

/** Returns how many program headers there are. */
function checkProgramTable(check: Check): number {
  const count = check.u16(56);
  check.size("e_ehsize", 52, HEADER_SIZE);
  if (count === 0) throw new LoadError(loaderMessages.noSegments(check.name));
  check.count("e_phnum", count, MAX_PROGRAM_HEADERS);
  check.size("e_phentsize", 54, PROGRAM_HEADER_SIZE);
  return count;
}

/** Returns how many section headers there are; 0 without a table. */
function checkSectionTable(check: Check): number {
  const count = check.view.getBigUint64(40, true) === 0n ? 0 : check.u16(60);
  if (count === 0) return 0;
  check.size("e_shentsize", 58, SECTION_HEADER_SIZE);
  check.count("e_shnum", count, MAX_SECTIONS);
  return count;
}

/** Refuses a file field by field. */
class Check {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  private readonly fileSize: number;

  constructor(name: string, file: ElfFile) {
    this.name = name;
    this.bytes = file.read(0, Math.min(file.size, HEADER_SIZE));
    this.view = viewOf(this.bytes);
    this.fileSize = file.size;
  }

  u16(at: number): number {
    return this.view.getUint16(at, true);
  }

  is(good: boolean, field: string, value: string, expected: string): void {
    if (!good) throw new LoadError(loaderMessages.mustBe(this.name, field, value, expected));
  }

  size(field: string, at: number, expected: number): void {
    this.is(this.u16(at) === expected, field, String(this.u16(at)), String(expected));
  }

  count(field: string, count: number, limit: number): void {
    if (count > limit)
      throw new LoadError(loaderMessages.tooBig(this.name, field, String(count), String(limit)));
  }

  /** The offset of a table of `size` bytes, which stands in the header at `at`. */
  table(field: string, at: number, size: number): number {
    const offset = this.view.getBigUint64(at, true);
    if (offset < HEADER_SIZE)
      throw new LoadError(loaderMessages.below(this.name, field, hex(offset), hex(HEADER_SIZE)));
    const { fileSize } = this;
    if (offset + BigInt(size) > fileSize)
      throw new LoadError(loaderMessages.beyondFile(this.name, field, hex(offset), String(fileSize)));
    return Number(offset);
  }
}

function named(value: number, names: Record<number, string>): string {
  return names[value] === undefined ? String(value) : `${value} (${names[value]})`;
}
