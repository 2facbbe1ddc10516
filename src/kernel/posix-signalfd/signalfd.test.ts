import { expect, test } from "vitest";
import type { Thread } from "../rkprocess/thread.ts";
import { WaitQueue } from "../rksched/wait-queue.ts";
import { PendingSignals, SignalSet } from "../rksignal/signal-set.ts";
import { eventPlace } from "../vfs/anonymous.ts";
import { failure } from "../vfs/tree-fixture.ts";
import { SignalFile } from "./signalfd.ts";

const SIGUSR1 = 10;
const SIGCHLD = 17;

function setUp() {
  const process = { pendingSignals: new PendingSignals(), signalArrivals: new WaitQueue() };
  const thread = { process, signals: { pending: new PendingSignals() } } as unknown as Thread;
  const mask = new SignalSet();
  mask.add(SIGUSR1);
  mask.add(SIGCHLD);
  const file = new SignalFile(eventPlace("[signalfd]", 0n), 0, mask, () => thread);
  return { thread, file };
}

test("takes the thread's and the process's signals that it is for, and leaves the others", () => {
  const { thread, file } = setUp();
  const bytes = new Uint8Array(3 * 128);
  expect([file.poll(), failure(() => file.read(bytes))]).toEqual([0, "EAGAIN"]);
  thread.process.pendingSignals.add({ signal: 2, code: 0 });
  expect(file.poll()).toBe(0);
  thread.process.pendingSignals.add({ signal: SIGCHLD, code: 1, pid: 77, uid: 5, value: 3n });
  thread.signals.pending.add({ signal: SIGUSR1, code: 0, value: 0x1_0000_0002n });
  expect(file.poll()).not.toBe(0);
  expect(file.read(bytes)).toBe(256);
  const word = (offset: number) => new DataView(bytes.buffer).getUint32(offset, true);
  expect([0, 44, 52].map(word)).toEqual([SIGUSR1, 2, 1]);
  expect([0, 8, 12, 16, 40].map((offset) => word(128 + offset))).toEqual([SIGCHLD, 1, 77, 5, 3]);
  expect(file.poll()).toBe(0);
  expect(thread.process.pendingSignals.set.has(2)).toBe(true);
});

test("wants room for one at least", () => {
  expect(failure(() => setUp().file.read(new Uint8Array(127)))).toBe("EINVAL");
});
