import { beforeEach, describe, expect, test } from "vitest";
import { credentialsFor } from "../rkprocess/credentials.ts";
import { initialLimits, Limit, type ResourceLimit } from "../rkprocess/limits.ts";
import type { Thread } from "../rkprocess/thread.ts";
import type { AddressSpace } from "../rkvm/address-space.ts";
import type { Backing } from "../rkvm/backing.ts";
import { fileMappings } from "../rkvm/mappable.ts";
import { testSpace } from "../rkvm/space-fixture.ts";
import { AreaFlag, Prot } from "../rkvm/vma.ts";
import { errno } from "../syscalls/errno.ts";
import { posixMmap } from "./library.ts";

const PAGE = 4096;
const AT = 0x1000_0000;
const RW = Prot.read | Prot.write;
const SHARED = 1;
const PRIVATE = 2;
const FIXED = 0x10;
const ANONYMOUS = 0x20;
const MAYMOVE = 1;
const MREMAP_FIXED = 2;
const DONTUNMAP = 4;

let space: AddressSpace;
let thread: Thread;
let limits: ResourceLimit[];
let files: Map<number, { backing: Backing; writable: boolean }>;

/** A thread of a process with this memory, as far as these calls look at it. */
beforeEach(() => {
  space = testSpace(4096).space;
  limits = initialLimits();
  space.limits = limits;
  files = new Map();
  const mappings = {
    backing(_process: unknown, fd: number, sharedWrite: boolean) {
      const file = files.get(fd);
      if (!file) return -errno.EBADF;
      return sharedWrite && !file.writable ? -errno.EACCES : file.backing;
    },
  };
  const process = { memory: space, limits, credentials: credentialsFor(1000, 1000) };
  const kernel = { use: (wanted: unknown) => (wanted === fileMappings ? mappings : undefined) };
  thread = { process, memory: space, kernel } as unknown as Thread;
});

function call(name: string, ...args: number[]): number {
  const row = posixMmap.syscalls?.find((one) => one.name === name);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args;
  return row?.run(thread, a, b, c, d, e, f) as number;
}

const anonymous = (at: number, pages: number, flags = PRIVATE, prot = RW) =>
  call("mmap", at, pages * PAGE, prot, flags | ANONYMOUS | FIXED, -1, 0);

function file(fd: number, pages: number, writable = true): Uint8Array {
  const bytes = new Uint8Array(pages * PAGE).fill(fd);
  const backing: Backing = {
    name: `/file${fd}`,
    size: bytes.length,
    readAt(offset, into) {
      const part = bytes.subarray(offset, offset + into.length);
      into.set(part);
      return part.length;
    },
    writeAt(offset, from) {
      bytes.set(from, offset);
      return true;
    },
    zero: (from, to) => bytes.fill(0, from, to),
  };
  files.set(fd, { backing, writable });
  return bytes;
}

