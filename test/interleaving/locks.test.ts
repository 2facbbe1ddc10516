import { describe, expect, test } from "vitest";
import { Condition } from "../../src/kernel/rklock/condition.ts";
import { Mutex } from "../../src/kernel/rklock/mutex.ts";
import { RwLock } from "../../src/kernel/rklock/rwlock.ts";
import { Semaphore } from "../../src/kernel/rklock/semaphore.ts";
import type { Thread as KernelThread } from "../../src/kernel/rkprocess/thread.ts";
import { waitUntil } from "../../src/kernel/rkprocess/wait.ts";
import type { WaitRequest } from "../../src/kernel/rksched/wait-queue.ts";
import { ERESTARTSYS, errno } from "../../src/kernel/syscalls/errno.ts";
import { Caller, type WaitFunction } from "./caller.ts";
import { explore, type Model, type Thread } from "./explorer.ts";

/** Every way in which threads of guests can come between each other at the locks and the waits of the kernel. */

const check = (holds: boolean, what: string) => {
  if (!holds) throw new Error(what);
};

function* does(what: string, act: () => void): Thread {
  yield { does: what };
  act();
}

/** Of all schedules none may fail; there have to be some. */
function expectSound(make: () => Model, atLeast = 10): void {
  const { runs, failure } = explore(make);
  expect(failure).toBeUndefined();
  expect(runs).toBeGreaterThanOrEqual(atLeast);
}

describe("a mutex", () => {
  /** Takes the mutex, is alone in it for a step, and gives it back. */
  function* user(mutex: Mutex<Caller>, caller: Caller, inside: Set<Caller>, timeout?: number): Thread {
    const result = yield* caller.call("takes it", (wait) => mutex.acquire(caller, wait, timeout));
    if (result !== 0) {
      check(timeout !== undefined && (result === -errno.ETIMEDOUT || result === -ERESTARTSYS), `${result}`);
      return;
    }
    inside.add(caller);
    check(inside.size === 1, "two are inside");
    yield { does: "releases it" };
    inside.delete(caller);
    check(mutex.release(caller) === 0, "released");
  }

  test("lets one in at a time, and all in the end", () => {
    expectSound(() => {
      const [mutex, inside] = [new Mutex<Caller>(), new Set<Caller>()];
      const one = () => user(mutex, new Caller(), inside);
      return {
        threads: { a: one(), b: one(), c: one() },
        atEnd: () => check(mutex.owner === undefined && mutex.queue.isEmpty, "free"),
      };
    });
  });

  test.each(["timeOut", "interrupt"] as const)("is not lost with one that gives up: %s", (why) => {
    expectSound(() => {
      const [mutex, inside] = [new Mutex<Caller>(), new Set<Caller>()];
      const hasty = new Caller();
      return {
        threads: {
          a: user(mutex, new Caller(), inside),
          hasty: user(mutex, hasty, inside, 1),
          b: user(mutex, new Caller(), inside),
          end: does("comes", () => hasty[why]()),
        },
        atEnd: () => check(mutex.owner === undefined && mutex.queue.isEmpty, "free"),
      };
    });
  });

  /** One of those that wait is killed, at any moment. */
  const withKill = (waitFor: WaitFunction) => (): Model => {
    const mutex = new Mutex<string>();
    const victim = new Caller(waitFor);
    function* owner(): Thread {
      yield { does: "releases it" };
      mutex.release("owner");
    }
    function* waiter(name: string, caller: Caller): Thread {
      const result = yield* caller.call("takes it", (wait) => mutex.acquire(name, wait));
      if (result === 0) mutex.release(name);
    }
    mutex.tryAcquire("owner");
    return {
      threads: {
        owner: owner(),
        victim: waiter("victim", victim),
        other: waiter("other", new Caller(waitFor)),
        killer: does("kills", () => victim.kill()),
      },
    };
  };

  test("is not lost with one that is killed before its turn has come", () => {
    expectSound(withKill(waitUntil));
  });

  test("would be, did the killed one keep its wake-up: that is found", () => {
    const keepsIt = (thread: KernelThread, request: WaitRequest) => {
      const result = waitUntil(thread, request);
      const { wait } = thread;
      const [queue] = request.queues;
      // As if the wake-up was not passed on.
      if (wait)
        thread.wait = {
          resume: () => wait.resume(),
          abandon() {
            const { wake } = queue;
            queue.wake = () => {};
            wait.abandon();
            queue.wake = wake;
          },
        };
      return result;
    };
    const { failure } = explore(withKill(keepsIt));
    expect(failure).toEqual({
      kind: "deadlock",
      message: "other never takes it, again",
      schedule: [
        "victim: takes it",
        "other: takes it",
        "owner: releases it",
        "killer: kills",
        "victim: takes it, again",
      ],
    });
  });

  test("may be taken again by its owner if it is recursive; else that is EDEADLK", () => {
    const never = () => {
      throw new Error("waits");
    };
    const recursive = new Mutex<string>(true);
    expect([recursive.acquire("a", waitOnce), recursive.acquire("a", waitOnce)]).toEqual([0, 0]);
    expect(recursive.tryAcquire("b")).toBe(false);
    recursive.release("a");
    expect([recursive.owner, recursive.release("b")]).toEqual(["a", -errno.EPERM]);
    recursive.release("a");
    expect(recursive.tryAcquire("b")).toBe(true);
    const plain = new Mutex<string>();
    plain.tryAcquire("a");
    expect(plain.acquire("a", never)).toBe(-errno.EDEADLK);
    expect(plain.tryAcquire("a")).toBe(false);
  });
});

