import { beforeEach, describe, expect, test } from "vitest";
import { ROOT } from "../rkprocess/credentials.ts";
import { errno } from "../syscalls/errno.ts";
import { O } from "../vfs/flags.ts";
import { Caller, MEMORY } from "./caller-fixture.ts";

const CWD = -100;
const FETCH = MEMORY + 4096;
let caller: Caller;

beforeEach(() => {
  caller = new Caller();
});

function stat(path: string) {
  expect(caller.call("newfstatat", CWD, path, FETCH, 0x100)).toBe(0);
  const [mode, nlink, uid, gid] = [16, 20, 24, 28].map((offset) => caller.memory.readU32(FETCH + offset));
  return { mode, nlink, uid, gid };
}

describe("extended attributes", () => {
  const set = (path: string, name: string, value: string, flags = 0) => {
    caller.memory.write(FETCH, Buffer.from(value));
    return caller.call("setxattr", path, name, FETCH, value.length, flags);
  };
  const get = (path: string, name: string, room = 100) => {
    const result = caller.call("getxattr", path, name, FETCH, room);
    return result < 0 ? result : caller.text(FETCH, result);
  };

  test("are set, replaced, listed and removed", () => {
    caller.call("mkdirat", CWD, "/d", 0o755);
    expect(set("/d", "user.one", "first")).toBe(0);
    expect(set("/d", "user.one", "second", 1)).toBe(-errno.EEXIST);
    expect(set("/d", "user.two", "second", 2)).toBe(-errno.ENODATA);
    expect(set("/d", "trusted.two", "", 1)).toBe(0);
    expect(set("/d", "user.one", "changed", 2)).toBe(0);
    expect(get("/d", "user.one")).toBe("changed");
    expect(get("/d", "user.one", 6)).toBe(-errno.ERANGE);
    expect(caller.call("getxattr", "/d", "user.one", 0, 0)).toBe(7);
    const length = caller.call("listxattr", "/d", FETCH, 100);
    expect(caller.text(FETCH, length)).toBe("user.one\0trusted.two\0");
    expect(caller.call("removexattr", "/d", "user.one")).toBe(0);
    expect(caller.call("removexattr", "/d", "user.one")).toBe(-errno.ENODATA);
    expect(get("/d", "user.one")).toBe(-errno.ENODATA);
  });

  test("have names and values of some length, in the spaces that there are", () => {
    caller.call("openat", CWD, "/f", O.CREAT, 0o600);
    caller.call("symlinkat", "/f", CWD, "/l");
    expect(set("/f", "user.", "x")).toBe(-errno.EINVAL);
    expect(set("/f", "system.posix_acl_access", "x")).toBe(-errno.EOPNOTSUPP);
    expect(set("/f", `user.${"n".repeat(251)}`, "x")).toBe(-errno.ERANGE);
    expect(caller.call("setxattr", "/f", "user.n", MEMORY, 65537, 0)).toBe(-errno.E2BIG);
    expect(caller.call("setxattr", "/f", "user.n", MEMORY, -1, 0)).toBe(-errno.E2BIG);
    expect(caller.call("lsetxattr", "/l", "user.n", MEMORY, 1, 0)).toBe(-errno.EPERM);
    expect(caller.call("lsetxattr", "/l", "trusted.n", MEMORY, 1, 0)).toBe(0);
  });

  test("take room of their filesystem, and give it back", () => {
    caller.call("openat", CWD, "/f", O.CREAT, 0o600);
    let count = 0;
    while (caller.call("setxattr", "/f", `user.${count}`, MEMORY, 60_000, 0) === 0) count++;
    expect(count).toBeLessThan((8 << 20) / 60_000);
    caller.call("unlinkat", CWD, "/f", 0);
    for (const fd of caller.files.fds.numbers()) caller.call("close", fd);
    caller.call("openat", CWD, "/g", O.CREAT, 0o600);
    expect(caller.call("setxattr", "/g", "user.x", MEMORY, 60_000, 0)).toBe(0);
  });
});

describe("files without a name", () => {
  const TMPFILE = O.TMPFILE | O.DIRECTORY | O.RDWR;

  test("get one when they are linked", () => {
    const fd = caller.call("openat", CWD, "/", TMPFILE, 0o640);
    caller.call("write", fd, MEMORY, 5);
    expect(caller.call("fstat", fd, FETCH)).toBe(0);
    expect(caller.memory.readU32(FETCH + 20)).toBe(0);
    expect(caller.call("linkat", fd, "", CWD, "/named", 0x1000)).toBe(0);
    expect(stat("/named")).toMatchObject({ nlink: 1, mode: 0o100640 });
  });

  test("cannot where that was excluded, or their last name is gone", () => {
    const fd = caller.call("openat", CWD, "/", TMPFILE | O.EXCL, 0o600);
    expect(caller.call("linkat", fd, "", CWD, "/named", 0x1000)).toBe(-errno.ENOENT);
    const other = caller.call("openat", CWD, "/f", O.CREAT | O.RDWR, 0o600);
    caller.call("unlinkat", CWD, "/f", 0);
    expect(caller.call("linkat", other, "", CWD, "/named", 0x1000)).toBe(-errno.ENOENT);
    expect(caller.call("openat", CWD, "/", O.TMPFILE | O.DIRECTORY, 0o600)).toBe(-errno.EINVAL);
    expect(caller.call("openat", CWD, "/", O.TMPFILE | O.RDWR, 0o600)).toBe(-errno.EINVAL);
  });
});

