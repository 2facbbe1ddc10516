import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RefusedError } from "../../messages/errors.ts";
import { OverlayFilesystem } from "../overlay/filesystem.ts";
import { O } from "../vfs/flags.ts";
import { failure, Tree } from "../vfs/tree-fixture.ts";
import { ArchiveFilesystem } from "./filesystem.ts";

const LONG = `d/${"long".repeat(20)}/${"name".repeat(20)}`;
let folder: string;
const archives: [name: string, bytes: Uint8Array][] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "runikraft-archive-"));
  const tree = join(folder, "tree");
  mkdirSync(join(tree, LONG), { recursive: true });
  writeFileSync(join(tree, "d/file"), "contents of the file", { mode: 0o640 });
  writeFileSync(join(tree, LONG, "deep"), "deep");
  linkSync(join(tree, "d/file"), join(tree, "second"));
  symlinkSync("d/file", join(tree, "link"));
  symlinkSync("x".repeat(90), join(tree, "far"));
  utimesSync(join(tree, "d/file"), 1_000_000, 1_000_000);
  for (const format of ["ustar", "gnu", "pax"])
    archives.push([
      `tar ${format}`,
      execFileSync("tar", ["-C", tree, `--format=${format}`, "-c", "."], { maxBuffer: 1 << 24 }),
    ]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const treeOf = (bytes: Uint8Array) => new Tree(new ArchiveFilesystem(bytes, "test"));

/** One cpio entry of the new ASCII format. */
function cpio(
  name: string,
  mode: number,
  data = "",
  { ino = 1, nlink = 1, size = data.length } = {},
): string {
  const hex = (value: number) => value.toString(16).padStart(8, "0");
  const numbers = [ino, mode, 5, 6, nlink, 77, size, 0, 0, 0, 0, name.length + 1, 0].map(hex).join("");
  const head = `070701${numbers}${name}\0`;
  const pad = (text: string) => text.padEnd(Math.ceil(text.length / 4) * 4, "\0");
  return pad(head) + pad(data);
}
const END = cpio("TRAILER!!!", 0);
const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, "latin1"));

/** The message of a refusal. */
function refusal(bytes: Uint8Array): string {
  try {
    treeOf(bytes);
    return "";
  } catch (error) {
    if (error instanceof RefusedError) return error.message;
    throw error;
  }
}

describe("a tar archive", () => {
  test("of each format is read as it was written", () => {
    expect(archives.length).toBe(3);
    for (const [name, bytes] of archives) {
      const tree = treeOf(bytes);
      expect(tree.read("/d/file"), name).toBe("contents of the file");
      expect(tree.read(`/${LONG}/deep`), name).toBe("deep");
      expect(tree.stat("/d/file"), name).toMatchObject({
        ...{ mode: 0o100640, nlink: 2, size: 20, mtime: 1_000_000_000_000_000n },
      });
      expect(tree.stat("/second").ino, name).toBe(tree.stat("/d/file").ino);
      expect([tree.readlink("/link"), tree.readlink("/far").length], name).toEqual(["d/file", 90]);
      expect(tree.list("/"), name).toEqual(["d", "far", "link", "second"]);
      expect(
        failure(() => tree.open("/d/file", O.RDWR)),
        name,
      ).toBe("EROFS");
      expect(
        failure(() => tree.mkdir("/x")),
        name,
      ).toBe("EROFS");
    }
  });

  test("is the base of an overlay, which is written to", () => {
    const base = new ArchiveFilesystem(archives[0][1], "test");
    const tree = new Tree(new OverlayFilesystem(base, { limit: 1 << 20, now: () => 0n }));
    tree.write("/d/file", "new");
    tree.rename("/second", "/d/third");
    expect([tree.read("/d/file"), tree.read("/d/third")]).toEqual(["new", "contents of the file"]);
  });

  test("with any byte changed is read or refused", () => {
    const [, bytes] = archives[1];
    const heads = fc.record({ at: fc.nat(bytes.length - 1), to: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(heads, { minLength: 1, maxLength: 5 }), (changes) => {
        const damaged = Uint8Array.from(bytes);
        for (const { at, to } of changes) damaged[at] = to;
        refusal(damaged);
      }),
      { seed: 2, numRuns: 300 },
    );
    for (let length = 0; length < bytes.length; length += 97) refusal(bytes.subarray(0, length));
  });
});

describe("a cpio archive", () => {
  test("is read, as are several in a row, the later ones on top", () => {
    const first = cpio(".", 0o40700) + cpio("bin", 0o40755) + cpio("bin/a", 0o100755, "first") + END;
    const second =
      cpio("bin/a", 0o100711, "second") + cpio("/sub/b", 0o100600, "b") + cpio("l", 0o120777, "bin/a");
    const tree = treeOf(bytesOf(`${first}${"\0".repeat(300)}${second}${END}\0\0\0`));
    expect([tree.read("/bin/a"), tree.read("/l"), tree.read("/sub/b")]).toEqual(["second", "second", "b"]);
    expect(tree.stat("/bin/a")).toMatchObject({ mode: 0o100711, uid: 5, gid: 6, mtime: 77_000_000_000n });
    expect(tree.stat("/").mode).toBe(0o40700);
  });

  test("has files with several names, whose bytes come last", () => {
    const how = { ino: 9, nlink: 2 };
    const tree = treeOf(bytesOf(cpio("a", 0o100644, "", how) + cpio("b", 0o100644, "both", how) + END));
    expect([tree.read("/a"), tree.read("/b")]).toEqual(["both", "both"]);
    expect(tree.stat("/a")).toMatchObject({ nlink: 2, ino: tree.stat("/b").ino });
  });

  test("that is hostile is refused in a line", () => {
    const file = cpio("f", 0o100644, "x");
    expect(refusal(bytesOf("nothing of the kind"))).toContain("neither");
    expect(refusal(new Uint8Array(0))).toContain("neither");
    expect(refusal(bytesOf(cpio("../x", 0o100644)))).toContain("../x");
    expect(refusal(bytesOf(cpio("a/../../x", 0o100644)))).toContain("leads out");
    expect(refusal(bytesOf(cpio("n".repeat(256), 0o100644)))).toContain("too long");
    expect(refusal(bytesOf(`${file}${cpio("f/g", 0o100644)}`))).toContain("no directory");
    expect(refusal(bytesOf(cpio("l", 0o120777, "/") + cpio("l/etc", 0o100644)))).toContain("no directory");
    expect(refusal(bytesOf(cpio("f", 0o100644, "x", { size: 0xffff_ffff })))).toContain("ends in the middle");
    expect(refusal(bytesOf(file.slice(0, 50)))).toContain("ends in the middle");
    expect(refusal(bytesOf(`${file}garbage that is no header at all`.padEnd(400, "x")))).toContain("damaged");
    expect(refusal(bytesOf(file.replace("00000005", "0000000g")))).toContain("uid");
    expect(refusal(bytesOf(cpio("x", 0o170000)))).toContain("170000");
  });
});
