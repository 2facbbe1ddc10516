import { hex } from "../../messages/hex.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { UserFault } from "../rkvm/user-memory.ts";

/** strace shows this many bytes of a string. */
const STRING_LIMIT = 32;
const PATH_LIMIT = 4096;

export const hexadecimal = (value: bigint): string => (value === 0n ? "0" : hex(value));

export const pointer = (value: bigint): string => (value === 0n ? "NULL" : hex(value));

export const octal = (value: number): string => (value === 0 ? "000" : `0${value.toString(8)}`);

const ESCAPES: Readonly<Record<number, string>> = {
  9: "\\t",
  10: "\\n",
  11: "\\v",
  12: "\\f",
  13: "\\r",
  34: '\\"',
  92: "\\\\",
};

/** Bytes in quotes, as C would write them. */
export function quoted(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (ESCAPES[byte]) text += ESCAPES[byte];
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else {
      // A digit after a short octal escape would be read as part of it.
      const next = bytes[i + 1];
      const digits = next >= 48 && next <= 57 ? byte.toString(8).padStart(3, "0") : byte.toString(8);
      text += `\\${digits}`;
    }
  }
  return `"${text}"`;
}

/** Bytes in quotes, each in hexadecimal: what has no meaning as text. */
export function quotedHexadecimal(bytes: Uint8Array): string {
  return `"${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}"`;
}

/** The zero-terminated string at an address; the address where it cannot be read. */
export function stringAt(thread: Thread, address: number): string {
  if (address === 0) return "NULL";
  return readable(address, () => {
    const bytes = thread.memory.readCString(address, PATH_LIMIT);
    return bytes ? quoted(bytes) : `${quoted(thread.memory.read(address, STRING_LIMIT))}...`;
  });
}

/** `length` bytes at an address, cut as strace cuts them. */
export function bytesAt(
  thread: Thread,
  address: number,
  length: number,
  quote: (bytes: Uint8Array) => string = quoted,
): string {
  if (address === 0) return "NULL";
  const shown = Math.max(0, Math.min(length, STRING_LIMIT));
  return readable(address, () => quote(thread.memory.read(address, shown)) + (length > shown ? "..." : ""));
}

/** What `show` gives, or the address where the memory it looks at cannot be read. */
export function readable(address: number, show: () => string): string {
  try {
    return show();
  } catch (error) {
    if (error instanceof UserFault) return pointer(BigInt.asUintN(64, BigInt(address)));
    throw error;
  }
}

/** A set of flags by name; what has no name is added in hexadecimal. `zero`: the name of none. */
export function flagNames(value: number, names: Readonly<Record<string, number>>, zero = "0"): string {
  const found: string[] = [];
  let rest = value >>> 0;
  for (const [name, bits] of Object.entries(names)) {
    if (bits !== 0 && (rest & bits) >>> 0 === bits >>> 0) {
      found.push(name);
      rest = (rest & ~bits) >>> 0;
    }
  }
  if (rest !== 0) found.push(hex(rest));
  return found.length === 0 ? zero : found.join("|");
}

/** One value by name, or its number. */
export function valueName(value: number, names: Readonly<Record<string, number>>): string {
  return Object.entries(names).find(([, number]) => number === value)?.[0] ?? String(value);
}
