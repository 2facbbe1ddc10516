import { hex } from "../messages/hex.ts";
import { loaderMessages } from "../messages/loader.ts";
import { viewOf } from "./file.ts";
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

/** Refuses a header whose bytes do not lie in the file. */
export function checkInFile(header: Header, one: ProgramHeader): void {
  const { size } = header.file;
  if (one.offset > size || one.fileSize > size - one.offset) {
    const start = one.offset > size ? "p_offset" : "p_filesz";
    throw refused(header, one, start, (field, value) =>
      loaderMessages.beyondFile(header.name, field, value, String(size)),
    );
  }
}

/** The bytes of what only informs: as much of it as the file has, `limit` at most. */
export function clippedBytes(header: Header, one: ProgramHeader, limit: number): Uint8Array {
  const left = Math.max(0, header.file.size - one.offset);
  return header.file.read(one.offset, Math.min(one.fileSize, limit, left));
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
  const at = index * PROGRAM_HEADER_SIZE + FIELDS[field];
  return hex(viewOf(header.programHeaders).getBigUint64(at, true));
}
