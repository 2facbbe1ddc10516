import { beforeAll, describe, expect, test } from "vitest";
import { type Caller, DATA, DATA_SIZE, type TestKernel, testKernel } from "../kernel-fixture.ts";
import { errno } from "../syscalls/errno.ts";
import { O, POLL } from "../vfs/flags.ts";
import { deviceNumber, FileType } from "../vfs/inode.ts";
import type { Tree } from "../vfs/tree-fixture.ts";

const NOBODYS = DATA + DATA_SIZE;
const TCGETS = 0x5401;

let kernel: TestKernel;
let caller: Caller;
let tree: Tree;

beforeAll(async () => {
  kernel = await testKernel();
  caller = kernel.first;
  tree = kernel.tree;
});

const open = (path: string, flags: number = O.RDWR) => caller.call("openat", -100, path, flags, 0o600);

/** Fills memory with sevens, reads, and tells what it is then. */
function read(fd: number, length: number): Uint8Array {
  caller.memory.write(DATA, new Uint8Array(length + 1).fill(7));
  expect(caller.call("read", fd, DATA, length)).toBe(length);
  const bytes = caller.memory.read(DATA, length + 1);
  expect(bytes[length]).toBe(7);
  return bytes.subarray(0, length);
}

test("/dev has the devices that programs expect, under Linux's numbers and permissions", () => {
  expect(tree.list("/dev")).toEqual(
    ["console", "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout"].concat([
      ...["tty", "urandom", "zero"],
    ]),
  );
  const nodes: [name: string, major: number, minor: number, permissions: number][] = [
    ["null", 1, 3, 0o666],
    ["zero", 1, 5, 0o666],
    ["full", 1, 7, 0o666],
    ["random", 1, 8, 0o666],
    ["urandom", 1, 9, 0o666],
    ["tty", 5, 0, 0o666],
    ["console", 5, 1, 0o600],
    ["ptmx", 5, 2, 0o666],
  ];
  for (const [name, major, minor, permissions] of nodes)
    expect(tree.stat(`/dev/${name}`), name).toMatchObject({
      mode: FileType.character | permissions,
      rdev: deviceNumber(major, minor),
      size: 0,
      nlink: 1,
    });
  expect(tree.stat("/dev/shm").mode).toBe(FileType.directory | 0o1777);
  expect(tree.stat("/dev/pts").mode).toBe(FileType.directory | 0o755);
  expect(tree.readlink("/dev/fd")).toBe("/proc/self/fd");
  for (const [i, name] of ["stdin", "stdout", "stderr"].entries())
    expect(tree.readlink(`/dev/${name}`)).toBe(`/proc/self/fd/${i}`);
});

describe("what all data devices have in common", () => {
  test.each(["null", "zero", "full", "random", "urandom"])("/dev/%s", (name) => {
    const fd = open(`/dev/${name}`);
    // No position, always ready, no terminal, no size.
    expect(caller.call("lseek", fd, 1000, 0)).toBe(0);
    expect(caller.call("lseek", fd, -1, 2)).toBe(0);
    caller.memory.writeU32(DATA, fd);
    caller.memory.writeU32(DATA + 4, POLL.IN | POLL.OUT | POLL.PRI);
    expect(caller.call("ppoll", DATA, 1, 0, 0, 8)).toBe(1);
    expect(caller.memory.readU16(DATA + 6)).toBe(POLL.IN | POLL.OUT);
    expect(caller.call("ioctl", fd, TCGETS, DATA)).toBe(-errno.ENOTTY);
    expect(caller.call("ftruncate", fd, 0)).toBe(-errno.EINVAL);
    expect(caller.call("fsync", fd)).toBe(-errno.EINVAL);
    expect(caller.call("fallocate", fd, 0, 0, 1)).toBe(-errno.ENODEV);
    expect(caller.call("getdents64", fd, DATA, 1000)).toBe(-errno.ENOTDIR);
    const [reader, writer] = [open(`/dev/${name}`, O.RDONLY), open(`/dev/${name}`, O.WRONLY | O.TRUNC)];
    expect(caller.call("write", reader, DATA, 1)).toBe(-errno.EBADF);
    expect(caller.call("read", writer, DATA, 1)).toBe(-errno.EBADF);
    for (const one of [fd, reader, writer]) caller.call("close", one);
  });
});

describe("/dev/null", () => {
  test("is always at its end, and takes everything without a look", () => {
    const fd = open("/dev/null");
    expect(caller.call("read", fd, DATA, 100)).toBe(0);
    expect(caller.call("pread64", fd, DATA, 100, 5)).toBe(0);
    expect(caller.call("write", fd, DATA, 100)).toBe(100);
    expect(caller.call("write", fd, NOBODYS, 100)).toBe(100);
    expect(caller.call("pwrite64", fd, DATA, 3, 1 << 30)).toBe(3);
    expect(caller.call("mmap", 0, 4096, 1, 2, fd, 0)).toBe(-errno.ENODEV);
  });
});

describe("/dev/zero", () => {
  test("is zeros without end, and takes everything", () => {
    const fd = open("/dev/zero");
    expect(read(fd, 5000).every((byte) => byte === 0)).toBe(true);
    expect(caller.call("pread64", fd, DATA, 8, 1 << 30)).toBe(8);
    expect(caller.call("read", fd, NOBODYS, 8)).toBe(-errno.EFAULT);
    expect(caller.call("read", fd, NOBODYS - 8, 16)).toBe(8);
    expect(caller.call("write", fd, NOBODYS, 100)).toBe(100);
  });

  test("is mapped as memory of one's own", () => {
    const fd = open("/dev/zero");
    for (const flags of [1, 2]) {
      const at = caller.call("mmap", 0, 8192, 3, flags, fd, 0);
      expect(caller.memory.readU64(at + 4096)).toBe(0n);
      caller.memory.writeU32(at, 9);
      expect(read(fd, 4)).toEqual(new Uint8Array(4));
    }
  });
});

