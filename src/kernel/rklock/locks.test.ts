import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { Hart } from "../../cpu/hart.ts";
import { Kernel } from "../kernel.ts";
import { errno } from "../syscalls/errno.ts";
import { rklock } from "./library.ts";
import { locks } from "./locks.ts";
import { type Task, Tasks } from "./task-fixture.ts";

/** What the locks promise in one order of events; all orders are explored in test/interleaving. */

const made = new Kernel({} as Hart, [rklock]).use(locks);
let threads: Tasks;

beforeEach(() => {
  threads = new Tasks();
});

describe("a mutex", () => {
  test("goes to those who wait in the order in which they came, one for each release", () => {
    const mutex = made.mutex<Task>();
    const [owner, ...others] = threads.make("oabc");
    mutex.tryAcquire(owner);
    for (const task of others) task.call((wait) => mutex.acquire(task, wait));
    let holder = owner;
    for (const next of others) {
      expect(mutex.release(holder)).toBe(0);
      // The others are left asleep.
      expect(threads.ready).toEqual([next]);
      expect([threads.run(), mutex.owner]).toEqual([next.name, next]);
      holder = next;
    }
    expect([mutex.release(holder), mutex.owner, mutex.queue.isEmpty]).toEqual([0, undefined, true]);
  });

  test("may be taken by one that is quicker than the one that was woken, which waits on and is not forgotten", () => {
    const mutex = made.mutex<Task>();
    const [owner, slow, quick] = threads.make("osq");
    mutex.tryAcquire(owner);
    slow.call((wait) => mutex.acquire(slow, wait));
    mutex.release(owner);
    expect(mutex.tryAcquire(quick)).toBe(true);
    expect([threads.run(), slow.isWaiting]).toEqual(["", true]);
    mutex.release(quick);
    expect([threads.run(), mutex.owner]).toEqual(["s", slow]);
  });

  test("is not waited for longer than was said, and then leaves no trace", () => {
    const mutex = made.mutex<Task>();
    const [owner, hasty, patient] = threads.make("ohp");
    mutex.tryAcquire(owner);
    expect(hasty.call((wait) => mutex.acquire(hasty, wait, 0)).result).toBe(-errno.ETIMEDOUT);
    hasty.call((wait) => mutex.acquire(hasty, wait, 100));
    patient.call((wait) => mutex.acquire(patient, wait));
    threads.pass(99);
    expect([threads.run(), hasty.isWaiting]).toEqual(["", true]);
    threads.pass(1);
    threads.run();
    expect(hasty.result).toBe(-errno.ETIMEDOUT);
    mutex.release(owner);
    expect([threads.run(), mutex.owner]).toEqual(["p", patient]);
    expect(threads.armed).toBe(0);
  });

  test("that is recursive is free after as many releases as it was taken, and only its owner's", () => {
    const mutex = made.mutex<Task>(true);
    const [owner, other] = threads.make("oa");
    for (let i = 0; i < 3; i++) expect(owner.call((wait) => mutex.acquire(owner, wait)).result).toBe(0);
    other.call((wait) => mutex.acquire(other, wait));
    for (let i = 0; i < 2; i++) {
      expect([mutex.release(owner), threads.run(), mutex.owner]).toEqual([0, "", owner]);
      expect(mutex.release(other)).toBe(-errno.EPERM);
    }
    expect([mutex.release(owner), threads.run(), mutex.owner]).toEqual([0, "a", other]);
    expect(mutex.release(owner)).toBe(-errno.EPERM);
  });
});

