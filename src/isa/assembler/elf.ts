import { asmMessages } from "../../messages/asm.ts";
import type { Assembled, AssembledSymbol } from "./assemble.ts";
import { PAGE, type Placed, type PlaceOptions, placeSections } from "./place.ts";
import type { Section } from "./section.ts";

/** What the code may use; binutils before 2.41 refuses lists that name Zicond. */
const ARCHITECTURE =
  "rv64i2p1_m2p0_a2p1_f2p2_d2p2_c2p0_zicsr2p0_zifencei2p0_zihintpause2p0_zba1p0_zbb1p0_zbs1p0";

const [ET_EXEC, ET_DYN] = [2, 3];
const EM_RISCV = 243;
/** Compressed instructions, double-precision floats passed in registers. */
const EF_RISCV = 0x5;
const PT_LOAD = 1;
const PT_GNU_STACK = 0x6474e551;
const [PF_X, PF_W, PF_R] = [1, 2, 4];
const SHT = { progbits: 1, symtab: 2, strtab: 3, nobits: 8, riscvAttributes: 0x70000003 };
const SHF = { write: 1, alloc: 2, exec: 4 };
const SHN_ABS = 0xfff1;
const [EHDR, PHDR, SHDR, SYM] = [64, 56, 64, 24];

interface Header {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: bigint;
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly align: number;
  /** For the symbol table: its strings' index and the number of local symbols. */
  readonly link?: number;
  readonly info?: number;
  readonly entrySize?: number;
}

/**
 * Links one assembled program into an ELF64 executable for RISC-V: a segment each for code (R+X), constants (R)
 * and data (R+W), on pages of their own; a symbol table; the stack not executable. `base` is the address of the
 * first segment, by default 0x10000. A program with `.option pic` becomes one that is loaded anywhere (ET_DYN).
 *
 * @throws RefusedError as `placeSections`, and where there is no byte to load
 */
export function linkElf(assembled: Assembled, options: Partial<PlaceOptions> = {}): Uint8Array<ArrayBuffer> {
  const placed = placeSections(assembled, { base: 0x10000n, ...options });
  if (placed.segments.length === 0) assembled.source.fail({ line: 1, column: 1 }, asmMessages.nothing());
  const headers: Header[] = [];
  for (const segment of placed.segments)
    for (const section of segment.sections) headers.push(header(section, section.address));
  for (const section of placed.others) headers.push(header(section, 0n));
  headers.push(plain(".riscv.attributes", SHT.riscvAttributes, attributes()));
  const names = new Strings();
  const strings = new Strings();
  const { bytes, locals } = symbolTable(assembled, placed, headers, strings);
  const link = headers.length + 2;
  headers.push({ ...plain(".symtab", SHT.symtab, bytes), align: 8, link, info: locals, entrySize: SYM });
  headers.push(plain(".strtab", SHT.strtab, strings.bytes));
  for (const { name } of headers) names.add(name);
  names.add(".shstrtab");
  headers.push(plain(".shstrtab", SHT.strtab, names.bytes));
  return file(placed, headers, names, assembled.positionIndependent ? ET_DYN : ET_EXEC);
}

function header(section: Section, address: bigint): Header {
  return {
    name: section.name,
    type: section.zeroes ? SHT.nobits : SHT.progbits,
    flags:
      (section.writable ? SHF.write : 0) |
      (section.allocated ? SHF.alloc : 0) |
      (section.executable ? SHF.exec : 0),
    address,
    size: section.size,
    bytes: section.bytes,
    align: section.align,
  };
}

function plain(name: string, type: number, bytes: Uint8Array): Header {
  return { name, type, flags: 0, address: 0n, size: bytes.length, bytes, align: 1 };
}

/** A string table: byte 0, then the strings, each ended by one. */
class Strings {
  private readonly offsets = new Map<string, number>();
  private readonly parts: number[] = [0];

  add(text: string): number {
    const known = this.offsets.get(text);
    if (known !== undefined) return known;
    const offset = this.parts.length;
    this.offsets.set(text, offset);
    this.parts.push(...new TextEncoder().encode(text), 0);
    return offset;
  }

  get bytes(): Uint8Array {
    return Uint8Array.from(this.parts);
  }
}

/** Local symbols come first. Numeric labels and names with `.L` are the assembler's own. */
function symbolTable(assembled: Assembled, placed: Placed, headers: readonly Header[], strings: Strings) {
  const listed = [...assembled.symbols.values()].filter(
    (s) => !s.name.includes("\u0001") && !s.name.startsWith(".L"),
  );
  const ordered = [...listed.filter((s) => !s.global), ...listed.filter((s) => s.global)];
  const bytes = new Uint8Array((ordered.length + 1) * SYM);
  const view = new DataView(bytes.buffer);
  ordered.forEach((symbol, index) => {
    const at = (index + 1) * SYM;
    view.setUint32(at, strings.add(symbol.name), true);
    view.setUint8(at + 4, (symbol.global ? 0x10 : 0) | { none: 0, object: 1, function: 2 }[symbol.type]);
    view.setUint16(at + 6, sectionIndex(symbol, headers), true);
    view.setBigUint64(at + 8, BigInt.asUintN(64, placed.symbols.get(symbol.name) ?? 0n), true);
    view.setBigUint64(at + 16, BigInt.asUintN(64, symbol.size), true);
  });
  return { bytes, locals: 1 + listed.filter((s) => !s.global).length };
}