describe("mremap", () => {
  test("moves, and with DONTUNMAP leaves an empty area", () => {
    anonymous(AT, 4);
    space.writeU8(AT + PAGE, 9);
    const to = 2 * AT;
    expect(call("mremap", AT, 4 * PAGE, 4 * PAGE, MAYMOVE | MREMAP_FIXED | DONTUNMAP, to)).toBe(to);
    expect([space.readU8(to + PAGE), space.readU8(AT + PAGE)]).toEqual([9, 0]);
    expect(call("mremap", AT, 4 * PAGE, 8 * PAGE, MAYMOVE | DONTUNMAP)).toBe(-errno.EINVAL);
    expect(call("mremap", AT, 4 * PAGE, 4 * PAGE, DONTUNMAP)).toBe(-errno.EINVAL);
  });

  test("grows in place where there is room, and shrinks", () => {
    anonymous(AT, 2);
    expect(call("mremap", AT, 2 * PAGE, 6 * PAGE, 0)).toBe(AT);
    anonymous(AT + 6 * PAGE, 1);
    expect(call("mremap", AT, 6 * PAGE, 7 * PAGE, 0)).toBe(-errno.ENOMEM);
    expect(call("mremap", AT, 6 * PAGE, PAGE, 0)).toBe(AT);
    expect(space.areas.isFree(AT + PAGE, AT + 6 * PAGE)).toBe(true);
  });

  test("of nothing shows shared pages once more", () => {
    anonymous(AT, 2, SHARED);
    space.writeU8(AT, 5);
    const to = call("mremap", AT, 0, 2 * PAGE, MAYMOVE);
    expect(space.readU8(to)).toBe(5);
    space.writeU8(to + PAGE, 6);
    expect(space.readU8(AT + PAGE)).toBe(6);
    anonymous(4 * AT, 1);
    expect(call("mremap", 4 * AT, 0, PAGE, MAYMOVE)).toBe(-errno.EINVAL);
  });

  test("takes a shared file's pages along, and what it wrote", () => {
    const bytes = file(3, 4);
    call("mmap", AT, 4 * PAGE, RW, SHARED | FIXED, 3, 0);
    space.writeU8(AT + 2 * PAGE, 77);
    expect(call("mremap", AT + 2 * PAGE, 2 * PAGE, 2 * PAGE, MAYMOVE | MREMAP_FIXED, 2 * AT)).toBe(2 * AT);
    expect(space.readU8(2 * AT)).toBe(77);
    call("munmap", 2 * AT, 2 * PAGE);
    call("munmap", AT, 2 * PAGE);
    expect(bytes[2 * PAGE]).toBe(77);
  });
});

describe("madvise", () => {
  const [DONTNEED, FREE, REMOVE, DONTFORK, DOFORK, WIPEONFORK, KEEPONFORK] = [4, 8, 9, 10, 11, 18, 19];
  const [POPULATE_READ, POPULATE_WRITE] = [22, 23];

  test("gives private pages back, and shows the file again", () => {
    file(3, 2);
    call("mmap", AT, 2 * PAGE, RW, PRIVATE | FIXED, 3, 0);
    space.writeU8(AT, 9);
    expect(call("madvise", AT, PAGE, DONTNEED)).toBe(0);
    expect(space.readU8(AT)).toBe(3);
    expect(call("madvise", AT, PAGE, FREE)).toBe(-errno.EINVAL);
    expect(call("madvise", AT + 1, PAGE, DONTNEED)).toBe(-errno.EINVAL);
    expect(call("madvise", AT, 4 * PAGE, DONTNEED)).toBe(-errno.ENOMEM);
  });

  test("decides what a child gets", () => {
    for (const at of [AT, 2 * AT, 3 * AT]) {
      anonymous(at, 1);
      space.writeU8(at, 7);
    }
    expect(call("madvise", AT, PAGE, DONTFORK)).toBe(0);
    expect(call("madvise", 2 * AT, PAGE, WIPEONFORK)).toBe(0);
    let child = space.fork();
    expect(child.areas.isFree(AT, AT + PAGE)).toBe(true);
    expect([child.readU8(2 * AT), child.readU8(3 * AT)]).toEqual([0, 7]);
    child.release();
    call("madvise", AT, PAGE, DOFORK);
    call("madvise", 2 * AT, PAGE, KEEPONFORK);
    child = space.fork();
    expect([child.readU8(AT), child.readU8(2 * AT)]).toEqual([7, 7]);
  });

  test("makes a hole in a shared file", () => {
    const bytes = file(3, 2);
    call("mmap", AT, 2 * PAGE, RW, SHARED | FIXED, 3, 0);
    space.readU8(AT + PAGE);
    expect(call("madvise", AT + PAGE, PAGE, REMOVE)).toBe(0);
    expect([space.readU8(AT), space.readU8(AT + PAGE), bytes[PAGE]]).toEqual([3, 0, 0]);
    anonymous(2 * AT, 1);
    expect(call("madvise", 2 * AT, PAGE, REMOVE)).toBe(-errno.EINVAL);
  });

  test("brings pages in", () => {
    anonymous(AT, 64);
    expect(call("madvise", AT, 64 * PAGE, POPULATE_WRITE)).toBe(0);
    expect(space.resident.count).toBe(64);
    anonymous(2 * AT, 1, PRIVATE, Prot.read);
    expect(call("madvise", 2 * AT, PAGE, POPULATE_READ)).toBe(0);
    expect(call("madvise", 2 * AT, PAGE, POPULATE_WRITE)).toBe(-errno.EINVAL);
    expect(call("madvise", 4 * AT, PAGE, POPULATE_READ)).toBe(-errno.ENOMEM);
  });
});

