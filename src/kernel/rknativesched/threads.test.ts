import { beforeEach, describe, expect, test } from "vitest";
import { HART } from "../../cpu/layout.ts";
import { type Caller, DATA, DATA_SIZE, type TestKernel } from "../kernel-fixture.ts";
import { nativeKernel } from "../rknative/native-fixture.ts";
import { credentialsFor } from "../rkprocess/credentials.ts";
import { Policy } from "../rksched/scheduler.ts";
import { errno } from "../syscalls/errno.ts";

const FOREVER = -1;
const [SP, RA, A0, A1] = [2, 1, 10, 11];
const NOBODYS = DATA + DATA_SIZE;

let kernel: TestKernel;
let caller: Caller;

beforeEach(async () => {
  kernel = await nativeKernel();
  caller = kernel.first;
});

const create = (size: number | bigint = 0, priority = 0) =>
  caller.call("rk_thread_create", 0x4000, 0, 0, size, priority);
const join = (tid: number, timeout = 0, at = 0) => caller.call("rk_thread_join", tid, at, timeout);
const mapped = () => caller.process.memory.mappings().length;

describe("a thread", () => {
  test("begins where it was said, with two arguments, on a stack of its own above a page that nobody has", () => {
    const tid = caller.call("rk_thread_create", 0x4000, -2n, 2 ** 40, 10_000, 0);
    const { thread } = kernel.caller(tid);
    const view = new DataView(thread.context.buffer, thread.context.byteOffset);
    const x = (register: number) => view.getBigInt64(HART.x + register * 8, true);
    expect([view.getBigInt64(HART.pc, true), x(A0), x(A1), x(RA)]).toEqual([0x4000n, -2n, 2n ** 40n, 0n]);
    const top = Number(x(SP));
    expect(top % 16).toBe(0);
    caller.memory.writeU32(top - 4, 1);
    caller.memory.writeU32(top - 12_288, 1);
    expect(() => caller.memory.writeU32(top - 12_292, 1)).toThrow();
    expect(kernel.caller(tid).call("rk_thread_self")).toBe(tid);
  });

  test("leaves its value to who joins it, once, and its stack to nobody", () => {
    const before = mapped();
    const tid = create(1 << 20);
    expect(mapped()).toBeGreaterThan(before);
    const joining = caller.start("rk_thread_join", tid, DATA, FOREVER);
    expect(joining.result).toBeUndefined();
    kernel.start(kernel.caller(tid).thread, "rk_thread_exit", [-5n]);
    kernel.settle();
    expect([joining.result, caller.memory.readU64(DATA), mapped()]).toEqual([0, 2n ** 64n - 5n, before]);
    expect(join(tid)).toBe(-errno.ESRCH);
  });

  test("can be joined when it has ended long ago, for as long as one likes to wait for others", () => {
    const [ended, running] = [create(), create()];
    kernel.start(kernel.caller(ended).thread, "rk_thread_exit", [7]);
    expect(join(ended, 0, NOBODYS)).toBe(-errno.EFAULT);
    expect([join(ended, 0, DATA), caller.memory.readU64(DATA)]).toEqual([0, 7n]);
    expect(join(running)).toBe(-errno.ETIMEDOUT);
    const joining = caller.start("rk_thread_join", running, 0, 1000);
    kernel.pass(900);
    expect(joining.result).toBeUndefined();
    kernel.pass(200);
    expect(joining.result).toBe(-errno.ETIMEDOUT);
  });

  test("that is detached is joined by nobody, whoever waited for it already", () => {
    const [tid, later] = [create(), create()];
    const joining = caller.start("rk_thread_join", tid, 0, FOREVER);
    expect(kernel.caller(later).call("rk_thread_detach", tid)).toBe(0);
    expect(joining.result).toBe(-errno.ESRCH);
    expect(caller.call("rk_thread_detach", tid)).toBe(-errno.ESRCH);
    kernel.start(kernel.caller(later).thread, "rk_thread_exit", []);
    expect(caller.call("rk_thread_detach", later)).toBe(0);
    expect(join(later)).toBe(-errno.ESRCH);
  });

  test("of two who join it one gets its value", () => {
    const [tid, other] = [create(), create()];
    const both = [caller, kernel.caller(other)].map((one) => one.start("rk_thread_join", tid, DATA, FOREVER));
    kernel.start(kernel.caller(tid).thread, "rk_thread_exit", [1]);
    kernel.settle();
    expect(both.map(({ result }) => result).sort()).toEqual([-errno.ESRCH, 0]);
  });

  test("cannot be made of what makes no sense, and is joined neither by itself nor as somebody else", () => {
    const before = mapped();
    for (const size of [-1, (64 << 20) + 1, 2n ** 62n]) expect(create(size)).toBe(-errno.EINVAL);
    for (const priority of [-1, 100]) expect(create(0, priority)).toBe(-errno.EINVAL);
    expect([mapped(), caller.process.threads.length]).toEqual([before, 1]);
    const tid = create();
    expect(kernel.caller(tid).call("rk_thread_join", tid, 0, 0)).toBe(-errno.EDEADLK);
    // Threads that were made otherwise, and other processes' threads.
    expect(join(caller.thread.tid + 1000)).toBe(-errno.ESRCH);
    const child = caller.fork();
    expect(child.call("rk_thread_join", tid, 0, 0)).toBe(-errno.ESRCH);
  });

  test("stays within the limits of memory", () => {
    const before = mapped();
    const ADDRESS_SPACE = 9;
    caller.process.limits[ADDRESS_SPACE].soft = 1n << 20n;
    expect(create(16 << 20)).toBe(-errno.ENOMEM);
    expect([mapped(), caller.process.threads.length]).toEqual([before, 1]);
  });
});

