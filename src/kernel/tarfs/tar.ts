import { archiveMessages } from "../../messages/archive.ts";
import { deviceNumber, FileType } from "../vfs/inode.ts";
import { type ByteString, fromBytes, toBytes } from "../vfs/names.ts";
import { type ArchiveEntry, cString, MOST_ENTRIES, part, refuse, shown } from "./entry.ts";

/**
 * tar, as POSIX has it (pax, "ustar Interchange Format"), with GNU's long names: headers of 512 bytes, each followed
 * by its data, in whole blocks; two empty blocks, or the end of the file, are the end.
 */
const BLOCK = 512;
/** Most bytes of a long name, or of extended headers. */
const LONGEST_EXTRA = 1 << 20;

/** Where a field of a header is, and its length. */
const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  linkname: [157, 100],
  magic: [257, 6],
  devmajor: [329, 8],
  devminor: [337, 8],
  prefix: [345, 155],
} as const;
const TYPE_AT = 156;

const TYPES: Record<string, number> = {
  "0": FileType.regular,
  "\0": FileType.regular,
  "7": FileType.regular,
  "1": FileType.regular,
  "2": FileType.symlink,
  "3": FileType.character,
  "4": FileType.block,
  "5": FileType.directory,
  "6": FileType.fifo,
};

const field = (header: Uint8Array, [at, length]: readonly [number, number]) =>
  header.subarray(at, at + length);

/** Octal digits, or (GNU) a big-endian number whose first bit is set. */
function readNumber(header: Uint8Array, name: keyof typeof FIELD, start: number): number {
  const bytes = field(header, FIELD[name]);
  if (bytes[0] & 0x80) {
    let value = bytes[0] & 0x7f;
    for (const byte of bytes.subarray(1)) value = value * 256 + byte;
    if (value > Number.MAX_SAFE_INTEGER) refuse(archiveMessages.badNumber(start, name));
    return value;
  }
  const text = cString(bytes).trim();
  if (!/^[0-7]*$/.test(text)) refuse(archiveMessages.badNumber(start, name));
  return text === "" ? 0 : Number.parseInt(text, 8);
}

/** The sum of all bytes, with blanks for those of the sum itself. */
function hasRightSum(header: Uint8Array, start: number): boolean {
  const [at, length] = FIELD.checksum;
  let sum = 0;
  for (const [i, byte] of header.entries()) sum += i >= at && i < at + length ? 0x20 : byte;
  return sum === readNumber(header, "checksum", start);
}

export function isTar(archive: Uint8Array): boolean {
  return archive.length >= BLOCK && cString(field(archive, FIELD.magic)).startsWith("ustar");
}

/** What extended headers say of the next entry. */
interface Extras {
  path?: ByteString;
  linkpath?: ByteString;
  size?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
}

/** Records of an extended header: `length keyword=value\n`, the length in decimal and including all. */
function readRecords(data: Uint8Array, start: number): Extras {
  const extras: Extras = {};
  for (let at = 0; at < data.length && data[at] !== 0; ) {
    const blank = data.indexOf(0x20, at);
    const digits = blank < 0 || blank - at > 10 ? "" : fromBytes(data.subarray(at, blank));
    const length = /^[1-9]\d*$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    if (length === 0 || end > data.length || end <= blank + 1 || data[end - 1] !== 0x0a)
      refuse(archiveMessages.badHeader(start));
    const record = fromBytes(data.subarray(blank + 1, end - 1));
    const equals = record.indexOf("=");
    if (equals < 0) refuse(archiveMessages.badHeader(start));
    note(extras, record.slice(0, equals), record.slice(equals + 1), start);
    at = end;
  }
  return extras;
}

function note(extras: Extras, keyword: string, value: ByteString, start: number): void {
  if (keyword === "path" || keyword === "linkpath") extras[keyword] = value;
  else if (keyword === "size" || keyword === "uid" || keyword === "gid" || keyword === "mtime") {
    const number = Number(value);
    if (!/^\d+(\.\d+)?$/.test(value) || number > Number.MAX_SAFE_INTEGER)
      refuse(archiveMessages.badNumber(start, keyword));
    extras[keyword] = Math.floor(number);
  }
}

/** All entries. Throws `RefusedError`. */
export function readTar(archive: Uint8Array): ArchiveEntry[] {
  const entries: ArchiveEntry[] = [];
  let common: Extras = {};
  let extras: Extras = {};
  for (let at = 0; at < archive.length; ) {
    const start = at;
    const header = part(archive, at, BLOCK, start);
    if (header.every((byte) => byte === 0)) break;
    if (!hasRightSum(header, start)) refuse(archiveMessages.badHeader(start));
    const type = String.fromCharCode(header[TYPE_AT]);
    const isExtra = "LKxg".includes(type);
    const hasData = "0\x007".includes(type) || isExtra;
    const said = isExtra ? undefined : (extras.size ?? common.size);
    const length = said ?? readNumber(header, "size", start);
    if (isExtra && length > LONGEST_EXTRA) refuse(archiveMessages.badHeader(start));
    const data = hasData ? part(archive, at + BLOCK, length, start) : new Uint8Array(0);
    at += BLOCK + Math.ceil(data.length / BLOCK) * BLOCK;
    if (type === "L") extras = { ...extras, path: cString(data) };
    else if (type === "K") extras = { ...extras, linkpath: cString(data) };
    else if (type === "x") extras = { ...extras, ...readRecords(data, start) };
    else if (type === "g") common = { ...common, ...readRecords(data, start) };
    else {
      if (entries.length >= MOST_ENTRIES) refuse(archiveMessages.tooMany(MOST_ENTRIES));
      entries.push(entryOf(header, type, data, { ...common, ...extras }, start));
      extras = {};
    }
  }
  return entries;
}

function entryOf(
  header: Uint8Array,
  type: string,
  data: Uint8Array,
  extras: Extras,
  start: number,
): ArchiveEntry {
  const prefix = cString(field(header, FIELD.prefix));
  const name = cString(field(header, FIELD.name));
  // GNU's own format has other things where POSIX has the prefix.
  const hasPrefix = prefix !== "" && fromBytes(field(header, FIELD.magic)) === "ustar\0";
  const path = extras.path ?? (hasPrefix ? `${prefix}/${name}` : name);
  // Old archives mark directories by the slash alone.
  const isDirectory = "0\0".includes(type) && path.endsWith("/");
  const kind = isDirectory ? FileType.directory : TYPES[type];
  if (kind === undefined) refuse(archiveMessages.kind(shown(path), JSON.stringify(type)));
  const link = extras.linkpath ?? cString(field(header, FIELD.linkname));
  const number = (of: keyof typeof FIELD) => readNumber(header, of, start);
  const isDevice = type === "3" || type === "4";
  return {
    path,
    mode: kind | (number("mode") & 0o7777),
    uid: (extras.uid ?? number("uid")) >>> 0,
    gid: (extras.gid ?? number("gid")) >>> 0,
    mtime: extras.mtime ?? number("mtime"),
    rdev: isDevice ? deviceNumber(number("devmajor"), number("devminor")) : 0,
    data: type === "2" ? toBytes(link) : data,
    ...(type === "1" && { linkTo: link }),
  };
}
