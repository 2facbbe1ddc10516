import type { Process } from "../rkprocess/process.ts";
import type { AddressSpace } from "../rkvm/address-space.ts";

/** Most pairs that are looked for: the vector stands in the program's own memory. */
const MOST_PAIRS = 64;
const PAIR = 16;
const MOST_VARIABLES = 65536;

const isZero = (word: Uint8Array): boolean => word.every((byte) => byte === 0);

function wordAt(memory: AddressSpace, address: number): Uint8Array | undefined {
  return memory.forced(address, "read")?.slice(0, 8);
}

function behindZero(memory: AddressSpace, start: number): number {
  for (let i = 0; i < MOST_VARIABLES; i++) {
    const word = wordAt(memory, start + i * 8);
    if (!word || isZero(word)) return start + (i + 1) * 8;
  }
  return start;
}

/** `/proc/PID/auxv`: what the program was told when it began, behind the addresses of its arguments and environment. */
export function auxiliaryVector({ memory, arguments: words, exitStatus }: Process): Uint8Array {
  if (exitStatus || memory.initialStack === 0) return new Uint8Array(0);
  const environment = memory.initialStack + 8 * (1 + words.length + 1);
  const start = behindZero(memory, environment);
  const bytes = new Uint8Array(MOST_PAIRS * PAIR);
  for (let done = 0; done < bytes.length; done += 8) {
    const word = wordAt(memory, start + done);
    if (!word) return bytes.slice(0, done);
    bytes.set(word, done);
    if (done % PAIR === 8 && isZero(bytes.subarray(done - 8, done))) return bytes.slice(0, done + 8);
  }
  return bytes;
}
