import { beforeEach, describe, expect, test } from "vitest";
import { Limit } from "../rkprocess/limits.ts";
import { ERESTARTNOHAND, ERESTARTSYS, errno } from "../syscalls/errno.ts";
import { O } from "../vfs/flags.ts";
import { Caller, MEMORY, MEMORY_SIZE } from "./caller-fixture.ts";

const CWD = -100;
const END = MEMORY + MEMORY_SIZE;
let caller: Caller;
let fd: number;

beforeEach(() => {
  caller = new Caller();
  fd = caller.call("openat", CWD, "/f", O.CREAT | O.RDWR, 0o666);
});

describe("the limit of a file's size", () => {
  const SIGXFSZ = 25;

  beforeEach(() => {
    caller.limits[Limit.fileSize].soft = 100n;
  });

  test("cuts a write short, and refuses the next one", () => {
    expect(caller.call("write", fd, MEMORY, 200)).toBe(100);
    expect(caller.sent).toEqual([]);
    expect(caller.call("write", fd, MEMORY, 1)).toBe(-errno.EFBIG);
    expect(caller.call("pwrite64", fd, MEMORY, 10, 95)).toBe(5);
    expect(caller.call("write", fd, MEMORY, 0)).toBe(0);
    expect(caller.sent).toEqual([SIGXFSZ]);
  });

  test("holds for what makes a file longer, and for copies", () => {
    expect(caller.call("ftruncate", fd, 101)).toBe(-errno.EFBIG);
    expect(caller.call("ftruncate", fd, 100)).toBe(0);
    expect(caller.call("fallocate", fd, 0, 90, 11)).toBe(-errno.EFBIG);
    expect(caller.call("fallocate", fd, 1, 90, 11)).toBe(-errno.EFBIG);
    expect(caller.call("fallocate", fd, 3, 90, 11)).toBe(0);
    const copy = caller.call("openat", CWD, "/copy", O.CREAT | O.RDWR, 0o666);
    caller.limits[Limit.fileSize].soft = 60n;
    expect(caller.call("copy_file_range", fd, 0, copy, 0, 100)).toBe(60);
    expect(caller.call("sendfile", copy, fd, 0, 100)).toBe(-errno.EFBIG);
    expect(caller.sent).toEqual([SIGXFSZ, SIGXFSZ, SIGXFSZ, SIGXFSZ]);
  });
});

test("a file tells how much of it is left, and cannot be cloned", () => {
  const [FIONREAD, FICLONE, TCGETS] = [0x541b, 0x40049409, 0x5401];
  const left = () => [caller.call("ioctl", fd, FIONREAD, MEMORY), caller.memory.readI32(MEMORY)];
  caller.call("write", fd, "0123456789", 10);
  expect(left()).toEqual([0, 0]);
  caller.call("lseek", fd, 3, 0);
  expect(left()).toEqual([0, 7]);
  caller.call("lseek", fd, 12, 0);
  expect(left()).toEqual([0, -2]);
  expect(caller.call("ioctl", fd, FIONREAD, END)).toBe(-errno.EFAULT);
  expect(caller.call("ioctl", fd, FICLONE, fd)).toBe(-errno.EOPNOTSUPP);
  expect(caller.call("ioctl", fd, TCGETS, MEMORY)).toBe(-errno.ENOTTY);
});

test("data and holes of a sparse file are found", () => {
  const [SET, DATA, HOLE] = [0, 3, 4];
  const at = (whence: number, from: number) => caller.call("lseek", fd, from, whence);
  caller.call("pwrite64", fd, MEMORY, 10, 8192);
  caller.call("pwrite64", fd, MEMORY, 10, 2 ** 30);
  expect([at(DATA, 0), at(HOLE, 0), at(HOLE, 8193), at(DATA, 12288)]).toEqual([8192, 0, 12288, 2 ** 30]);
  expect([at(DATA, 8200), at(HOLE, 2 ** 30)]).toEqual([8200, 2 ** 30 + 10]);
  caller.call("ftruncate", fd, 2 ** 30 + 8192);
  expect(at(DATA, 2 ** 30 + 4096)).toBe(-errno.ENXIO);
  expect([at(HOLE, 2 ** 30), at(SET, 5)]).toEqual([2 ** 30 + 4096, 5]);
});

