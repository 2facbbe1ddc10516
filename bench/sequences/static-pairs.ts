import { decode, instructionLength } from "../../src/isa/decode.ts";
import { parseElf } from "../../src/loader/elf.ts";
import { endsRun, isFusable, sequenceName } from "./instruction.ts";

/** How often instructions that may be fused follow each other in the code of ELF files, most often first. */
export async function staticPairs(files: readonly Uint8Array[]): Promise<string[]> {
  const counts = new Map<string, number>();
  for (const bytes of files) {
    const image = await parseElf(bytes, "executable");
    for (const { execute, bytes: code } of image.segments) if (execute) countPairs(code, counts);
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([pair]) => pair);
}

function countPairs(code: Uint8Array, counts: Map<string, number>): void {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  let before: string | undefined;
  for (let at = 0; at + 4 <= code.length; ) {
    const low = view.getUint16(at, true);
    const length = instructionLength(low);
    const instruction = decode(length === 2 ? low : view.getUint32(at, true));
    at += length;
    const name = instruction && isFusable(instruction.row) ? sequenceName(instruction) : undefined;
    if (before !== undefined && name !== undefined) {
      const pair = `${before} ${name}`;
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
    before = instruction && endsRun(instruction.row) ? undefined : name;
  }
}
