import { execFileSync } from "node:child_process";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { grantDirectory } from "../src/host/shared-directory.ts";
import { errno } from "../src/kernel/syscalls/errno.ts";
import type { SyscallName } from "../src/kernel/syscalls/numbers.ts";
import { VfsError } from "../src/kernel/vfs/error.ts";
import { type Call, call } from "./hostile-syscalls/call.ts";
import { PLACES } from "./hostile-syscalls/places.ts";
import { runCalls } from "./hostile-syscalls/run.ts";

/**
 * A guest has two directories of the host: `/host`, to be written to, and `/fixed`, to be read, which is the root's lower layer too.
 * Beside them lies a secret. Whatever calls the guest makes, it reaches what was granted, as it was granted, and nothing else.
 */
let folder: string;
const at = (path: string) => join(folder, path);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runikraft-mounts-"));
  for (const name of ["granted", "fixed", "outside", "granted/jail", "granted/a", "granted/a/b", "fixed/d"])
    mkdirSync(at(name));
  writeFileSync(at("outside/secret"), "secret");
  writeFileSync(at("granted/a/b/f"), "inside");
  for (const name of ["fixed/f", "fixed/d/g"]) writeFileSync(at(name), "fixed");
  symlinkSync("../outside", at("granted/relative"));
  symlinkSync(at("outside"), at("granted/absolute"));
  symlinkSync(at("outside/secret"), at("granted/file"));
  symlinkSync("../outside/secret", at("fixed/file"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** All that is in a directory, with everything about it that could be changed. */
function snapshot(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const path = join(directory, name);
      const stat = lstatSync(path, { bigint: true });
      const { mode, uid, gid, nlink, mtimeNs, ctimeNs, size } = stat;
      const contents = stat.isFile()
        ? readFileSync(path, "latin1")
        : stat.isSymbolicLink()
          ? readlinkSync(path)
          : "";
      return [name, mode, uid, gid, nlink, mtimeNs, ctimeNs, stat.isDirectory() ? "" : size, contents].join(
        " ",
      );
    });
}

type Line = readonly [SyscallName, ...(string | number | bigint)[]];
const CWD = -100;
const [RDWR, CREATE, TRUNCATE, DIRECTORY, PATH_ONLY, NOFOLLOW] = [
  2, 0o101, 0o1000, 0o200000, 0o10000000, 0o400000,
];
/** Memory of the guest that calls may read and write. */
const BUFFER = PLACES.data + 20 * 4096;
/** What the calls before those of the table are. */
const BEFORE = 65;

/** What the guest's calls return. */
async function results(lines: readonly Line[]): Promise<number[]> {
  const data = new Uint8Array(PLACES.dataEnd - PLACES.data);
  let end = 0;
  const put = (text: string) => {
    const place = PLACES.data + end;
    data.set(new TextEncoder().encode(text), end);
    end += Math.ceil((text.length + 1) / 8) * 8;
    return place;
  };
  const calls: Call[] = lines.map(([name, ...args]) =>
    call(name, ...args.map((arg) => (typeof arg === "string" ? put(arg) : arg))),
  );
  const { results: all, wrong } = await runCalls("mounts", calls, data, {
    memory: 16 << 20,
    hosted: {
      files: {
        memory: 16 << 20,
        base: { tag: "root", readOnly: true },
        mounts: [
          { path: "/host", tag: "host", readOnly: false },
          { path: "/again", tag: "again", readOnly: false },
          { path: "/fixed", tag: "fixed", readOnly: true },
        ],
      },
      shares: [
        { tag: "root", tree: grantDirectory(at("fixed"), false) },
        { tag: "host", tree: grantDirectory(at("granted"), true) },
        { tag: "again", tree: grantDirectory(at("granted"), true) },
        { tag: "fixed", tree: grantDirectory(at("fixed"), false) },
      ],
    },
  });
  expect(wrong).toEqual([]);
  return all.slice(BEFORE, BEFORE + lines.length);
}

const open = (path: string, flags = 0, directory = CWD): Line => ["openat", directory, path, flags, 0o644];

