import { beforeEach, describe, expect, test } from "vitest";
import { type Caller, DATA, DATA_SIZE, type TestKernel } from "../kernel-fixture.ts";
import { nativeKernel, THREAD } from "../rknative/native-fixture.ts";
import { type Ring, rings } from "../rkring/ring.ts";
import { errno } from "../syscalls/errno.ts";

const CAPACITY = 4;
const FOREVER = -1;
const [CONSUMERS, PRODUCERS] = [0, 1];
/** Where the header says that somebody waits. */
const WAITING = [DATA + 12, DATA + 76];
const NOBODYS = DATA + DATA_SIZE;

let kernel: TestKernel;
let caller: Caller;
let other: Caller;
let ring: Ring;

beforeEach(async () => {
  kernel = await nativeKernel();
  caller = kernel.first;
  other = kernel.caller(caller.call("clone", THREAD, DATA + 0x8000));
  expect(caller.call("rk_ring_create", DATA, CAPACITY)).toBe(0);
  ring = ringOf(caller);
});

/** The program's end of the ring, which asks the kernel nothing. */
const ringOf = ({ memory }: Caller, at = DATA) =>
  kernel.kernel.use(rings).attach(memory, at, CAPACITY) ?? expect.fail("no ring");
const wait = (from: Caller, side: number, timeout: number, at = DATA) =>
  from.start("rk_ring_wait", at, CAPACITY, side, timeout);
const wake = (side: number, from = caller, at = DATA) => from.call("rk_ring_wake", at, side);
const isAwaited = (side: number) => caller.memory.readU32(WAITING[side]) !== 0;
const fill = () => {
  while (!ring.isFull()) ring.enqueue(1n);
};

describe("waiting", () => {
  test("is over at once where there is a word, or room", () => {
    expect(wait(caller, PRODUCERS, FOREVER).result).toBe(0);
    ring.enqueue(1n);
    expect(wait(caller, CONSUMERS, FOREVER).result).toBe(0);
    expect(wait(caller, PRODUCERS, FOREVER).result).toBe(0);
    expect([isAwaited(CONSUMERS), isAwaited(PRODUCERS)]).toEqual([false, false]);
  });

  test("leaves word for the other side, who wakes it when the ring has changed", () => {
    const taking = wait(other, CONSUMERS, FOREVER);
    expect([taking.result, isAwaited(CONSUMERS), isAwaited(PRODUCERS)]).toEqual([undefined, true, false]);
    // In vain: it waits on, and says so again.
    wake(CONSUMERS);
    expect([taking.result, isAwaited(CONSUMERS)]).toEqual([undefined, true]);
    ring.enqueue(1n);
    expect(taking.result).toBeUndefined();
    wake(PRODUCERS);
    expect(taking.result).toBeUndefined();
    wake(CONSUMERS);
    expect([taking.result, isAwaited(CONSUMERS)]).toEqual([0, false]);
    fill();
    const putting = wait(other, PRODUCERS, FOREVER);
    expect([putting.result, isAwaited(PRODUCERS)]).toEqual([undefined, true]);
    ring.dequeue();
    wake(PRODUCERS);
    expect(putting.result).toBe(0);
  });

  test("lasts as long as was said, and 0 does not wait", () => {
    expect(wait(caller, CONSUMERS, 0).result).toBe(-errno.ETIMEDOUT);
    expect(isAwaited(CONSUMERS)).toBe(false);
    const taking = wait(other, CONSUMERS, 1000);
    kernel.pass(900);
    expect(taking.result).toBeUndefined();
    kernel.pass(200);
    expect(taking.result).toBe(-errno.ETIMEDOUT);
  });

  test("ends when the ring is made anew, or its indices are wrong", () => {
    fill();
    const putting = wait(other, PRODUCERS, FOREVER);
    expect(caller.call("rk_ring_create", DATA, CAPACITY)).toBe(0);
    expect(putting.result).toBe(0);
    const taking = wait(other, CONSUMERS, FOREVER);
    caller.memory.writeU32(DATA, 5000);
    caller.memory.writeU32(DATA + 4, 5000);
    wake(CONSUMERS);
    expect(taking.result).toBe(-errno.EIO);
    expect(wait(caller, PRODUCERS, FOREVER).result).toBe(-errno.EIO);
  });

  test("ends with EFAULT where the memory goes meanwhile", () => {
    const at = caller.call("mmap", 0, 4096, 3, 0x22, -1, 0);
    caller.call("rk_ring_create", at, CAPACITY);
    const taking = wait(other, CONSUMERS, 1000, at);
    caller.call("munmap", at, 4096);
    kernel.pass(2000);
    expect(taking.result).toBe(-errno.EFAULT);
  });
});