describe("locked memory", () => {
  test("is bounded for who is not root, and brought in", () => {
    limits[Limit.locked].soft = BigInt(4 * PAGE);
    anonymous(AT, 16);
    expect(call("mlock", AT + 5, 2 * PAGE)).toBe(0);
    expect(space.usage()[0]).toMatchObject({ locked: true, resident: expect.any(Number) });
    expect(space.resident.isReady(AT + 2 * PAGE, "write")).toBe(true);
    expect(call("mlock", AT + 8 * PAGE, 2 * PAGE)).toBe(-errno.ENOMEM);
    expect(call("munlock", AT, 3 * PAGE)).toBe(0);
    expect(call("mlock", AT + 8 * PAGE, 2 * PAGE)).toBe(0);
    expect(call("mlock", 9 * AT, PAGE)).toBe(-errno.ENOMEM);
    limits[Limit.locked].soft = 0n;
    expect(call("mlock", AT, PAGE)).toBe(-errno.EPERM);
    expect(call("mlock2", AT, PAGE, 2)).toBe(-errno.EINVAL);
    expect(call("madvise", AT + 8 * PAGE, PAGE, 4)).toBe(-errno.EINVAL);
  });

  test("may be all there will be", () => {
    expect(call("mlockall", 2)).toBe(0);
    anonymous(AT, 2);
    expect(space.resident.count).toBeGreaterThanOrEqual(2);
    expect(space.areas.find(AT)?.flags).toBe(AreaFlag.locked);
    expect(space.fork().areas.find(AT)?.flags).toBe(0);
    call("munlockall");
    anonymous(2 * AT, 1);
    expect(space.areas.areas.map(({ flags }) => flags)).toEqual([0, 0]);
    expect(call("mlockall", 4)).toBe(-errno.EINVAL);
  });
});

describe("limits", () => {
  test("of the address space hold for mmap, mremap and brk", () => {
    space.setLayout({ start: 0x5000_0000, end: 0x6000_0000 }, { start: 0x7000_0000, end: 0x8000_0000 });
    anonymous(AT, 8);
    limits[Limit.addressSpace].soft = BigInt(10 * PAGE);
    expect(call("mmap", 0, 3 * PAGE, Prot.read, PRIVATE | ANONYMOUS, -1, 0)).toBe(-errno.ENOMEM);
    // What is replaced does not count twice.
    expect(anonymous(AT, 10)).toBe(AT);
    expect(call("mremap", AT, 10 * PAGE, 11 * PAGE, MAYMOVE)).toBe(-errno.ENOMEM);
    expect(call("brk", 0x5000_0000 + PAGE)).toBe(0x5000_0000);
  });

  test("of data count private writable memory alone", () => {
    limits[Limit.data].soft = BigInt(4 * PAGE);
    expect(anonymous(AT, 4)).toBe(AT);
    expect(anonymous(2 * AT, 1)).toBe(-errno.ENOMEM);
    expect(anonymous(2 * AT, 8, PRIVATE, Prot.read)).toBe(2 * AT);
    expect(anonymous(3 * AT, 8, SHARED)).toBe(3 * AT);
  });

  test("more than all memory is promised only without a reserve", () => {
    expect(anonymous(AT, 5000)).toBe(-errno.ENOMEM);
    expect(anonymous(AT, 5000, PRIVATE | 0x4000)).toBe(AT);
  });
});

