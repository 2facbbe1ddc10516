import { beforeEach, describe, expect, test } from "vitest";
import { Capability, setOf } from "../rkprocess/capabilities.ts";
import { credentialsFor, ROOT } from "../rkprocess/credentials.ts";
import { errno } from "../syscalls/errno.ts";
import { O } from "../vfs/flags.ts";
import { Caller, MEMORY } from "./caller-fixture.ts";

const CWD = -100;
const [NOFOLLOW, EACCESS] = [0x100, 0x200];
const user = credentialsFor(1000, 1000);
let caller: Caller;

/** A file with an owner and a mode. */
function put(path: string, mode: number, uid = 0, gid = 0): void {
  caller.credentials = ROOT;
  caller.call("close", caller.call("openat", CWD, path, O.CREAT, 0o600));
  caller.call("fchownat", CWD, path, uid, gid, 0);
  caller.call("fchmodat", CWD, path, mode);
  caller.credentials = user;
}

beforeEach(() => {
  caller = new Caller();
  caller.call("fchmodat", CWD, "/", 0o755);
});

const mode = (path: string) => {
  caller.call("newfstatat", CWD, path, MEMORY, 0);
  return caller.memory.readU32(MEMORY + 16) & 0o7777;
};

describe("attributes", () => {
  test("of others' files are not changed", () => {
    put("/f", 0o644);
    expect(caller.call("fchmodat", CWD, "/f", 0o666)).toBe(-errno.EPERM);
    expect(caller.call("fchownat", CWD, "/f", -1, 1000, 0)).toBe(-errno.EPERM);
    expect(caller.call("utimensat", CWD, "/f", 0, 0)).toBe(-errno.EACCES);
    caller.memory.write(MEMORY, new Uint8Array(32));
    expect(caller.call("utimensat", CWD, "/f", MEMORY, 0)).toBe(-errno.EPERM);
    put("/w", 0o622);
    expect(caller.call("utimensat", CWD, "/w", 0, 0)).toBe(0);
    caller.credentials = user.with({ effective: setOf(Capability.ownFiles) });
    expect(caller.call("fchmodat", CWD, "/f", 0o666)).toBe(0);
    caller.credentials = user.with({ effective: setOf(Capability.chown) });
    expect(caller.call("fchownat", CWD, "/f", 7, 7, 0)).toBe(0);
  });

  test("of own files are, within one's groups", () => {
    put("/f", 0o600, 1000, 0);
    expect(caller.call("fchownat", CWD, "/f", -1, 50, 0)).toBe(-errno.EPERM);
    expect(caller.call("fchownat", CWD, "/f", 0, -1, 0)).toBe(-errno.EPERM);
    expect(caller.call("fchmodat", CWD, "/f", 0o2750)).toBe(0);
    expect(mode("/f")).toBe(0o750);
    caller.credentials = user.with({ groups: [50] });
    expect(caller.call("fchownat", CWD, "/f", 1000, 50, 0)).toBe(0);
    expect(caller.call("fchmodat", CWD, "/f", 0o2750)).toBe(0);
    expect(mode("/f")).toBe(0o2750);
  });

  test("change by fchmodat2 where they mean something", () => {
    put("/f", 0o600, 1000);
    caller.credentials = ROOT;
    caller.call("symlinkat", "/f", CWD, "/l");
    expect(caller.call("fchmodat2", CWD, "/l", 0o640, 0)).toBe(0);
    expect(mode("/f")).toBe(0o640);
    expect(caller.call("fchmodat2", CWD, "/l", 0o640, NOFOLLOW)).toBe(-errno.EOPNOTSUPP);
    expect(caller.call("fchmodat2", CWD, "/f", 0o600, NOFOLLOW)).toBe(0);
    expect(caller.call("fchmodat2", CWD, "/f", 0o600, 1)).toBe(-errno.EINVAL);
  });
});

