import { viewOf } from "./file.ts";
import { NOTES_LIMIT } from "./notes.ts";
import { PT } from "./program-header.ts";

/** The note's name, and the zero behind it; its type is the version of the native calls. */
const NAME = "Runikraft\0";
const ELF_HEADER = 64;
const PROGRAM_HEADER = 56;
/** More program headers than this are not looked at. */
const MOST_HEADERS = 128;

/**
 * Whether a program says that it is made for the native calls: an ELF note of the name `Runikraft`, which
 * firmware/include/runikraft.h puts into whatever is compiled with it. Looked for before anything of the file was checked;
 * what is no ELF file says no.
 */
export function isNativeProgram(file: Uint8Array): boolean {
  const view = viewOf(file);
  if (file.length < ELF_HEADER) return false;
  const table = Number(view.getBigUint64(32, true));
  const count = Math.min(view.getUint16(56, true), MOST_HEADERS);
  for (let i = 0; i < count; i++) {
    const at = table + i * PROGRAM_HEADER;
    if (!(at + PROGRAM_HEADER <= file.length)) return false;
    if (view.getUint32(at, true) !== PT.note) continue;
    const offset = Number(view.getBigUint64(at + 8, true));
    const size = Math.min(Number(view.getBigUint64(at + 32, true)), NOTES_LIMIT);
    if (hasNote(file.subarray(offset, offset + size))) return true;
  }
  return false;
}

/** A note is three words (name size, descriptor size, type), the name and the descriptor, each padded to 4 bytes. */
function hasNote(notes: Uint8Array): boolean {
  const view = viewOf(notes);
  for (let at = 0; at + 12 + NAME.length <= notes.length; ) {
    const nameSize = view.getUint32(at, true);
    if (
      nameSize === NAME.length &&
      [...NAME].every((letter, i) => notes[at + 12 + i] === letter.charCodeAt(0))
    )
      return true;
    at += 12 + Math.ceil(nameSize / 4) * 4 + Math.ceil(view.getUint32(at + 4, true) / 4) * 4;
  }
  return false;
}
