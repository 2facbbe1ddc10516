import { beforeEach, describe, expect, test } from "vitest";
import { credentialsFor } from "../rkprocess/credentials.ts";
import { initialLimits, Limit } from "../rkprocess/limits.ts";
import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { INITIAL_SCHEDULING, Policy, type Scheduling, scheduler } from "../rksched/scheduler.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { UserFault } from "../rkvm/user-memory.ts";
import { errno } from "../syscalls/errno.ts";
import { prioritySyscalls } from "./priority.ts";
import { schedulingSyscalls } from "./scheduling.ts";

/** Some bytes from 0x1000 on, and nothing else. */
const AT = 0x1000;
let bytes: Uint8Array;
let view: DataView;
const offset = (address: number, length: number) => {
  if (address < AT || address + length > AT + bytes.length) throw new UserFault(address);
  return address - AT;
};
const memory = {
  read: (at: number, length: number) =>
    bytes.slice(offset(at, length), offset(at, length) + length) as Uint8Array,
  write: (at: number, from: Uint8Array) => bytes.set(from, offset(at, from.length)),
  readI32: (at: number) => view.getInt32(offset(at, 4), true),
  readU32: (at: number) => view.getUint32(offset(at, 4), true),
  writeU32: (at: number, value: number) => view.setUint32(offset(at, 4), value, true),
};

let threads: Thread[];
const kernel = {
  use(api: unknown) {
    if (api === dispatcher)
      return {
        changeScheduling: (thread: Thread, change: Scheduling) => Object.assign(thread.scheduling, change),
      };
    if (api === scheduler) return { interval: () => 7_000_000 };
    if (api === processTable)
      return {
        findThread: (tid: number) => threads.find((thread) => thread.tid === tid),
        all: () => threads.map(({ process }) => process),
      };
    throw new Error("not here");
  },
};

function made(tid: number, uid: number, change: Partial<Scheduling> = {}): Thread {
  const process = {
    pid: tid,
    processGroup: 1,
    credentials: credentialsFor(uid, uid),
    limits: initialLimits(),
    threads: [] as unknown[],
  };
  const thread = { tid, process, kernel, memory, scheduling: { ...INITIAL_SCHEDULING, ...change } };
  process.threads.push(thread);
  return thread as unknown as Thread;
}

let root: Thread;
let user: Thread;
beforeEach(() => {
  bytes = new Uint8Array(8192);
  view = new DataView(bytes.buffer);
  root = made(1, 0);
  user = made(2, 1000);
  threads = [root, user];
});

const rows = [...schedulingSyscalls, ...prioritySyscalls];
const call = (thread: Thread, name: string, ...args: number[]) => {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args;
  return rows.find((row) => row.name === name)?.run(thread, a, b, c, d, e, f);
};
const setScheduler = (thread: Thread, tid: number, policy: number, priority: number) => {
  view.setInt32(0, priority, true);
  return call(thread, "sched_setscheduler", tid, policy, AT);
};

describe("policies", () => {
  test("root sets what makes sense, on anybody", () => {
    expect(setScheduler(root, 2, Policy.fifo, 99)).toBe(0);
    expect(user.scheduling).toMatchObject({ policy: Policy.fifo, priority: 99 });
    expect(call(root, "sched_getscheduler", 2)).toBe(Policy.fifo);
    for (const [policy, priority] of [
      [Policy.fifo, 0],
      [Policy.roundRobin, 100],
      [Policy.other, 1],
      [Policy.idle, -1],
      [4, 0],
      [6, 0],
      [-1, 0],
    ])
      expect(setScheduler(root, 0, policy, priority)).toBe(-errno.EINVAL);
    expect(setScheduler(root, 0, Policy.batch, 0)).toBe(0);
    expect(setScheduler(root, 3, Policy.batch, 0)).toBe(-errno.ESRCH);
    expect(setScheduler(root, -1, Policy.batch, 0)).toBe(-errno.EINVAL);
    expect(call(root, "sched_setscheduler", 0, 0, 0)).toBe(-errno.EINVAL);
    expect(() => call(root, "sched_setscheduler", 0, 0, 8)).toThrow(UserFault);
  });

  test("others may not become urgent beyond RLIMIT_RTPRIO, nor change what is not theirs", () => {
    expect(setScheduler(user, 0, Policy.fifo, 1)).toBe(-errno.EPERM);
    expect(setScheduler(user, 0, Policy.fifo, 0)).toBe(-errno.EINVAL);
    user.process.limits[Limit.realtimePriority].soft = 5n;
    expect(setScheduler(user, 0, Policy.fifo, 6)).toBe(-errno.EPERM);
    expect(setScheduler(user, 0, Policy.fifo, 5)).toBe(0);
    view.setInt32(0, 4, true);
    expect(call(user, "sched_setparam", 0, AT)).toBe(0);
    expect(setScheduler(user, 1, Policy.other, 0)).toBe(-errno.EPERM);
  });

  test("SCHED_IDLE is left, and SCHED_RESET_ON_FORK taken back, with privileges only", () => {
    expect(setScheduler(user, 0, 0x4000_0000 | Policy.idle, 0)).toBe(0);
    expect(call(user, "sched_getscheduler", 0)).toBe(0x4000_0000 | Policy.idle);
    expect(setScheduler(user, 0, 0x4000_0000, 0)).toBe(-errno.EPERM);
    user.process.limits[Limit.nice].soft = 20n;
    expect(setScheduler(user, 0, 0x4000_0000, 0)).toBe(0);
    expect(setScheduler(user, 0, Policy.other, 0)).toBe(-errno.EPERM);
    expect(setScheduler(root, 2, Policy.other, 0)).toBe(0);
  });

  test("the interval is the scheduler's", () => {
    const written: number[] = [];
    const writes = { ...memory, writeWord: (_at: number, value: number) => written.push(value) };
    call({ ...root, memory: writes } as unknown as Thread, "sched_rr_get_interval", 0, AT);
    expect(written).toEqual([0, 7_000_000]);
  });
});

