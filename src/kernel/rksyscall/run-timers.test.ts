import { expect, test } from "vitest";
import { initialLimits, Limit } from "../rkprocess/limits.ts";
import type { Process } from "../rkprocess/process.ts";
import type { Thread } from "../rkprocess/thread.ts";
import type { Signals } from "../rksignal/signals.ts";
import { KernelTime } from "../rktime/kernel-time.ts";
import { RunClock, RunTimers } from "./run-timers.ts";

const SECOND = 1e9;
const [SIGKILL, SIGXCPU] = [9, 24];

/** A process that may run for a second, or two at most, and the clock that it runs by. */
function makeProcess() {
  let now = 0;
  const time = new KernelTime({ now: () => now, setTimer: () => {} }, 0n);
  const limits = initialLimits();
  limits[Limit.cpu] = { soft: 1n, hard: 2n };
  const usage = { runTime: 0 };
  const process = {
    limits,
    usageSoFar: () => usage,
    exitStatus: undefined,
    hasRunLimit: true,
  } as unknown as Process;
  const sent: number[] = [];
  const signals = {
    toProcess: (_: Process, { signal }: { signal: number }) => sent.push(signal),
  } as unknown as Signals;
  const limit = new RunTimers(time, signals, () => {});
  const thread = { process } as Thread;
  const clock = new RunClock(
    () => usage.runTime,
    () => limit.watch(thread),
  );
  const pass = (seconds: number, runs = true) => {
    now += seconds * SECOND;
    if (runs) usage.runTime += seconds * SECOND;
    time.runDue();
  };
  return { limit, process, thread, clock, sent, pass };
}

test("a process is warned at its soft limit and ended at its hard one", () => {
  const { limit, thread, sent, pass } = makeProcess();
  limit.watch(thread);
  pass(0.9);
  expect(sent).toEqual([]);
  pass(0.1001);
  expect(sent).toEqual([SIGXCPU]);
  pass(0.9);
  expect(sent).toEqual([SIGXCPU]);
  pass(0.1001);
  expect(sent).toEqual([SIGXCPU, SIGKILL]);
});

test("only time on the hart counts", () => {
  const { limit, thread, sent, pass } = makeProcess();
  limit.watch(thread);
  pass(0.5);
  limit.rest();
  pass(10, false);
  limit.watch(thread);
  pass(0.4);
  expect(sent).toEqual([]);
  pass(0.1001);
  expect(sent).toEqual([SIGXCPU]);
});

test("one without a limit is left alone", () => {
  const { limit, thread, sent, pass } = makeProcess();
  thread.process.limits[Limit.cpu] = initialLimits()[Limit.cpu];
  limit.watch(thread);
  pass(1e6);
  expect(sent).toEqual([]);
});

test("timers by the time that a process has run come due with it", () => {
  const { limit, thread, clock, pass } = makeProcess();
  thread.process.limits[Limit.cpu] = initialLimits()[Limit.cpu];
  Object.assign(thread.process, { hasRunLimit: false, runClock: clock });
  const due: string[] = [];
  clock.after(2 * SECOND, () => due.push("second"));
  clock.after(SECOND, () => due.push("first"));
  const cancel = clock.after(1.5 * SECOND, () => due.push("never"));
  pass(1.0001);
  expect(due).toEqual(["first"]);
  cancel();
  limit.rest();
  pass(100, false);
  limit.watch(thread);
  pass(0.9);
  expect(due).toEqual(["first"]);
  pass(0.1001);
  expect(due).toEqual(["first", "second"]);
});
