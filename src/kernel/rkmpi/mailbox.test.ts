import fc from "fast-check";
import { expect, test } from "vitest";
import type { Thread } from "../rkprocess/thread.ts";
import { waitUntil } from "../rkprocess/wait.ts";
import { errno } from "../syscalls/errno.ts";
import type { Mailbox, Wait } from "./mailbox.ts";
import { queuedMailboxes } from "./queued-mailbox.ts";

/** Threads that run when they are told to, as `waitUntil` has them wait. */
class Threads {
  private readonly waiting = new Set<Waiter>();
  ready: Waiter[] = [];
  now = 0;

  /** Starts a call; `done` gets its result, now or later. */
  start(call: (wait: Wait) => number, done: (result: number) => void): void {
    const result = call(({ attempt, queues, timeout, timedOut }) => {
      const now = attempt();
      if (now !== undefined) return now;
      if (timeout === 0) return timedOut();
      const due = timeout === undefined ? Number.POSITIVE_INFINITY : this.now + timeout;
      const waiter: Waiter = { attempt, due, late: () => done(timedOut()), done, stops: [] };
      waiter.stops = [...queues].map((queue) =>
        queue.add(() => {
          if (!this.ready.includes(waiter)) this.ready.push(waiter);
        }),
      );
      this.waiting.add(waiter);
      return BLOCKED;
    });
    if (result !== BLOCKED) done(result);
  }

  /** One thread that was woken runs. */
  run(which: number): void {
    const [waiter] = this.ready.splice(which % Math.max(1, this.ready.length), 1);
    if (!waiter) return;
    const result = waiter.attempt();
    if (result !== undefined) this.end(waiter, () => waiter.done(result));
  }

  pass(time: number): void {
    this.now += time;
    for (const waiter of [...this.waiting]) if (waiter.due <= this.now) this.end(waiter, waiter.late);
  }

  get blocked(): number {
    return this.waiting.size;
  }

  private end(waiter: Waiter, tell: () => void): void {
    for (const stop of waiter.stops) stop();
    this.waiting.delete(waiter);
    this.ready = this.ready.filter((other) => other !== waiter);
    tell();
  }
}

interface Waiter {
  readonly attempt: () => number | undefined;
  readonly due: number;
  readonly late: () => void;
  readonly done: (result: number) => void;
  stops: (() => void)[];
}

const BLOCKED = -1_000_000;
const box = (capacity: number): Mailbox<number> => queuedMailboxes.create<number>(capacity)!;

test("a box has room for what it was made for", () => {
  for (const capacity of [0, -1, 65_537, Number.NaN, 1.5])
    expect(queuedMailboxes.create(capacity)).toBeUndefined();
  const mailbox = box(2);
  expect(mailbox.recvTry(() => 0)).toBe(-errno.ENOBUFS);
  expect([mailbox.postTry(1), mailbox.postTry(2), mailbox.postTry(3)]).toEqual([0, 0, -errno.ENOBUFS]);
  expect(mailbox.count).toBe(2);
  expect([1, 2].map(() => mailbox.recvTry((message) => message * 10))).toEqual([10, 20]);
});

test("a message that cannot be delivered stays", () => {
  const mailbox = box(2);
  mailbox.postTry(1);
  mailbox.postTry(2);
  const bad = () => {
    throw new Error("bad address");
  };
  expect(() => mailbox.recvTry(bad)).toThrow("bad address");
  expect(mailbox.count).toBe(2);
  expect(mailbox.recvTry((message) => message)).toBe(1);
});

test("who waits too long gets the number that who does not wait gets", () => {
  const threads = new Threads();
  const mailbox = box(1);
  const results: number[] = [];
  const done = (result: number) => results.push(result);
  threads.start((wait) => mailbox.recv((message) => message, wait, 100), done);
  threads.pass(99);
  expect(results).toEqual([]);
  threads.pass(1);
  expect(results).toEqual([-errno.ENOBUFS]);
  mailbox.postTry(5);
  threads.start((wait) => mailbox.post(6, wait, 0), done);
  threads.start((wait) => mailbox.post(7, wait, 10), done);
  expect(results).toEqual([-errno.ENOBUFS, -errno.ENOBUFS]);
  expect(mailbox.recvTry((message) => message)).toBe(5);
  threads.run(0);
  expect(results.at(-1)).toBe(0);
  expect(mailbox.recvTry((message) => message)).toBe(7);
  expect(threads.blocked).toBe(0);
});

test("no message is lost, doubled or overtaken, and nobody sleeps who could go on", () => {
  const step = fc.record({
    kind: fc.constantFrom("post", "recv", "run", "run", "pass"),
    which: fc.nat(50),
    timeout: fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 120 }), (capacity, steps) => {
      const threads = new Threads();
      const mailbox = box(capacity);
      const posted: number[] = [];
      const received: number[] = [];
      let next = 1;
      let writers = 0;
      let readers = 0;
      for (const { kind, which, timeout } of steps) {
        if (kind === "post") {
          const message = next++;
          writers++;
          threads.start(
            (wait) => mailbox.post(message, wait, timeout),
            (result) => {
              writers--;
              if (result === 0) posted.push(message);
              else expect(result).toBe(-errno.ENOBUFS);
            },
          );
        } else if (kind === "recv") {
          readers++;
          threads.start(
            (wait) => mailbox.recv((message) => message, wait, timeout),
            (result) => {
              readers--;
              if (result > 0) received.push(result);
              else expect(result).toBe(-errno.ENOBUFS);
            },
          );
        } else if (kind === "run") threads.run(which);
        else threads.pass(which);
        expect(mailbox.count).toBe(posted.length - received.length);
        expect(mailbox.count).toBeLessThanOrEqual(capacity);
      }
      while (threads.ready.length > 0) threads.run(0);
      expect(received).toEqual(posted.slice(0, received.length));
      if (mailbox.count > 0) expect(readers).toBe(0);
      if (mailbox.count < capacity) expect(writers).toBe(0);
    }),
    { seed: 8, numRuns: 500 },
  );
});

test("a guest's thread waits as in any other system call", () => {
  const mailbox = box(1);
  let woken = 0;
  const thread = { wake: () => woken++, signalPending: false } as unknown as Thread;
  const wait: Wait = (options) => waitUntil(thread, options);
  mailbox.recv((message) => message, wait);
  expect(thread.wait).toBeDefined();
  mailbox.postTry(42);
  expect(woken).toBe(1);
  expect(thread.wait!.resume()).toBe(42);
  expect(thread.wait).toBeUndefined();
});
