import { expect, test } from "vitest";
import { SIGRETURN_OFFSET, vdsoFile } from "./vdso.ts";

const bytes = vdsoFile.read(0, vdsoFile.size);
const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const word = (at: number) => Number(view.getBigUint64(at, true));

/** Values of the dynamic section by tag. */
const dynamic = new Map<number, number>();
for (let at = word(64 + 56 + 8); word(at) !== 0; at += 16) dynamic.set(word(at), word(at + 8));
const [HASH, STRTAB, SYMTAB, VERSYM, VERDEF] = [4, 5, 6, 0x6fff_fff0, 0x6fff_fffc].map(
  (tag) => dynamic.get(tag) as number,
);

function stringAt(offset: number): string {
  const start = STRTAB + offset;
  return Buffer.from(bytes.subarray(start, bytes.indexOf(0, start))).toString();
}

/** System V ABI, "Hash Table". */
function elfHash(name: string): number {
  let hash = 0;
  for (const letter of Buffer.from(name)) {
    hash = ((hash << 4) + letter) >>> 0;
    const high = hash & 0xf000_0000;
    hash = (hash ^ (high >>> 24)) & ~high;
  }
  return hash >>> 0;
}

test("is one page, and its program headers say where it is", () => {
  expect(vdsoFile.size).toBeLessThanOrEqual(4096);
  expect(word(64 + 32)).toBe(vdsoFile.size);
});

test("every symbol is found by the hash table, has its version and lies in the file", () => {
  const chain = HASH + 8 + 4;
  const found: string[] = [];
  for (
    let symbol = view.getUint32(HASH + 8, true);
    symbol;
    symbol = view.getUint32(chain + 4 * symbol, true)
  ) {
    const at = SYMTAB + 24 * symbol;
    expect(view.getUint16(VERSYM + 2 * symbol, true)).toBe(2);
    expect(word(at + 8) + word(at + 16)).toBeLessThanOrEqual(vdsoFile.size);
    found.push(stringAt(view.getUint32(at, true)));
  }
  expect(found.map((name) => name.replace("__vdso_", ""))).toEqual([
    ...["clock_gettime", "gettimeofday", "clock_getres", "getcpu"],
    ...["flush_icache", "riscv_hwprobe", "rt_sigreturn"],
  ]);
  const last = SYMTAB + 24 * found.length;
  expect(word(last + 8)).toBe(SIGRETURN_OFFSET);
});

test("versions are called what their hashes say", () => {
  for (let at = VERDEF, next = -1; next !== 0; at += next) {
    const name = stringAt(view.getUint32(at + view.getUint32(at + 12, true), true));
    expect(view.getUint32(at + 8, true)).toBe(elfHash(name));
    next = view.getUint32(at + 16, true);
  }
});
