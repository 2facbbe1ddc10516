import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { RwLock } from "./rwlock.ts";
import { type Task, Tasks } from "./task-fixture.ts";

let threads: Tasks;

beforeEach(() => {
  threads = new Tasks();
});

describe("a read-write lock", () => {
  test("lets a waiting writer go before readers that come later, and those then all together", () => {
    const lock = new RwLock<Task>();
    const [writer, ...readers] = threads.make("wabc");
    lock.tryRead();
    writer.call((wait) => lock.write(writer, wait));
    for (const reader of readers) reader.call((wait) => lock.read(wait));
    expect([writer.isWaiting, ...readers.map(({ isWaiting }) => isWaiting)]).toEqual(Array(4).fill(true));
    lock.releaseRead();
    expect([threads.run(), lock.writer, lock.readers]).toEqual(["w", writer, 0]);
    lock.releaseWrite(writer);
    expect([threads.run(), lock.writer, lock.readers]).toEqual(["abc", undefined, 3]);
  });

  test("goes from writer to writer in turn, readers last", () => {
    const lock = new RwLock<Task>();
    const [first, second, third, reader] = threads.make("123r");
    lock.tryWrite(first);
    reader.call((wait) => lock.read(wait));
    for (const task of [second, third]) task.call((wait) => lock.write(task, wait));
    expect([lock.releaseWrite(first), threads.run()]).toEqual([0, "2"]);
    expect([lock.releaseWrite(second), threads.run()]).toEqual([0, "3"]);
    expect([lock.releaseWrite(third), threads.run()]).toEqual([0, "r"]);
  });

  test("is never read and written at once, and nobody waits for a free one, whatever happens", () => {
    const step = fc.record({
      what: fc.constantFrom("read", "write", "leave", "pass", "run"),
      who: fc.nat(5),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        threads = new Tasks();
        const lock = new RwLock<Task>();
        const all = threads.make("abcdef");
        const wants = new Map<Task, "read" | "write">();
        for (const task of all) task.result = -1;
        const holders = (how: "read" | "write") =>
          all.filter((task) => task.result === 0 && wants.get(task) === how);
        for (const { what, who } of steps) {
          const task = all[who];
          if ((what === "read" || what === "write") && task.result !== undefined && task.result !== 0) {
            wants.set(task, what);
            const timeout = who < 3 ? 50 : undefined;
            task.call((wait) =>
              what === "read" ? lock.read(wait, timeout) : lock.write(task, wait, timeout),
            );
          } else if (what === "leave" && task.result === 0) {
            const result = wants.get(task) === "read" ? lock.releaseRead() : lock.releaseWrite(task);
            expect(result).toBe(0);
            task.result = -1;
          } else if (what === "pass") threads.pass(30);
          else if (what === "run") threads.run();
          const [readers, writers] = [holders("read"), holders("write")];
          expect(lock.readers).toBe(readers.length);
          expect(lock.writer).toBe(writers[0]);
          expect(writers.length).toBeLessThan(readers.length > 0 ? 1 : 2);
        }
        threads.run();
        const waiting = all.filter(({ isWaiting }) => isWaiting);
        if (lock.writer === undefined && lock.readers === 0) expect(waiting).toEqual([]);
        // Beside readers others only wait for the sake of a writer.
        if (lock.writer === undefined && !waiting.some((task) => wants.get(task) === "write"))
          expect(waiting).toEqual([]);
      }),
      { seed: 6, numRuns: 500 },
    );
  });
});