test("flags of a transfer hold for this one", () => {
  const [NOWAIT, APPEND, NOAPPEND] = [8, 16, 32];
  caller.call("write", fd, "0123", 4);
  caller.memory.writeWord(MEMORY, MEMORY + 64);
  caller.memory.writeWord(MEMORY + 8, 2);
  caller.memory.write(MEMORY + 64, Buffer.from("xy"));
  const write = (file: number, offset: number, flags: number) =>
    caller.call("pwritev2", file, MEMORY, 1, offset, 0, flags);
  expect(write(fd, 0, APPEND)).toBe(2);
  const append = caller.call("openat", CWD, "/f", O.WRONLY | O.APPEND, 0);
  expect(write(append, 0, NOAPPEND)).toBe(2);
  caller.call("pread64", fd, MEMORY + 128, 10, 0);
  expect(caller.text(MEMORY + 128, 6)).toBe("xy23xy");
  expect(write(fd, 0, APPEND | NOAPPEND)).toBe(-errno.EINVAL);
  expect(write(fd, 0, 2 ** 30)).toBe(-errno.EOPNOTSUPP);
  caller.call("pipe2", MEMORY + 200, 0);
  const reader = caller.memory.readI32(MEMORY + 200);
  expect(caller.call("preadv2", reader, MEMORY, 1, -1, 0, NOWAIT)).toBe(-errno.EAGAIN);
});

test("sync_file_range looks at its arguments", () => {
  expect(caller.call("sync_file_range", fd, 0, 10, 2)).toBe(0);
  expect(caller.call("sync_file_range", fd, -1, 10, 0)).toBe(-errno.EINVAL);
  expect(caller.call("sync_file_range", fd, 0, 10, 8)).toBe(-errno.EINVAL);
  caller.call("pipe2", MEMORY, 0);
  expect(caller.call("sync_file_range", caller.memory.readI32(MEMORY), 0, 10, 0)).toBe(-errno.ESPIPE);
});

test("a seal against writing waits for mappings to go", () => {
  const [ADD_SEALS, SEAL_WRITE, ALLOW] = [1033, 8, 2];
  const file = caller.call("memfd_create", "m", ALLOW);
  const { inode } = caller.files.fds.get(file).file;
  const { cached } = { cached: { isShared: true } };
  (inode as unknown as { mapping: unknown }).mapping = { cached };
  expect(caller.call("fcntl", file, ADD_SEALS, SEAL_WRITE)).toBe(-errno.EBUSY);
  cached.isShared = false;
  expect(caller.call("fcntl", file, ADD_SEALS, SEAL_WRITE)).toBe(0);
});

describe("transfers", () => {
  test("what a fault cuts short counts as far as it got", () => {
    caller.memory.bytes.fill(7);
    expect(caller.call("write", fd, END, 10)).toBe(-errno.EFAULT);
    expect(caller.call("write", fd, END - 5000, 10_000)).toBe(5000);
    expect(caller.call("lseek", fd, 0, 1)).toBe(5000);
    expect(caller.call("pwrite64", fd, MEMORY, 100_000, 0)).toBe(100_000);
    expect(caller.call("pread64", fd, END - 8192, 50_000, 0)).toBe(8192);
    expect(caller.call("read", fd, 16, 1)).toBe(-errno.EFAULT);
    expect(caller.call("read", fd, -16, 1)).toBe(-errno.EFAULT);
  });

  test("a length larger than any memory costs nothing at the end of a file", () => {
    expect(caller.call("read", fd, MEMORY, 2 ** 52)).toBe(0);
    expect(caller.call("pread64", fd, MEMORY, 2 ** 31, 2 ** 52)).toBe(0);
  });

  test("vectors move as one", () => {
    const { memory } = caller;
    memory.write(MEMORY, Buffer.from("onetwo"));
    for (const [i, [at, length]] of [
      [MEMORY, 3],
      [0, 0],
      [MEMORY + 3, 3],
    ].entries()) {
      memory.writeWord(MEMORY + 64 + i * 16, at);
      memory.writeWord(MEMORY + 72 + i * 16, length);
    }
    expect(caller.call("writev", fd, MEMORY + 64, 3)).toBe(6);
    memory.writeWord(MEMORY + 64, MEMORY + 1000);
    memory.writeWord(MEMORY + 72, 2);
    memory.writeWord(MEMORY + 96, MEMORY + 1010);
    memory.writeWord(MEMORY + 104, 50);
    expect(caller.call("preadv", fd, MEMORY + 64, 3, 1)).toBe(5);
    expect(caller.text(MEMORY + 1000, 2) + caller.text(MEMORY + 1010, 3)).toBe("netwo");
    memory.writeWord(MEMORY + 72, -1);
    expect(caller.call("readv", fd, MEMORY + 64, 3)).toBe(-errno.EINVAL);
    expect(caller.call("readv", fd, MEMORY + 64, 1025)).toBe(-errno.EINVAL);
  });

  test("O_APPEND writes at the end, wherever the position is", () => {
    caller.call("write", fd, "0123", 4);
    const append = caller.call("openat", CWD, "/f", O.WRONLY | O.APPEND, 0);
    caller.call("write", fd, "45", 2);
    expect(caller.call("write", append, "ab", 2)).toBe(2);
    expect(caller.call("read", append, MEMORY, 1)).toBe(-errno.EBADF);
    caller.call("pread64", fd, MEMORY, 100, 0);
    expect(caller.text(MEMORY, 8)).toBe("012345ab");
  });
});