describe("sched_attr", () => {
  test("what is too long for the kernel is told with the size it knows", () => {
    for (const size of [47, 4097]) {
      view.setUint32(0, size, true);
      expect(call(root, "sched_setattr", 0, AT)).toBe(-errno.E2BIG);
      expect(view.getUint32(0, true)).toBe(56);
    }
    view.setUint32(0, 64, true);
    expect(call(root, "sched_setattr", 0, AT)).toBe(0);
    bytes[60] = 1;
    view.setUint32(0, 64, true);
    expect(call(root, "sched_setattr", 0, AT)).toBe(-errno.E2BIG);
  });

  test("sets and gets policy, nice value and priority", () => {
    view.setUint32(4, Policy.batch, true);
    view.setInt32(16, 50, true);
    expect(call(root, "sched_setattr", 2, AT)).toBe(0);
    expect(user.scheduling).toMatchObject({ policy: Policy.batch, nice: 19 });
    bytes.fill(0xff);
    expect(call(root, "sched_getattr", 2, AT, 48, 0)).toBe(0);
    expect([0, 4, 8, 16, 20, 24, 48].map((at) => view.getInt32(at, true))).toEqual([
      48,
      Policy.batch,
      0,
      19,
      0,
      7_000_000,
      -1,
    ]);
    for (const size of [0, 47, 4097]) expect(call(root, "sched_getattr", 2, AT, size, 0)).toBe(-errno.EINVAL);
  });

  test("keeps what it is told to keep, and refuses flags that it does not know", () => {
    setScheduler(root, 2, Policy.roundRobin, 8);
    bytes.fill(0);
    view.setUint32(8, 0x18, true);
    expect(call(root, "sched_setattr", 2, AT)).toBe(0);
    expect(user.scheduling).toMatchObject({ policy: Policy.roundRobin, priority: 8 });
    view.setUint32(12, 1, true);
    expect(call(root, "sched_setattr", 2, AT)).toBe(-errno.EINVAL);
    view.setBigUint64(8, 0x20n, true);
    expect(call(root, "sched_setattr", 2, AT)).toBe(-errno.EINVAL);
  });
});

describe("nice values", () => {
  test("are bounded, and told as 40 to 1, the best of those meant", () => {
    expect(call(root, "setpriority", 0, 2, 100)).toBe(0);
    expect(call(root, "setpriority", 0, 0, -100)).toBe(0);
    expect([call(root, "getpriority", 0, 2), call(root, "getpriority", 1, 1)]).toEqual([1, 40]);
    expect(call(root, "getpriority", 2, 1000)).toBe(1);
    expect([call(root, "setpriority", 3, 0, 0), call(root, "getpriority", -1, 0)]).toEqual([
      -errno.EINVAL,
      -errno.EINVAL,
    ]);
    expect(call(root, "setpriority", 0, 9, 0)).toBe(-errno.ESRCH);
  });

  test("go up for everybody, down within RLIMIT_NICE, and of one's own only", () => {
    expect(call(user, "setpriority", 0, 0, 5)).toBe(0);
    expect(call(user, "setpriority", 0, 0, 4)).toBe(-errno.EACCES);
    user.process.limits[Limit.nice].soft = 18n;
    expect([call(user, "setpriority", 0, 0, 2), call(user, "setpriority", 0, 0, 1)]).toEqual([
      0,
      -errno.EACCES,
    ]);
    expect(call(user, "setpriority", 1, 0, 10)).toBe(-errno.EPERM);
    expect(user.scheduling.nice).toBe(10);
  });

  test("ioprio is kept", () => {
    const bestEffort = (2 << 13) | 4;
    expect(call(user, "ioprio_get", 1, 0)).toBe(0);
    expect(call(user, "ioprio_set", 1, 0, bestEffort)).toBe(0);
    expect(call(root, "ioprio_get", 3, 1000)).toBe(bestEffort);
    expect(call(user, "ioprio_set", 1, 0, 1 << 13)).toBe(-errno.EPERM);
    expect(call(user, "ioprio_set", 1, 1, bestEffort)).toBe(-errno.EPERM);
    expect([call(root, "ioprio_set", 1, 0, 4 << 13), call(root, "ioprio_set", 0, 0, 0)]).toEqual([
      -errno.EINVAL,
      -errno.EINVAL,
    ]);
  });
});