/** A wait that is over at once. */
const waitOnce = ({ attempt, finished }: WaitRequest) => {
  const result = attempt();
  finished?.();
  return result ?? -errno.ETIMEDOUT;
};

describe("a semaphore", () => {
  test("lets as many in as it has permits, and wakes one for each that comes back", () => {
    expectSound(() => {
      const semaphore = new Semaphore(2);
      let inside = 0;
      function* user(): Thread {
        const caller = new Caller();
        yield* caller.call("enters", (wait) => semaphore.acquire(wait));
        inside++;
        check(inside <= 2, "three are inside");
        yield { does: "leaves" };
        inside--;
        semaphore.release();
      }
      return {
        threads: { a: user(), b: user(), c: user() },
        atEnd: () => check(semaphore.value === 2, "all permits are back"),
      };
    });
  });

  test("has its bounds", () => {
    const semaphore = new Semaphore(0, 1);
    expect([semaphore.tryAcquire(), semaphore.acquire(waitOnce)]).toEqual([false, -errno.ETIMEDOUT]);
    expect([semaphore.release(), semaphore.release(), semaphore.value]).toEqual([0, -errno.EOVERFLOW, 1]);
  });
});

describe("a condition variable", () => {
  /** A box for one item, as books have it. `Mesa`: what is waited for is looked at again after each wait. */
  const box = (looksAgain: boolean) => (): Model => {
    const mutex = new Mutex<Caller>();
    const [filled, emptied] = [new Condition(), new Condition()];
    let items = 0;
    function* use(does: string, change: number, condition: Condition, other: Condition): Thread {
      const caller = new Caller();
      yield* caller.call("locks", (wait) => mutex.acquire(caller, wait));
      const isPossible = () => items + change >= 0 && items + change <= 1;
      for (let first = true; !isPossible() && (first || looksAgain); first = false) {
        yield* caller.call("waits", (wait) => condition.wait(mutex, caller, wait));
        yield* caller.call("locks again", (wait) => mutex.acquire(caller, wait));
      }
      check(isPossible(), `${does} wrongly`);
      items += change;
      other.signal();
      mutex.release(caller);
    }
    const put = () => use("puts", 1, emptied, filled);
    const take = () => use("takes", -1, filled, emptied);
    return {
      threads: { one: take(), two: take(), first: put(), second: put() },
      atEnd: () => check(items === 0 && mutex.owner === undefined, "all is taken"),
    };
  };

  test("loses no signal between the mutex's release and the wait", () => {
    expectSound(box(true));
  });

  test("has to be asked in a loop: who does not is found", () => {
    expect(explore(box(false)).failure).toMatchObject({ kind: "exception", message: "takes wrongly" });
  });

  test("passes a signal on that comes to one being killed", () => {
    expectSound(() => {
      const mutex = new Mutex<Caller>();
      const condition = new Condition();
      const victim = new Caller();
      let served = false;
      function* waiter(caller: Caller): Thread {
        yield* caller.call("waits", (wait) => {
          if (served) return 0;
          mutex.tryAcquire(caller);
          return condition.wait(mutex, caller, wait);
        });
      }
      return {
        threads: {
          victim: waiter(victim),
          other: waiter(new Caller()),
          signaller: (function* () {
            yield { does: "signals two" };
            served = true;
            condition.signal();
            condition.signal();
          })(),
          killer: does("kills", () => victim.kill()),
        },
      };
    });
  });

  test("is waited for by who has the mutex only; a signal of the system ends the wait", () => {
    const [mutex, condition] = [new Mutex<string>(), new Condition()];
    expect(condition.wait(mutex, "a", waitOnce)).toBe(-errno.EPERM);
    mutex.tryAcquire("a");
    expect(condition.wait(mutex, "a", waitOnce)).toBe(-errno.ETIMEDOUT);
    expect(mutex.owner).toBeUndefined();
    mutex.tryAcquire("a");
    expect(condition.wait(mutex, "a", ({ interrupted }) => interrupted?.() ?? -1)).toBe(0);
  });

  test("a broadcast wakes all", () => {
    expectSound(() => {
      const mutex = new Mutex<Caller>();
      const condition = new Condition();
      let isOpen = false;
      function* waiter(): Thread {
        const caller = new Caller();
        yield* caller.call("locks", (wait) => mutex.acquire(caller, wait));
        while (!isOpen) {
          yield* caller.call("waits", (wait) => condition.wait(mutex, caller, wait));
          yield* caller.call("locks again", (wait) => mutex.acquire(caller, wait));
        }
        mutex.release(caller);
      }
      function* opener(): Thread {
        const caller = new Caller();
        yield* caller.call("locks", (wait) => mutex.acquire(caller, wait));
        isOpen = true;
        mutex.release(caller);
        condition.broadcast();
      }
      return { threads: { a: waiter(), b: waiter(), opener: opener() } };
    });
  });
});

