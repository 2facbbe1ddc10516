import { hexBytes } from "../messages/hex.ts";
import { viewOf } from "./file.ts";

const NT_GNU_BUILD_ID = 3;
/** "GNU" and a zero, as a little-endian word. */
const GNU = 0x00554e47;
/** A build-id is among the first notes; more than this of a note segment is not read. */
export const NOTES_LIMIT = 4096;
const MAX_BUILD_ID = 64;

/**
 * The build-id in the bytes of an image's PT_NOTE segments, in hexadecimal. A note is three words (name size,
 * descriptor size, type), the name and the descriptor, each padded to 4 bytes. Malformed notes are passed over:
 * they only inform.
 */
export function readBuildId(notes: readonly Uint8Array[]): string | undefined {
  for (const bytes of notes) {
    const view = viewOf(bytes);
    for (let at = 0; at + 16 <= view.byteLength; ) {
      const nameSize = view.getUint32(at, true);
      const size = view.getUint32(at + 4, true);
      const start = at + 12 + Math.ceil(nameSize / 4) * 4;
      const isBuildId =
        view.getUint32(at + 8, true) === NT_GNU_BUILD_ID &&
        nameSize === 4 &&
        view.getUint32(at + 12, true) === GNU;
      if (isBuildId && size <= MAX_BUILD_ID && start + size <= view.byteLength)
        return hexBytes(bytes.subarray(start, start + size));
      at = start + Math.ceil(size / 4) * 4;
    }
  }
  return undefined;
}