describe("waiting", () => {
  let reader: number;
  let writer: number;

  beforeEach(() => {
    expect(caller.call("pipe2", MEMORY, 0)).toBe(0);
    reader = caller.memory.readI32(MEMORY);
    writer = caller.memory.readI32(MEMORY + 4);
  });

  test("a read waits for bytes", async () => {
    const result = caller.start("read", reader, MEMORY + 100, 10);
    expect(caller.call("write", writer, "late", 4)).toBe(4);
    expect(await result).toBe(4);
    expect(caller.text(MEMORY + 100, 4)).toBe("late");
    expect(caller.thread.interrupt).toBeUndefined();
  });

  test("a write waits until all is written", async () => {
    const result = caller.start("write", writer, MEMORY, 150_000);
    let read = 0;
    while (read < 150_000) {
      read += await caller.start("read", reader, MEMORY + 200_000, 60_000);
      await Promise.resolve();
    }
    expect(await result).toBe(150_000);
  });

  test("what memory cuts off is neither written nor lost", () => {
    const held = () => {
      expect(caller.call("ioctl", reader, 0x541b, MEMORY)).toBe(0);
      return caller.memory.readI32(MEMORY);
    };
    expect(caller.call("write", writer, END - 4, 8)).toBe(-errno.EFAULT);
    expect(held()).toBe(0);
    caller.call("write", writer, "01234567", 8);
    expect(caller.call("read", reader, END - 4, 8)).toBe(-errno.EFAULT);
    expect(caller.call("read", reader, END, 8)).toBe(-errno.EFAULT);
    expect(held()).toBe(8);
    expect(caller.call("read", reader, END - 4, 4)).toBe(4);
    expect(caller.call("pread64", reader, MEMORY, 4, 0)).toBe(-errno.ESPIPE);
    expect(caller.text(END - 4, 4)).toBe("0123");
    // The first pieces of a long write are not taken back.
    const all = 100_000;
    caller.call("fcntl", writer, 4, O.NONBLOCK);
    caller.call("fcntl", writer, 1031, 1 << 20);
    expect(caller.call("write", writer, END - all + 1, all)).toBe(65536);
    expect(held()).toBe(65536 + 4);
  });

  test("a signal ends a wait with what is done", async () => {
    const read = caller.start("read", reader, MEMORY, 10);
    caller.interrupt();
    expect(await read).toBe(-ERESTARTSYS);
    const write = caller.start("write", writer, MEMORY, 100_000);
    caller.interrupt();
    expect(await write).toBe(65536);
    expect(caller.call("read", reader, MEMORY, 100_000)).toBe(65536);
  });

  test("O_NONBLOCK does not wait", () => {
    caller.call("fcntl", reader, 4, O.NONBLOCK);
    expect(caller.call("read", reader, MEMORY, 10)).toBe(-errno.EAGAIN);
    caller.call("fcntl", writer, 4, O.NONBLOCK);
    expect(caller.call("write", writer, MEMORY, 100_000)).toBe(65536);
    expect(caller.call("write", writer, MEMORY, 1)).toBe(-errno.EAGAIN);
  });

  test("closing the last writer ends a waiting read; the reader's end may be closed meanwhile", async () => {
    const read = caller.start("read", reader, MEMORY, 10);
    caller.call("close", reader);
    caller.call("close", writer);
    expect(await read).toBe(0);
  });

  test("writing to nobody raises SIGPIPE", () => {
    caller.call("close", reader);
    expect(caller.call("write", writer, MEMORY, 1)).toBe(-errno.EPIPE);
    expect(caller.sent).toEqual([13]);
  });

  test("poll waits for any, for a time, or for a signal", async () => {
    const set = (at: number, asked: number, events: number) => {
      caller.memory.writeWord(at, asked);
      caller.memory.writeU16(at + 4, events);
    };
    set(MEMORY + 64, reader, 1);
    set(MEMORY + 72, 2 ** 32 - 1, 1);
    set(MEMORY + 80, 60, 1);
    expect(caller.call("ppoll", MEMORY + 64, 3, 0)).toBe(1);
    expect([64, 72, 80].map((at) => caller.memory.readU16(MEMORY + at + 6))).toEqual([0, 0, 32]);

    const ready = caller.start("ppoll", MEMORY + 64, 2, 0);
    caller.call("write", writer, "x", 1);
    expect(await ready).toBe(1);
    caller.call("read", reader, MEMORY, 1);

    caller.memory.writeWord(MEMORY + 32, 1);
    caller.memory.writeWord(MEMORY + 40, 500);
    const timed = caller.start("ppoll", MEMORY + 64, 2, MEMORY + 32);
    expect(caller.timers.map(({ nanoseconds }) => nanoseconds)).toEqual([1_000_000_500]);
    caller.timers[0].callback();
    expect(await timed).toBe(0);
    // What is left of the time is told; nothing is when it is over.
    expect([32, 40].map((at) => caller.memory.readWord(MEMORY + at))).toEqual([0, 0]);

    caller.memory.writeWord(MEMORY + 32, 1);
    const interrupted = caller.start("ppoll", MEMORY + 64, 2, MEMORY + 32);
    caller.interrupt();
    expect(await interrupted).toBe(-ERESTARTNOHAND);
    expect(caller.timers).toEqual([]);
    caller.memory.writeWord(MEMORY + 40, 1e9);
    expect(caller.call("ppoll", MEMORY + 64, 2, MEMORY + 32)).toBe(-errno.EINVAL);
    expect(caller.call("ppoll", MEMORY + 64, 65, 0)).toBe(-errno.EINVAL);
  });

  test("poll and select wait with the mask that they are given", () => {
    caller.memory.writeWord(MEMORY, 2 ** 40 + 5);
    caller.memory.writeWord(MEMORY + 8, MEMORY);
    caller.memory.writeWord(MEMORY + 16, 8);
    caller.memory.writeWord(MEMORY + 24, 0);
    caller.memory.writeWord(MEMORY + 32, 0);
    expect(caller.call("ppoll", 0, 0, MEMORY + 24, MEMORY, 8)).toBe(0);
    expect(caller.call("pselect6", 0, 0, 0, 0, MEMORY + 24, MEMORY + 8)).toBe(0);
    expect(caller.call("ppoll", 0, 0, MEMORY + 24, MEMORY, 4)).toBe(-errno.EINVAL);
    expect(caller.masks).toEqual([
      [5, 256],
      [5, 256],
    ]);
  });

  test("select says which are ready and refuses what is not open", () => {
    const bits = (...fds: number[]) => fds.reduce((sum, one) => sum + 2 ** one, 0);
    caller.memory.writeWord(MEMORY + 64, bits(reader));
    caller.memory.writeWord(MEMORY + 72, bits(reader, writer) - bits(reader));
    expect(caller.call("pselect6", writer + 1, MEMORY + 64, MEMORY + 72, 0, 0)).toBe(1);
    expect(caller.memory.readWord(MEMORY + 64)).toBe(0);
    expect(caller.memory.readWord(MEMORY + 72)).toBe(bits(writer));
    caller.memory.writeWord(MEMORY + 64, bits(40));
    expect(caller.call("pselect6", 41, MEMORY + 64, 0, 0, 0)).toBe(-errno.EBADF);
  });

  test("opening a fifo waits for its other end", async () => {
    caller.call("mknodat", CWD, "/fifo", 0o010666, 0);
    expect(caller.call("openat", CWD, "/fifo", O.WRONLY | O.NONBLOCK, 0)).toBe(-errno.ENXIO);
    const reading = caller.start("openat", CWD, "/fifo", O.RDONLY, 0);
    const writing = caller.start("openat", CWD, "/fifo", O.WRONLY, 0);
    const [first, second] = await Promise.all([reading, writing]);
    expect(caller.call("write", second, "x", 1)).toBe(1);
    expect(caller.call("read", first, MEMORY, 10)).toBe(1);
    const given = caller.start("openat", CWD, "/fifo", O.RDONLY | O.NONBLOCK, 0);
    expect(given).toBeGreaterThan(0);
  });
});

test("pipe2 leaves nothing open when its result has no place", () => {
  const before = caller.files.fds.numbers();
  expect(caller.call("pipe2", 0, 0)).toBe(-errno.EFAULT);
  expect(caller.files.fds.numbers()).toEqual(before);
  while (caller.call("dup", fd) >= 0);
  caller.call("close", 10);
  expect(caller.call("pipe2", MEMORY, 0)).toBe(-errno.EMFILE);
  expect(caller.call("dup", fd)).toBe(10);
});