describe("no path leads out", () => {
  const UP = "../".repeat(40);

  test("by dots, links and /proc", async () => {
    const outside = at("outside/secret");
    const paths = [
      outside,
      ...["relative/secret", "absolute/secret", "file", "../outside/secret", "a/../../outside/secret"].map(
        (path) => `/host/${path}`,
      ),
      ...["/fixed/file", "/file", "/fixed/d/../../outside/secret"],
      ...["/proc/self/root", "/proc/1/root", "/proc/self/cwd", "/proc/self/fd/3", "/proc/1/cwd"].flatMap(
        (way) => [
          `${way}/${UP}${outside}`,
          `${way}/../outside/secret`,
          `${way}/relative/secret`,
          `${way}/absolute/secret`,
        ],
      ),
    ];
    const lines: Line[] = [
      ["chdir", "/host"],
      open("/host", DIRECTORY),
      ...paths.map((path) => open(path, RDWR)),
    ];
    const made: Line[] = paths.map((path) => open(path, CREATE));
    const found = await results([...lines, ...made]);
    expect(found.slice(0, 2)).toEqual([0, 3]);
    expect(found.slice(2, lines.length)).toEqual(paths.map(() => -errno.ENOENT));
    expect(readdirSync(at("outside"))).toEqual(["secret"]);
    expect(readFileSync(outside, "utf8")).toBe("secret");
  });

  test("by links that are opened themselves", async () => {
    const secret = ["/proc/self/fd/3/secret", "/proc/self/fd/4"] as const;
    expect(
      await results([
        open("/host/absolute", PATH_ONLY | NOFOLLOW),
        open("/host/file", PATH_ONLY | NOFOLLOW),
        open("secret", 0, 3),
        ...secret.map((path) => open(path)),
        ["linkat", CWD, "/host/file", CWD, "/host/linked", 0x400],
        ["linkat", CWD, "/proc/self/fd/4", CWD, "/host/linked", 0x400],
        ["execve", "/host/file", 0, 0],
      ]),
    ).toEqual([3, 4, -errno.ENOTDIR, -errno.ENOTDIR, -errno.ELOOP, -errno.ENOENT, 0, -errno.ENOENT]);
    // What was linked is the link, not what it leads to.
    expect(readlinkSync(at("granted/linked"))).toBe(at("outside/secret"));
    expect(lstatSync(at("outside/secret")).nlink).toBe(1);
  });

  test("out of a chroot there is only the guest's root", async () => {
    const found = await results([
      open("/", DIRECTORY),
      ["chroot", "/host/jail"],
      open("/host"),
      ["fchdir", 3],
      ["chdir", UP],
      ["chroot", "."],
      open("/host", DIRECTORY),
      open(at("outside/secret")),
      open("/../../outside/secret"),
      ["mkdirat", CWD, "/host/jail/x", 0o755],
      ["chroot", "/host/jail/x"],
      ["chdir", UP],
      ["chroot", "."],
      open(`/${UP}outside/secret`),
    ]);
    expect(found).toEqual([
      ...[3, 0, -errno.ENOENT, 0, 0, 0, 4, -errno.ENOENT, -errno.ENOENT],
      ...[0, 0, 0, 0, -errno.ENOENT],
    ]);
  });

  test("by handles", async () => {
    const [named, opened] = await results([
      ["name_to_handle_at", CWD, "/host/a", BUFFER, BUFFER + 512, 0],
      ["open_by_handle_at", CWD, BUFFER, 0],
    ]);
    expect(named).toBeLessThan(0);
    expect(opened).toBeLessThan(0);
  });

  test("by directories that are held while they are renamed and replaced", async () => {
    const found = await results([
      open("/host/a/b", DIRECTORY),
      open("/again/a/b", DIRECTORY),
      ["renameat2", CWD, "/host/a/b", CWD, "/host/kept", 0],
      ["symlinkat", at("outside"), CWD, "/host/a/b"],
      open("f", RDWR, 3),
      open("secret", 0, 3),
      open("secret", 0, 4),
      open("made", CREATE, 3),
      open("made", CREATE, 4),
      ["mkdirat", 4, "made", 0o755],
      ["unlinkat", 4, "secret", 0],
      ["renameat2", 4, "secret", 3, "taken", 0],
      ["fchmodat", 4, "secret", 0o777],
      open("../../../outside/secret", 0, 3),
      ["renameat2", CWD, "/host/a", CWD, "/host/kept/a", 0],
      ["fchdir", 3],
      open("../../outside/secret"),
      open("a/b/secret"),
    ]);
    expect(found.slice(0, 6)).toEqual([3, 4, 0, 0, 5, -errno.ENOENT]);
    expect(found.slice(6).filter((result) => result < 0)).toHaveLength(9);
    expect(snapshot(at("outside"))).toHaveLength(1);
    expect(readFileSync(at("outside/secret"), "utf8")).toBe("secret");
    expect(readdirSync(at("granted/kept")).sort()).toEqual(["a", "f", "made"]);
  });
});