describe("priorities", () => {
  test("are those of SCHED_RR, and 0 is that of everybody", () => {
    const thread = (tid: number) => kernel.caller(tid).thread.scheduling;
    const [usual, urgent] = [create(), create(0, 40)];
    expect(thread(usual)).toMatchObject({ policy: Policy.other, priority: 0 });
    expect(thread(urgent)).toMatchObject({ policy: Policy.roundRobin, priority: 40 });
    expect(caller.call("rk_thread_set_priority", usual, 99)).toBe(0);
    expect(caller.call("rk_thread_set_priority", urgent, 0)).toBe(0);
    expect(caller.call("rk_thread_set_priority", 0, 5)).toBe(0);
    expect([thread(usual).priority, thread(urgent).policy, caller.thread.scheduling.priority]).toEqual([
      ...[99, Policy.other, 5],
    ]);
    for (const priority of [-1, 100, 2 ** 40])
      expect(caller.call("rk_thread_set_priority", 0, priority)).toBe(-errno.EINVAL);
    expect(caller.call("rk_thread_set_priority", 5000, 1)).toBe(-errno.ESRCH);
    expect(caller.call("rk_thread_set_priority", caller.fork().thread.tid, 1)).toBe(-errno.ESRCH);
  });

  test("are for who may have them", () => {
    caller.process.credentials = credentialsFor(1000, 1000);
    expect([create(0, 1), caller.call("rk_thread_set_priority", 0, 1)]).toEqual([-errno.EPERM, -errno.EPERM]);
    expect(caller.call("rk_thread_set_priority", 0, 0)).toBe(0);
    expect(create()).toBeGreaterThan(1);
  });
});

test("sleep ends when its time is over, not before and not without it", () => {
  const sleeping = caller.start("rk_thread_sleep", 1000);
  kernel.pass(900);
  expect(sleeping.result).toBeUndefined();
  kernel.pass(200);
  expect(sleeping.result).toBe(0);
  expect([caller.call("rk_thread_sleep", 0), caller.call("rk_thread_sleep", -1)]).toEqual([0, -errno.EINVAL]);
});
