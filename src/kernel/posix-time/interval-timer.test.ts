import { expect, test } from "vitest";
import { KernelTime } from "../rktime/kernel-time.ts";
import { IntervalTimer } from "./interval-timer.ts";

/** A timer at time 0, and what it has sent: the receivers of signals that are pending. */
function makeTimer() {
  let now = 0;
  const time = new KernelTime({ now: () => now, setTimer: () => {} }, 0n);
  const pending: (() => void)[] = [];
  const timer = new IntervalTimer(time, (settled) => pending.push(settled));
  const pass = (nanoseconds: number) => {
    now += nanoseconds;
    time.runDue();
  };
  return { timer, pending, pass, take: () => pending.shift()?.() };
}

const SECOND = 1e9;

test("a timer expires once", () => {
  const { timer, pending, pass, take } = makeTimer();
  timer.set(3 * SECOND, 0);
  pass(SECOND);
  expect([timer.left, pending.length]).toEqual([2 * SECOND, 0]);
  pass(2 * SECOND);
  expect([timer.left, pending.length]).toEqual([0, 1]);
  take();
  pass(100 * SECOND);
  expect([timer.left, timer.overrun, pending.length]).toEqual([0, 0, 0]);
});

test("one that repeats sends no second signal while the first is pending, and counts what it would have sent", () => {
  const { timer, pending, pass, take } = makeTimer();
  timer.set(2 * SECOND, SECOND);
  for (let n = 0; n < 6; n++) pass(SECOND + 1);
  expect(pending.length).toBe(1);
  expect(timer.left).toBe(SECOND - 6);
  take();
  // It expired at 2 seconds, and then at 3, 4, 5 and 6.
  expect(timer.overrun).toBe(4);
  pass(SECOND - 6);
  expect(pending.length).toBe(1);
  take();
  expect(timer.overrun).toBe(0);
});

test("an interval that is shorter than anyone can follow leaves the guest time of its own", () => {
  const { timer, pending, pass, take } = makeTimer();
  timer.set(1000, 1000);
  pass(1000);
  take();
  pass(999_999);
  expect([pending.length, timer.overrun]).toEqual([0, 0]);
  pass(1);
  take();
  // Expirations at 2, 3, … 1001 microseconds, of which the first was sent.
  expect(timer.overrun).toBe(999);
  pass(999_999);
  expect([pending.length, timer.overrun]).toEqual([0, 999]);
});

test("a signal of an earlier setting stands for the later one's, too", () => {
  const { timer, pending, pass, take } = makeTimer();
  timer.set(10, SECOND);
  pass(10);
  timer.set(20, SECOND);
  expect(timer.left).toBe(20);
  pass(20);
  expect(pending.length).toBe(1);
  take();
  pass(SECOND);
  expect(pending.length).toBe(1);
  timer.set(undefined, 0);
  take();
  pass(5 * SECOND);
  expect([timer.left, pending.length]).toEqual([0, 0]);
});

test("what it waits for may come earlier or later, also where that counts as expirations", () => {
  const { timer, pending, pass, take } = makeTimer();
  timer.set(10 * SECOND, SECOND);
  timer.delay(-4 * SECOND);
  expect(timer.left).toBe(6 * SECOND);
  timer.delay(SECOND);
  expect(timer.left).toBe(7 * SECOND);
  timer.delay(-(9 * SECOND + 1));
  pass(0);
  expect(pending.length).toBe(1);
  take();
  expect(timer.overrun).toBe(2);
});