describe("memory files", () => {
  const [ADD_SEALS, GET_SEALS] = [1033, 1034];
  const [SEAL, SHRINK, GROW, WRITE] = [1, 2, 4, 8];

  test("keep what was sealed", () => {
    const fd = caller.call("memfd_create", "name", 2);
    expect(caller.call("write", fd, MEMORY, 100)).toBe(100);
    expect(caller.call("fcntl", fd, ADD_SEALS, SHRINK | GROW)).toBe(0);
    expect(caller.call("ftruncate", fd, 50)).toBe(-errno.EPERM);
    expect(caller.call("ftruncate", fd, 150)).toBe(-errno.EPERM);
    expect(caller.call("pwrite64", fd, MEMORY, 20, 90)).toBe(-errno.EPERM);
    expect(caller.call("pwrite64", fd, MEMORY, 10, 90)).toBe(10);
    expect(caller.call("fcntl", fd, ADD_SEALS, WRITE | SEAL)).toBe(0);
    expect(caller.call("pwrite64", fd, MEMORY, 1, 0)).toBe(-errno.EPERM);
    expect(caller.call("fallocate", fd, 3, 0, 10)).toBe(-errno.EPERM);
    expect(caller.call("fcntl", fd, ADD_SEALS, 16)).toBe(-errno.EPERM);
    expect(caller.call("fcntl", fd, GET_SEALS)).toBe(15);
  });

  test("are sealed from the start where sealing was not allowed, and other files never", () => {
    const fd = caller.call("memfd_create", "x".repeat(249), 0);
    expect(caller.call("fcntl", fd, GET_SEALS)).toBe(SEAL);
    expect(caller.call("fcntl", fd, ADD_SEALS, GROW)).toBe(-errno.EPERM);
    expect(caller.call("memfd_create", "x".repeat(250), 0)).toBe(-errno.EINVAL);
    expect(caller.call("memfd_create", "x", 4)).toBe(-errno.EINVAL);
    const file = caller.call("openat", CWD, "/f", O.CREAT | O.RDWR, 0o600);
    expect(caller.call("fcntl", file, GET_SEALS)).toBe(-errno.EINVAL);
  });

  test("give their memory back", () => {
    for (let i = 0; i < 5; i++) {
      const fd = caller.call("memfd_create", "big", 0);
      expect(caller.call("write", fd, MEMORY, 400_000)).toBe(400_000);
      expect(caller.call("write", fd, MEMORY, 400_000)).toBe(400_000);
      caller.call("close", fd);
    }
  });
});

describe("new files", () => {
  test("belong to who makes them, or to the group of their directory", () => {
    caller.credentials = ROOT.with({ fsuid: 5, fsgid: 6 });
    caller.call("mkdirat", CWD, "/d", 0o755);
    expect(stat("/d")).toMatchObject({ uid: 5, gid: 6, mode: 0o040755 });
    caller.call("fchownat", CWD, "/d", -1, 50, 0);
    caller.call("fchmodat", CWD, "/d", 0o2755);
    caller.call("openat", CWD, "/d/f", O.CREAT, 0o644);
    caller.call("mkdirat", CWD, "/d/sub", 0o700);
    caller.call("symlinkat", "x", CWD, "/d/l");
    expect(stat("/d/f")).toMatchObject({ uid: 5, gid: 50, mode: 0o100644 });
    expect(stat("/d/sub")).toMatchObject({ uid: 5, gid: 50, mode: 0o042700 });
    expect(stat("/d/l")).toMatchObject({ uid: 5, gid: 50 });
  });

  test("lose set-ID bits with a change of owner, where those mean what they say", () => {
    caller.call("openat", CWD, "/f", O.CREAT, 0o755);
    caller.call("fchmodat", CWD, "/f", 0o6755);
    caller.call("fchownat", CWD, "/f", 1, 1, 0);
    expect(stat("/f").mode).toBe(0o100755);
    caller.call("fchmodat", CWD, "/f", 0o6745);
    caller.call("fchownat", CWD, "/f", 2, 2, 0);
    expect(stat("/f").mode).toBe(0o102745);
  });
});
