import { archiveMessages } from "../messages/archive.ts";
import { RefusedError } from "../messages/errors.ts";
import { readHostFile } from "./files.ts";

/** Most bytes that an archive may have once it is unpacked. */
const LARGEST = 2 ** 30;

/** The bytes of an archive, which may be packed with gzip. Throws `RefusedError`. */
export function readArchive(path: string): Uint8Array {
  const bytes = readHostFile(path);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    // Loaded only when it is wanted: that would cost every start of a program.
    return process.getBuiltinModule("node:zlib").gunzipSync(bytes, { maxOutputLength: LARGEST });
  } catch {
    throw new RefusedError(archiveMessages.notUnpacked(path));
  }
}
