import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ImmediateTree, SharedPath } from "../devices/virtio/p9/tree.ts";
import { hostFilesystem } from "../kernel/hostfs/hostfs-fixture.ts";
import { O } from "../kernel/vfs/flags.ts";
import { failure, Tree } from "../kernel/vfs/tree-fixture.ts";
import { grantDirectory } from "./shared-directory.ts";

let folder: string;
let granted: string;
let host: ImmediateTree;
let tree: Tree;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runikraft-host-"));
  granted = join(folder, "granted");
  mkdirSync(granted);
  mkdirSync(join(folder, "outside"));
  writeFileSync(join(folder, "outside/secret"), "secret");
  host = grantDirectory(granted, true);
  tree = new Tree(hostFilesystem(host));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Everything that could touch the secret through a path. */
const attempts: [string, (path: SharedPath) => unknown][] = [
  ["open", (path) => host.openFile(path, false)],
  ["open for writing", (path) => host.openFile(path, true)],
  ["create a file", (path) => host.makeFile([...path.slice(0, -1), "made"], 0o644)],
  ["create a directory", (path) => host.createDirectory([...path.slice(0, -1), "made"], 0o755)],
  ["create a link", (path) => host.createSymlink([...path.slice(0, -1), "made"], "x")],
  ["read a link", (path) => host.readLink(path)],
  ["list", (path) => host.names(path.slice(0, -1))],
  ["look at all", (path) => host.statAll(path.slice(0, -1), ["secret"])],
  ["unlink", (path) => host.unlink(path)],
  ["remove", (path) => host.removeDirectory(path)],
  ["rename away", (path) => host.rename(path, ["taken"])],
  ["rename onto", (path) => host.rename(["own"], path)],
  ["link", (path) => host.link(path, ["taken"])],
  ["chmod", (path) => host.setAttributes(path, { mode: 0o777 })],
  ["utimes", (path) => host.setAttributes(path, { mtime: 5n })],
];

describe("nothing leads out of the directory:", () => {
  beforeEach(() => writeFileSync(join(granted, "own"), "own"));

  test.each(attempts)("%s", (_name, attempt) => {
    symlinkSync("../outside", join(granted, "relative"));
    symlinkSync(join(folder, "outside"), join(granted, "absolute"));
    const before = statSync(join(folder, "outside/secret"));
    for (const way of ["relative", "absolute"]) expect(failure(() => attempt([way, "secret"]))).not.toBe("");
    expect(failure(() => attempt(["..", "outside", "secret"]))).not.toBe("");
    expect(existsSync(join(granted, "taken"))).toBe(false);
    expect(existsSync(join(folder, "outside/made"))).toBe(false);
    const after = statSync(join(folder, "outside/secret"));
    expect([after.mode, after.mtimeMs, after.nlink]).toEqual([before.mode, before.mtimeMs, before.nlink]);
    expect(readFileSync(join(folder, "outside/secret"), "utf8")).toBe("secret");
  });

  test("a link to a file outside is neither read, written nor changed through", () => {
    symlinkSync("../outside/secret", join(granted, "link"));
    const mode = statSync(join(folder, "outside/secret")).mode;
    expect(failure(() => host.openFile(["link"], false))).toBe("EACCES");
    expect(failure(() => host.openFile(["link"], true))).toBe("EACCES");
    expect(failure(() => host.makeFile(["link"], 0o644))).toBe("EEXIST");
    expect(failure(() => host.setAttributes(["link"], { mode: 0o777 }))).not.toBe("");
    host.setAttributes(["link"], { mtime: 1_000_000_000n });
    expect(lstatSync(join(granted, "link")).mtimeMs).toBe(1000);
    expect(statSync(join(folder, "outside/secret")).mode).toBe(mode);
  });

  test("a directory that becomes a link is not followed", () => {
    mkdirSync(join(granted, "d"));
    writeFileSync(join(granted, "d/secret"), "inside");
    tree.chdir("/d");
    expect(tree.read("secret")).toBe("inside");
    renameSync(join(granted, "d"), join(granted, "e"));
    symlinkSync("../outside", join(granted, "d"));
    expect(failure(() => tree.read("secret"))).toBe("ENOENT");
    expect(failure(() => tree.write("new", "x"))).not.toBe("");
    expect(existsSync(join(folder, "outside/new"))).toBe(false);
  });

  test("links lead where the guest's tree has it, and .. ends at its root", () => {
    mkdirSync(join(granted, "etc"));
    writeFileSync(join(granted, "etc/passwd"), "the guest's");
    tree.symlink("/etc/passwd", "/absolute");
    tree.symlink("../../../../etc/passwd", "/etc/up");
    expect(tree.read("/absolute")).toBe("the guest's");
    expect(tree.read("/etc/up")).toBe("the guest's");
    expect(tree.read("/../../../etc/passwd")).toBe("the guest's");
  });

  test("names with slashes, dots or zero bytes are refused", () => {
    for (const name of ["", ".", "..", "../outside/secret", "a/b", "own\0"])
      expect(
        failure(() => host.openFile([name], false)),
        JSON.stringify(name),
      ).toBe("EINVAL");
  });
});

