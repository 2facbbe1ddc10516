import { hex } from "../messages/hex.ts";
import { loaderMessages } from "../messages/loader.ts";
import { viewOf } from "./file.ts";
import type { Header } from "./header.ts";
import type { DynamicInfo, Segment } from "./image.ts";
import { PATH_MAX } from "./limits.ts";
import { checkInFile, type ProgramHeader } from "./program-header.ts";
import { LoadError } from "./refuse.ts";
import { readText } from "./text.ts";

/** Dynamic section tags (gABI, "Dynamic Section"; DT_FLAGS_1 is GNU's). */
const DT = {
  null: 0,
  needed: 1,
  strtab: 5,
  strsz: 10,
  soname: 14,
  rpath: 15,
  textrel: 22,
  runpath: 29,
  flags: 30,
  flags1: 0x6ffffffb,
} as const;
const DF_TEXTREL = 4n;
const DF_BIND_NOW = 8n;
const DF_1_NOW = 1n;
const DF_1_PIE = 0x08000000n;

const ENTRY_SIZE = 16;
const MAX_SIZE = 0x10000;

/**
 * Reads the dynamic section, which PT_DYNAMIC names. Strings are found in the file through the segments. Refuses
 * relocations of read-only code, which W^X rules out.
 */
export function readDynamic(header: Header, table: ProgramHeader, segments: readonly Segment[]): DynamicInfo {
  checkInFile(header, table);
  const { index, fileSize } = table;
  if (fileSize > MAX_SIZE) {
    const field = loaderMessages.ofSegment("p_filesz", index);
    throw new LoadError(loaderMessages.tooBig(header.name, field, hex(fileSize), hex(MAX_SIZE)));
  }
  const entries = readEntries(header.file.read(table.offset, fileSize));
  const last = (tag: number) => entries.findLast((entry) => entry.tag === tag)?.value;
  const flags = last(DT.flags) ?? 0n;
  const flags1 = last(DT.flags1) ?? 0n;
  if (last(DT.textrel) !== undefined)
    throw new LoadError(loaderMessages.textRelocations(header.name, "DT_TEXTREL"));
  if (flags & DF_TEXTREL) throw new LoadError(loaderMessages.textRelocations(header.name, "DF_TEXTREL"));
  const strings = stringTable(last(DT.strtab), last(DT.strsz), segments);
  const text = (name: string, offset: bigint) => {
    // Number() of more than the table's length is more than it, exact or not.
    const left = Math.max(0, strings.size - Number(offset));
    const bytes = header.file.read(strings.offset + Number(offset), Math.min(left, PATH_MAX));
    const found = readText(bytes, 0, PATH_MAX);
    if (found === undefined) throw new LoadError(loaderMessages.badString(header.name, name, hex(offset)));
    return found;
  };
  const optional = (name: string, tag: number) => {
    const offset = last(tag);
    return offset === undefined ? undefined : text(name, offset);
  };
  return {
    needed: entries.filter((entry) => entry.tag === DT.needed).map((entry) => text("DT_NEEDED", entry.value)),
    soname: optional("DT_SONAME", DT.soname),
    runpath: optional("DT_RUNPATH", DT.runpath) ?? optional("DT_RPATH", DT.rpath),
    pie: (flags1 & DF_1_PIE) !== 0n,
    bindNow: (flags & DF_BIND_NOW) !== 0n || (flags1 & DF_1_NOW) !== 0n,
  };
}

function readEntries(bytes: Uint8Array): { tag: number; value: bigint }[] {
  const view = viewOf(bytes);
  const entries = [];
  for (let at = 0; at + ENTRY_SIZE <= bytes.length; at += ENTRY_SIZE) {
    const tag = Number(view.getBigUint64(at, true));
    if (tag === DT.null) break;
    entries.push({ tag, value: view.getBigUint64(at + 8, true) });
  }
  return entries;
}

/** Where the string table is in the file; empty where no segment holds it, so that every string in it is refused. */
function stringTable(
  address: bigint | undefined,
  size: bigint | undefined,
  segments: readonly Segment[],
): { readonly offset: number; readonly size: number } {
  const start = Number(address ?? 0n);
  const holder = segments.find((one) => start >= one.address && start < one.address + one.fileSize);
  if (!holder || address === undefined) return { offset: 0, size: 0 };
  const from = start - holder.address;
  return { offset: holder.offset + from, size: Math.min(Number(size ?? 0n), holder.fileSize - from) };
}
