import { beforeEach, describe, expect, test } from "vitest";
import { type Caller, DATA, DATA_SIZE, type TestKernel } from "../kernel-fixture.ts";
import { type BlockDevice, SECTOR } from "../rkblkdev/block-device.ts";
import { RamDisk } from "../rkblkdev/ram-disk.ts";
import { nativeKernel, THREAD } from "../rknative/native-fixture.ts";
import { type Ring, rings } from "../rkring/ring.ts";
import { errno } from "../syscalls/errno.ts";
import { fail } from "../vfs/error.ts";

const SECTORS = 64;
const CAPACITY = 8;
const [SUBMISSIONS, COMPLETIONS, REQUESTS] = [DATA, DATA + 0x400, DATA + 0x800];
const BUFFER = DATA + 0x1000;
const NOBODYS = DATA + DATA_SIZE;
const [READ, WRITE, FLUSH] = [0, 1, 2];

/** A disk that can be read-only or broken, and counts. */
class Disk extends RamDisk {
  broken = false;
  flushes = 0;
  override read(offset: number, into: Uint8Array): void {
    if (this.broken) fail("EROFS");
    super.read(offset, into);
  }
  override write(offset: number, bytes: Uint8Array): void {
    if (this.broken) fail("ENOSPC");
    super.write(offset, bytes);
  }
  override flush(): void {
    if (this.broken) fail("EIO");
    this.flushes++;
  }
}

let kernel: TestKernel;
let caller: Caller;
let disk: Disk;
let queue: number;
let submissions: Ring;
let completions: Ring;

beforeEach(async () => {
  disk = new Disk(new Uint8Array(SECTORS * SECTOR), "ram0");
  const other: BlockDevice = new Disk(new Uint8Array(2 * SECTOR), "a".repeat(40));
  const readOnly = Object.assign(other, { readOnly: true });
  kernel = await nativeKernel([disk, readOnly, new Disk(new Uint8Array(700), "odd")]);
  caller = kernel.first;
  for (const ring of [SUBMISSIONS, COMPLETIONS])
    expect(caller.call("rk_ring_create", ring, CAPACITY)).toBe(0);
  queue = open(0);
  const attach = (at: number) =>
    kernel.kernel.use(rings).attach(caller.memory, at, CAPACITY) ?? expect.fail("no ring");
  submissions = attach(SUBMISSIONS);
  completions = attach(COMPLETIONS);
});

const open = (index: number, at = SUBMISSIONS, done = COMPLETIONS, capacity = CAPACITY) =>
  caller.call("rk_blkdev_queue", index, at, done, capacity);
const kick = (handle = queue) => caller.call("rk_blkdev_kick", handle);

/** Puts a `struct rk_blkreq` down and submits it. */
function submit(
  operation: number,
  sector: number | bigint,
  count: number | bigint,
  buffer = BUFFER,
  i = 0,
): number {
  const at = REQUESTS + 32 * i;
  caller.put(at, operation, sector, count, buffer);
  expect(submissions.enqueue(BigInt(at))).toBe(0);
  return at;
}

const resultOf = (at: number) => caller.memory.readI32(at + 4);

/** Does one request: its result. */
function request(
  operation: number,
  sector: number | bigint,
  count: number | bigint,
  buffer = BUFFER,
): number {
  const at = submit(operation, sector, count, buffer);
  expect(kick()).toBe(1);
  expect(completions.dequeue()).toBe(BigInt(at));
  return resultOf(at);
}

