import { describe, expect, it } from "vitest";
import { readTar, type TarMember } from "./tar.ts";
import { tarOf } from "./tar-fixture.ts";

/** In pieces of some size, as a pipe would give it. */
async function* pieces(archive: Uint8Array, size: number) {
  for (let at = 0; at < archive.length; at += size) yield archive.subarray(at, at + size);
}

async function read(archive: Uint8Array, size = 1000): Promise<(TarMember & { content: string })[]> {
  const found: (TarMember & { content: string })[] = [];
  await readTar(pieces(archive, size), (member) => {
    const entry = { ...member, content: "" };
    if (member.type !== "file") found.push(entry);
    return {
      write: (piece) => {
        entry.content += Buffer.from(piece).toString("latin1");
      },
      end: () => found.push(entry),
    };
  });
  return found;
}

const long = `usr/${"long-name/".repeat(20)}end`;
const archive = tarOf(
  { path: "./", type: "5", mode: 0o755 },
  { path: "./usr/bin/tool", content: "x".repeat(1500), mode: 0o4755, mtime: 1_700_000_000 },
  { path: "./empty" },
  { path: "./link", type: "2", target: "/usr/bin/tool" },
  { path: "./hard", type: "1", target: "./usr/bin/tool" },
  { path: `./${long}`, content: "far away" },
  { path: "short", type: "2", target: long },
  { path: "name", prefix: "dir", content: "ustar" },
  { path: "caf\xe9", content: "\xff\0" },
);

describe("a tar archive", () => {
  it("is read the same in pieces of any size", async () => {
    const whole = await read(archive, archive.length);
    expect(whole.map(({ type, path, target, content }) => [type, path, target, content])).toEqual([
      ["directory", "", "", ""],
      ["file", "usr/bin/tool", "", "x".repeat(1500)],
      ["file", "empty", "", ""],
      ["symlink", "link", "/usr/bin/tool", ""],
      ["hardlink", "hard", "usr/bin/tool", ""],
      ["file", long, "", "far away"],
      ["symlink", "short", long, ""],
      ["file", "dir/name", "", "ustar"],
      ["file", "caf\xe9", "", "\xff\0"],
    ]);
    expect(whole[1]).toMatchObject({ mode: 0o4755, mtime: 1_700_000_000 });
    for (const size of [1, 7, 512, 513, 4096]) expect(await read(archive, size)).toEqual(whole);
  });

  it("may have a size of more than eight gigabytes, in binary", async () => {
    const big = tarOf({ path: "big" });
    big.fill(0, 124, 136);
    big[124] = 0x80;
    big[135] = 3;
    big.fill(" ", 148, 156);
    const sum = big.subarray(0, 512).reduce((all, byte) => all + byte, 0);
    big.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    big.write("abc", 512);
    expect((await read(Buffer.concat([big, Buffer.alloc(512)])))[0].content).toBe("abc");
  });

  it("ends without the blocks at its end, too", async () => {
    expect(await read(archive.subarray(0, -1024))).toEqual(await read(archive));
    expect(await read(Buffer.alloc(0))).toEqual([]);
  });
});

describe("a broken archive is refused:", () => {
  const broken = "the package's archive is broken";
  it("cut off", async () => {
    for (const length of [100, 1024 + 512, archive.length - 1024 - 512 - 3])
      await expect(read(archive.subarray(0, length))).rejects.toThrow(broken);
  });

  it("a wrong checksum", async () => {
    const wrong = Buffer.from(archive);
    wrong[0] ^= 1;
    await expect(read(wrong)).rejects.toThrow(broken);
  });

  it("a name without end", async () => {
    const wrong = tarOf({ path: "x".repeat(200_000) });
    await expect(read(wrong)).rejects.toThrow(broken);
  });

  it("a device", async () => {
    const wrong = tarOf({ path: "dev/sda", type: "4" });
    await expect(read(wrong)).rejects.toThrow("the package has a member of an unknown kind: dev/sda");
  });
});
