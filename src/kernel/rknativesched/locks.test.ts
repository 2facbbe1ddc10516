import { beforeEach, describe, expect, test } from "vitest";
import type { Caller, TestKernel } from "../kernel-fixture.ts";
import { DATA } from "../kernel-fixture.ts";
import { nativeKernel, THREAD } from "../rknative/native-fixture.ts";
import { errno } from "../syscalls/errno.ts";

/** What rklock does is tested there: here, that programs reach it by handles. */

const FOREVER = -1;
const RECURSIVE = 1;

let kernel: TestKernel;
let caller: Caller;
let other: Caller;

beforeEach(async () => {
  kernel = await nativeKernel();
  caller = kernel.first;
  other = kernel.caller(caller.call("clone", THREAD, DATA + 0x8000));
});

const call = (name: string, ...args: number[]) => caller.call(name, ...args);

test("a mutex belongs to a thread, also of another process", () => {
  const mutex = call("rk_mutex_create", 0);
  expect(call("rk_mutex_lock", mutex, 0)).toBe(0);
  expect([call("rk_mutex_lock", mutex, FOREVER), other.call("rk_mutex_lock", mutex, 0)]).toEqual([
    -errno.EDEADLK,
    -errno.ETIMEDOUT,
  ]);
  expect(other.call("rk_mutex_unlock", mutex)).toBe(-errno.EPERM);
  const child = caller.fork();
  const waiting = [other, child].map((one) => one.start("rk_mutex_lock", mutex, FOREVER));
  expect(waiting.map(({ result }) => result)).toEqual([undefined, undefined]);
  expect(call("rk_mutex_unlock", mutex)).toBe(0);
  expect(waiting.map(({ result }) => result)).toEqual([0, undefined]);
  expect(other.call("rk_mutex_unlock", mutex)).toBe(0);
  expect(waiting[1].result).toBe(0);
});

test("a mutex is recursive where that was asked for, and nothing else can be asked", () => {
  const mutex = call("rk_mutex_create", RECURSIVE);
  expect([call("rk_mutex_lock", mutex, 0), call("rk_mutex_lock", mutex, 0)]).toEqual([0, 0]);
  expect([
    call("rk_mutex_unlock", mutex),
    call("rk_mutex_unlock", mutex),
    call("rk_mutex_unlock", mutex),
  ]).toEqual([...[0, 0, -errno.EPERM]]);
  for (const flags of [2, 3, -1]) expect(call("rk_mutex_create", flags)).toBe(-errno.EINVAL);
});

test("a semaphore has as many permits as were said, within POSIX's bounds", () => {
  const semaphore = call("rk_semaphore_create", 1);
  expect([call("rk_semaphore_down", semaphore, 0), call("rk_semaphore_down", semaphore, 0)]).toEqual([
    ...[0, -errno.ETIMEDOUT],
  ]);
  const waiting = other.start("rk_semaphore_down", semaphore, FOREVER);
  expect(call("rk_semaphore_up", semaphore)).toBe(0);
  expect(waiting.result).toBe(0);
  for (const permits of [-1, 2 ** 31, 2 ** 52])
    expect(call("rk_semaphore_create", permits)).toBe(-errno.EINVAL);
  expect(call("rk_semaphore_up", call("rk_semaphore_create", 2 ** 31 - 1))).toBe(-errno.EOVERFLOW);
});

test("a condition is waited for with a mutex, for as long as was said", () => {
  const [condition, mutex] = [call("rk_condition_create"), call("rk_mutex_create", 0)];
  expect(call("rk_condition_wait", condition, mutex, 0)).toBe(-errno.EPERM);
  expect(call("rk_condition_wait", condition, condition, 0)).toBe(-errno.EBADF);
  call("rk_mutex_lock", mutex, 0);
  const timed = caller.start("rk_condition_wait", condition, mutex, 1000);
  expect(other.call("rk_mutex_lock", mutex, 0)).toBe(0);
  kernel.pass(1100);
  expect(timed.result).toBe(-errno.ETIMEDOUT);
  const waiting = other.start("rk_condition_wait", condition, mutex, FOREVER);
  expect(call("rk_condition_signal", condition)).toBe(0);
  expect(waiting.result).toBe(0);
  expect(call("rk_condition_broadcast", condition)).toBe(0);
});

test("one call unlocks what reads and what writes", () => {
  const lock = call("rk_rwlock_create");
  expect([call("rk_rwlock_read", lock, 0), other.call("rk_rwlock_read", lock, 0)]).toEqual([0, 0]);
  const writing = other.start("rk_rwlock_write", lock, FOREVER);
  expect(call("rk_rwlock_read", lock, 0)).toBe(-errno.ETIMEDOUT);
  expect([call("rk_rwlock_unlock", lock), writing.result]).toEqual([0, undefined]);
  expect([call("rk_rwlock_unlock", lock), writing.result]).toEqual([0, 0]);
  // It is the other one's, who writes: nobody reads.
  expect(call("rk_rwlock_unlock", lock)).toBe(-errno.EPERM);
  expect(other.call("rk_rwlock_write", lock, FOREVER)).toBe(-errno.EDEADLK);
  expect(other.call("rk_rwlock_unlock", lock)).toBe(0);
});

describe("handles", () => {
  const users: Record<string, readonly string[]> = {
    rk_mutex_create: ["rk_mutex_lock", "rk_mutex_unlock"],
    rk_semaphore_create: ["rk_semaphore_down", "rk_semaphore_up"],
    rk_condition_create: ["rk_condition_wait", "rk_condition_signal", "rk_condition_broadcast"],
    rk_rwlock_create: ["rk_rwlock_read", "rk_rwlock_write", "rk_rwlock_unlock"],
  };

  test("of one kind are of no use for another", () => {
    for (const maker of Object.keys(users)) {
      const handle = call(maker, 0);
      for (const [other_, calls] of Object.entries(users))
        for (const name of calls)
          if (other_ !== maker) expect(call(name, handle, 0, 0), `${maker} ${name}`).toBe(-errno.EBADF);
    }
    for (const name of Object.values(users).flat())
      for (const handle of [0, -1, 99, 2 ** 40]) expect(call(name, handle, 0, 0)).toBe(-errno.EBADF);
  });

  test.each([
    ["rk_mutex_create", "rk_mutex_lock"],
    ["rk_semaphore_create", "rk_semaphore_down"],
    ["rk_rwlock_create", "rk_rwlock_write"],
  ])("that nobody has any more end all waits: %s", (maker, name) => {
    const handle = call(maker, 0);
    const child = caller.fork();
    if (maker !== "rk_semaphore_create") call(name, handle, 0);
    const waiting = other.start(name, handle, FOREVER);
    call("rk_close", handle);
    kernel.settle();
    expect([waiting.result, call(name, handle, 0)]).toEqual([undefined, -errno.EBADF]);
    child.call("rk_close", handle);
    kernel.settle();
    expect(waiting.result).toBe(-errno.EIDRM);
  });
});
