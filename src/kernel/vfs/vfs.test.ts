import { beforeEach, expect, test } from "vitest";
import { RamFilesystem } from "../ramfs/filesystem.ts";
import { FileType } from "./inode.ts";
import { pathOf } from "./mount.ts";
import { fromBytes, toByteString, toText } from "./names.ts";
import { failure, Tree } from "./tree-fixture.ts";

const ram = () => new RamFilesystem({ limit: 1 << 20, now: () => 0n });
let tree: Tree;

beforeEach(() => {
  tree = new Tree(ram());
});

test("a mount hides what is beneath and is left by ..", () => {
  tree.mkdir("/m");
  tree.write("/m/hidden", "");
  tree.vfs.mount(ram(), "/m/");
  expect(tree.list("/m")).toEqual([]);
  tree.mkdir("/m/d");
  tree.chdir("/m/d");
  expect(tree.resolve("../..")).toBe("/");
  expect(tree.resolve("..")).toBe("/m");
  expect(pathOf(tree.cwd, tree.vfs.root)).toBe("/m/d");
  expect(tree.find("/m").mount.device).not.toBe(tree.find("/").mount.device);
});

test("a mount on a mount, and the directories that it needs", () => {
  tree.vfs.mount(ram(), "/a/b/c");
  tree.write("/a/b/c/lower", "");
  tree.vfs.mount(ram(), "/a/b/c");
  expect(tree.list("/a/b/c")).toEqual([]);
  expect(tree.resolve("/a/b/c/..")).toBe("/a/b");
  expect(tree.stat("/a/b").mode & FileType.mask).toBe(FileType.directory);
});

test("nothing crosses from one mount to another", () => {
  tree.vfs.mount(ram(), "/m");
  tree.write("/f", "");
  expect(failure(() => tree.rename("/f", "/m/f"))).toBe("EXDEV");
  expect(failure(() => tree.link("/f", "/m/f"))).toBe("EXDEV");
  expect(failure(() => tree.rmdir("/m"))).toBe("EBUSY");
  tree.mkdir("/d");
  expect(failure(() => tree.rename("/m", "/d"))).toBe("EBUSY");
  expect(failure(() => tree.rename("/d", "/m"))).toBe("EBUSY");
});

test("a removed directory has no path and takes nothing new", () => {
  tree.mkdir("/d");
  tree.mkdir("/d/e");
  tree.chdir("/d/e");
  tree.rmdir("/d/e");
  expect(pathOf(tree.cwd, tree.vfs.root)).toBeUndefined();
  expect(tree.resolve(".")).toBe("/d/e (deleted)");
  expect(failure(() => tree.mkdir("x"))).toBe("ENOENT");
  expect(tree.resolve("..")).toBe("/d");
  tree.mkdir("/d/e");
  expect(pathOf(tree.cwd, tree.vfs.root)).toBeUndefined();
});

test("forty links are followed, and no more", () => {
  tree.write("/l0", "end");
  for (let i = 1; i <= 41; i++) tree.symlink(`l${i - 1}`, `/l${i}`);
  expect(tree.read("/l40")).toBe("end");
  expect(failure(() => tree.read("/l41"))).toBe("ELOOP");
});

test("names keep bytes that are no text", () => {
  const name = fromBytes(Uint8Array.of(0x66, 0xff, 0xc3, 0xa9));
  expect(name).toHaveLength(4);
  expect(toText(name)).toBe("f\ufffd\u00e9");
  expect(toByteString("é")).toBe("\u00c3\u00a9");
});

test("a mount is refused where it would do nothing or something else", () => {
  tree.write("/f", "");
  for (const path of ["/", "/..", "/a/.."])
    expect(
      failure(() => tree.vfs.mount(ram(), path)),
      path,
    ).toBe("EBUSY");
  expect(failure(() => tree.vfs.mount(ram(), "/f"))).toBe("ENOTDIR");
  expect(failure(() => tree.vfs.mount(ram(), "/f/x"))).toBe("ENOTDIR");
  tree.vfs.mount(ram(), "/a/./../b//c");
  expect(tree.list("/")).toEqual(["b", "f"]);
});
