import { beforeEach, describe, expect, test } from "vitest";
import { credentialsFor } from "../rkprocess/credentials.ts";
import { errno } from "../syscalls/errno.ts";
import { O } from "../vfs/flags.ts";
import { vfs } from "../vfs/vfs.ts";
import { Caller, MEMORY } from "./caller-fixture.ts";

const CWD = -100;
const [RDONLY, REMOUNT, BIND] = [1, 32, 4096];
let caller: Caller;

beforeEach(() => {
  caller = new Caller();
  for (const path of ["/a", "/a/b", "/c", "/c/old"]) caller.call("mkdirat", CWD, path, 0o755);
});

const make = (path: string) => caller.call("openat", CWD, path, O.CREAT | O.WRONLY, 0o644);
const exists = (path: string) => caller.call("faccessat", CWD, path, 0) === 0;
const cwd = () => caller.text(MEMORY, caller.call("getcwd", MEMORY, 4096) - 1);

describe("mounting", () => {
  test("a tmpfs hides a directory until it is unmounted", () => {
    make("/a/below");
    expect(caller.call("mount", "none", "/a", "tmpfs", 0, "size=64k")).toBe(0);
    expect(exists("/a/below")).toBe(false);
    const fd = make("/a/above");
    const write = () => caller.call("write", fd, MEMORY, 60_000);
    expect([write() + write(), write()]).toEqual([61_440, -errno.ENOSPC]);
    expect(caller.call("umount2", "/a", 0)).toBe(-errno.EBUSY);
    caller.call("close", fd);
    expect(caller.call("umount2", "/a", 0)).toBe(0);
    expect([exists("/a/below"), exists("/a/above")]).toEqual([true, false]);
    expect(caller.call("umount2", "/a", 0)).toBe(-errno.EINVAL);
    expect(caller.call("umount2", "/", 0)).toBe(-errno.EBUSY);
  });

  test("all that is mounted together is limited", () => {
    let count = 0;
    while (caller.call("mount", "none", "/a", "tmpfs", 0, 0) === 0 && count < 10_000) count++;
    expect(count).toBe(4095);
  });

  test("a bind mount shows a place at another, and ends where it begins", () => {
    make("/a/b/f");
    expect(caller.call("mount", "/a/b", "/c", 0, BIND, 0)).toBe(0);
    expect(exists("/c/f")).toBe(true);
    caller.call("chdir", "/c");
    expect(cwd()).toBe("/c");
    caller.call("chdir", "..");
    expect(cwd()).toBe("/");
    expect(caller.call("linkat", CWD, "/a/b/f", CWD, "/c/g", 0)).toBe(-errno.EXDEV);
    expect(caller.call("mount", "/c", "/c", 0, BIND | REMOUNT | RDONLY, 0)).toBe(0);
    expect(make("/c/new")).toBe(-errno.EROFS);
    expect(caller.call("unlinkat", CWD, "/c/f", 0)).toBe(-errno.EROFS);
    expect(make("/a/b/new")).toBeGreaterThan(0);
    expect(caller.call("mount", "/a/b/f", "/c", 0, BIND, 0)).toBe(-errno.ENOTDIR);
  });

  test("a directory bound to itself, and what is mounted in one of its places but not in the others", () => {
    for (let i = 0; i < 2; i++) expect(caller.call("mount", "/a", "/a", 0, BIND, 0)).toBe(0);
    caller.call("close", make("/a/b/f"));
    expect(caller.call("mount", "/a", "/c", 0, BIND, 0)).toBe(0);
    expect(caller.call("mount", "none", "/c/b", "tmpfs", 0, 0)).toBe(0);
    expect([exists("/a/b/f"), exists("/c/b/f")]).toEqual([true, false]);
    for (const path of ["/c/b", "/c", "/a", "/a"]) expect(caller.call("umount2", path, 0)).toBe(0);
    expect(caller.call("umount2", "/a", 0)).toBe(-errno.EINVAL);
    expect(exists("/a/b/f")).toBe(true);
  });

  test("what hangs in a mount that is detached goes with it", () => {
    const DETACH = 2;
    expect(caller.call("mount", "none", "/a", "tmpfs", 0, 0)).toBe(0);
    for (const path of ["/a/x", "/a/y", "/a/z"]) {
      caller.call("mkdirat", CWD, path, 0o755);
      expect(caller.call("mount", "none", path, "tmpfs", 0, 0)).toBe(0);
    }
    const { mounts } = caller.thread.kernel.use(vfs);
    const before = mounts.length;
    expect(caller.call("umount2", "/a", DETACH)).toBe(0);
    expect(mounts.length).toBe(before - 4);
  });

  test("is for root, and of what there is", () => {
    expect(caller.call("mount", "none", "/a", "ext4", 0, 0)).toBe(-errno.ENODEV);
    expect(caller.call("mount", "none", "/a", "tmpfs", 0, "size=many")).toBe(-errno.EINVAL);
    expect(caller.call("mount", "none", "/none", "tmpfs", 0, 0)).toBe(-errno.ENOENT);
    caller.credentials = credentialsFor(1, 1);
    expect(caller.call("mount", "none", "/a", "tmpfs", 0, 0)).toBe(-errno.EPERM);
    expect(caller.call("chroot", "/a")).toBe(-errno.EPERM);
  });
});

describe("another root", () => {
  test("is all that there is by name", () => {
    make("/secret");
    expect(caller.call("chroot", "/a/b")).toBe(0);
    caller.call("chdir", "/");
    expect(cwd()).toBe("/");
    for (const path of ["/secret", "../secret", "/../../secret", "../../../secret"])
      expect(exists(path)).toBe(false);
    expect(caller.call("symlinkat", "/../../secret", CWD, "/link")).toBe(0);
    expect(caller.call("openat", CWD, "/link", 0, 0)).toBe(-errno.ENOENT);
  });

  test("can be a mount, with the old one below it", () => {
    make("/secret");
    caller.call("mount", "none", "/c", "tmpfs", 0, 0);
    caller.call("mkdirat", CWD, "/c/old", 0o755);
    expect(caller.call("pivot_root", "/a", "/a/b")).toBe(-errno.EINVAL);
    expect(caller.call("pivot_root", "/c", "/a")).toBe(-errno.EBUSY);
    expect(caller.call("pivot_root", "/c", "/c/old")).toBe(0);
    expect([exists("/secret"), exists("/old/secret")]).toEqual([false, true]);
    expect(cwd()).toBe("/");
    expect(caller.call("umount2", "/old", 2)).toBe(0);
    expect(exists("/old/secret")).toBe(false);
  });
});
