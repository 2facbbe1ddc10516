import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { isNothing, makeHostDirectory, RootTree } from "./root-tree.ts";

/** A root, and beside it what it must not reach. */
let outside: string;
let folder: string;
let root: RootTree;

beforeEach(() => {
  const both = mkdtempSync(join(tmpdir(), "runikraft-root-"));
  outside = join(both, "outside");
  folder = join(both, "root");
  mkdirSync(outside);
  mkdirSync(folder);
  writeFileSync(join(outside, "file"), "theirs");
  root = new RootTree(folder);
});

const at = (...path: string[]) => join(folder, ...path);
const untouched = () => {
  expect(readdirSync(outside)).toEqual(["file"]);
  expect(readFileSync(join(outside, "file"), "utf8")).toBe("theirs");
};

describe("links mean what they mean within the root", () => {
  it("an absolute one", () => {
    root.makeSymlink("run", outside);
    root.write("run/file", "ours");
    root.makeDirectory("run/sub");
    root.makeSymlink("run/link", "x");
    root.makeHardLink("run/hard", "run/file");
    untouched();
    expect(readFileSync(at(outside, "file"), "utf8")).toBe("ours");
    expect(readFileSync(at(outside, "hard"), "utf8")).toBe("ours");
    expect(Buffer.from(root.read("run/file")!).toString()).toBe("ours");
    expect(root.list("run")).toEqual(["file", "hard", "link", "sub"]);
  });

  it("one that climbs", () => {
    root.makeDirectory("a/b");
    root.makeSymlink("a/b/up", "../../../../outside");
    expect(root.read("a/b/up/file")).toBeUndefined();
    root.write("a/b/up/file", "ours");
    untouched();
    expect(readFileSync(at("outside/file"), "utf8")).toBe("ours");
  });

  it("one to a file, which is replaced and not written through", () => {
    symlinkSync(join(outside, "file"), at("link"));
    expect(root.read("link")).toBeUndefined();
    root.write("link", "ours");
    untouched();
    expect(lstatSync(at("link")).isFile()).toBe(true);
  });

  it("one that was put in a file's unfinished place", () => {
    symlinkSync(join(outside, "file"), at("name.runikraft-new"));
    expect(() => root.write("name", "ours")).toThrow(/^cannot write .*name: /);
    untouched();
  });

  it("and a path itself does not climb either", () => {
    root.write("../outside/file", "ours");
    untouched();
    expect(() => root.write("a/..", "ours")).toThrow("leads nowhere in the root");
  });

  it("those in a circle lead nowhere", () => {
    root.makeSymlink("a", "b");
    root.makeSymlink("b", "a");
    expect(() => root.read("a")).toThrow("a leads nowhere in the root");
  });
});

describe("what is there already", () => {
  it("a link that leads to a directory stays when a package has a directory there", () => {
    root.makeDirectory("usr/lib");
    root.makeSymlink("lib", "usr/lib");
    root.makeDirectory("lib");
    root.write("lib/libc.so", "code");
    expect(readlinkSync(at("lib"))).toBe("usr/lib");
    expect(root.list("usr/lib")).toEqual(["libc.so"]);
  });

  it("a directory stays when a package has a link there", () => {
    root.write("lib/x", "");
    root.makeSymlink("lib", "usr/lib");
    expect(lstatSync(at("lib")).isDirectory()).toBe(true);
  });

  it("a directory is not replaced by a file", () => {
    root.makeDirectory("dir");
    expect(() => root.write("dir", "")).toThrow("it is a directory");
  });

  it("a file is replaced whole, when all of it was written", () => {
    root.write("file", "old");
    const file = root.newFile("file", 0o644);
    file.write(Buffer.from("new"));
    expect(readFileSync(at("file"), "utf8")).toBe("old");
    file.end();
    expect(readFileSync(at("file"), "utf8")).toBe("new");
    expect(root.list("")).toEqual(["file"]);
  });

  it("a link is replaced by another", () => {
    root.makeSymlink("vi", "one");
    root.makeSymlink("vi", "two");
    expect(root.readLink("vi")).toBe("two");
    expect(root.readLink("nothing")).toBeUndefined();
  });
});

it("keeps modes and times, but nobody's identity", () => {
  root.newFile("su", 0o4755, 1_700_000_000).end();
  root.makeDirectory("closed", 0o2500);
  root.makeDirectory("tmp", 0o1777);
  expect(statSync(at("su"))).toMatchObject({ mode: 0o100755, mtimeMs: 1_700_000_000_000 });
  expect(statSync(at("closed")).mode).toBe(0o40700);
  expect(statSync(at("tmp")).mode).toBe(0o41777);
});

it("takes names that are no text", () => {
  root.write("caf\xe9/\xff", "x");
  expect(root.list("caf\xe9")).toEqual(["\xff"]);
  expect(existsSync(Buffer.concat([Buffer.from(at("caf")), Buffer.from([0xe9])]))).toBe(true);
});

it("says what the host refuses", () => {
  root.write("file", "");
  expect(() => root.write("file/x", "")).toThrow("it is, or leads through, something that is no");
  expect(() => new RootTree(at("missing"))).toThrow("no such file or directory");
  // Where Node's own way to make directories never ends.
  if (existsSync("/proc")) expect(() => makeHostDirectory("/proc/no/such")).toThrow("cannot write /proc");
});

it("knows an empty place", () => {
  expect(isNothing(folder)).toBe(true);
  expect(isNothing(at("missing"))).toBe(true);
  chmodSync(folder, 0o755);
  root.write("x", "");
  expect(isNothing(folder)).toBe(false);
});
