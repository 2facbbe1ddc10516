import { hex } from "../messages/hex.ts";
import { loaderMessages } from "../messages/loader.ts";
import type { Header } from "./header.ts";
import type { Segment } from "./image.ts";
import { LOWEST_ADDRESS, MAX_IMAGE_BYTES, PHYSICAL_END, USER_END } from "./limits.ts";
import {
  checkAlign,
  checkInFile,
  checkSizes,
  PF,
  type ProgramHeader,
  PT,
  raw,
  refused,
} from "./program-header.ts";
import { LoadError } from "./refuse.ts";

/** The PT_LOAD segments that take up memory, checked, in address order. */
export function loadSegments(header: Header, table: readonly ProgramHeader[]): Segment[] {
  const loads = table.filter((one) => one.type === PT.load);
  let fileTotal = 0;
  let memoryTotal = 0;
  const segments: Segment[] = [];
  for (const one of loads) {
    checkSizes(header, one);
    checkInFile(header, one);
    if (one.memorySize === 0) continue;
    checkAlign(header, one);
    const address = segmentAddress(header, one);
    fileTotal += one.fileSize;
    memoryTotal += one.memorySize;
    if (!header.bare && memoryTotal > MAX_IMAGE_BYTES) throw tooMuchMemory(header, memoryTotal);
    // Segments that repeat the same part of the file would make a small file fill the memory.
    if (fileTotal > 2 * header.file.size)
      throw new LoadError(
        loaderMessages.tooBig(
          header.name,
          loaderMessages.sumOf("p_filesz"),
          hex(fileTotal),
          hex(2 * header.file.size),
        ),
      );
    segments.push({
      index: one.index,
      address,
      memorySize: one.memorySize,
      fileSize: one.fileSize,
      get bytes() {
        return header.file.read(one.offset, one.fileSize);
      },
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

function tooMuchMemory(header: Header, size: number): LoadError {
  const field = loaderMessages.sumOf("p_memsz");
  return new LoadError(loaderMessages.tooBig(header.name, field, hex(size), hex(MAX_IMAGE_BYTES)), "ENOMEM");
}
