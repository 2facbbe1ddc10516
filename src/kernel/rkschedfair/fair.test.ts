import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ModelHart, ModelThread } from "../rksched/hart-fixture.ts";
import { Policy, type Scheduling } from "../rksched/scheduler.ts";
import { FairScheduler } from "./fair.ts";
import { weightOf } from "./weights.ts";

const MS = 1e6;
const SLICE = 4 * MS;
/** Sums of fractions. */
const ROUNDING = 1000;

const run = (duration: number, ...threads: ModelThread[]) => {
  const hart = new ModelHart(new FairScheduler(), threads);
  hart.run(duration);
  return hart;
};
const nice = (value: number) => ({ nice: value });

describe("the fair scheduler", () => {
  test("equals take turns of a slice", () => {
    const threads = ["a", "b", "c"].map((name) => new ModelThread(name));
    expect(run(6 * SLICE, ...threads).order.join("")).toBe("abcabc");
    for (const { ran } of threads) expect(ran).toBe(2 * SLICE);
  });

  test("a step of nice is a factor of about 1.25", () => {
    const [more, less] = [new ModelThread("m", nice(0)), new ModelThread("l", nice(1))];
    run(1000 * MS, more, less);
    expect(more.ran / less.ran).toBeCloseTo(1024 / 820, 1);
  });

  test("nobody is ever further from its share than by one slice of its own, and nobody starves", () => {
    const niceValues = fc.array(fc.integer({ min: -20, max: 19 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(niceValues, (values) => {
        const threads = values.map((value, i) => new ModelThread(String(i), nice(value)));
        const whole = threads.reduce((sum, { scheduling }) => sum + weightOf(scheduling), 0);
        const hart = new ModelHart(new FairScheduler(), threads);
        const round = SLICE * threads.length;
        /** The furthest that anybody was from its share, in slices of its own. */
        let furthest = 0;
        hart.run(20 * round, () => {
          for (const { ran, scheduling } of threads) {
            const part = weightOf(scheduling) / whole;
            furthest = Math.max(furthest, (Math.abs(ran - hart.now * part) - ROUNDING) / (round * part));
          }
        });
        expect(furthest).toBeLessThanOrEqual(1);
        for (const { ran } of threads) expect(ran).toBeGreaterThan(0);
      }),
      { numRuns: 25, seed: 2 },
    );
  });

  test("a late timer does not change the shares", () => {
    const [heavy, light] = [new ModelThread("h", nice(-10)), new ModelThread("l", nice(10))];
    new ModelHart(new FairScheduler(), [heavy, light], 0.3 * MS).run(10_000 * MS);
    expect(heavy.ran / light.ran).toBeCloseTo(9548 / 110, -1);
  });

  test("who wakes has the hart at once from one that computes", () => {
    const awake = new ModelThread("w", {}, 0.5 * MS, 20 * MS);
    const busy = new ModelThread("b");
    run(1000 * MS, awake, busy);
    expect(awake.ran).toBeGreaterThan(0.5 * MS * 48);
  });

  test("sleeping saves up no more than half a slice", () => {
    const scheduler = new FairScheduler<ModelThread>();
    const [sleeper, busy] = [new ModelThread("s"), new ModelThread("b")];
    scheduler.ready(sleeper);
    scheduler.ready(busy);
    expect(scheduler.pick()).toBe(sleeper);
    scheduler.charge(sleeper, 1);
    scheduler.pick();
    scheduler.charge(busy, 3600e9);
    scheduler.preempted(busy);
    scheduler.ready(sleeper);
    let had = 0;
    while (scheduler.pick() === sleeper) {
      scheduler.charge(sleeper, 0.1 * MS);
      had += 0.1 * MS;
      scheduler.preempted(sleeper);
    }
    expect(had).toBeGreaterThan(SLICE / 2 - 1);
    expect(had).toBeLessThanOrEqual(SLICE / 2 + 0.1 * MS);
  });

  test("threads that come and go all the time starve nobody", () => {
    const scheduler = new FairScheduler<ModelThread>();
    const old = new ModelThread("old");
    scheduler.ready(old);
    scheduler.pick();
    scheduler.charge(old, 100 * MS);
    scheduler.preempted(old);
    let others = 0;
    for (; others < 1000; others++) {
      const young = new ModelThread("young");
      scheduler.ready(young);
      const next = scheduler.pick() as ModelThread;
      if (next === old) break;
      scheduler.charge(next, MS);
    }
    expect(others).toBeLessThan(5);
  });

  test("SCHED_IDLE makes room at once, SCHED_BATCH takes it from nobody", () => {
    const scheduler = new FairScheduler<ModelThread>();
    const made = (policy: number) => new ModelThread("", { policy });
    const [other, batch, idle] = [made(Policy.other), made(Policy.batch), made(Policy.idle)];
    scheduler.ready(idle);
    scheduler.pick();
    scheduler.charge(idle, 1);
    for (const one of [other, batch]) scheduler.ready(one);
    expect(scheduler.preempts(other, idle)).toBe(true);
    scheduler.remove(batch);
    scheduler.charge(other, 100 * SLICE);
    scheduler.ready(batch);
    expect(scheduler.preempts(batch, other)).toBe(false);
  });
});

describe("real-time threads beside others", () => {
  const fifo = (priority: number): Partial<Scheduling> => ({ policy: Policy.fifo, priority });

  test("come first and at once, by priority", () => {
    const urgent = new ModelThread("u", fifo(9), 1 * MS, 9 * MS);
    const more = new ModelThread("m", fifo(10), 1 * MS, 19 * MS);
    const busy = new ModelThread("b", nice(-20));
    expect(run(20 * MS, busy, urgent, more).order.join("")).toMatch(/^mubu/);
    expect([urgent.ran, more.ran]).toEqual([2 * MS, 1 * MS]);
  });

  test("leave a twentieth of each second, where others want it", () => {
    const [greedy, modest] = [new ModelThread("g", fifo(99)), new ModelThread("m")];
    run(10_000 * MS, greedy, modest);
    expect(modest.ran).toBe(500 * MS);
    const alone = new ModelThread("a", fifo(99));
    run(10_000 * MS, alone);
    expect(alone.ran).toBe(10_000 * MS);
  });
});