describe("a semaphore", () => {
  test("serves in turn, and gives a permit that nobody waits for to the next who comes", () => {
    const semaphore = made.semaphore(1);
    const [a, b, c] = threads.make("abc");
    for (const task of [a, b, c]) task.call((wait) => semaphore.acquire(wait));
    expect([a.result, b.isWaiting, c.isWaiting, semaphore.value]).toEqual([0, true, true, 0]);
    semaphore.release();
    expect([threads.ready.length, semaphore.release(), threads.run()]).toEqual([1, 0, "bc"]);
    semaphore.release();
    expect([semaphore.value, semaphore.tryAcquire(), semaphore.tryAcquire()]).toEqual([1, true, false]);
  });

  test("holds 2^31 - 1 permits where nothing is said", () => {
    const semaphore = made.semaphore(2 ** 31 - 2);
    expect([semaphore.release(), semaphore.release(), semaphore.value]).toEqual([
      ...[0, -errno.EOVERFLOW, 2 ** 31 - 1],
    ]);
  });

  test("counts: nobody gets a permit twice, and nobody waits beside one", () => {
    const step = fc.record({
      what: fc.constantFrom("acquire", "try", "release", "pass", "run"),
      who: fc.nat(5),
    });
    fc.assert(
      fc.property(fc.nat(3), fc.array(step, { maxLength: 80 }), (first, steps) => {
        threads = new Tasks();
        const semaphore = made.semaphore(first);
        const all = threads.make("abcdef");
        for (const task of all) task.result = 0;
        let [given, taken] = [first, 0];
        const count = () => all.filter(({ result }) => result === 0).length;
        const collect = (act: () => void) => {
          for (const task of all) if (!task.isWaiting) task.result = -1;
          act();
          taken += count();
        };
        for (const { what, who } of steps) {
          const task = all[who];
          if (what === "acquire" && !task.isWaiting)
            collect(() => task.call((wait) => semaphore.acquire(wait, who < 3 ? 50 : undefined)));
          else if (what === "try" && semaphore.tryAcquire()) taken++;
          else if (what === "release") given += semaphore.release() === 0 ? 1 : 0;
          else if (what === "pass") threads.pass(30);
          else if (what === "run") collect(() => threads.run());
          expect(semaphore.value).toBe(given - taken);
        }
        collect(() => threads.run());
        expect(semaphore.value).toBe(given - taken);
        if (semaphore.value > 0) expect(all.filter(({ isWaiting }) => isWaiting)).toEqual([]);
      }),
      { seed: 5, numRuns: 300 },
    );
  });
});

describe("a condition variable", () => {
  const setUp = (names: string) => {
    const [mutex, condition] = [made.mutex<Task>(), made.condition()];
    const all = threads.make(names);
    for (const task of all) {
      mutex.tryAcquire(task);
      task.call((wait) => condition.wait(mutex, task, wait));
    }
    return { mutex, condition, all };
  };

  test("wakes the one that has waited longest, and no other", () => {
    const { condition } = setUp("abc");
    condition.signal();
    expect(threads.run()).toBe("a");
    condition.signal();
    condition.signal();
    expect(threads.run()).toBe("bc");
  });

  test("keeps no signal for who comes later, nor a broadcast", () => {
    const { mutex, condition, all } = setUp("ab");
    condition.broadcast();
    mutex.tryAcquire(all[0]);
    const [late] = threads.make("l");
    mutex.release(all[0]);
    mutex.tryAcquire(late);
    late.call((wait) => condition.wait(mutex, late, wait));
    expect([threads.run(), late.isWaiting]).toEqual(["ab", true]);
    condition.signal();
    expect(threads.run()).toBe("l");
    condition.signal();
    mutex.tryAcquire(late);
    expect(late.call((wait) => condition.wait(mutex, late, wait, 0)).result).toBe(-errno.ETIMEDOUT);
  });

  test("lets the mutex go while it is waited for, and does not take it again by itself", () => {
    const { mutex, condition, all } = setUp("a");
    expect(mutex.owner).toBeUndefined();
    condition.signal();
    threads.run();
    expect([all[0].result, mutex.owner]).toEqual([0, undefined]);
  });

  test("one whose time is up is not signalled any more", () => {
    const { mutex, condition } = setUp("");
    const [hasty, patient] = threads.make("hp");
    mutex.tryAcquire(hasty);
    hasty.call((wait) => condition.wait(mutex, hasty, wait, 10));
    mutex.tryAcquire(patient);
    patient.call((wait) => condition.wait(mutex, patient, wait));
    threads.pass(10);
    threads.run();
    expect(hasty.result).toBe(-errno.ETIMEDOUT);
    condition.signal();
    expect(threads.run()).toBe("p");
  });

  test("a signal that comes with the time's end is the waiter's, and nobody else's", () => {
    const { mutex, condition } = setUp("");
    const [hasty, patient] = threads.make("hp");
    mutex.tryAcquire(hasty);
    hasty.call((wait) => condition.wait(mutex, hasty, wait, 10));
    mutex.tryAcquire(patient);
    patient.call((wait) => condition.wait(mutex, patient, wait));
    threads.pass(10);
    condition.signal();
    expect([threads.run(), hasty.result, patient.isWaiting]).toEqual(["h", 0, true]);
  });
});
