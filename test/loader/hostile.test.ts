import { describe, expect, it } from "vitest";
import { SymbolTable } from "../../src/debug/symbols.ts";
import { parseElf, readSections, readSymbols } from "../../src/loader/elf.ts";
import { reportElf } from "../../src/loader/report.ts";
import { elfFile, PT_DYNAMIC, PT_NOTE, patched, words } from "./elf-file.ts";

/** Files made to cost as much as the format allows. None may take a second of processor time. */
const BOUND_MS = 1000;

async function timed(work: () => Promise<unknown>): Promise<unknown> {
  const started = process.cpuUsage();
  const outcome = await work().catch((error: Error) => error.message);
  const { user, system } = process.cpuUsage(started);
  expect((user + system) / 1000).toBeLessThan(BOUND_MS);
  return outcome;
}

/** `bytes` at the start of a file of `size` bytes. */
function padded(bytes: Uint8Array, size: number, filler = 0): Uint8Array {
  const file = new Uint8Array(size).fill(filler);
  file.set(bytes);
  return file;
}

describe("a file that is hostile to", () => {
  it("the program headers: as many as there may be, each the whole file", async () => {
    const segments = Array.from({ length: 1170 }, (_, i) => ({
      flags: "rx",
      vaddr: (i + 1) * 2 ** 22,
      offset: 0,
    }));
    const size = 2 ** 22;
    let file = padded(elfFile({ entry: 2 ** 22, segments }), size);
    for (let i = 0; i < 1170; i++)
      for (const at of [32, 40])
        file = i === 0 ? patched(file, 64 + at, 8, size) : inPlace(file, 64 + 56 * i + at, size);
    expect(await timed(() => parseElf(file, "hostile"))).toContain("sum of p_filesz is 0xc00000");
  });

  it("the notes: all segments, each the whole file, of the smallest notes", async () => {
    const notes = Array.from({ length: 1100 }, () => ({ type: PT_NOTE, offset: 0 }));
    const segments = [{ flags: "rx", vaddr: 0x10000, offset: 0, memsz: 16 }, ...notes];
    const file = padded(elfFile({ entry: 0x10000, segments }), 2 ** 24);
    for (let i = 1; i <= 1100; i++) inPlace(file, 64 + 56 * i + 32, 2 ** 24);
    expect(await timed(() => parseElf(file, "hostile"))).toMatchObject({ buildId: undefined });
  });

  it("the dynamic section: thousands of libraries with the longest names", async () => {
    const count = 4090;
    const strings = new Uint8Array(4096).fill(0x61);
    strings[4095] = 0;
    const entries = Array.from({ length: count }, () => [1, 0]).flat();
    const segments = [
      { flags: "rx", vaddr: 0x10000, bytes: strings },
      { type: PT_DYNAMIC, bytes: words(5, 0x10000, 10, 4096, ...entries) },
    ];
    const image = (await timed(() => parseElf(elfFile({ entry: 0x10000, segments }), "hostile"))) as {
      dynamic: { needed: string[] };
    };
    expect(image.dynamic.needed).toHaveLength(count);
  });

  it("the sections: as many as there may be", async () => {
    const count = 4096;
    const file = padded(
      elfFile({ entry: 0x10000, segments: [{ flags: "rx", vaddr: 0x10000, memsz: 16 }] }),
      2 ** 23,
    );
    inPlace(file, 40, 0x1000);
    file.set([64, 0, count & 255, count >> 8], 58);
    // Every one is a string table that spans the file.
    const view = new DataView(file.buffer);
    for (let i = 0; i < count; i++) {
      view.setUint32(0x1000 + 64 * i + 4, 3, true);
      inPlace(file, 0x1000 + 64 * i + 32, file.length);
    }
    expect(await timed(() => readSections(file, "hostile"))).toHaveLength(count);
    expect(await timed(() => reportElf(file, "hostile"))).toMatchObject({ type: "EXEC" });
  });

  it("the symbols: half a million in reverse order, all with the same endless name", async () => {
    const count = 2 ** 19;
    const table = new Uint8Array(24 * count);
    const view = new DataView(table.buffer);
    for (let i = 0; i < count; i++) {
      view.setUint32(24 * i, 0, true);
      view.setUint8(24 * i + 4, 0x12);
      view.setUint16(24 * i + 6, 1, true);
      view.setUint32(24 * i + 8, count - i, true);
    }
    const file = elfFile({
      segments: [{ flags: "rx", vaddr: 0x10000, memsz: 16 }],
      sections: [
        { name: ".symtab", type: 2, bytes: table, link: 2, entsize: 24 },
        { name: ".strtab", type: 3, bytes: new Uint8Array(2 ** 20).fill(0x61) },
      ],
    });
    const work = async () => {
      const symbols = new SymbolTable(await readSymbols(file, "hostile"));
      return [symbols.size, symbols.find("main"), symbols.describe(5)];
    };
    expect(await timed(work)).toEqual([count, undefined, "?"]);
  });
});

function inPlace(file: Uint8Array, at: number, value: number): Uint8Array {
  new DataView(file.buffer).setBigUint64(at, BigInt(value), true);
  return file;
}
