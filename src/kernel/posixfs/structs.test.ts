import { beforeEach, expect, test } from "vitest";
import { errno } from "../syscalls/errno.ts";
import { O } from "../vfs/flags.ts";
import { Caller, MEMORY } from "./caller-fixture.ts";

const CWD = -100;
let caller: Caller;
let fd: number;

beforeEach(() => {
  caller = new Caller();
  fd = caller.call("openat", CWD, "/f", O.CREAT | O.RDWR, 0o666);
  caller.call("write", fd, "x".repeat(5000), 5000);
});

const view = (length: number) => new DataView(caller.memory.read(MEMORY, length).buffer);

test("struct stat", () => {
  expect(caller.call("fstat", fd, MEMORY)).toBe(0);
  const stat = view(128);
  expect(stat.getBigUint64(0, true)).toBe(1n);
  expect(stat.getBigUint64(8, true)).toBeGreaterThan(0n);
  expect(stat.getUint32(16, true)).toBe(0o100644);
  expect(stat.getUint32(20, true)).toBe(1);
  expect(stat.getBigInt64(48, true)).toBe(5000n);
  expect(stat.getInt32(56, true)).toBe(4096);
  expect(stat.getBigInt64(64, true)).toBe(16n);
  for (const time of [72, 88, 104]) {
    expect(stat.getBigInt64(time, true)).toBe(5n);
    expect(stat.getBigInt64(time + 8, true)).toBe(7n);
  }
});

test("struct statx, and times before 1970", () => {
  caller.memory.writeWord(MEMORY, -2);
  caller.memory.writeWord(MEMORY + 8, 5);
  caller.memory.writeWord(MEMORY + 24, 0x3fff_fffe);
  expect(caller.call("utimensat", fd, 0, MEMORY, 0)).toBe(0);
  expect(caller.call("statx", fd, "", 0x1000, 0x7ff, MEMORY)).toBe(0);
  const statx = view(256);
  expect(statx.getUint32(0, true) & 0x7ff).toBe(0x7ff);
  expect(statx.getUint16(28, true)).toBe(0o100644);
  expect(statx.getBigUint64(40, true)).toBe(5000n);
  expect(statx.getBigInt64(64, true)).toBe(-2n);
  expect(statx.getUint32(72, true)).toBe(5);
  expect(statx.getBigInt64(112, true)).toBe(5n);
  expect(statx.getUint32(140, true)).toBe(1);
});

test("struct statfs", () => {
  expect(caller.call("statfs", "/", MEMORY)).toBe(0);
  const statfs = view(120);
  expect(statfs.getBigInt64(0, true)).toBe(0x01021994n);
  expect(statfs.getBigInt64(16, true)).toBe(2048n);
  expect(statfs.getBigInt64(24, true)).toBeLessThan(2047n);
  expect(statfs.getBigInt64(64, true)).toBe(255n);
});

test("struct linux_dirent64, a buffer at a time", () => {
  for (const name of ["a", "name-of-thirteen", "z".repeat(255)])
    caller.call("mkdirat", CWD, `/${name}`, 0o755);
  const root = caller.call("openat", CWD, "/", O.DIRECTORY, 0);
  expect(caller.call("getdents64", root, MEMORY, 20)).toBe(-errno.EINVAL);
  const seen: string[] = [];
  for (;;) {
    const bytes = caller.call("getdents64", root, MEMORY, 300);
    if (bytes === 0) break;
    const entries = view(bytes);
    for (let at = 0; at < bytes; at += entries.getUint16(at + 16, true)) {
      expect(at % 8).toBe(0);
      const name = caller.text(MEMORY + at + 19, bytes - at - 19).split("\0")[0];
      seen.push(`${name} ${entries.getUint8(at + 18)} ${entries.getBigInt64(at + 8, true)}`);
    }
  }
  expect(seen).toEqual([
    ". 4 1",
    ".. 4 2",
    "f 8 3",
    "a 4 4",
    "name-of-thirteen 4 5",
    `${"z".repeat(255)} 4 6`,
  ]);
  expect(caller.call("lseek", root, 3, 0)).toBe(3);
  caller.call("getdents64", root, MEMORY, 40);
  expect(caller.text(MEMORY + 19, 1)).toBe("a");
});
