import type { Range } from "../../loader/image.ts";
import type { Section } from "../../loader/sections.ts";

/**
 * Where functions begin, from an image's unwinding tables: stripped programs keep them. Format: "Linux Standard Base
 * Core", sections ".eh_frame" and "DWARF Extensions". What cannot be read is left out.
 */

/** Encodings of pointers (DW_EH_PE): low four bits the format, the next three what it is relative to. */
const FORMAT = 0x0f;
const RELATIVE = 0x70;
const PC_RELATIVE = 0x10;
const EXTENDED_LENGTH = 0xffff_ffff;

/** The code that the section describes: a range for each function. */
export function describedCode(section: Section): Range[] {
  const { bytes, address } = section;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const encodings = new Map<number, number | undefined>();
  const ranges: Range[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at, true);
    const body = at + 4;
    // Longer than 4 GiB, or past the end: nothing behind it can be found.
    if (length === EXTENDED_LENGTH || body + length > bytes.length) break;
    if (length === 0) {
      at = body;
      continue;
    }
    const id = view.getUint32(body, true);
    if (id === 0) encodings.set(at, pointerEncoding(bytes.subarray(body, body + length)));
    else {
      const encoding = encodings.get(body - id);
      const range = encoding === undefined ? undefined : readRange(view, body + 4, encoding, address);
      if (range) ranges.push(range);
    }
    at = body + length;
  }
  return ranges;
}

/** How the entries of a CIE write their addresses; `undefined` where its augmentation is not known. */
function pointerEncoding(cie: Uint8Array): number | undefined {
  const end = cie.indexOf(0, 5);
  if (end < 0) return undefined;
  const augmentation = String.fromCharCode(...cie.subarray(5, end));
  if (augmentation === "") return 0;
  if (!augmentation.startsWith("z")) return undefined;
  let at = end + 1;
  // Code and data alignment, return address register, length of the augmentation data: LEB128 numbers.
  for (let i = 0; i < 4; i++) {
    while (cie[at] & 0x80) at++;
    at++;
  }
  for (const letter of augmentation.slice(1)) {
    if (letter === "R") return cie[at];
    if (letter === "L") at++;
    else if (letter === "P") at += 1 + (POINTER_SIZES[cie[at] & FORMAT] ?? 8);
    else if (letter !== "S" && letter !== "B") return undefined;
  }
  return 0;
}

const POINTER_SIZES: Record<number, number> = { 0: 8, 2: 2, 3: 4, 4: 8, 10: 2, 11: 4, 12: 8 };

/** A pointer, and a length in the same format. */
function readRange(view: DataView, at: number, encoding: number, base: number): Range | undefined {
  const address = readPointer(view, at, encoding, base);
  const size = readPointer(view, at + POINTER_SIZES[encoding & FORMAT], encoding & FORMAT, base);
  return address === undefined || size === undefined ? undefined : { address, size };
}

function readPointer(view: DataView, at: number, encoding: number, base: number): number | undefined {
  const size = POINTER_SIZES[encoding & FORMAT];
  if (size === undefined || !(at + size <= view.byteLength)) return undefined;
  const signed = (encoding & 8) !== 0;
  const value =
    size === 8
      ? Number(view.getBigInt64(at, true))
      : size === 4
        ? signed
          ? view.getInt32(at, true)
          : view.getUint32(at, true)
        : signed
          ? view.getInt16(at, true)
          : view.getUint16(at, true);
  if ((encoding & RELATIVE) === PC_RELATIVE) return base + at + value;
  return (encoding & RELATIVE) === 0 ? value : undefined;
}