describe("what grows downwards", () => {
  const GROWSDOWN = 0x100;
  const MIB = 2 ** 20;

  test("does so when it is touched, up to its limit and a gap below", () => {
    limits[Limit.stack].soft = BigInt(16 * PAGE);
    anonymous(AT, 1, PRIVATE | GROWSDOWN);
    space.writeU8(AT - 3 * PAGE, 1);
    expect(space.mappings()).toMatchObject([{ start: AT - 3 * PAGE, end: AT + PAGE }]);
    expect(space.fault(AT - 16 * PAGE, "write")).toBe("unmapped");
    expect(space.fault(AT - 15 * PAGE, "write")).toBeUndefined();
    limits[Limit.stack].soft = BigInt(8 * MIB);
    anonymous(AT - 2 * MIB, 1);
    expect(space.fault(AT - MIB, "write")).toBe("unmapped");
    expect(space.fault(AT - MIB + PAGE, "write")).toBeUndefined();
  });

  test("pushes its guard down when the limit was raised", () => {
    limits[Limit.stack].soft = BigInt(4 * PAGE);
    anonymous(AT, 1, PRIVATE | GROWSDOWN);
    space.map(AT - 3 * PAGE - MIB, MIB, { prot: 0, name: "[stack guard]", guard: true });
    expect(space.fault(AT - 3 * PAGE, "write")).toBeUndefined();
    expect(space.fault(AT - 4 * PAGE, "write")).toBe("unmapped");
    limits[Limit.stack].soft = BigInt(32 * PAGE);
    expect(space.fault(AT - 20 * PAGE, "write")).toBeUndefined();
    expect(space.mappings().map(({ start, guard }) => [start - AT, guard])).toEqual([
      [-20 * PAGE - MIB, true],
      [-20 * PAGE, false],
    ]);
  });
});

test("mincore tells of pages in memory, a file's of all who have it", () => {
  file(3, 4);
  call("mmap", AT, 4 * PAGE, Prot.read, PRIVATE | FIXED, 3, 0);
  anonymous(AT + 4 * PAGE, 20);
  anonymous(8 * AT, 1);
  space.readU8(AT);
  expect(call("mincore", AT, 24 * PAGE, 8 * AT)).toBe(0);
  expect([...space.read(8 * AT, 5)]).toEqual([1, 1, 1, 1, 0]);
  expect(call("mincore", AT, 25 * PAGE, 8 * AT)).toBe(-errno.ENOMEM);
});

test("mincore knows touched pages from those that were mapped with them", () => {
  anonymous(AT, 8);
  anonymous(8 * AT, 1);
  space.writeU8(AT + PAGE, 1);
  expect(space.resident.count).toBeGreaterThan(2);
  space.readU8(AT + 3 * PAGE);
  call("mprotect", AT, 8 * PAGE, Prot.read);
  expect(call("mincore", AT, 5 * PAGE, 8 * AT)).toBe(0);
  expect([...space.read(8 * AT, 5)]).toEqual([0, 1, 0, 1, 0]);
});

test("a shared mapping of a file that may not be written stays so", () => {
  file(3, 1, false);
  expect(call("mmap", AT, PAGE, RW, SHARED | FIXED, 3, 0)).toBe(-errno.EACCES);
  expect(call("mmap", AT, PAGE, Prot.read, SHARED | FIXED, 3, 0)).toBe(AT);
  expect(call("mprotect", AT, PAGE, RW)).toBe(-errno.EACCES);
  expect(call("mmap", AT, PAGE, Prot.read, PRIVATE | FIXED, 3, 0)).toBe(AT);
  expect(call("mprotect", AT, PAGE, RW)).toBe(0);
});

test("MAP_SHARED_VALIDATE refuses flags that nobody knows", () => {
  file(3, 1);
  expect(call("mmap", 0, PAGE, RW, 3 | 0x8000_0000, 3, 0)).toBe(-errno.EOPNOTSUPP);
  expect(call("mmap", 0, PAGE, RW, 3, 3, 0)).toBeGreaterThan(0);
  expect(call("mmap", 0, PAGE, RW, 3 | ANONYMOUS, -1, 0)).toBe(-errno.EINVAL);
});
