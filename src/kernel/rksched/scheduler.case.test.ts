import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CooperativeScheduler } from "../rkschedcoop/cooperative.ts";
import { FairScheduler } from "../rkschedfair/fair.ts";
import { PreemptiveScheduler } from "../rkschedpreem/preemptive.ts";
import {
  INITIAL_SCHEDULING,
  inheritedScheduling,
  Policy,
  type Scheduler,
  type Scheduling,
} from "./scheduler.ts";

/** What every scheduler must do, whatever it prefers. */

interface Task {
  readonly name: string;
  readonly scheduling: Scheduling;
}

const task = (name: string, scheduling: Partial<Scheduling> = {}): Task => ({
  name,
  scheduling: { ...INITIAL_SCHEDULING, ...scheduling },
});

const SCHEDULERS: readonly (readonly [string, () => Scheduler<Task>])[] = [
  ["rkschedcoop", () => new CooperativeScheduler()],
  ["rkschedpreem", () => new PreemptiveScheduler()],
  ["rkschedfair", () => new FairScheduler()],
];

describe.each(SCHEDULERS)("%s", (_name, make) => {
  test("has nobody at first", () => {
    const scheduler = make();
    expect([scheduler.waiting, scheduler.pick()]).toEqual([0, undefined]);
  });

  test("lets equals go in the order they came, and one that yields last", () => {
    const scheduler = make();
    const [a, b, c] = [task("a"), task("b"), task("c")];
    for (const one of [a, b, c]) scheduler.ready(one);
    expect(scheduler.waiting).toBe(3);
    const order: string[] = [];
    for (let turn = 0; turn < 6; turn++) {
      const next = scheduler.pick() as Task;
      order.push(next.name);
      scheduler.charge(next, 1000);
      scheduler.yielded(next);
    }
    expect(order.join("")).toBe("abcabc");
  });

  test("forgets one that is removed, and takes no harm where it is not there", () => {
    const scheduler = make();
    const [a, b] = [task("a"), task("b")];
    scheduler.remove(a);
    scheduler.ready(a);
    scheduler.ready(b);
    scheduler.remove(a);
    scheduler.remove(a);
    expect([scheduler.waiting, scheduler.pick(), scheduler.pick()]).toEqual([1, b, undefined]);
  });

  test("loses nobody and lets nobody run twice, whatever happens", () => {
    const step = fc.record({
      what: fc.constantFrom("pick", "block", "wake", "preempt", "yield", "end", "change"),
      which: fc.nat(9),
      ran: fc.nat(10_000_000),
      policy: fc.constantFrom(...Object.values(Policy)),
      level: fc.integer({ min: 1, max: 99 }),
      nice: fc.integer({ min: -20, max: 19 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const scheduler = make();
        const tasks = Array.from({ length: 10 }, (_, i) => task(String(i)));
        const queued = new Set<Task>();
        let running: Task | undefined;
        for (const { what, which, ran, policy, level, nice } of steps) {
          const one = tasks[which];
          if (running) scheduler.charge(running, ran);
          if (what === "wake" && one !== running && !queued.has(one)) {
            scheduler.ready(one);
            queued.add(one);
            if (running) scheduler.preempts(one, running);
          } else if (what === "end") {
            scheduler.remove(one);
            queued.delete(one);
            if (running === one) running = undefined;
          } else if (what === "change") {
            const wasQueued = queued.has(one);
            if (wasQueued) scheduler.remove(one);
            const priority = policy === Policy.fifo || policy === Policy.roundRobin ? level : 0;
            Object.assign(one.scheduling, { policy, priority, nice });
            if (wasQueued) scheduler.ready(one);
          } else if (running && (what === "preempt" || what === "yield")) {
            if (what === "yield") scheduler.yielded(running);
            else scheduler.preempted(running);
            queued.add(running);
            running = undefined;
          } else if (what === "block") running = undefined;
          if (!running) {
            running = scheduler.pick();
            if (running) {
              expect(queued.delete(running)).toBe(true);
              expect(scheduler.slice(running)).toBeGreaterThan(0);
            } else expect(queued.size).toBe(0);
          }
          expect(scheduler.waiting).toBe(queued.size);
        }
        const rest = new Set<Task>();
        for (let next = scheduler.pick(); next; next = scheduler.pick()) rest.add(next);
        expect(rest).toEqual(queued);
      }),
      { numRuns: 200, seed: 1 },
    );
  });
});

describe("what a thread inherits", () => {
  test("is all of its maker's, but for privileges that the maker keeps to itself", () => {
    const urgent = { policy: Policy.fifo, priority: 5, nice: -3, resetOnFork: false, io: 1 };
    expect(inheritedScheduling(urgent)).toEqual(urgent);
    expect(inheritedScheduling({ ...urgent, resetOnFork: true })).toEqual({ ...INITIAL_SCHEDULING, io: 1 });
    const nice = { ...INITIAL_SCHEDULING, policy: Policy.batch, resetOnFork: true };
    expect(inheritedScheduling({ ...nice, nice: -5 })).toMatchObject({ policy: Policy.batch, nice: 0 });
    expect(inheritedScheduling({ ...nice, nice: 7 })).toMatchObject({ nice: 7, resetOnFork: false });
  });
});
