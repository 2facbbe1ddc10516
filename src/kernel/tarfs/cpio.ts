import { archiveMessages } from "../../messages/archive.ts";
import { deviceNumber, FileType } from "../vfs/inode.ts";
import type { ByteString } from "../vfs/names.ts";
import { type ArchiveEntry, cString, MOST_ENTRIES, part, refuse, shown } from "./entry.ts";

/**
 * cpio in the new ASCII format, as Linux's initramfs is (Documentation/driver-api/early-userspace/buffer-format.rst):
 * a header of 6 bytes of magic and 13 numbers of 8 hexadecimal digits, the name with its NUL, and the data; name and
 * data begin at multiples of 4. `TRAILER!!!` ends an archive, behind which another may follow after NULs.
 */
const FIELDS = ["ino", "mode", "uid", "gid", "nlink", "mtime", "filesize", "devmajor", "devminor"] as const;
const MORE_FIELDS = ["rdevmajor", "rdevminor", "namesize", "check"] as const;
const ALL_FIELDS = [...FIELDS, ...MORE_FIELDS];
const HEADER = 6 + 8 * ALL_FIELDS.length;
const TRAILER = "TRAILER!!!";
const LONGEST_NAME = 4096;

export function isCpio(archive: Uint8Array): boolean {
  const magic = cString(archive.subarray(0, 6));
  return magic === "070701" || magic === "070702";
}

const align = (at: number) => Math.ceil(at / 4) * 4;

type Header = Record<(typeof ALL_FIELDS)[number], number>;

function readHeader(archive: Uint8Array, at: number): Header {
  const text = cString(part(archive, at, HEADER, at));
  if (!isCpio(archive.subarray(at))) refuse(archiveMessages.badHeader(at));
  const header = {} as Header;
  for (const [i, field] of ALL_FIELDS.entries()) {
    const digits = text.slice(6 + i * 8, 14 + i * 8);
    if (!/^[0-9a-fA-F]{8}$/.test(digits)) refuse(archiveMessages.badNumber(at, field));
    header[field] = Number.parseInt(digits, 16);
  }
  return header;
}

/** All entries. Throws `RefusedError`. */
export function readCpio(archive: Uint8Array): ArchiveEntry[] {
  const entries: ArchiveEntry[] = [];
  /** Of files with several names, by inode: the bytes come with one of them. */
  let linked = new Map<string, number>();
  for (let at = 0; at < archive.length; ) {
    if (archive[at] === 0) {
      at++;
      continue;
    }
    const header = readHeader(archive, at);
    if (header.namesize < 1 || header.namesize > LONGEST_NAME) refuse(archiveMessages.badHeader(at));
    const path = cString(part(archive, at + HEADER, header.namesize, at));
    const dataAt = align(at + HEADER + header.namesize);
    const data = part(archive, Math.min(dataAt, archive.length), header.filesize, at);
    at = align(dataAt + header.filesize);
    if (path === TRAILER) {
      linked = new Map();
      continue;
    }
    if (entries.length >= MOST_ENTRIES) refuse(archiveMessages.tooMany(MOST_ENTRIES));
    addEntry(entries, linked, entryOf(path, header, data), header);
  }
  return entries;
}

function entryOf(path: ByteString, header: Header, data: Uint8Array): ArchiveEntry {
  const { mode, uid, gid, mtime, rdevmajor, rdevminor } = header;
  const known: number[] = Object.values(FileType).filter((type) => type !== FileType.mask);
  if (!known.includes(mode & FileType.mask) || mode > 0o177777)
    refuse(archiveMessages.kind(shown(path), mode.toString(8)));
  return { path, mode, uid, gid, mtime, rdev: deviceNumber(rdevmajor, rdevminor), data };
}

/** Takes an entry in; one of a file that came under another name becomes a link to that. */
function addEntry(
  entries: ArchiveEntry[],
  linked: Map<string, number>,
  entry: ArchiveEntry,
  { ino, nlink, devmajor, devminor }: Header,
): void {
  const isFile = (entry.mode & FileType.mask) === FileType.regular;
  if (!isFile || nlink < 2) {
    entries.push(entry);
    return;
  }
  const key = `${devmajor}:${devminor}:${ino}`;
  const first = linked.get(key);
  if (first === undefined) {
    linked.set(key, entries.length);
    entries.push(entry);
    return;
  }
  if (entry.data.length > 0) entries[first] = { ...entries[first], data: entry.data };
  entries.push({ ...entry, linkTo: entries[first].path });
}
