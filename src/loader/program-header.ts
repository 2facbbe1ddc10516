import { hex } from "../messages/hex.ts";
import { loaderMessages } from "../messages/loader.ts";
import { type Header, PROGRAM_HEADER_SIZE } from "./header.ts";
import { MAX_ALIGN } from "./limits.ts";
import { LoadError } from "./refuse.ts";

/** A program header as decoded: nothing checked yet. Sizes above 2^53 are not exact. */
export interface ProgramHeader {
  readonly index: number;
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly vaddr: bigint;
  readonly paddr: bigint;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

export const PT = {
  load: 1,
  dynamic: 2,
  interp: 3,
  note: 4,
  tls: 7,
  gnuStack: 0x6474e551,
  gnuRelro: 0x6474e552,
  riscvAttributes: 0x70000003,
} as const;

/** `p_flags` */
export const PF = { x: 1, w: 2, r: 4 } as const;

/** Where each field stands in a program header, for messages that must show all 64 bits. */
const FIELDS = { p_offset: 8, p_vaddr: 16, p_paddr: 24, p_filesz: 32, p_memsz: 40, p_align: 48 } as const;

/** Refuses a header that has more bytes in the file than in memory. */
export function checkSizes(header: Header, one: ProgramHeader): void {
  if (one.fileSize > one.memorySize)
    throw refused(header, one, "p_filesz", (field, value) =>
      loaderMessages.above(header.name, field, value, `p_memsz (${raw(header, one.index, "p_memsz")})`),
    );
}

export function checkAlign(header: Header, one: ProgramHeader): void {
  const { align, offset } = one;
  // Loose headers have 0 for "any".
  if (align === 0 || (header.bare && align === 1)) return;
  if (2 ** Math.round(Math.log2(align)) !== align)
    throw refused(header, one, "p_align", (field, value) =>
      loaderMessages.notPowerOfTwo(header.name, field, value),
    );
  if (header.bare) return;
  if (align > MAX_ALIGN)
    throw refused(header, one, "p_align", (field, value) =>
      loaderMessages.tooBig(header.name, field, value, hex(MAX_ALIGN)),
    );
  if (Number(one.vaddr % BigInt(align)) !== offset % align)
    throw refused(header, one, "p_vaddr", (field, value) =>
      loaderMessages.notCongruent(header.name, field, value, hex(offset), hex(align)),
    );
}

/** The bytes a program header names, checked to lie in the file. */
export function fileBytes(header: Header, one: ProgramHeader): Uint8Array {
  const size = header.bytes.length;
  if (one.offset > size || one.fileSize > size - one.offset) {
    const start = one.offset > size ? "p_offset" : "p_filesz";
    throw refused(header, one, start, (field, value) =>
      loaderMessages.beyondFile(header.name, field, value, String(size)),
    );
  }
  return header.bytes.subarray(one.offset, one.offset + one.fileSize);
}

/** The same for what only informs: as much of it as the file has. */
export function clippedBytes(header: Header, one: ProgramHeader): Uint8Array {
  return header.bytes.subarray(one.offset, one.offset + one.fileSize);
}

export function refused(
  header: Header,
  one: ProgramHeader,
  field: keyof typeof FIELDS,
  message: (field: string, value: string) => string,
): LoadError {
  return new LoadError(message(loaderMessages.ofSegment(field, one.index), raw(header, one.index, field)));
}

export function raw(header: Header, index: number, field: keyof typeof FIELDS): string {
  return hex(header.view.getBigUint64(fieldOffset(header, index, field), true));
}

function fieldOffset(header: Header, index: number, field: keyof typeof FIELDS): number {
  return header.programHeaderOffset + index * PROGRAM_HEADER_SIZE + FIELDS[field];
}
