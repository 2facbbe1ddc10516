import { beforeEach, describe, expect, test } from "vitest";
import { type Caller, DATA, DATA_SIZE, type TestKernel } from "../kernel-fixture.ts";
import { nativeResources } from "../rknative/library.ts";
import { nativeKernel, THREAD } from "../rknative/native-fixture.ts";
import { errno } from "../syscalls/errno.ts";

const FOREVER = -1;
const NOBODYS = DATA + DATA_SIZE;

let kernel: TestKernel;
let caller: Caller;
let other: Caller;

beforeEach(async () => {
  kernel = await nativeKernel();
  caller = kernel.first;
  other = kernel.caller(caller.call("clone", THREAD, DATA + 0x8000));
});

const create = (capacity: number | bigint) => caller.call("rk_mailbox_create", capacity);
const post = (box: number, word: bigint | number, timeout = 0) =>
  caller.call("rk_mailbox_post", box, word, timeout);
const receive = (box: number, timeout = 0, at = DATA) => caller.call("rk_mailbox_receive", box, at, timeout);
const word = () => caller.memory.readU64(DATA);
const left = () => (kernel.kernel.use(nativeResources).messages as unknown as { left: number }).left;

describe("a mailbox", () => {
  test("keeps words of 64 bits in order, as many as it was made for", () => {
    const box = create(3);
    const words = [1n, 2n ** 64n - 1n, 0x8000_0000_0000_0001n];
    for (const one of words) expect(post(box, BigInt.asIntN(64, one))).toBe(0);
    expect(post(box, 4)).toBe(-errno.ENOBUFS);
    expect(caller.call("rk_mailbox_count", box)).toBe(3);
    for (const one of words) {
      expect(receive(box)).toBe(0);
      expect(word()).toBe(one);
    }
    expect(receive(box)).toBe(-errno.ENOBUFS);
    expect(caller.call("rk_mailbox_count", box)).toBe(0);
  });

  test("keeps a word that could not be delivered", () => {
    const box = create(1);
    post(box, 5);
    expect(receive(box, 0, NOBODYS)).toBe(-errno.EFAULT);
    expect(receive(box, FOREVER, NOBODYS - 4)).toBe(-errno.EFAULT);
    expect([receive(box), word()]).toEqual([0, 5n]);
  });

  test("is waited for until there is a word, or room", () => {
    const box = create(1);
    const taking = other.start("rk_mailbox_receive", box, DATA, FOREVER);
    expect(taking.result).toBeUndefined();
    post(box, -7);
    expect([taking.result, word()]).toEqual([0, 2n ** 64n - 7n]);
    post(box, 1);
    const putting = other.start("rk_mailbox_post", box, -2n, FOREVER);
    expect(putting.result).toBeUndefined();
    receive(box);
    expect(putting.result).toBe(0);
    // All 64 bits of it, although the registers were another thread's meanwhile.
    expect([receive(box), word()]).toEqual([0, 2n ** 64n - 2n]);
  });

  test("is waited for as long as was said", () => {
    const box = create(1);
    for (const name of ["rk_mailbox_receive", "rk_mailbox_post"]) {
      const waiting = other.start(name, box, DATA, 1000);
      kernel.pass(900);
      expect(waiting.result).toBeUndefined();
      kernel.pass(200);
      expect(waiting.result).toBe(-errno.ENOBUFS);
      post(box, 0);
    }
  });

  test("tells those who wait that it is gone", () => {
    const box = create(1);
    const taking = other.start("rk_mailbox_receive", box, DATA, FOREVER);
    expect(caller.call("rk_close", box)).toBe(0);
    kernel.settle();
    expect(taking.result).toBe(-errno.EIDRM);
  });

  test("is shared with children, and lives until the last one has closed it", () => {
    const box = create(1);
    const child = caller.fork();
    caller.call("rk_close", box);
    expect(child.call("rk_mailbox_post", box, 3, 0)).toBe(0);
    const grandchild = child.fork();
    child.call("exit_group", 0);
    expect(grandchild.call("rk_mailbox_receive", box, DATA, 0)).toBe(0);
    expect(grandchild.memory.readU64(DATA)).toBe(3n);
    grandchild.call("exit_group", 0);
    expect(left()).toBe(2 ** 20);
  });
});

describe("what is no mailbox", () => {
  test("cannot be made", () => {
    for (const capacity of [0, -1, 65_537, 2n ** 62n, -(2n ** 63n)])
      expect(create(capacity), String(capacity)).toBe(-errno.EINVAL);
  });

  test("cannot be used, also where the handle is that of something else", () => {
    const mutex = caller.call("rk_mutex_create", 0);
    for (const handle of [0, -1, 99, mutex, 2 ** 40]) {
      expect(post(handle, 1)).toBe(-errno.EBADF);
      expect(receive(handle)).toBe(-errno.EBADF);
      expect(caller.call("rk_mailbox_count", handle)).toBe(-errno.EBADF);
    }
  });

  test("messages of all mailboxes are limited, and given back", () => {
    const boxes = Array.from({ length: 16 }, () => create(65_536));
    expect(boxes.every((box) => box > 0)).toBe(true);
    expect([create(1), left()]).toEqual([-errno.ENOMEM, 0]);
    caller.call("rk_close", boxes[3]);
    expect(left()).toBe(65_536);
    expect([create(65_537), create(65_536), create(1)]).toEqual([-errno.EINVAL, boxes[3], -errno.ENOMEM]);
  });

  test("takes nothing of the limit where there is no handle left", () => {
    const handles = Array.from({ length: 1024 }, () => create(1));
    expect(handles.at(-1)).toBe(1024);
    const before = left();
    expect([create(1), left()]).toEqual([-errno.EMFILE, before]);
  });
});
