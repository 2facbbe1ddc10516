import { fail } from "../vfs/error.ts";
import { FileType } from "../vfs/inode.ts";
import type { ByteString } from "../vfs/names.ts";

/**
 * Entries of a directory block (Linux, Documentation/filesystems/ext4/directory.rst): they fill it from start to end.
 *
 *     0 inode, 0: unused   4 bytes up to the next entry (2)   6 bytes of the name   7 type of the inode   8 name
 */
export const HEADER = 8;

/** Codes of types in entries. */
const TYPES = [
  0,
  FileType.regular,
  FileType.directory,
  FileType.character,
  FileType.block,
  FileType.fifo,
  FileType.socket,
  FileType.symlink,
];

export interface Entry {
  /** In the block, and bytes up to the next one. */
  readonly at: number;
  readonly length: number;
  /** 0: unused. */
  readonly ino: number;
  /** Of `FileType`; 0: not told. */
  readonly type: number;
  readonly nameLength: number;
}

/** Bytes that an entry needs. */
export function entrySize(nameLength: number): number {
  return HEADER + ((nameLength + 3) & ~3);
}

/** The entries of a block, unused ones too. Throws EUCLEAN. */
export function* entriesOf(bytes: Uint8Array, hasFileType: boolean): Generator<Entry> {
  for (let at = 0; at < bytes.length; ) {
    const entry = entryAt(bytes, at, hasFileType);
    yield entry;
    at += entry.length;
  }
}

export function entryAt(bytes: Uint8Array, at: number, hasFileType: boolean): Entry {
  if (at + HEADER > bytes.length) fail("EUCLEAN");
  const ino = (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
  const length = bytes[at + 4] | (bytes[at + 5] << 8);
  const nameLength = bytes[at + 6];
  const isGood =
    length >= HEADER &&
    length % 4 === 0 &&
    at + length <= bytes.length &&
    (ino === 0 || (nameLength > 0 && entrySize(nameLength) <= length));
  if (!isGood) fail("EUCLEAN");
  return { at, length, ino, nameLength, type: hasFileType ? (TYPES[bytes[at + 7]] ?? 0) : 0 };
}

export function nameAt(bytes: Uint8Array, { at, nameLength }: Entry): ByteString {
  let name = "";
  for (let i = at + HEADER; i < at + HEADER + nameLength; i++) name += String.fromCharCode(bytes[i]);
  return name;
}

/** Bytes that a new entry could have behind what this one needs. */
export function roomIn({ ino, length, nameLength }: Entry): number {
  return ino === 0 ? length : length - entrySize(nameLength);
}

/** Writes an entry of `length` bytes. `type` is written where the file system has it: `hasFileType`. */
export function putEntry(
  bytes: Uint8Array,
  at: number,
  length: number,
  name: ByteString,
  to: { readonly ino: number; readonly type: number },
  hasFileType: boolean,
): void {
  setLength(bytes, at, length);
  bytes[at + 6] = name.length;
  for (let i = 0; i < name.length; i++) bytes[at + HEADER + i] = name.charCodeAt(i);
  point(bytes, at, to, hasFileType);
}

/** Lets an entry lead to another inode. */
export function point(
  bytes: Uint8Array,
  at: number,
  { ino, type }: { readonly ino: number; readonly type: number },
  hasFileType: boolean,
): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = ino >>> (8 * i);
  bytes[at + 7] = hasFileType ? TYPES.indexOf(type) : 0;
}

export function setLength(bytes: Uint8Array, at: number, length: number): void {
  bytes[at + 4] = length;
  bytes[at + 5] = length >>> 8;
}