describe("disks", () => {
  test("are counted and described", () => {
    expect(caller.call("rk_blkdev_count")).toBe(3);
    const info = (index: number) => {
      expect(caller.call("rk_blkdev_info", index, DATA)).toBe(0);
      const name = caller.text(DATA, 16).replace(/\0.*/, "");
      return [
        name,
        caller.memory.readU64(DATA + 16),
        ...[24, 28].map((at) => caller.memory.readU32(DATA + at)),
      ];
    };
    expect(info(0)).toEqual(["ram0", BigInt(SECTORS), SECTOR, 0]);
    expect(info(1)).toEqual(["a".repeat(15), 2n, SECTOR, 1]);
    // What is behind the last whole sector cannot be reached.
    expect(info(2)).toEqual(["odd", 1n, SECTOR, 0]);
    for (const index of [3, -1, 2 ** 40]) {
      expect(caller.call("rk_blkdev_info", index, DATA)).toBe(-errno.ENODEV);
      expect(open(index)).toBe(-errno.ENODEV);
    }
    expect(caller.call("rk_blkdev_info", 0, NOBODYS)).toBe(-errno.EFAULT);
  });

  test("are asked through rings of the same capacity, which have to be ones", () => {
    for (const capacity of [0, 3, -8, 2 ** 21])
      expect(open(0, SUBMISSIONS, COMPLETIONS, capacity)).toBe(-errno.EINVAL);
    expect(open(0, SUBMISSIONS + 4)).toBe(-errno.EINVAL);
    expect(open(0, SUBMISSIONS, COMPLETIONS + 1)).toBe(-errno.EINVAL);
    expect([kick(0), kick(99), kick(-1)]).toEqual(Array(3).fill(-errno.EBADF));
    const mutex = caller.call("rk_mutex_create", 0);
    expect(kick(mutex)).toBe(-errno.EBADF);
    expect(caller.call("rk_close", queue)).toBe(0);
    expect(kick()).toBe(-errno.EBADF);
  });
});

describe("a request", () => {
  test("moves whole sectors between the disk and memory", () => {
    const bytes = Uint8Array.from({ length: 3 * SECTOR }, (_, i) => i * 7);
    caller.memory.write(BUFFER, bytes);
    expect(request(WRITE, 5, 3)).toBe(0);
    expect(disk.bytes.subarray(5 * SECTOR, 8 * SECTOR)).toEqual(bytes);
    expect(disk.bytes.subarray(0, 5 * SECTOR).every((byte) => byte === 0)).toBe(true);
    expect(request(READ, 6, 1, BUFFER + 0x2001)).toBe(0);
    expect(caller.memory.read(BUFFER + 0x2001, SECTOR)).toEqual(bytes.slice(SECTOR, 2 * SECTOR));
    expect(request(READ, 0, SECTORS, BUFFER + 0x4000)).toBe(0);
    expect(caller.memory.read(BUFFER + 0x4000, SECTORS * SECTOR)).toEqual(disk.bytes);
    expect([request(FLUSH, 0, 0), disk.flushes]).toEqual([0, 1]);
  });

  test("stays on the disk", () => {
    for (const operation of [READ, WRITE]) {
      expect(request(operation, SECTORS - 1, 1)).toBe(0);
      for (const [sector, count] of [
        [SECTORS, 1],
        [SECTORS - 1, 2],
        [0, SECTORS + 1],
        [0, 0],
        [0, 2049],
        [2n ** 63n - 1n, 1],
        [-1, 1],
        [-1, 2],
        [0, -1],
        [1n << 55n, 1n << 55n],
      ])
        expect(request(operation, sector, count), `${sector} ${count}`).toBe(-errno.EINVAL);
    }
    expect([request(FLUSH, 1, 0), request(FLUSH, 0, 1), disk.flushes]).toEqual([
      -errno.EINVAL,
      -errno.EINVAL,
      0,
    ]);
    expect([request(3, 0, 1), request(0xffff_ffff, 0, 1)]).toEqual(Array(2).fill(-errno.EOPNOTSUPP));
  });

  test("stays in the program's memory", () => {
    expect(request(READ, 0, 1, NOBODYS)).toBe(-errno.EFAULT);
    expect(request(READ, 0, 2, NOBODYS - SECTOR)).toBe(-errno.EFAULT);
    expect(request(WRITE, 0, 1, 8)).toBe(-errno.EFAULT);
    expect(request(WRITE, 0, 1, -8)).toBe(-errno.EFAULT);
    expect(request(READ, 0, 1, NOBODYS - SECTOR)).toBe(0);
  });

  test("fails where the disk does, whatever the reason", () => {
    disk.broken = true;
    for (const operation of [READ, WRITE]) expect(request(operation, 0, 1)).toBe(-errno.EIO);
    expect(request(FLUSH, 0, 0)).toBe(-errno.EIO);
  });

  test("writes no disk that is only to be read", () => {
    queue = open(1);
    expect([request(WRITE, 0, 1), request(READ, 0, 2), request(READ, 0, 3)]).toEqual([
      ...[-errno.EROFS, 0, -errno.EINVAL],
    ]);
  });
});

