import { Limit } from "../rkprocess/limits.ts";
import type { Process } from "../rkprocess/process.ts";
import type { UserMemory } from "../rkvm/user-memory.ts";
import { fail } from "../vfs/error.ts";

/** Linux's MAX_ARG_STRLEN, and _STK_LIM / 4 * 3, its bound for all strings and their pointers together. */
const MAX_STRING = 32 * 4096;
const MAX_TOTAL = 6 * 1024 * 1024;
const POINTER = 8;

/** Bytes that the strings of one `execve` and their pointers may take. */
export function stringLimit({ limits }: Process): number {
  return Math.min(Math.max(Number(limits[Limit.stack].soft) / 4, MAX_STRING), MAX_TOTAL);
}

/** A vector of strings that ends with a null pointer; no vector is an empty one. Throws E2BIG. */
export function readStrings(memory: UserMemory, vector: number, limit: number): Uint8Array[] {
  const strings: Uint8Array[] = [];
  if (vector === 0) return strings;
  let total = 0;
  for (let at = vector; ; at += POINTER) {
    const address = memory.readWord(at);
    if (address === 0) return strings;
    const string = memory.readCString(address, MAX_STRING) ?? fail("E2BIG");
    total += string.length + 1 + POINTER;
    if (total > limit) fail("E2BIG");
    strings.push(string);
  }
}
