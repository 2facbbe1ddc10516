import { hex } from "../messages/hex.ts";
import { loaderMessages } from "../messages/loader.ts";
import { readDynamic } from "./dynamic.ts";
import { type Header, PROGRAM_HEADER_SIZE } from "./header.ts";
import type { Image, Range, Segment, TlsTemplate } from "./image.ts";
import { MAX_IMAGE_BYTES, PATH_MAX, PHYSICAL_END, pageDown, pageUp } from "./limits.ts";
import { NOTES_LIMIT, readBuildId } from "./notes.ts";
import {
  checkAlign,
  checkInFile,
  checkSizes,
  clippedBytes,
  PF,
  type ProgramHeader,
  PT,
  refused,
} from "./program-header.ts";
import { LoadError } from "./refuse.ts";
import { loadSegments } from "./segments.ts";
import { readText } from "./text.ts";

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
    file: header.file,
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
    dynamic: dynamic && readDynamic(header, dynamic, segments),
    buildId: readBuildId(
      table.filter((one) => one.type === PT.note).map((one) => clippedBytes(header, one, NOTES_LIMIT)),
    ),
    flags: header.flags,
    osAbi: header.osAbi,
  };
}

/** The entry point, translated to its physical address for a bare image that is linked elsewhere. */
function entryPoint(header: Header, table: readonly ProgramHeader[], segments: readonly Segment[]): number {
  // On a bare machine nothing enforces what a segment permits, and some linker scripts permit nothing.
  const code = header.bare ? segments : segments.filter((segment) => segment.execute);
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
  const holder = segments.find((one) => start >= one.offset && end <= one.offset + one.fileSize);
  return holder && holder.address + start - holder.offset;
}

function interpreterPath(header: Header, one: ProgramHeader): string {
  if (one.fileSize > PATH_MAX)
    throw refused(header, one, "p_filesz", (field, value) =>
      loaderMessages.tooBig(header.name, field, value, hex(PATH_MAX)),
    );
  checkInFile(header, one);
  const path = readText(header.file.read(one.offset, one.fileSize), 0, PATH_MAX);
  if (!path)
    throw refused(header, one, "p_offset", (field, value) =>
      loaderMessages.badString(header.name, field, value),
    );
  return path;
}

function tlsTemplate(header: Header, one: ProgramHeader, segments: readonly Segment[]): TlsTemplate {
  checkSizes(header, one);
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

/** The one header of its type, if there is one. */
function only(header: Header, table: readonly ProgramHeader[], type: number, text: string) {
  const [first, second] = table.filter((one) => one.type === type);
  if (second) throw new LoadError(loaderMessages.twice(header.name, text, second.index));
  return first;
}