describe("a kick", () => {
  test("does all that was submitted, in order, and says so where there is room", () => {
    const requests = Array.from({ length: CAPACITY }, (_, i) => submit(FLUSH, 0, 0, 0, i));
    expect(kick()).toBe(CAPACITY);
    // The next are done when somebody has looked at these.
    const later = submit(FLUSH, 0, 0, 0, CAPACITY);
    expect([kick(), disk.flushes, submissions.count()]).toEqual([0, CAPACITY, 1]);
    for (const at of requests) expect(completions.dequeue()).toBe(BigInt(at));
    expect([kick(), completions.dequeue(), kick()]).toEqual([1, BigInt(later), 0]);
  });

  test("wakes who waits for what is done", () => {
    const other = kernel.caller(caller.call("clone", THREAD, DATA + 0x8000));
    const waiting = other.start("rk_ring_wait", COMPLETIONS, CAPACITY, 0, -1);
    expect(kick()).toBe(0);
    expect(waiting.result).toBeUndefined();
    submit(FLUSH, 0, 0);
    kick();
    expect(waiting.result).toBe(0);
  });

  test("ends with EFAULT at a request that is nowhere", () => {
    submissions.enqueue(BigInt(NOBODYS));
    expect(kick()).toBe(-errno.EFAULT);
    submissions.enqueue(2n ** 64n - 1n);
    expect(kick()).toBe(-errno.EFAULT);
    expect([completions.count(), request(READ, 0, 1)]).toEqual([0, 0]);
  });

  test("answers indices that no ring can have", () => {
    submit(FLUSH, 0, 0);
    caller.memory.writeU32(COMPLETIONS + 64, 1000);
    expect([kick(), disk.flushes]).toEqual([-errno.EIO, 0]);
    caller.call("rk_ring_create", COMPLETIONS, CAPACITY);
    caller.memory.writeU32(SUBMISSIONS + 4, 1000);
    expect([kick(), disk.flushes]).toEqual([-errno.EIO, 0]);
  });

  test("ends soon, also of a ring that is both", () => {
    queue = open(0, SUBMISSIONS, SUBMISSIONS);
    submit(FLUSH, 0, 0);
    const count = kick();
    expect(count).toBeGreaterThanOrEqual(0);
    expect(count).toBeLessThanOrEqual(1024);
    expect(disk.flushes).toBe(count);
  });

  test("moves 4 MiB at a time, and the rest with the next", async () => {
    const large = new Disk(new Uint8Array(8 << 20));
    kernel = await nativeKernel([large]);
    caller = kernel.first;
    const capacity = 64;
    for (const at of [SUBMISSIONS, DATA + 0x600]) caller.call("rk_ring_create", at, capacity);
    submissions =
      kernel.kernel.use(rings).attach(caller.memory, SUBMISSIONS, capacity) ?? expect.fail("no ring");
    queue = open(0, SUBMISSIONS, DATA + 0x600, capacity);
    const buffer = caller.call("mmap", 0, 1 << 20, 3, 0x22, -1, 0);
    const at = DATA + 0xc00;
    for (let i = 0; i < 6; i++) {
      caller.put(at + 32 * i, READ, 0, 2048, buffer);
      submissions.enqueue(BigInt(at + 32 * i));
    }
    expect([kick(), kick(), kick()]).toEqual([4, 2, 0]);
  });
});
