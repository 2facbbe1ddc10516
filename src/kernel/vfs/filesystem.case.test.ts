import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { grantDirectory } from "../../host/shared-directory.ts";
import { Ext2Filesystem } from "../ext2/filesystem.ts";
import { type ImageOptions, makeImage } from "../ext2/image-fixture.ts";
import { hostFilesystem } from "../hostfs/hostfs-fixture.ts";
import { OverlayFilesystem } from "../overlay/filesystem.ts";
import { RamFilesystem } from "../ramfs/filesystem.ts";
import { RamDisk } from "../rkblkdev/ram-disk.ts";
import type { Filesystem } from "./filesystem.ts";
import { O } from "./flags.ts";
import { FileType } from "./inode.ts";
import { Seek } from "./open-file.ts";
import { Rename } from "./rename.ts";
import { failure, readAll, Tree } from "./tree-fixture.ts";
import { anyStep, applyTo, dump, Model } from "./tree-model-fixture.ts";

/** What every filesystem that can be written must do. */

let clock = 1_700_000_000_000_000_000n;
const options = { limit: 64 << 20, now: () => clock++ };
const folders: string[] = [];

function hostfs(readOnly = false): Filesystem {
  const folder = mkdtempSync(join(tmpdir(), "runikraft-vfs-"));
  folders.push(folder);
  return hostFilesystem(grantDirectory(folder, !readOnly), readOnly);
}