test("what the host swaps during a walk is not followed", { timeout: 60_000 }, async () => {
  // Another thread makes a directory a link to what is outside, and back, as fast as it can.
  const swap = `
    const { renameSync, symlinkSync } = require("node:fs");
    const { workerData } = require("node:worker_threads");
    const at = (name) => workerData + "/granted/" + name;
    symlinkSync(workerData + "/outside", at("link"));
    for (;;) {
      renameSync(at("a"), at("aside"));
      renameSync(at("link"), at("a"));
      renameSync(at("a"), at("link"));
      renameSync(at("aside"), at("a"));
    }`;
  writeFileSync(at("granted/a/secret"), "inside");
  const worker = new Worker(swap, { eval: true, workerData: folder });
  await new Promise((resolve) => worker.once("online", resolve));
  const tree = grantDirectory(at("granted"), true);
  const attempts = [
    () => {
      const file = tree.openFile(["a", "secret"], true);
      const bytes = file.read(0, 6);
      file.write(0, new TextEncoder().encode("inside"));
      file.close();
      expect(new TextDecoder().decode(bytes)).toBe("inside");
    },
    () => tree.makeFile(["a", "made"], 0o644).close(),
    () => tree.unlink(["a", "made"]),
    () => tree.setAttributes(["a", "secret"], { mode: 0o600 }),
    () => expect(tree.names(["a"])).toContain("b"),
  ];
  let done = 0;
  let refused = 0;
  const before = snapshot(at("outside"));
  for (let i = 0; i < 10_000; i++)
    try {
      attempts[i % attempts.length]();
      done++;
    } catch (error) {
      if (!(error instanceof VfsError)) throw error;
      refused++;
    }
  await worker.terminate();
  expect(snapshot(at("outside"))).toEqual(before);
  expect([done > 0, refused > 0]).toEqual([true, true]);
});

