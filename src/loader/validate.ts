import { loaderMessages } from "../messages/loader.ts";
import { readDynamic } from "./dynamic.ts";
import { type Header, PROGRAM_HEADER_SIZE } from "./header.ts";
import type { Image, Range, Segment, TlsTemplate } from "./image.ts";
import {
  hex,
  LOWEST_ADDRESS,
  MAX_ALIGN,
  MAX_IMAGE_BYTES,
  PATH_MAX,
  PHYSICAL_END,
  pageDown,
  pageUp,
  USER_END,
} from "./limits.ts";
import { readBuildId } from "./notes.ts";
import { LoadError } from "./refuse.ts";
import { readText } from "./text.ts";

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

/** Checks the program headers and makes the image. */
export function buildImage(header: Header, table: readonly ProgramHeader[]): Image {
  const segments = loadSegments(header, table);
  const hosted = header.bare ? [] : table;
  const dynamic = only(header, hosted, PT.dynamic, "2 (DYNAMIC)");
  const interp = only(header, hosted, PT.interp, "3 (INTERP)");
  const tls = only(header, hosted, PT.tls, "7 (TLS)");
  const relro = only(header, hosted, PT.gnuRelro, "0x6474e552 (GNU_RELRO)");
  const stack = only(header, hosted, PT.gnuStack, "0x6474e551 (GNU_STACK)");
  return {
    name: header.name,
    bare: header.bare,
    relocatable: header.relocatable,
    entry: entryPoint(header, table, segments),
    segments,
    start: pageDown(segments[0].address),
    end: pageUp(segments[segments.length - 1].address + segments[segments.length - 1].memorySize),
    align: Math.max(...segments.map((segment) => segment.align)),
    programHeaders: { count: header.programHeaderCount, address: programHeaderAddress(header, segments) },
    interpreter: interp && interpreterPath(header, interp),
    tls: tls && tlsTemplate(header, tls, segments),
    executableStack: stack && (stack.flags & PF.x) !== 0,
    relro: relro && relroRange(header, relro, segments),
    dynamic: dynamic && readDynamic(header, dynamic.index, fileBytes(header, dynamic), segments),
    buildId: readBuildId(table.filter((one) => one.type === PT.note).map((one) => clippedBytes(header, one))),
    flags: header.flags,
    osAbi: header.osAbi,
  };
}

function loadSegments(header: Header, table: readonly ProgramHeader[]): Segment[] {
  const loads = table.filter((one) => one.type === PT.load);
  let fileTotal = 0;
  let memoryTotal = 0;
  const segments: Segment[] = [];
  for (const one of loads) {
    if (one.fileSize > one.memorySize)
      throw refused(header, one, "p_filesz", (field, value) =>
        loaderMessages.above(header.name, field, value, `p_memsz (${raw(header, one.index, "p_memsz")})`),
      );
    const bytes = fileBytes(header, one);
    if (one.memorySize === 0) continue;
    checkAlign(header, one);
    const address = segmentAddress(header, one);
    fileTotal += one.fileSize;
    memoryTotal += one.memorySize;
    if (!header.bare && memoryTotal > MAX_IMAGE_BYTES) throw tooMuchMemory(header, memoryTotal);
    // Segments that repeat the same part of the file would make a small file fill the memory.
    if (fileTotal > 2 * header.bytes.length)
      throw new LoadError(
        loaderMessages.tooBig(
          header.name,
          loaderMessages.sumOf("p_filesz"),
          hex(fileTotal),
          hex(2 * header.bytes.length),
        ),
      );
    segments.push({
      index: one.index,
      address,
      memorySize: one.memorySize,
      bytes,
      offset: one.offset,
      align: Math.max(one.align, 1),
      read: (one.flags & PF.r) !== 0,
      write: (one.flags & PF.w) !== 0,
      execute: (one.flags & PF.x) !== 0,
    });
  }
  if (segments.length === 0) throw new LoadError(loaderMessages.noSegments(header.name));
  if (header.bare) segments.sort((a, b) => a.address - b.address);
  checkOrder(header, segments);
  const last = segments[segments.length - 1];
  const span = last.address + last.memorySize - segments[0].address;
  if (!header.bare && header.relocatable && span > MAX_IMAGE_BYTES) throw tooMuchMemory(header, span);
  return segments;
}