describe("/dev/full", () => {
  test("has zeros, and room for nothing", () => {
    const fd = open("/dev/full");
    expect(read(fd, 100).every((byte) => byte === 0)).toBe(true);
    expect(caller.call("write", fd, DATA, 1)).toBe(-errno.ENOSPC);
    expect(caller.call("pwrite64", fd, DATA, 1, 0)).toBe(-errno.ENOSPC);
    expect(caller.call("mmap", 0, 4096, 1, 2, fd, 0)).toBe(-errno.ENODEV);
  });
});

describe("/dev/random and /dev/urandom", () => {
  test("never give the same twice, but to machines with the same seed", async () => {
    const other = (await testKernel()).first;
    for (const name of ["random", "urandom"]) {
      const fd = open(`/dev/${name}`);
      const [first, second] = [read(fd, 64), read(fd, 64)];
      expect(first).not.toEqual(second);
      expect(new Set(first).size).toBeGreaterThan(30);
      const same = other.call("openat", -100, `/dev/${name}`, O.RDONLY);
      expect(other.call("read", same, DATA, 64)).toBe(64);
      expect(other.memory.read(DATA, 64)).toEqual(first);
      other.call("read", same, DATA, 64);
    }
  });

  test("are not to be weakened by what is written, and cannot be mapped", async () => {
    const [one, other] = [(await testKernel()).first, (await testKernel()).first];
    const [fd, same] = [one, other].map((each) => each.call("openat", -100, "/dev/urandom", O.RDWR));
    expect(one.call("write", fd, DATA, 4096)).toBe(4096);
    for (const [each, its] of [
      [one, fd],
      [other, same],
    ] as const)
      each.call("read", its, DATA, 32);
    expect(one.memory.read(DATA, 32)).toEqual(other.memory.read(DATA, 32));
    expect(one.call("mmap", 0, 4096, 1, 2, fd, 0)).toBe(-errno.ENODEV);
  });

  test("give 32 MiB less one byte in one read at most", () => {
    for (const path of ["/dev/random", "/dev/urandom"])
      expect(tree.open(path).longestTransfer).toBe(2 ** 25 - 1);
  });
});

describe("the terminals", () => {
  test("/dev/tty is nothing to a process without a controlling terminal", () => {
    expect(open("/dev/tty")).toBe(-errno.ENXIO);
  });

  test("/dev/console becomes the controlling terminal of a session's leader, unless it says no", async () => {
    const { first } = await testKernel();
    const open_ = (path: string, flags: number) => first.call("openat", -100, path, flags);
    const console = open_("/dev/console", O.RDWR | O.NOCTTY);
    expect(first.call("ioctl", console, TCGETS, DATA)).toBe(0);
    expect(open_("/dev/tty", O.RDWR)).toBe(-errno.ENXIO);
    open_("/dev/console", O.RDWR);
    const tty = open_("/dev/tty", O.RDWR);
    expect(first.call("ioctl", tty, TCGETS, DATA)).toBe(0);
    expect(first.call("lseek", tty, 0, 0)).toBe(-errno.ESPIPE);
  });

  test("/dev/ptmx makes a new pair each time, with its slave in /dev/pts", () => {
    const before = tree.list("/dev/pts");
    const masters = [open("/dev/ptmx"), open("/dev/ptmx")];
    expect(tree.list("/dev/pts")).toEqual(["0", "1", ...before]);
    for (const master of masters) caller.call("close", master);
    expect(tree.list("/dev/pts")).toEqual(before);
  });
});

describe("nodes", () => {
  test("of other file systems lead to the same devices, by their number", () => {
    const make = (path: string, major: number, minor: number) =>
      caller.call("mknodat", -100, path, FileType.character | 0o600, deviceNumber(major, minor));
    expect(make("/tmp/empty", 1, 3)).toBe(0);
    expect(caller.call("read", open("/tmp/empty"), DATA, 5)).toBe(0);
    expect(make("/tmp/no-room", 1, 7)).toBe(0);
    expect(caller.call("write", open("/tmp/no-room"), DATA, 5)).toBe(-errno.ENOSPC);
    expect(make("/tmp/nobody", 1, 99)).toBe(0);
    expect(open("/tmp/nobody")).toBe(-errno.ENXIO);
  });

  test("keep what is changed of them, and can go", async () => {
    const changed = (await testKernel()).tree;
    changed.stat("/dev/null");
    changed.find("/dev/null").dentry.inode.setAttributes({ mode: 0o640, uid: 5 });
    expect(changed.stat("/dev/null")).toMatchObject({ mode: FileType.character | 0o640, uid: 5 });
    changed.unlink("/dev/zero");
    expect(changed.list("/dev")).not.toContain("zero");
    changed.symlink("null", "/dev/zero");
    expect(changed.read("/dev/zero")).toBe("");
  });

  test("leave room for little else in /dev", () => {
    const fd = open("/dev/shm/large", O.CREAT | O.RDWR);
    let written = 0;
    let last = 0;
    while (written < 2 << 20) {
      last = caller.call("write", fd, DATA, 65_536);
      if (last < 0) break;
      written += last;
    }
    expect(last).toBe(-errno.ENOSPC);
    expect(written).toBeLessThanOrEqual(1 << 20);
    expect(written).toBeGreaterThan((1 << 20) - (1 << 17));
    caller.call("unlinkat", -100, "/dev/shm/large", 0);
    caller.call("close", fd);
    expect(caller.call("pwrite64", open("/dev/shm/next", O.CREAT | O.RDWR), DATA, 100, 0)).toBe(100);
  });
});
