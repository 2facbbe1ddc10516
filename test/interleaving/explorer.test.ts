import { describe, expect, test } from "vitest";
import { WaitQueue } from "../../src/kernel/rksched/wait-queue.ts";
import { explore, type Model, type Step, type Thread } from "./explorer.ts";

const check = (holds: boolean, what: string) => {
  if (!holds) throw new Error(what);
};

/** Waits in a queue as code must not that can be interrupted: what happens between its look and its sleep is lost. */
function* sleep(queue: WaitQueue): Generator<Step, void, void> {
  let isAwake = false;
  const leave = queue.add(() => {
    isAwake = true;
  });
  yield { does: "wakes up", when: () => isAwake };
  leave();
}

describe("what is planted is found", () => {
  /** A waiter looks, then goes to sleep; who changes what it looks at wakes whoever sleeps. */
  const lostWakeUp = (): Model => {
    const queue = new WaitQueue();
    let isDone = false;
    function* waiter(): Thread {
      yield { does: "looks" };
      while (!isDone) {
        yield { does: "goes to sleep" };
        yield* sleep(queue);
        yield { does: "looks" };
      }
    }
    function* waker(): Thread {
      yield { does: "sets it" };
      isDone = true;
      yield { does: "wakes all" };
      queue.wake();
    }
    return { threads: { waiter: waiter(), waker: waker() } };
  };

  test("a lost wake-up, by the shortest way to it", () => {
    expect(explore(lostWakeUp).failure).toEqual({
      kind: "deadlock",
      message: "waiter never wakes up",
      schedule: ["waiter: looks", "waker: sets it", "waker: wakes all", "waiter: goes to sleep"],
    });
  });

  test("a wait that does not look again", () => {
    const { failure } = explore(() => {
      const queue = new WaitQueue();
      let items = 0;
      function* consumer(): Thread {
        yield { does: "looks" };
        // Looks and sleeps at once, but believes the first wake-up.
        if (items === 0) yield* sleep(queue);
        items--;
        check(items >= 0, "took what was not there");
      }
      function* producer(): Thread {
        for (let i = 0; i < 2; i++) {
          yield { does: "puts one" };
          items++;
          queue.wake();
        }
      }
      return { threads: { a: consumer(), b: consumer(), producer: producer() } };
    });
    expect(failure).toEqual({
      kind: "exception",
      message: "took what was not there",
      schedule: ["a: looks", "producer: puts one", "b: looks", "a: wakes up"],
    });
  });

  test("locks taken in different orders", () => {
    const { failure } = explore(() => {
      const taken = new Set<string>();
      function* takes(...locks: string[]): Thread {
        for (const lock of locks) {
          yield { does: `takes ${lock}`, when: () => !taken.has(lock), touches: [lock] };
          taken.add(lock);
        }
        yield { does: "releases both", touches: locks };
        for (const lock of locks) taken.delete(lock);
      }
      return { threads: { one: takes("x", "y"), two: takes("y", "x") } };
    });
    expect(failure).toEqual({
      kind: "deadlock",
      message: "one never takes y; two never takes x",
      schedule: ["one: takes x", "two: takes y"],
    });
  });

  test("an update that is lost, at the end", () => {
    const { failure } = explore(() => {
      let count = 0;
      function* adds(): Thread {
        yield { does: "reads" };
        const read = count;
        yield { does: "writes" };
        count = read + 1;
      }
      return { threads: { a: adds(), b: adds() }, atEnd: () => check(count === 2, `counted ${count}`) };
    });
    expect(failure).toEqual({
      kind: "exception",
      message: "counted 1",
      schedule: ["a: reads", "b: reads", "b: writes", "a: writes"],
    });
  });

  test("threads that wait for each other busily", () => {
    function* spins(): Thread {
      for (;;) yield { does: "spins" };
    }
    const { failure } = explore(() => ({ threads: { a: spins() } }), { steps: 20 });
    expect(failure).toMatchObject({ kind: "endless", message: "more than 20 steps" });
  });
});

describe("the explorer", () => {
  function* steps(count: number, touches?: readonly string[]): Thread {
    for (let i = 0; i < count; i++) yield { does: "steps", touches };
  }

  test("runs every order of steps that touch the same", () => {
    expect(explore(() => ({ threads: { a: steps(3), b: steps(3) } })).runs).toBe(20);
    expect(explore(() => ({ threads: { a: steps(2), b: steps(2), c: steps(2) } })).runs).toBe(90);
  });

  test("runs one order of steps that have nothing to do with each other to its end", () => {
    const apart = () => ({ threads: { a: steps(3, ["x"]), b: steps(3, ["y"]) } });
    expect(explore(apart).runs).toBeLessThanOrEqual(4);
  });

  test("finds the same with steps declared as without", () => {
    const lost = (declared: boolean) => () => {
      const counts = { x: 0, y: 0 };
      function* adds(which: "x" | "y"): Thread {
        yield { does: "reads", touches: declared ? [which] : undefined };
        const read = counts[which];
        yield { does: "writes", touches: declared ? [which] : undefined };
        counts[which] = read + 1;
      }
      return {
        threads: { a: adds("x"), b: adds("y"), c: adds("x") },
        atEnd: () => check(counts.x === 2 && counts.y === 1, "lost"),
      };
    };
    const [plain, declared] = [explore(lost(false)), explore(lost(true))];
    expect(declared.failure?.schedule).toHaveLength(plain.failure?.schedule.length ?? -1);
    expect(declared.runs).toBeLessThan(plain.runs / 2);
  });

  test("says when a model is too large", () => {
    const large = () => ({ threads: { a: steps(9), b: steps(9), c: steps(9) } });
    expect(() => explore(large, { runs: 50 })).toThrow(new RangeError("more than 50 runs"));
  });
});
