import { expect, test } from "vitest";
import { QueuedMailbox } from "../../src/kernel/rkmpi/queued-mailbox.ts";
import { Caller } from "./caller.ts";
import { explore, type Thread } from "./explorer.ts";

const check = (holds: boolean, what: string) => {
  if (!holds) throw new Error(what);
};

test("a mailbox loses no message and lets nobody wait for one that is there", () => {
  const { failure, runs } = explore(() => {
    const box = new QueuedMailbox<string>(1);
    const received: string[] = [];
    function* sender(...messages: string[]): Thread {
      const caller = new Caller();
      for (const message of messages)
        check((yield* caller.call("posts", (wait) => box.post(message, wait))) === 0, "posted");
    }
    function* receiver(count: number): Thread {
      const caller = new Caller();
      for (let i = 0; i < count; i++)
        yield* caller.call("receives", (wait) => box.recv((message) => received.push(message), wait));
    }
    return {
      threads: { a: sender("a1", "a2"), b: sender("b1"), one: receiver(1), two: receiver(2) },
      atEnd() {
        check([...received].sort().join() === "a1,a2,b1", `received ${received}`);
        check(received.indexOf("a1") < received.indexOf("a2"), "out of order");
        check(box.filled.isEmpty && box.emptied.isEmpty && box.count === 0, "all have gone");
      },
    };
  });
  expect(failure).toBeUndefined();
  expect(runs).toBeGreaterThan(100);
});

test("one that gives up takes no message with it", () => {
  const { failure } = explore(() => {
    const box = new QueuedMailbox<string>(2);
    const hasty = new Caller();
    const received: string[] = [];
    function* receiver(caller: Caller, timeout?: number): Thread {
      yield* caller.call("receives", (wait) => box.recv((message) => received.push(message), wait, timeout));
    }
    function* sender(): Thread {
      const caller = new Caller();
      yield* caller.call("posts", (wait) => box.post("first", wait));
      yield* caller.call("posts", (wait) => box.post("second", wait));
    }
    function* clock(): Thread {
      yield { does: "comes" };
      hasty.timeOut();
    }
    return {
      threads: {
        hasty: receiver(hasty, 1),
        patient: receiver(new Caller()),
        sender: sender(),
        clock: clock(),
      },
      atEnd: () => check(received.length + box.count === 2, "a message is gone"),
    };
  });
  expect(failure).toBeUndefined();
});
