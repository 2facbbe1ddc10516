import { expect, test } from "vitest";
import type { Time } from "../rktime/time.ts";
import { eventPlace } from "../vfs/anonymous.ts";
import { POLL } from "../vfs/flags.ts";
import { failure } from "../vfs/tree-fixture.ts";
import { TimerFile } from "./timerfd.ts";

/** A clock that is moved by hand. */
class Clock {
  now = 1000;
  alarms: { at: number; callback: () => void }[] = [];
  monotonic() {
    return this.now;
  }
  after(nanoseconds: number, callback: () => void) {
    const alarm = { at: this.now + Math.max(0, nanoseconds), callback };
    this.alarms.push(alarm);
    return () => {
      this.alarms = this.alarms.filter((one) => one !== alarm);
    };
  }
  to(now: number) {
    this.now = now;
    const due = this.alarms.filter(({ at }) => at <= now);
    this.alarms = this.alarms.filter(({ at }) => at > now);
    for (const { callback } of due) callback();
  }
}

function setUp() {
  const clock = new Clock();
  const file = new TimerFile(eventPlace("[timerfd]", 0n), 0, clock as unknown as Time, false);
  const read = () => {
    const into = new Uint8Array(8);
    file.read(into);
    return Number(new DataView(into.buffer).getBigUint64(0, true));
  };
  return { clock, file, read };
}

test("expires once, and says so", () => {
  const { clock, file, read } = setUp();
  let woken = 0;
  file.waiters.add(() => woken++);
  file.set(100, 0, true);
  clock.to(1099);
  expect([file.poll(), file.setting.left, failure(read)]).toEqual([0, 1, "EAGAIN"]);
  clock.to(1100);
  expect([file.poll(), woken]).toEqual([POLL.IN | POLL.RDNORM, 1]);
  expect(read()).toBe(1);
  clock.to(5000);
  expect([file.poll(), file.setting.left, clock.alarms.length]).toEqual([0, 0, 0]);
});

test("counts the intervals that nobody read, with one alarm for them all", () => {
  const { clock, file, read } = setUp();
  file.set(10, 3, true);
  clock.to(1020);
  expect(clock.alarms.length).toBe(0);
  expect(file.setting).toEqual({ left: 2, interval: 3 });
  expect(read()).toBe(4);
  expect(clock.alarms.length).toBe(1);
  clock.to(1022);
  expect(read()).toBe(1);
});

test("a time that has passed has expired, and setting it off forgets that", () => {
  const { clock, file, read } = setUp();
  file.set(-500, 0, true);
  clock.to(1001);
  expect(file.poll()).not.toBe(0);
  file.set(0, 0, false);
  expect(failure(read)).toBe("EAGAIN");
  file.set(50, 0, true);
  file.release();
  expect(clock.alarms.length).toBe(0);
});