describe("who is woken", () => {
  test("is everybody at that ring and that side, and nobody else", () => {
    const next = DATA + 0x400;
    caller.call("rk_ring_create", next, CAPACITY);
    const third = kernel.caller(caller.call("clone", THREAD, DATA + 0x9000));
    const [here, there] = [wait(other, CONSUMERS, FOREVER), wait(third, CONSUMERS, FOREVER, next)];
    ring.enqueue(1n);
    ringOf(caller, next).enqueue(1n);
    wake(CONSUMERS);
    expect([here.result, there.result]).toEqual([0, undefined]);
    wake(CONSUMERS, caller, next);
    expect(there.result).toBe(0);
  });

  test("is in other processes too where they share the memory, at whatever address", () => {
    const [SHARED, ANONYMOUS] = [1, 0x20];
    const at = caller.call("mmap", 0, 8192, 3, SHARED | ANONYMOUS, -1, 0) + 512;
    caller.call("rk_ring_create", at, CAPACITY);
    const child = caller.fork();
    const moved = child.call("mremap", at - 512, 8192, 8192, 3, 0x7000_0000) + 512;
    expect(moved).toBe(0x7000_0000 + 512);
    const taking = child.start("rk_ring_wait", moved, CAPACITY, CONSUMERS, FOREVER);
    ringOf(caller, at).enqueue(9n);
    wake(CONSUMERS, caller, at);
    expect(taking.result).toBe(0);
    expect(ringOf(child, moved).dequeue()).toBe(9n);
  });

  test("is not at the same address of a process with a copy", () => {
    const child = caller.fork();
    const taking = child.start("rk_ring_wait", DATA, CAPACITY, CONSUMERS, FOREVER);
    ringOf(child).enqueue(1n);
    wake(CONSUMERS);
    expect(taking.result).toBeUndefined();
    wake(CONSUMERS, child);
    expect(taking.result).toBe(0);
  });
});

test("what is no ring is refused", () => {
  const call = (name: string, ...args: (number | bigint)[]) => caller.call(name, ...args);
  for (const capacity of [0, 3, -4, 2 ** 21, 2n ** 62n]) {
    expect(call("rk_ring_create", DATA, capacity)).toBe(-errno.EINVAL);
    expect(call("rk_ring_wait", DATA, capacity, CONSUMERS, 0)).toBe(-errno.EINVAL);
  }
  for (const side of [2, -1]) {
    expect(call("rk_ring_wait", DATA, CAPACITY, side, 0)).toBe(-errno.EINVAL);
    expect(call("rk_ring_wake", DATA, side)).toBe(-errno.EINVAL);
  }
  expect(call("rk_ring_create", DATA + 4, CAPACITY)).toBe(-errno.EINVAL);
  expect(call("rk_ring_wake", DATA + 4, CONSUMERS)).toBe(-errno.EINVAL);
  for (const at of [NOBODYS, 8, -8, 2n ** 62n]) {
    expect(call("rk_ring_create", at, CAPACITY), String(at)).toBe(-errno.EFAULT);
    expect(call("rk_ring_wait", at, CAPACITY, CONSUMERS, 0), String(at)).toBe(-errno.EFAULT);
    expect(call("rk_ring_wake", at, CONSUMERS), String(at)).toBe(-errno.EFAULT);
  }
});
