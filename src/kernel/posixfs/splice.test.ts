import { beforeEach, describe, expect, test } from "vitest";
import { errno } from "../syscalls/errno.ts";
import { O } from "../vfs/flags.ts";
import { Caller, MEMORY } from "./caller-fixture.ts";

const CWD = -100;
const OFFSET = MEMORY + 0x40000;
const NONBLOCK = 2;
let caller: Caller;
let file: number;

beforeEach(() => {
  caller = new Caller();
  file = caller.call("openat", CWD, "/f", O.CREAT | O.RDWR, 0o600);
  caller.memory.write(MEMORY, Buffer.from("0123456789"));
  caller.call("write", file, MEMORY, 10);
  caller.call("lseek", file, 0, 0);
});

function pipe(flags = 0): [number, number] {
  caller.call("pipe2", OFFSET + 64, flags);
  return [caller.memory.readI32(OFFSET + 64), caller.memory.readI32(OFFSET + 68)];
}

function read(fd: number, count = 100): string {
  return caller.text(MEMORY + 4096, caller.call("read", fd, MEMORY + 4096, count));
}

describe("splice", () => {
  test("moves from a file's position, or from one that is given, into a pipe and out again", () => {
    const [reader, writer] = pipe();
    expect(caller.call("splice", file, 0, writer, 0, 4, 0)).toBe(4);
    expect(caller.call("lseek", file, 0, 1)).toBe(4);
    caller.memory.writeWord(OFFSET, 8);
    expect(caller.call("splice", file, OFFSET, writer, 0, 100, 0)).toBe(2);
    expect([caller.call("lseek", file, 0, 1), caller.memory.readWord(OFFSET)]).toEqual([4, 10]);
    const out = caller.call("openat", CWD, "/out", O.CREAT | O.RDWR, 0o600);
    caller.memory.writeWord(OFFSET, 3);
    expect(caller.call("splice", reader, 0, out, OFFSET, 100, 0)).toBe(6);
    expect(read(out)).toBe(`${"\0".repeat(3)}012389`);
    expect(caller.call("splice", file, OFFSET, writer, 0, 100, 0)).toBe(1);
    expect(caller.call("splice", file, OFFSET, writer, 0, 100, 0)).toBe(0);
  });

  test("loses nothing where there is no room", () => {
    const [reader, writer] = pipe();
    const [, full] = pipe();
    caller.call("write", full, MEMORY, 65536 - 3);
    caller.call("write", writer, MEMORY, 10);
    expect(caller.call("splice", reader, 0, full, 0, 100, 0)).toBe(3);
    expect(caller.call("splice", reader, 0, full, 0, 100, NONBLOCK)).toBe(-errno.EAGAIN);
    expect(caller.start("splice", reader, 0, full, 0, 100, 0)).toBeInstanceOf(Promise);
    expect(read(reader)).toBe("3456789");
  });

  test("refuses what has no pipe, or twice the same", () => {
    const [reader, writer] = pipe();
    const append = caller.call("openat", CWD, "/f", O.WRONLY | O.APPEND, 0);
    expect(caller.call("splice", file, 0, file, 0, 1, 0)).toBe(-errno.EINVAL);
    expect(caller.call("splice", reader, 0, writer, 0, 1, 0)).toBe(-errno.EINVAL);
    expect(caller.call("splice", file, 0, writer, OFFSET, 1, 0)).toBe(-errno.ESPIPE);
    expect(caller.call("splice", reader, 0, append, 0, 1, 0)).toBe(-errno.EINVAL);
    expect(caller.call("splice", writer, 0, reader, 0, 1, 0)).toBe(-errno.EBADF);
    expect(caller.call("splice", file, 0, writer, 0, 1, 16)).toBe(-errno.EINVAL);
  });
});

test("tee copies, and leaves what it copied", () => {
  const [reader, writer] = pipe();
  const [second, other] = pipe();
  caller.call("write", writer, MEMORY, 10);
  expect(caller.call("tee", reader, other, 6, 0)).toBe(6);
  expect([read(second), read(reader)]).toEqual(["012345", "0123456789"]);
  expect(caller.call("tee", reader, other, 6, NONBLOCK)).toBe(-errno.EAGAIN);
  caller.call("close", writer);
  expect(caller.call("tee", reader, other, 6, 0)).toBe(0);
  expect(caller.call("tee", reader, file, 6, 0)).toBe(-errno.EINVAL);
});

test("vmsplice moves memory into a pipe and out of it", () => {
  const [reader, writer] = pipe();
  caller.memory.writeWord(OFFSET, MEMORY);
  caller.memory.writeWord(OFFSET + 8, 10);
  expect(caller.call("vmsplice", writer, OFFSET, 1, 0)).toBe(10);
  caller.memory.writeWord(OFFSET, MEMORY + 4096);
  expect(caller.call("vmsplice", reader, OFFSET, 1, 0)).toBe(10);
  expect(caller.text(MEMORY + 4096, 10)).toBe("0123456789");
  expect(caller.call("vmsplice", file, OFFSET, 1, 0)).toBe(-errno.EBADF);
});

describe("sendfile", () => {
  test("ends with the file, and waits for room", async () => {
    const [reader, writer] = pipe();
    expect(caller.call("sendfile", writer, file, 0, 1000)).toBe(10);
    expect(read(reader)).toBe("0123456789");
    caller.call("ftruncate", file, 100_000);
    caller.memory.writeWord(OFFSET, 0);
    const result = caller.start("sendfile", writer, file, OFFSET, 100_000);
    expect(result).toBeInstanceOf(Promise);
    let got = 0;
    for (let i = 0; i < 4; i++) {
      got += caller.call("read", reader, MEMORY + 4096, 30_000);
      await Promise.resolve();
    }
    expect([await result, got, caller.memory.readWord(OFFSET)]).toEqual([100_000, 100_000, 100_000]);
    const [, nonblocking] = pipe(O.NONBLOCK);
    caller.memory.writeWord(OFFSET, 0);
    expect(caller.call("sendfile", nonblocking, file, OFFSET, 100_000)).toBe(65536);
    expect(caller.call("sendfile", nonblocking, file, OFFSET, 100_000)).toBe(-errno.EAGAIN);
  });
});
