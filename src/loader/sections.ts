import { hex } from "../messages/hex.ts";
import { loaderMessages } from "../messages/loader.ts";
import { viewOf } from "./file.ts";
import { type Header, SECTION_HEADER_SIZE } from "./header.ts";
import { LoadError } from "./refuse.ts";
import { readText } from "./text.ts";

/** A section header as decoded. Numbers above 2^53 are not exact. */
export interface SectionHeader {
  readonly index: number;
  readonly nameOffset: number;
  readonly type: number;
  readonly flags: number;
  /** Signed, as in a register: kernels are linked at the top of the address space. */
  readonly address: bigint;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly entrySize: number;
}

/** A section whose contents lie in the file. */
export interface Section {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  /** Signed, as in a register; exact to 2^53. */
  readonly address: number;
  /** Bytes in memory; a NOBITS section has no `bytes`. */
  readonly size: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly link: number;
  readonly entrySize: number;
}

/** Section types and flags (gABI, "Sections"). */
export const SHT = { symtab: 2, strtab: 3, nobits: 8, dynsym: 11, riscvAttributes: 0x70000003 } as const;
export const SHF = { write: 1, alloc: 2, execute: 4 } as const;

/** Longer names are not shown. */
const MAX_NAME = 256;

/** Checks that every section lies in the file and gives it its name. */
export function nameSections(header: Header, headers: readonly SectionHeader[]): Section[] {
  const contents = headers.map((one) => sectionBytes(header, one));
  const names = contents[header.sectionNamesIndex];
  return headers.map((one) => ({
    index: one.index,
    // A file without section names is odd but legal.
    name: (names && readText(names, one.nameOffset, MAX_NAME)) ?? "",
    type: one.type,
    flags: one.flags,
    address: Number(one.address),
    size: one.size,
    offset: one.offset,
    bytes: contents[one.index],
    link: one.link,
    entrySize: one.entrySize,
  }));
}

function sectionBytes(header: Header, one: SectionHeader): Uint8Array {
  const fileSize = header.file.size;
  // A null section (type 0) may keep an extended count in its size.
  if (one.type === 0 || one.type === SHT.nobits) return new Uint8Array(0);
  if (one.offset > fileSize || one.size > fileSize - one.offset) {
    const field = one.offset > fileSize ? "sh_offset" : "sh_size";
    const at = header.sectionHeaderOffset + one.index * SECTION_HEADER_SIZE;
    const value = viewOf(header.file.read(at + (field === "sh_offset" ? 24 : 32), 8)).getBigUint64(0, true);
    throw new LoadError(
      loaderMessages.beyondFile(
        header.name,
        loaderMessages.ofSection(field, one.index),
        hex(value),
        String(fileSize),
      ),
    );
  }
  return header.file.read(one.offset, one.size);
}
