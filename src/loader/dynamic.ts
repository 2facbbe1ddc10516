import { hex } from "../messages/hex.ts";
import { loaderMessages } from "../messages/loader.ts";
import type { Header } from "./header.ts";
import type { DynamicInfo, Segment } from "./image.ts";
import { PATH_MAX } from "./limits.ts";
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
 * Reads the dynamic section: `bytes` of PT_DYNAMIC, program header `index`. Strings are found in the file through
 * the segments. Refuses relocations of read-only code, which W^X rules out.
 */
export function readDynamic(
  header: Header,
  index: number,
  bytes: Uint8Array,
  segments: readonly Segment[],
): DynamicInfo {
  if (bytes.length > MAX_SIZE) {
    const field = loaderMessages.ofSegment("p_filesz", index);
    throw new LoadError(loaderMessages.tooBig(header.name, field, hex(bytes.length), hex(MAX_SIZE)));
  }
  const entries = readEntries(bytes);
  const last = (tag: number) => entries.findLast((entry) => entry.tag === tag)?.value;
  const flags = last(DT.flags) ?? 0n;
  const flags1 = last(DT.flags1) ?? 0n;
  if (last(DT.textrel) !== undefined)
    throw new LoadError(loaderMessages.textRelocations(header.name, "DT_TEXTREL"));
  if (flags & DF_TEXTREL) throw new LoadError(loaderMessages.textRelocations(header.name, "DF_TEXTREL"));
  const strings = stringTable(last(DT.strtab), last(DT.strsz), segments);
  const text = (name: string, offset: bigint) => {
    // Number() of more than the table's length is more than it, exact or not.
    const found = readText(strings, Number(offset), PATH_MAX);
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
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = [];
  for (let at = 0; at + ENTRY_SIZE <= bytes.length; at += ENTRY_SIZE) {
    const tag = Number(view.getBigUint64(at, true));
    if (tag === DT.null) break;
    entries.push({ tag, value: view.getBigUint64(at + 8, true) });
  }
  return entries;
}

/** The file's part of the string table; empty where no segment holds it, so that every string in it is refused. */
function stringTable(
  address: bigint | undefined,
  size: bigint | undefined,
  segments: readonly Segment[],
): Uint8Array {
  const start = Number(address ?? 0n);
  const holder = segments.find((one) => start >= one.address && start < one.address + one.bytes.length);
  if (!holder || address === undefined) return new Uint8Array(0);
  const from = start - holder.address;
  return holder.bytes.subarray(from, from + Number(size ?? 0n));
}
