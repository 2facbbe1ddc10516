import { describe, expect, it } from "vitest";
import { CODE, elfFile, RecordingTarget, type SegmentSpec, text } from "../../test/loader/elf-file.ts";
import { parseElf } from "./elf.ts";
import { mapImage, pageRuns } from "./map.ts";

/** Page runs as `address end rwx`, of an image with these segments. */
async function runs(segments: readonly SegmentSpec[], allowWx = false): Promise<string[]> {
  const image = await parseElf(elfFile({ entry: segments[0].vaddr, segments }), "hello");
  return pageRuns(image, allowWx).map(({ start, end, read, write, execute }) =>
    [
      start.toString(16),
      end.toString(16),
      (read ? "r" : "-") + (write ? "w" : "-") + (execute ? "x" : "-"),
    ].join(" "),
  );
}

const at = (vaddr: number, memsz: number, flags: string): SegmentSpec => ({ vaddr, memsz, flags, align: 1 });

describe("pages of segments", () => {
  it("are rounded outwards", async () => {
    expect(await runs([at(0x10100, 0x1000, "rx"), at(0x13ff8, 0x10, "rw")])).toEqual([
      "10000 12000 r-x",
      "13000 15000 rw-",
    ]);
  });

  it("have both permissions where two segments share one", async () => {
    expect(await runs([at(0x10000, 0x2100, "x"), at(0x12100, 0x2000, "r")])).toEqual([
      "10000 12000 --x",
      "12000 13000 r-x",
      "13000 15000 r--",
    ]);
  });

  it("are split once for many small segments on one page", async () => {
    const small = [
      at(0x10000, 0x10, "x"),
      at(0x10010, 0x10, "r"),
      at(0x10020, 0x10, "x"),
      at(0x11000, 8, "rw"),
    ];
    expect(await runs(small)).toEqual(["10000 11000 r-x", "11000 12000 rw-"]);
  });

  it("can be read where they can be written", async () => {
    expect(await runs([at(0x10000, 8, "x"), at(0x11000, 8, "w")])).toContain("11000 12000 rw-");
  });
});

describe("W^X", () => {
  it("refuses a segment that is both", async () => {
    await expect(runs([at(0x10000, 8, "rwx")])).rejects.toThrow(
      "hello: ELF p_flags of segment 0 is RWX: memory that is both writable and executable is refused (W^X, see --allow-wx)",
    );
    expect(await runs([at(0x10000, 8, "rwx")], true)).toEqual(["10000 11000 rwx"]);
  });

  it("refuses code and writable data on one page", async () => {
    const shared = [at(0x10000, 0x1008, "rx"), at(0x11008, 8, "rw")];
    await expect(runs(shared)).rejects.toThrow(
      "hello: ELF p_vaddr of segment 1 puts writable data and code on one page (0x11000): refused (W^X, see --allow-wx)",
    );
    expect(await runs(shared, true)).toEqual(["10000 11000 r-x", "11000 12000 rwx"]);
  });

  it("sees it through a third segment between them", async () => {
    await expect(runs([at(0x10000, 8, "x"), at(0x10008, 8, "r"), at(0x10010, 8, "rw")])).rejects.toThrow(
      "W^X",
    );
  });
});

describe("mapping", () => {
  const mapped = async (segments: readonly SegmentSpec[], allowWx = false) => {
    const target = new RecordingTarget();
    const image = await parseElf(elfFile({ type: "dyn", entry: segments[0].vaddr, segments }), "hello");
    mapImage(target, image, 0x50000000, allowWx);
    return { target, image };
  };
  const places = (target: RecordingTarget) =>
    target.mappings.map(({ start, end, offset }) => [start - 0x50000000, end - 0x50000000, offset]);

  it("shows pages of the file, zeros behind its part, and zeroed memory", async () => {
    const { target, image } = await mapped([
      { flags: "rx", vaddr: 0x1000, bytes: CODE },
      { flags: "rw", vaddr: 0x2010, bytes: text("data"), memsz: 0x2000 },
    ]);
    const [code, data] = image.segments;
    expect(places(target)).toEqual([
      [0x1000, 0x2000, code.offset],
      [0x2000, 0x3000, data.offset - 0x10],
      [0x3000, 0x5000, undefined],
    ]);
    expect(target.read(0x50001000, CODE.length)).toEqual(CODE);
    expect(target.read(0x50002010, 5)).toEqual(text("data\0"));
    // The rest of the page is a private copy, and zero.
    expect(target.writes.at(-1)).toEqual({ address: 0x50002014, bytes: new Uint8Array(0xfec) });
  });

  it("writes nothing where the file gives all there is", async () => {
    const { target } = await mapped([{ flags: "rx", vaddr: 0x1000, bytes: CODE }]);
    expect(places(target)).toHaveLength(1);
    expect(target.writes).toHaveLength(1);
  });

  it("of memory alone is no page of the file", async () => {
    const { target } = await mapped([
      { flags: "rx", vaddr: 0x1000, bytes: CODE },
      { flags: "rw", vaddr: 0x2010, memsz: 0x10 },
    ]);
    expect(places(target)[1]).toEqual([0x2000, 0x3000, undefined]);
  });

  it("copies where two segments share a page, or stand otherwise than in the file", async () => {
    const { target } = await mapped([
      { flags: "rx", vaddr: 0x1000, bytes: CODE, align: 1 },
      { flags: "r", vaddr: 0x1800, bytes: text("data"), align: 1 },
      { flags: "r", vaddr: 0x2004, bytes: CODE.subarray(0, 8), offset: 0x1000, align: 1 },
    ]);
    expect(target.mappings.every(({ offset }) => offset === undefined)).toBe(true);
    expect(target.read(0x50001000, CODE.length)).toEqual(CODE);
    expect(target.read(0x500017ff, 6)).toEqual(text("\0data\0"));
    expect(target.read(0x50002004, 9)).toEqual(Uint8Array.of(...CODE.subarray(0, 8), 0));
  });
});
