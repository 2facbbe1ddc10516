import { type ELF, open } from "elfinfo";
import { type ElfFile, fileOf, viewOf } from "./file.ts";
import { checkHeader, HEADER_SIZE, type Header, SECTION_HEADER_SIZE } from "./header.ts";
import type { Image } from "./image.ts";
import type { ProgramHeader } from "./program-header.ts";
import { nameSections, type Section, type SectionHeader } from "./sections.ts";
import { findSymbols, type Symbols } from "./symbols.ts";
import { buildImage } from "./validate.ts";

/**
 * Reads ELF files. `elfinfo` decodes the tables. It takes a wrong magic, tables outside the file and any size, and
 * reads every string and symbol at once (in quadratic time); so it is only ever shown a small copy made here, of a
 * checked header and one checked table, and what it decodes is checked again. It is asynchronous, hence the
 * promises.
 */
export interface ParseOptions {
  /**
   * A kernel, firmware or conformance test: loaded at its physical addresses, which may be any below 2^53, with
   * any permissions. Otherwise it is a hosted Linux program.
   */
  readonly bare?: boolean;
}

/**
 * The validated image of an ELF file, of which only headers, notes and names are read. `name` is what messages call
 * it. Bytes must not change afterwards (segments are views of them). Rejects with `LoadError`.
 */
export async function parseElf(
  source: Uint8Array | ElfFile,
  name: string,
  options: ParseOptions = {},
): Promise<Image> {
  const header = checkHeader(fileOf(source), name, options.bare ?? false);
  return buildImage(header, await decodeProgramHeaders(header));
}

/** The program header table as it stands in the file, unchecked. Rejects with `LoadError` for a bad ELF header. */
export async function readProgramHeaders(bytes: Uint8Array, name: string): Promise<ProgramHeader[]> {
  return decodeProgramHeaders(checkHeader(fileOf(bytes), name, true));
}

/** The sections; empty where the file has no section header table. Rejects with `LoadError`. */
export async function readSections(bytes: Uint8Array, name: string): Promise<Section[]> {
  const header = checkHeader(fileOf(bytes), name, true);
  return nameSections(header, await decodeSectionHeaders(header));
}

/** The symbols of `.symtab`, or where there is none of `.dynsym`. Rejects with `LoadError`. */
export async function readSymbols(bytes: Uint8Array, name: string): Promise<Symbols> {
  return findSymbols(name, await readSections(bytes, name));
}

async function decodeProgramHeaders(header: Header): Promise<ProgramHeader[]> {
  const copy = copyOf(header, header.programHeaders);
  copy.setBigUint64(32, BigInt(HEADER_SIZE), true);
  copy.setUint16(60, 0, true);
  const { segments } = await decode(copy);
  return segments.map(({ index, type, flags, offset, vaddr, paddr, filesz, memsz, align }) => ({
    index,
    type,
    flags,
    offset,
    vaddr: BigInt(vaddr),
    paddr: BigInt(paddr),
    fileSize: filesz,
    memorySize: memsz,
    align,
  }));
}

async function decodeSectionHeaders(header: Header): Promise<SectionHeader[]> {
  const { sectionHeaderOffset: offset, sectionHeaderCount: count } = header;
  if (count === 0) return [];
  const table = header.file.read(offset, count * SECTION_HEADER_SIZE);
  const types = viewOf(table);
  const copy = copyOf(header, table);
  copy.setBigUint64(40, BigInt(HEADER_SIZE), true);
  copy.setUint16(56, 0, true);
  // Sections of no type elfinfo knows: it would read the contents of string, symbol and relocation tables.
  const typeAt = (index: number) => index * SECTION_HEADER_SIZE + 4;
  for (let i = 0; i < count; i++) copy.setUint32(HEADER_SIZE + typeAt(i), 0, true);
  const { sections } = await decode(copy);
  return sections.map(({ index, nameix, flags, addr, offset: start, size, link, info, entsize }) => ({
    index,
    nameOffset: nameix,
    type: types.getUint32(typeAt(index), true),
    flags: Number(flags),
    address: BigInt.asIntN(64, BigInt(addr)),
    offset: start,
    size,
    link,
    info,
    entrySize: entsize,
  }));
}

/** A file of the ELF header and, right behind it, one table. */
function copyOf(header: Header, table: Uint8Array): DataView {
  const copy = new Uint8Array(HEADER_SIZE + table.length);
  copy.set(header.bytes);
  copy.set(table, HEADER_SIZE);
  return new DataView(copy.buffer);
}

async function decode(file: DataView): Promise<ELF> {
  const { elf, errors } = await open(new Uint8Array(file.buffer));
  if (!elf) throw new RangeError(`elfinfo takes no checked header: ${errors.join("; ")}`);
  return elf;
}