function checkAlign(header: Header, one: ProgramHeader): void {
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

/** Where a segment goes, checked to lie in the addresses such an image may have. */
function segmentAddress(header: Header, one: ProgramHeader): number {
  const address = Number(header.bare ? one.paddr : one.vaddr);
  const first = header.bare || header.relocatable ? 0 : LOWEST_ADDRESS;
  const end = header.bare ? PHYSICAL_END : USER_END;
  if (address < first || address >= end || one.memorySize > end - address)
    throw refused(header, one, header.bare ? "p_paddr" : "p_vaddr", (field, value) =>
      loaderMessages.outsideAddresses(
        header.name,
        field,
        value,
        raw(header, one.index, "p_memsz"),
        hex(first),
        hex(end),
      ),
    );
  return address;
}

function checkOrder(header: Header, segments: readonly Segment[]): void {
  for (let i = 1; i < segments.length; i++) {
    const end = segments[i - 1].address + segments[i - 1].memorySize;
    if (segments[i].address >= end) continue;
    const field = loaderMessages.ofSegment(header.bare ? "p_paddr" : "p_vaddr", segments[i].index);
    const value = hex(segments[i].address);
    throw new LoadError(loaderMessages.overlap(header.name, field, value, segments[i - 1].index, hex(end)));
  }
}

/** The entry point, translated to its physical address for a bare image that is linked elsewhere. */
function entryPoint(header: Header, table: readonly ProgramHeader[], segments: readonly Segment[]): number {
  const code = segments.filter((segment) => segment.execute);
  const refusal = () => new LoadError(loaderMessages.entryOutside(header.name, hex(header.entry)));
  if (header.entry % 2n !== 0n)
    throw new LoadError(loaderMessages.notEven(header.name, "e_entry", hex(header.entry)));
  for (const segment of code) {
    const distance = header.entry - table[segment.index].vaddr;
    if (distance >= 0n && distance < BigInt(segment.memorySize)) return segment.address + Number(distance);
  }
  if (!header.bare || header.entry >= PHYSICAL_END) throw refusal();
  const entry = Number(header.entry);
  if (!code.some((one) => entry >= one.address && entry < one.address + one.memorySize)) throw refusal();
  return entry;
}

/** As Linux finds it: through the segment that holds the table in the file. */
function programHeaderAddress(header: Header, segments: readonly Segment[]): number | undefined {
  const start = header.programHeaderOffset;
  const end = start + header.programHeaderCount * PROGRAM_HEADER_SIZE;
  const holder = segments.find((one) => start >= one.offset && end <= one.offset + one.bytes.length);
  return holder && holder.address + start - holder.offset;
}

function interpreterPath(header: Header, one: ProgramHeader): string {
  if (one.fileSize > PATH_MAX)
    throw refused(header, one, "p_filesz", (field, value) =>
      loaderMessages.tooBig(header.name, field, value, hex(PATH_MAX)),
    );
  const path = readText(fileBytes(header, one), 0, PATH_MAX);
  if (!path)
    throw refused(header, one, "p_offset", (field, value) =>
      loaderMessages.badString(header.name, field, value),
    );
  return path;
}

function tlsTemplate(header: Header, one: ProgramHeader, segments: readonly Segment[]): TlsTemplate {
  if (one.fileSize > one.memorySize)
    throw refused(header, one, "p_filesz", (field, value) =>
      loaderMessages.above(header.name, field, value, `p_memsz (${raw(header, one.index, "p_memsz")})`),
    );
  if (one.memorySize > MAX_IMAGE_BYTES)
    throw refused(header, one, "p_memsz", (field, value) =>
      loaderMessages.tooBig(header.name, field, value, hex(MAX_IMAGE_BYTES)),
    );
  checkAlign(header, one);
  // Only the initialised part has addresses of its own.
  const { address } = insideSegment(header, one, one.fileSize, segments);
  return {
    address,
    fileSize: one.fileSize,
    memorySize: one.memorySize,
    align: Math.max(one.align, 1),
  };
}

function relroRange(header: Header, one: ProgramHeader, segments: readonly Segment[]): Range {
  return insideSegment(header, one, one.memorySize, segments);
}

/** Checks that the header's range lies in the pages of one segment (or is empty). */
function insideSegment(
  header: Header,
  one: ProgramHeader,
  size: number,
  segments: readonly Segment[],
): Range {
  const address = Number(one.vaddr);
  const holds = (segment: Segment) =>
    address >= segment.address && address + size <= pageUp(segment.address + segment.memorySize);
  if (size > 0 && !segments.some(holds))
    throw refused(header, one, "p_vaddr", (field, value) =>
      loaderMessages.outsideSegments(header.name, field, value, hex(size)),
    );
  return { address, size };
}

function tooMuchMemory(header: Header, size: number): LoadError {
  const field = loaderMessages.sumOf("p_memsz");
  return new LoadError(loaderMessages.tooBig(header.name, field, hex(size), hex(MAX_IMAGE_BYTES)), "ENOMEM");
}

/** The one header of its type, if there is one. */
function only(header: Header, table: readonly ProgramHeader[], type: number, text: string) {
  const [first, second] = table.filter((one) => one.type === type);
  if (second) throw new LoadError(loaderMessages.twice(header.name, text, second.index));
  return first;
}

/** The bytes a program header names, checked to lie in the file. */
function fileBytes(header: Header, one: ProgramHeader): Uint8Array {
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
function clippedBytes(header: Header, one: ProgramHeader): Uint8Array {
  return header.bytes.subarray(one.offset, one.offset + one.fileSize);
}

function refused(
  header: Header,
  one: ProgramHeader,
  field: keyof typeof FIELDS,
  message: (field: string, value: string) => string,
): LoadError {
  return new LoadError(message(loaderMessages.ofSegment(field, one.index), raw(header, one.index, field)));
}

function raw(header: Header, index: number, field: keyof typeof FIELDS): string {
  return hex(header.view.getBigUint64(fieldOffset(header, index, field), true));
}

function fieldOffset(header: Header, index: number, field: keyof typeof FIELDS): number {
  return header.programHeaderOffset + index * PROGRAM_HEADER_SIZE + FIELDS[field];
}
