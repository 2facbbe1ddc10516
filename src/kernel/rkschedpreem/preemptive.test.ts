import { describe, expect, test } from "vitest";
import { ModelHart, ModelThread } from "../rksched/hart-fixture.ts";
import { Policy } from "../rksched/scheduler.ts";
import { PreemptiveScheduler } from "./preemptive.ts";

const MS = 1e6;
const fifo = (priority: number) => ({ policy: Policy.fifo, priority });
const roundRobin = (priority: number) => ({ policy: Policy.roundRobin, priority });

const run = (duration: number, ...threads: ModelThread[]) => {
  const hart = new ModelHart(new PreemptiveScheduler(), threads);
  hart.run(duration);
  return hart.order.join("");
};

describe("fixed priorities", () => {
  test("the most urgent has the hart while it can run, and at once when it wakes", () => {
    const often = new ModelThread("o", fifo(10), 1 * MS, 9 * MS);
    const sometimes = new ModelThread("s", roundRobin(5), 2 * MS, 18 * MS);
    const busy = new ModelThread("b");
    expect(run(40 * MS, busy, sometimes, often).slice(0, 7)).toBe("osbobos");
    expect([often.ran, sometimes.ran, busy.ran]).toEqual([4 * MS, 4 * MS, 32 * MS]);
  });

  test("SCHED_FIFO keeps the hart from its equals, SCHED_RR takes turns of 100 ms", () => {
    const [a, b] = [new ModelThread("a", fifo(3)), new ModelThread("b", fifo(3))];
    expect(run(1000 * MS, a, b).replace(/(.)\1+/g, "$1")).toBe("a");
    const [c, d] = [new ModelThread("c", roundRobin(3)), new ModelThread("d", roundRobin(3))];
    expect(run(400 * MS, c, d)).toBe("cdcd");
  });

  test("SCHED_OTHER and SCHED_BATCH take turns of 4 ms, SCHED_IDLE has what is left", () => {
    const other = new ModelThread("o", {}, 6 * MS, 100 * MS);
    const batch = new ModelThread("b", { policy: Policy.batch }, 6 * MS, 100 * MS);
    const idle = new ModelThread("i", { policy: Policy.idle });
    expect(run(20 * MS, idle, other, batch)).toBe("obobi");
    expect(idle.ran).toBe(8 * MS);
  });

  test("one that made room is first again, with the rest of its slice", () => {
    const urgent = new ModelThread("u", fifo(50), 1 * MS, 30 * MS);
    const [a, b] = [new ModelThread("a", roundRobin(3)), new ModelThread("b", roundRobin(3))];
    // a has run for 30 ms whenever u wakes, and goes on to 100.
    expect(run(200 * MS, urgent, a, b)).toMatch(/^uauauauabub/);
    expect(a.ran + b.ran + urgent.ran).toBe(200 * MS);
    expect(a.ran).toBe(100 * MS);
  });

  test("equals run in the order they became ready, whoever ran before", () => {
    const scheduler = new PreemptiveScheduler<ModelThread>();
    const threads = ["a", "b", "c", "d"].map((name) => new ModelThread(name, fifo(7)));
    for (const thread of threads) scheduler.ready(thread);
    const [a, b, c, d] = threads;
    expect(scheduler.pick()).toBe(a);
    scheduler.ready(a);
    scheduler.remove(c);
    scheduler.ready(c);
    expect([1, 2, 3, 4].map(() => scheduler.pick())).toEqual([b, d, a, c]);
  });
});