test("access is asked for the real user, or for the effective one", () => {
  put("/f", 0o600);
  caller.credentials = ROOT.withUserIds(1000, 0, 0);
  expect(caller.call("faccessat", CWD, "/f", 4)).toBe(-errno.EACCES);
  expect(caller.call("faccessat2", CWD, "/f", 4, EACCESS)).toBe(0);
  expect(caller.call("faccessat", CWD, "/f", 0)).toBe(0);
  caller.credentials = ROOT;
  expect(caller.call("faccessat", CWD, "/f", 1)).toBe(-errno.EACCES);
});

test("a write by a user takes set-id bits away, and so does truncation", () => {
  put("/f", 0o6777);
  const fd = caller.call("openat", CWD, "/f", O.RDWR, 0);
  expect(caller.call("write", fd, "x", 1)).toBe(1);
  expect(mode("/f")).toBe(0o777);
  put("/f", 0o6777);
  expect(caller.call("ftruncate", fd, 0)).toBe(0);
  expect(mode("/f")).toBe(0o777);
  put("/f", 0o4755);
  caller.credentials = ROOT;
  caller.call("write", fd, "x", 1);
  expect(mode("/f")).toBe(0o4755);
});

test("attributes with names belong to whom their space does", () => {
  put("/f", 0o644);
  const set = (name: string) => caller.call("setxattr", "/f", name, "v", 1, 0);
  const get = (name: string) => caller.call("getxattr", "/f", name, MEMORY, 10);
  caller.credentials = ROOT;
  for (const name of ["user.a", "trusted.a", "security.a"]) expect(set(name)).toBe(0);
  expect(caller.call("listxattr", "/f", MEMORY, 0)).toBe("user.a trusted.a security.a ".length);
  caller.credentials = user;
  expect(["user.b", "trusted.b", "security.b"].map(set)).toEqual([-errno.EACCES, -errno.EPERM, -errno.EPERM]);
  expect(["user.a", "trusted.a", "security.a"].map(get)).toEqual([1, -errno.ENODATA, 1]);
  expect(caller.call("listxattr", "/f", MEMORY, 0)).toBe("user.a security.a ".length);
  put("/private", 0o600);
  expect(caller.call("getxattr", "/private", "user.a", MEMORY, 10)).toBe(-errno.EACCES);
});

test("directories are entered by who may search them, and by descriptor too", () => {
  caller.call("mkdirat", CWD, "/d", 0o744);
  const fd = caller.call("openat", CWD, "/d", O.DIRECTORY, 0);
  caller.credentials = user;
  expect(caller.call("chdir", "/d")).toBe(-errno.EACCES);
  expect(caller.call("fchdir", fd)).toBe(-errno.EACCES);
  expect(caller.call("openat", fd, ".", 0, 0)).toBe(-errno.EACCES);
  expect(caller.call("openat", CWD, "/d", O.DIRECTORY, 0)).toBeGreaterThan(fd);
});

test("who owns a file may read it without a trace", () => {
  put("/f", 0o644);
  expect(caller.call("openat", CWD, "/f", O.NOATIME, 0)).toBe(-errno.EPERM);
  const fd = caller.call("openat", CWD, "/f", 0, 0);
  expect(caller.call("fcntl", fd, 4, O.NOATIME)).toBe(-errno.EPERM);
  put("/mine", 0o644, 1000);
  expect(caller.call("openat", CWD, "/mine", O.NOATIME, 0)).toBeGreaterThan(0);
});

test("outside of the root a directory has no path", () => {
  caller.call("mkdirat", CWD, "/d", 0o755);
  const outside = caller.call("openat", CWD, "/", O.DIRECTORY, 0);
  caller.call("chroot", "/d");
  caller.call("fchdir", outside);
  const length = caller.call("getcwd", MEMORY, 100);
  expect(caller.text(MEMORY, length)).toBe("(unreachable)/\0");
});