/** A label in a section without bytes belongs to no section of the file. */
function sectionIndex({ section }: AssembledSymbol, headers: readonly Header[]): number {
  const index = headers.findIndex(({ name }) => name === section);
  return index < 0 ? SHN_ABS : index + 1;
}

/** The `.riscv.attributes` section (psABI, "Attributes"): the architecture, so that tools decode all of it. */
function attributes(): Uint8Array {
  const text = new TextEncoder();
  const stackAlign = [4, 16];
  const content = [...stackAlign, 5, ...text.encode(ARCHITECTURE), 0];
  const words = (value: number) => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24];
  const wholeFile = [1, ...words(content.length + 5), ...content];
  const vendor = [...text.encode("riscv"), 0];
  return Uint8Array.from([0x41, ...words(4 + vendor.length + wholeFile.length), ...vendor, ...wholeFile]);
}

/** Lays out the file: headers, segments at offsets congruent to their pages, the rest, the section headers. */
function file(
  placed: Placed,
  headers: readonly Header[],
  names: Strings,
  type: number,
): Uint8Array<ArrayBuffer> {
  const segments = placed.segments.map((segment) => ({ ...segment, offset: 0, fileSize: 0 }));
  const offsets = new Map<string, number>();
  let at = EHDR + PHDR * (segments.length + 1);
  for (const segment of segments) {
    at = Math.ceil(at / Number(PAGE)) * Number(PAGE);
    segment.offset = at;
    for (const section of segment.sections) {
      offsets.set(section.name, segment.offset + Number(section.address - segment.address));
      if (!section.zeroes) segment.fileSize = Number(section.address - segment.address) + section.size;
    }
    at += segment.fileSize;
  }
  for (const { name, bytes, align } of headers) {
    if (offsets.has(name)) continue;
    at = Math.ceil(at / align) * align;
    offsets.set(name, at);
    at += bytes.length;
  }
  const sectionsAt = Math.ceil(at / 8) * 8;
  const out = new Uint8Array(sectionsAt + SHDR * (headers.length + 1));
  const view = new DataView(out.buffer);
  out.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, EM_RISCV, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt.asUintN(64, placed.entry), true);
  view.setBigUint64(32, BigInt(EHDR), true);
  view.setBigUint64(40, BigInt(sectionsAt), true);
  view.setUint32(48, EF_RISCV, true);
  [EHDR, PHDR, segments.length + 1, SHDR, headers.length + 1, headers.length].forEach((value, index) => {
    view.setUint16(52 + index * 2, value, true);
  });
  const program = [
    ...segments.map((s) => ({ type: PT_LOAD, align: PAGE, ...s })),
    {
      type: PT_GNU_STACK,
      align: 16n,
      writable: true,
      executable: false,
      offset: 0,
      address: 0n,
      fileSize: 0,
      size: 0n,
    },
  ];
  program.forEach((segment, index) => {
    const base = EHDR + index * PHDR;
    view.setUint32(base, segment.type, true);
    view.setUint32(base + 4, PF_R | (segment.writable ? PF_W : 0) | (segment.executable ? PF_X : 0), true);
    const fields = [BigInt(segment.offset), segment.address, segment.address, BigInt(segment.fileSize)];
    [...fields, segment.size, segment.align].forEach((value, i) => {
      view.setBigUint64(base + 8 + i * 8, BigInt.asUintN(64, value), true);
    });
  });
  headers.forEach((section, index) => {
    const base = sectionsAt + (index + 1) * SHDR;
    const offset = offsets.get(section.name) ?? 0;
    view.setUint32(base, names.add(section.name), true);
    view.setUint32(base + 4, section.type, true);
    const fields = [BigInt(section.flags), section.address, BigInt(offset), BigInt(section.size)];
    fields.forEach((value, i) => {
      view.setBigUint64(base + 8 + i * 8, BigInt.asUintN(64, value), true);
    });
    view.setUint32(base + 40, section.link ?? 0, true);
    view.setUint32(base + 44, section.info ?? 0, true);
    view.setBigUint64(base + 48, BigInt(section.align), true);
    view.setBigUint64(base + 56, BigInt(section.entrySize ?? 0), true);
    if (section.type !== SHT.nobits) out.set(section.bytes, offset);
  });
  return out;
}
