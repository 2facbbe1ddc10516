import type { GuestMemory } from "../../debug/guest-memory.ts";
import { formatLine, lineAt } from "../../debug/listing.ts";
import { hexDigits } from "../../messages/hex.ts";

/** How `x` shows memory, as in QEMU and gdb. */
export interface MemoryFormat {
  readonly count: number;
  readonly kind: "x" | "d" | "u" | "c" | "i";
  /** Bytes of one. */
  readonly size: 1 | 2 | 4 | 8;
}

const SIZES: Readonly<Record<string, MemoryFormat["size"]>> = { b: 1, h: 2, w: 4, g: 8 };
const MOST = 4096;
const BYTES_IN_LINE = 16;

/** Reads `/8xg`, the slash and every part optional; undefined where it is none. */
export function parseFormat(text: string): MemoryFormat | undefined {
  const match = /^\/?(\d{0,4})([a-z]{0,2})$/.exec(text);
  if (!match) return undefined;
  const [, count, letters] = match;
  let kind: MemoryFormat["kind"] = "x";
  let size: MemoryFormat["size"] | undefined;
  for (const letter of letters)
    if (letter in SIZES) size = SIZES[letter];
    else if (/[xduci]/.test(letter)) kind = letter as MemoryFormat["kind"];
    else return undefined;
  const many = count === "" ? 1 : Number(count);
  return many === 0 || many > MOST ? undefined : { count: many, kind, size: size ?? (kind === "c" ? 1 : 4) };
}

/** Memory as lines, as far as there is any; `end` is where it ended too soon. */
export function memoryLines(
  memory: GuestMemory,
  address: number,
  format: MemoryFormat,
): { readonly lines: string[]; readonly end: number | undefined } {
  const lines: string[] = [];
  let at = address;
  if (format.kind === "i") {
    for (let i = 0; i < format.count; i++) {
      const line = lineAt(memory, at);
      if (!line) return { lines, end: at };
      lines.push(formatLine(line).replace(/^-?[\da-f]+/, addressText(at)));
      at += line.length;
    }
    return { lines, end: undefined };
  }
  const perLine = BYTES_IN_LINE / format.size;
  for (let left = format.count; left > 0; left -= perLine) {
    const wanted = Math.min(left, perLine) * format.size;
    const bytes = memory.read(at, wanted);
    const whole = bytes.length - (bytes.length % format.size);
    const values = numbers(bytes.subarray(0, whole), format);
    if (values.length > 0) lines.push(`${addressText(at)}: ${values.join(" ")}`);
    at += whole;
    if (whole < wanted) return { lines, end: at };
  }
  return { lines, end: undefined };
}

/** Virtual addresses are signed here; people know them unsigned. */
export const addressText = (address: number): string => hexDigits(BigInt.asUintN(64, BigInt(address)), 16);

function numbers(bytes: Uint8Array, { kind, size }: MemoryFormat): string[] {
  const values: string[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i]);
    if (kind === "x") values.push(`0x${hexDigits(value, size * 2)}`);
    else if (kind === "u") values.push(String(value));
    else if (kind === "d") values.push(String(BigInt.asIntN(size * 8, value)));
    else values.push(characterText(Number(value & 0xffn)));
  }
  return values;
}

const characterText = (code: number): string =>
  code >= 0x20 && code < 0x7f ? `'${String.fromCharCode(code)}'` : `'\\x${hexDigits(code, 2)}'`;