test("a read-only directory is not changed", () => {
  writeFileSync(join(granted, "f"), "old");
  const fixed = grantDirectory(granted, false);
  const readOnly = new Tree(hostFilesystem(fixed, true));
  for (const change of [
    () => readOnly.write("/f", "new"),
    () => readOnly.open("/f", O.RDONLY | O.TRUNC),
    () => readOnly.write("/g", "new"),
    () => readOnly.mkdir("/d"),
    () => readOnly.unlink("/f"),
    () => readOnly.rename("/f", "/g"),
    () => readOnly.open("/f").setAttributes({ mode: 0 }),
    () => fixed.unlink(["f"]),
    () => fixed.openFile(["f"], true),
  ])
    expect(failure(change)).toBe("EROFS");
  expect(readOnly.read("/f")).toBe("old");
});

test("fifos and devices can be seen, but are not opened", () => {
  execFileSync("mkfifo", [join(granted, "fifo")]);
  expect(failure(() => tree.open("/fifo", O.RDONLY))).toBe("ENXIO");
  expect(failure(() => host.openFile(["fifo"], false))).toBe("EACCES");
  expect(tree.stat("/fifo").mode & 0o170000).toBe(0o010000);
});

test("set-id bits do not reach the host", () => {
  tree.write("/f", "");
  tree.find("/f").dentry.inode.setAttributes({ mode: 0o6755 });
  expect(statSync(join(granted, "f")).mode & 0o7777).toBe(0o755);
  tree.open("/g", O.CREAT | O.WRONLY, 0o4755).release();
  expect(statSync(join(granted, "g")).mode & 0o7777).toBe(0o755);
});

test("what the host changes is seen", () => {
  expect(tree.list("/")).toEqual([]);
  writeFileSync(join(granted, "f"), "one");
  expect(tree.read("/f")).toBe("one");
  rmSync(join(granted, "f"));
  mkdirSync(join(granted, "f"));
  chmodSync(join(granted, "f"), 0o700);
  expect(tree.list("/f")).toEqual([]);
  expect(tree.stat("/f").mode & 0o777).toBe(0o700);
});

test("a directory that the host replaced is the new one", () => {
  mkdirSync(join(granted, "d"));
  writeFileSync(join(granted, "d/f"), "old");
  expect(tree.read("/d/f")).toBe("old");
  renameSync(join(granted, "d"), join(folder, "outside/d"));
  expect(failure(() => tree.read("/d/f"))).toBe("ENOENT");
  mkdirSync(join(granted, "d"));
  expect(failure(() => tree.read("/d/f"))).toBe("ENOENT");
  writeFileSync(join(granted, "d/f"), "new");
  expect(tree.read("/d/f")).toBe("new");
});

test("many directories are used with few descriptors", () => {
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  for (let i = 0; i < 50; i++) {
    tree.mkdir(`/d${i}`);
    tree.write(`/d${i}/f`, `${i}`);
  }
  for (let i = 0; i < 50; i++) expect(tree.read(`/d${i}/f`)).toBe(`${i}`);
  expect(open() - before).toBeLessThanOrEqual(8);
});

test("times before 1970 and fractions of seconds are kept", () => {
  tree.write("/f", "");
  const { inode } = tree.find("/f").dentry;
  inode.setAttributes({ mtime: -1_500_000_000n });
  expect(inode.attributes().mtime).toBe(-1_500_000_000n);
  inode.setAttributes({ atime: 1_000_000_500n });
  expect(inode.attributes()).toMatchObject({ mtime: -1_500_000_000n });
  expect(Number(inode.attributes().atime - 1_000_000_500n)).toBeLessThan(1000);
});
