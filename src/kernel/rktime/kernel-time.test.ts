import { beforeEach, describe, expect, test } from "vitest";
import { KernelTime } from "./kernel-time.ts";

let now = 0;
let alarm = 0;
let time: KernelTime;
beforeEach(() => {
  now = 0;
  alarm = Number.NaN;
  const clock = {
    now: () => now,
    setTimer: (deadline: number) => {
      alarm = deadline;
    },
  };
  time = new KernelTime(clock, 1_700_000_000_123_456_789n);
});

test("the wall clock is exact to the nanosecond and can be set", () => {
  now = 1000;
  expect(time.realtime()).toBe(1_700_000_000_123_457_789n);
  time.setRealtime(5_000_000_001n);
  now = 3000;
  expect(time.realtime()).toBe(5_000_002_001n);
  expect(time.monotonic()).toBe(3000);
  time.setRealtime(-1n);
  expect(time.realtimeOffset).toEqual({ seconds: -1, nanoseconds: 1_000_000_000 - 1 - 3000 });
});

describe("timers", () => {
  test("come in the order of their time, equal ones as they were set", () => {
    const order: string[] = [];
    time.after(30, () => order.push("c"));
    time.after(10, () => order.push("a"));
    time.after(10, () => order.push("b"));
    now = 9;
    time.runDue();
    expect(order).toEqual([]);
    now = 30;
    time.runDue();
    expect(order).toEqual(["a", "b", "c"]);
  });

  test("beyond what a number can tell never come", () => {
    now = 2 ** 53 - 10;
    time.after(10, () => {});
    expect(alarm).toBe(2 ** 53);
    alarm = 0;
    const cancel = time.after(2 ** 53, () => {});
    expect(alarm).toBe(0);
    cancel();
  });

  test("the clock's alarm is always that of the first", () => {
    time.after(30, () => {});
    expect(alarm).toBe(30);
    const cancel = time.after(10, () => {});
    expect(alarm).toBe(10);
    time.after(20, () => {});
    expect(alarm).toBe(10);
    cancel();
    expect(alarm).toBe(20);
    now = 20;
    time.runDue();
    expect(alarm).toBe(30);
    now = 30;
    time.runDue();
    expect(alarm).toBe(Number.POSITIVE_INFINITY);
  });

  test("it is known whether one is due", () => {
    time.after(10, () => {});
    expect(time.isDue).toBe(false);
    now = 10;
    expect(time.isDue).toBe(true);
    time.runDue();
    expect(time.isDue).toBe(false);
  });

  test("one that is taken back does not come, and one may set another", () => {
    const order: string[] = [];
    time.after(10, () => order.push("never"))();
    time.after(10, () => {
      order.push("first");
      time.after(0, () => order.push("second"));
    });
    now = 10;
    time.runDue();
    expect(order).toEqual(["first", "second"]);
  });
});

test("time without a running thread is not busy", () => {
  now = 100;
  time.addIdle(40);
  expect(time.busy()).toBe(60);
});
