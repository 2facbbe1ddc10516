import { expect, test } from "vitest";
import { ModelHart, ModelThread } from "../rksched/hart-fixture.ts";
import { Policy } from "../rksched/scheduler.ts";
import { CooperativeScheduler } from "./cooperative.ts";

const MS = 1e6;

const run = (duration: number, ...threads: ModelThread[]) => {
  const hart = new ModelHart(new CooperativeScheduler(), threads);
  hart.run(duration);
  return hart.order.join("");
};

test("one that never waits has the hart for ever", () => {
  const [busy, other] = [new ModelThread("b"), new ModelThread("o")];
  expect(run(10_000 * MS, busy, other)).toMatch(/^b+$/);
  expect([busy.ran, other.ran]).toEqual([10_000 * MS, 0]);
});

test("those that wait take turns, each as long as it likes", () => {
  const short = new ModelThread("s", {}, 1 * MS, 1 * MS);
  const long = new ModelThread("l", {}, 50 * MS, 1 * MS);
  expect(run(200 * MS, short, long)).toBe("slslslsl");
  expect(long.ran).toBeGreaterThan(40 * short.ran);
});

test("nobody is more urgent than others", () => {
  const usual = new ModelThread("u", { nice: 19, policy: Policy.idle }, 10 * MS, 5 * MS);
  const urgent = new ModelThread("!", { policy: Policy.fifo, priority: 99 }, 1 * MS, 1 * MS);
  // It wakes while the other one runs, and comes when that waits.
  expect(run(44 * MS, usual, urgent)).toMatch(/^u!+u!+u!+u?$/);
  const scheduler = new CooperativeScheduler<ModelThread>();
  expect(scheduler.preempts()).toBe(false);
  scheduler.ready(usual);
  scheduler.ready(urgent);
  expect([scheduler.pick(), scheduler.pick()]).toEqual([usual, urgent]);
});

test("a slice has no end, and sched_rr_get_interval says 0 for that", () => {
  const scheduler = new CooperativeScheduler<ModelThread>();
  expect([scheduler.slice(), scheduler.interval()]).toEqual([Number.POSITIVE_INFINITY, 0]);
});

test("one that is moved to the end of the queue comes once", () => {
  const scheduler = new CooperativeScheduler<ModelThread>();
  const [a, b] = [new ModelThread("a"), new ModelThread("b")];
  for (const thread of [a, b]) scheduler.ready(thread);
  scheduler.remove(a);
  scheduler.ready(a);
  expect([scheduler.waiting, scheduler.pick(), scheduler.pick(), scheduler.pick()]).toEqual([
    2,
    b,
    a,
    undefined,
  ]);
});