function ext2(image: ImageOptions): Ext2Filesystem {
  return new Ext2Filesystem(new RamDisk(makeImage(image)), { ...options, readOnly: false, after: () => {} });
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const filesystems: [string, () => Filesystem][] = [
  ["ramfs", () => new RamFilesystem(options)],
  ["overlay of nothing", () => new OverlayFilesystem(new RamFilesystem(options), options)],
  ["hostfs", () => hostfs()],
  ["ext2", () => ext2({})],
  ["ext2 of large blocks", () => ext2({ blockSize: 4096, blocks: 256, inodeSize: 256 })],
  ["overlay of hostfs", () => new OverlayFilesystem(hostfs(true), options)],
];

describe.each(filesystems)("%s", (name, create) => {
  let tree: Tree;
  beforeEach(() => {
    tree = new Tree(create());
  });

  test("keeps what is written", () => {
    tree.write("/a", "hello");
    expect(tree.read("/a")).toBe("hello");
    tree.write("/a", "HE", 0);
    expect(tree.read("/a")).toBe("HEllo");
    tree.write("/a", "!", O.APPEND);
    expect(tree.read("/a")).toBe("HEllo!");
    tree.write("/a", "x");
    expect(tree.read("/a")).toBe("x");
  });

  test("fills holes and shrunken parts with zeros", () => {
    const file = tree.open("/a", O.RDWR | O.CREAT);
    file.write(Uint8Array.of(1, 2, 3));
    file.truncate(1);
    file.writeAt(Uint8Array.of(9), 10_000);
    const bytes = new Uint8Array(10_001);
    expect(file.readAt(bytes, 0)).toBe(10_001);
    expect([bytes[0], bytes[1], bytes[2], bytes[9_999], bytes[10_000]]).toEqual([1, 0, 0, 0, 9]);
    expect(bytes.reduce((sum, byte) => sum + byte)).toBe(10);
    file.release();
  });

  test("moves the position as lseek says", () => {
    tree.write("/a", "0123456789");
    const file = tree.open("/a");
    expect(file.seek(-3, Seek.end)).toBe(7);
    expect(readAll(file)).toBe("789");
    expect(file.seek(2, Seek.set)).toBe(2);
    expect(file.seek(1, Seek.current)).toBe(3);
    expect(failure(() => file.seek(-4, Seek.current))).toBe("EINVAL");
    expect(file.seek(4, Seek.data)).toBe(4);
    expect(file.seek(4, Seek.hole)).toBe(10);
    expect(failure(() => file.seek(10, Seek.data))).toBe("ENXIO");
    file.release();
  });

  test("opens as open(2) says", () => {
    tree.mkdir("/d");
    tree.write("/f", "x");
    tree.symlink("f", "/l");
    tree.symlink("gone", "/dangling");
    const result = (path: string, flags: number) => failure(() => tree.open(path, flags).release());
    expect(result("/none", O.RDONLY)).toBe("ENOENT");
    expect(result("/f", O.CREAT | O.EXCL)).toBe("EEXIST");
    expect(result("/dangling", O.CREAT | O.EXCL)).toBe("EEXIST");
    expect(result("/l", O.NOFOLLOW)).toBe("ELOOP");
    expect(result("/l", O.NOFOLLOW | O.PATH)).toBe("");
    expect(result("/f", O.DIRECTORY)).toBe("ENOTDIR");
    expect(result("/d", O.DIRECTORY)).toBe("");
    expect(result("/d", O.RDWR)).toBe("EISDIR");
    expect(result("/d", O.CREAT)).toBe("EISDIR");
    expect(result("/f/", O.RDONLY)).toBe("ENOTDIR");
    expect(result("/f/x", O.RDONLY)).toBe("ENOTDIR");
    expect(result("/new/", O.CREAT | O.WRONLY)).toBe("EISDIR");
    expect(result("", O.RDONLY)).toBe("ENOENT");
    expect(result(`/${"n".repeat(256)}`, O.CREAT)).toBe("ENAMETOOLONG");
    tree.write("/dangling", "made through the link");
    expect(tree.read("/gone")).toBe("made through the link");
  });

  test("walks paths", () => {
    tree.mkdir("/a");
    tree.mkdir("/a/b");
    tree.write("/a/b/f", "deep");
    tree.symlink("../a/./b", "/a/rel");
    tree.symlink("/a/b", "/a/abs");
    tree.symlink("loop2", "/loop1");
    tree.symlink("loop1", "/loop2");
    expect(tree.read("//a/../a/./b//f")).toBe("deep");
    expect(tree.read("/../../a/rel/f")).toBe("deep");
    expect(tree.resolve("/a/abs/..")).toBe("/a");
    expect(tree.resolve("/a/rel/")).toBe("/a/b");
    tree.chdir("/a/rel");
    expect(tree.read("f")).toBe("deep");
    expect(tree.resolve("../..")).toBe("/");
    expect(failure(() => tree.find("/loop1"))).toBe("ELOOP");
    expect(failure(() => tree.find("/loop1", false))).toBe("");
    expect(failure(() => tree.find("/loop1/", false))).toBe("ELOOP");
    expect(failure(() => tree.find("/a/none/.."))).toBe("ENOENT");
  });

  test("makes and removes directories", () => {
    tree.mkdir("/d/");
    tree.mkdir("/d/e");
    expect(tree.stat("/d").nlink).toBeGreaterThan(0);
    expect(failure(() => tree.mkdir("/d"))).toBe("EEXIST");
    expect(failure(() => tree.mkdir("/"))).toBe("EEXIST");
    expect(failure(() => tree.rmdir("/d"))).toBe("ENOTEMPTY");
    expect(failure(() => tree.unlink("/d"))).toBe("EISDIR");
    expect(failure(() => tree.rmdir("/d/e/."))).toBe("EINVAL");
    expect(failure(() => tree.rmdir("/d/e/.."))).toBe("ENOTEMPTY");
    expect(failure(() => tree.rmdir("/"))).toBe("EBUSY");
    tree.chdir("/d/e");
    tree.rmdir("/d/e");
    expect(failure(() => tree.write("f", ""))).toBe("ENOENT");
    tree.rmdir("/d");
    expect(tree.list("/")).toEqual([]);
  });

  test("lists names of any bytes", () => {
    for (const file of ["b", "ä", "a b", "x".repeat(255)]) tree.write(`/${file}`, "");
    expect(tree.list("/")).toEqual(["a b", "b", "x".repeat(255), "ä"]);
  });

  test("keeps an unlinked file for who has it open", () => {
    tree.write("/f", "still");
    const file = tree.open("/f");
    tree.unlink("/f");
    expect(failure(() => tree.read("/f"))).toBe("ENOENT");
    tree.write("/f", "new");
    expect(readAll(file)).toBe("still");
    file.release();
    expect(failure(() => tree.unlink("/none"))).toBe("ENOENT");
    expect(failure(() => tree.unlink("/f/"))).toBe("ENOTDIR");
  });

  test("links", () => {
    tree.write("/a", "one");
    tree.mkdir("/d");
    tree.link("/a", "/d/b");
    expect(tree.stat("/a").nlink).toBe(2);
    expect(tree.stat("/d/b").ino).toBe(tree.stat("/a").ino);
    tree.unlink("/a");
    expect(tree.read("/d/b")).toBe("one");
    expect(tree.stat("/d/b").nlink).toBe(1);
    expect(failure(() => tree.link("/d", "/e"))).toBe("EPERM");
    tree.symlink("to/nowhere", "/s");
    expect(tree.readlink("/s")).toBe("to/nowhere");
    expect(tree.lstat("/s").mode).toBe(FileType.symlink | 0o777);
    expect(tree.lstat("/s").size).toBe(10);
    expect(failure(() => tree.symlink("x", "/s"))).toBe("EEXIST");
  });

  test("renames as rename(2) says", () => {
    tree.write("/f", "f");
    tree.write("/g", "g");
    tree.mkdir("/d");
    tree.mkdir("/d/sub");
    tree.mkdir("/e");
    tree.rename("/f", "/g");
    expect(tree.read("/g")).toBe("f");
    expect(failure(() => tree.rename("/g", "/d"))).toBe("EISDIR");
    expect(failure(() => tree.rename("/d", "/g"))).toBe("ENOTDIR");
    expect(failure(() => tree.rename("/e", "/d"))).toBe("ENOTEMPTY");
    expect(failure(() => tree.rename("/d", "/d/sub/x"))).toBe("EINVAL");
    expect(failure(() => tree.rename("/d/sub", "/d"))).toBe("ENOTEMPTY");
    expect(failure(() => tree.rename("/g", "/new/"))).toBe("ENOTDIR");
    expect(failure(() => tree.rename("/g", "/d", Rename.noReplace))).toBe("EEXIST");
    expect(failure(() => tree.rename("/none", "/x"))).toBe("ENOENT");
    tree.chdir("/d/sub");
    tree.write("here", "1");
    tree.rename("/d", "/e");
    expect(tree.read("/e/sub/here")).toBe("1");
    tree.write("here", "2");
    expect(tree.read("/e/sub/here")).toBe("2");
    expect(tree.resolve(".")).toBe("/e/sub");
    expect(tree.list("/")).toEqual(["e", "g"]);
    if (name === "hostfs") return;
    tree.rename("/g", "/e/sub", Rename.exchange);
    expect(tree.read("/e/sub")).toBe("f");
    expect(tree.read("/g/here")).toBe("2");
    expect(tree.resolve(".")).toBe("/g");
  });

  test("changes attributes", () => {
    tree.write("/f", "x");
    const { inode } = tree.find("/f").dentry;
    inode.setAttributes({ mode: 0o604 });
    inode.setAttributes({ mtime: 1_000_000_000n, atime: 2_000_000_000n });
    expect(tree.stat("/f")).toMatchObject({
      mode: FileType.regular | 0o604,
      mtime: 1_000_000_000n,
      atime: 2_000_000_000n,
    });
    tree.mkdir("/d", 0o700);
    expect(tree.stat("/d").mode).toBe(FileType.directory | 0o700);
  });

  test("punches and reserves", () => {
    const file = tree.open("/f", O.RDWR | O.CREAT);
    file.write(new Uint8Array(20_000).fill(1));
    file.allocate(3, 100, 15_000);
    const bytes = new Uint8Array(20_000);
    file.readAt(bytes, 0);
    expect(bytes.indexOf(0)).toBe(100);
    expect(bytes.lastIndexOf(0)).toBe(15_099);
    file.allocate(0, 0, 30_000);
    expect(file.attributes().size).toBe(30_000);
    file.allocate(1, 0, 40_000);
    expect(file.attributes().size).toBe(30_000);
    expect(failure(() => file.allocate(8, 0, 4096))).toBe("EOPNOTSUPP");
    file.release();
  });

  test("gives pages to mappings", () => {
    tree.write("/f", "a".repeat(5000));
    const file = tree.open("/f", O.RDWR);
    const backing = file.backing();
    const again = tree.open("/f");
    expect(again.backing()).toBe(backing);
    file.release();
    again.release();
    const page = new Uint8Array(4096);
    expect(backing?.readAt(4096, page)).toBe(904);
    expect(page[903]).toBe(97);
    backing?.writeAt?.(4096, new Uint8Array(4096).fill(98));
    expect(backing?.size).toBe(5000);
    expect(tree.read("/f")).toBe("a".repeat(4096) + "b".repeat(904));
  });

  test("does what a simple model does", () => {
    const runs = name.includes("hostfs") ? 25 : 200;
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
        const real = new Tree(create());
        const model = new Model();
        for (const step of steps)
          expect(`${step}: ${failure(() => applyTo(real, step))}`).toBe(`${step}: ${model.apply(step)}`);
        expect(dump(real)).toEqual(model.dump());
      }),
      { numRuns: runs, seed: 7 },
    );
  });
});