describe("a read-only mount", () => {
  const NOW = 0;
  const [REMOUNT, BIND] = [32, 4096];
  /** All ways to write there that there are; `at`: the mount. */
  const attempts = (path: string): [Line, ...number[]][] => [
    [open(`${path}/f`, RDWR), errno.EROFS],
    [open(`${path}/f`, 1 | TRUNCATE), errno.EROFS],
    [open(`${path}/f`, TRUNCATE), errno.EROFS],
    [open(`${path}/new`, CREATE), errno.EROFS],
    [open(path, RDWR | 0o20200000), errno.EROFS, errno.EOPNOTSUPP],
    [["truncate", `${path}/f`, 1], errno.EROFS],
    [["utimensat", CWD, `${path}/f`, NOW, 0], errno.EROFS],
    [["fchmodat", CWD, `${path}/f`, 0o777], errno.EROFS],
    [["fchownat", CWD, `${path}/f`, 1, 1, 0], errno.EROFS],
    [["mkdirat", CWD, `${path}/new`, 0o755], errno.EROFS],
    [["mknodat", CWD, `${path}/new`, 0o100644, 0], errno.EROFS],
    [["mknodat", CWD, `${path}/new`, 0o010644, 0], errno.EROFS],
    [["symlinkat", "x", CWD, `${path}/new`], errno.EROFS],
    [["linkat", CWD, `${path}/f`, CWD, `${path}/new`, 0], errno.EROFS],
    [["linkat", CWD, `${path}/f`, CWD, "/tmp/new", 0], errno.EXDEV],
    [["renameat2", CWD, `${path}/f`, CWD, `${path}/d/f`, 0], errno.EROFS],
    [["renameat2", CWD, `${path}/f`, CWD, "/tmp/f", 0], errno.EXDEV],
    [["unlinkat", CWD, `${path}/f`, 0], errno.EROFS],
    [["unlinkat", CWD, `${path}/d`, 0x200], errno.EROFS, errno.ENOTEMPTY],
    [["setxattr", `${path}/f`, "user.a", BUFFER, 4, 0], errno.EROFS, errno.EOPNOTSUPP],
    // Descriptors 3 and 4 are its file and directory, opened to be read; 5 a pipe's end with bytes.
    [["write", 3, BUFFER, 4], errno.EBADF],
    [["pwrite64", 3, BUFFER, 4, 0], errno.EBADF],
    [["ftruncate", 3, 1], errno.EINVAL],
    [["fallocate", 3, 0, 0, 100], errno.EBADF],
    [["fchmod", 3, 0o777], errno.EROFS],
    [["fchown", 3, 1, 1], errno.EROFS],
    [["utimensat", 3, 0, NOW, 0], errno.EROFS],
    [["copy_file_range", 3, 0, 3, 0, 1, 0], errno.EBADF],
    [["sendfile", 3, 3, 0, 1], errno.EBADF],
    [["splice", 5, 0, 3, 0, 1, 0], errno.EBADF],
    [["mmap", 0, 4096, 3, 1, 3, 0], errno.EACCES],
    [open("/proc/self/fd/3", RDWR), errno.EROFS],
    [open("/dev/fd/3", RDWR), errno.EROFS, errno.ENOENT],
    [open("f", RDWR, 4), errno.EROFS],
    [open("new", CREATE, 4), errno.EROFS],
    [["mkdirat", 4, "new", 0o755], errno.EROFS],
    [["fcntl", 3, 4, RDWR], 0],
    [["write", 3, BUFFER, 4], errno.EBADF],
    // A shared mapping to be read stays one.
    [["mmap", PLACES.arena, 4096, 1, 0x11, 3, 0], -PLACES.arena],
    [["mprotect", PLACES.arena, 4096, 3], errno.EACCES],
    [["process_vm_writev", 1, BUFFER + 64, 1, BUFFER + 80, 1, 0], 0, errno.EFAULT],
  ];

  async function refuses(path: string, before: readonly Line[] = []): Promise<void> {
    const fixed = snapshot(at("fixed"));
    const granted = snapshot(at("granted"));
    const opening: Line[] = [
      ...before,
      open(`${path}/f`),
      open(path, DIRECTORY),
      ["pipe2", BUFFER, 0],
      ["write", 6, BUFFER, 4],
    ];
    const tried = attempts(path);
    const found = await results([...opening, ...tried.map(([line]) => line)]);
    expect(found.slice(before.length, opening.length)).toEqual([3, 4, 0, 4]);
    tried.forEach(([line, ...allowed], i) => {
      const result = found[opening.length + i];
      expect([line, allowed.includes(-result)]).toEqual([line, true]);
    });
    expect(snapshot(at("fixed"))).toEqual(fixed);
    expect(snapshot(at("granted"))).toEqual(granted);
  }

  test("that was granted cannot be written to in any way", async () => {
    await refuses("/fixed");
  });

  test("stays one when the guest mounts it again", async () => {
    await refuses("/fixed", [["mount", 0n, "/fixed", 0n, REMOUNT, 0n]]);
  });

  test("stays one at another place", async () => {
    await refuses("/tmp/bound", [
      ["mkdirat", CWD, "/tmp/bound", 0o755],
      ["mount", "/fixed", "/tmp/bound", 0n, BIND, 0n],
    ]);
  });

  test("of what could be written to elsewhere is one too", async () => {
    linkSync(at("granted/a/b/f"), at("granted/f"));
    mkdirSync(at("granted/d"));
    writeFileSync(at("granted/d/g"), "");
    await refuses("/tmp/bound", [
      ["mkdirat", CWD, "/tmp/bound", 0o755],
      ["mount", "/host", "/tmp/bound", 0n, BIND, 0n],
      ["mount", 0n, "/tmp/bound", 0n, BIND | REMOUNT | 1, 0n],
    ]);
  });

  test("beneath the root keeps its files when the guest changes what it sees", async () => {
    const before = snapshot(at("fixed"));
    const found = await results([
      open("/f", RDWR | TRUNCATE),
      ["write", 3, BUFFER, 10],
      ["fchmodat", CWD, "/d", 0o700],
      ["unlinkat", CWD, "/d/g", 0],
      ["renameat2", CWD, "/f", CWD, "/d/h", 0],
      open("/new", CREATE),
    ]);
    expect(found).toEqual([3, 10, 0, 0, 0, 4]);
    expect(snapshot(at("fixed"))).toEqual(before);
  });
});

test("fifos, sockets and devices of the host can be seen, and neither opened nor made", async () => {
  execFileSync("mkfifo", [at("granted/fifo")]);
  const server = createServer().listen(at("granted/socket"));
  await new Promise((resolve) => server.once("listening", resolve));
  try {
    const found = await results([
      ...["fifo", "socket"].flatMap((name): Line[] => [
        ["faccessat", CWD, `/host/${name}`, 0],
        open(`/host/${name}`),
        open(`/host/${name}`, RDWR),
        open(`/host/${name}`, 1),
        ["truncate", `/host/${name}`, 0],
        ["execve", `/host/${name}`, 0, 0],
      ]),
      ["mknodat", CWD, "/host/null", 0o020666, 0x103],
      ["mknodat", CWD, "/host/pipe", 0o010666, 0],
      open("/host/fifo", PATH_ONLY),
      open("/proc/self/fd/3", RDWR),
    ]);
    const special = [0, -errno.ENXIO, -errno.ENXIO, -errno.ENXIO, -errno.EINVAL, -errno.EACCES];
    expect(found).toEqual([...special, ...special, -errno.EPERM, -errno.EPERM, 3, -errno.ENXIO]);
    expect(existsSync(at("granted/null"))).toBe(false);
  } finally {
    server.close();
  }
});