describe("a read-write lock", () => {
  function* reader(lock: RwLock<Caller>, caller: Caller, atOnce: (readers: number) => void): Thread {
    yield* caller.call("reads", (wait) => lock.read(wait));
    check(lock.writer === undefined, "reads while one writes");
    atOnce(lock.readers);
    yield { does: "has read" };
    lock.releaseRead();
  }
  function* writer(lock: RwLock<Caller>, caller: Caller, timeout?: number): Thread {
    const result = yield* caller.call("writes", (wait) => lock.write(caller, wait, timeout));
    if (result !== 0) return;
    check(lock.readers === 0 && lock.writer === caller, "writes while others are there");
    yield { does: "has written" };
    check(lock.writer === caller, "still writes");
    lock.releaseWrite(caller);
  }

  test("has readers together and writers alone, and all in the end", () => {
    let together = 0;
    const most = (readers: number) => {
      together = Math.max(together, readers);
    };
    expectSound(() => {
      const lock = new RwLock<Caller>();
      return {
        threads: {
          a: reader(lock, new Caller(), most),
          b: reader(lock, new Caller(), most),
          w: writer(lock, new Caller()),
          x: writer(lock, new Caller()),
        },
      };
    });
    expect(together).toBe(2);
  });

  test("lets readers in when the writer that they let go first gives up or is killed", () => {
    for (const ends of ["timeOut", "kill"] as const)
      expectSound(() => {
        const lock = new RwLock<Caller>();
        const hasty = new Caller();
        return {
          threads: {
            a: reader(lock, new Caller(), () => {}),
            hasty: writer(lock, hasty, 1),
            b: reader(lock, new Caller(), () => {}),
            end: does("comes", () => hasty[ends]()),
          },
        };
      });
  });

  test("lets no reader in while a writer waits, and is released by who has it", () => {
    const lock = new RwLock<string>();
    expect([lock.tryRead(), lock.tryRead(), lock.tryWrite("w")]).toEqual([true, true, false]);
    const caller = new Caller();
    const waits = caller.call("writes", (wait) => lock.write("w", wait));
    waits.next();
    waits.next();
    expect(lock.tryRead()).toBe(false);
    expect([lock.releaseRead(), lock.releaseRead(), lock.releaseRead()]).toEqual([0, 0, -errno.EPERM]);
    expect(waits.next()).toEqual({ done: true, value: 0 });
    expect([lock.write("w", waitOnce), lock.releaseWrite("v"), lock.releaseWrite("w")]).toEqual([
      -errno.EDEADLK,
      -errno.EPERM,
      0,
    ]);
    expect(lock.tryRead()).toBe(true);
  });
});
