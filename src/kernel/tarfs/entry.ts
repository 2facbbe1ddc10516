import { archiveMessages } from "../../messages/archive.ts";
import { RefusedError } from "../../messages/errors.ts";
import { type ByteString, fromBytes, toText } from "../vfs/names.ts";

/** What an archive says of one name. */
export interface ArchiveEntry {
  /** As the archive spells it. */
  readonly path: ByteString;
  /** Type and permissions, as `st_mode`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Of a device file. */
  readonly rdev: number;
  /** A file's bytes, a view of the archive's; the target of a symbolic link. */
  readonly data: Uint8Array;
  /** The path of an entry before that this is a second name of. */
  readonly linkTo?: ByteString;
}

/** Entries of one archive: each takes memory of the host. */
export const MOST_ENTRIES = 1_000_000;

export function refuse(message: string): never {
  throw new RefusedError(message);
}

/** A range of the archive. Refuses what is beyond its end; `start` is where what it belongs to begins. */
export function part(archive: Uint8Array, at: number, length: number, start: number): Uint8Array {
  if (length > archive.length - at) refuse(archiveMessages.cut(start));
  return archive.subarray(at, at + length);
}

/** The bytes before the first NUL. */
export function cString(bytes: Uint8Array): ByteString {
  const end = bytes.indexOf(0);
  return fromBytes(end < 0 ? bytes : bytes.subarray(0, end));
}

/** A name for a message: control characters are shown. */
export function shown(name: ByteString): string {
  return JSON.stringify(toText(name.slice(0, 200))).slice(1, -1);
}
