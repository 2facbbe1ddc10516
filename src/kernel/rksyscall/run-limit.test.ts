import { expect, test } from "vitest";
import { initialLimits, Limit } from "../rkprocess/limits.ts";
import type { Process } from "../rkprocess/process.ts";
import type { Signals } from "../rksignal/signals.ts";
import { KernelTime } from "../rktime/kernel-time.ts";
import { RunLimit } from "./run-limit.ts";

const SECOND = 1e9;
const [SIGKILL, SIGXCPU] = [9, 24];

/** A process that may run for a second, or two at most, and the clock that it runs by. */
function makeProcess() {
  let now = 0;
  const time = new KernelTime({ now: () => now, setTimer: () => {} }, 0n);
  const limits = initialLimits();
  limits[Limit.cpu] = { soft: 1n, hard: 2n };
  const usage = { runTime: 0 };
  const process = { limits, usageSoFar: () => usage, exitStatus: undefined } as unknown as Process;
  const sent: number[] = [];
  const signals = {
    toProcess: (_: Process, { signal }: { signal: number }) => sent.push(signal),
  } as unknown as Signals;
  const limit = new RunLimit(time, signals, () => {});
  const pass = (seconds: number, runs = true) => {
    now += seconds * SECOND;
    if (runs) usage.runTime += seconds * SECOND;
    time.runDue();
  };
  return { limit, process, sent, pass };
}

test("a process is warned at its soft limit and ended at its hard one", () => {
  const { limit, process, sent, pass } = makeProcess();
  limit.watch(process);
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
  const { limit, process, sent, pass } = makeProcess();
  limit.watch(process);
  pass(0.5);
  limit.rest();
  pass(10, false);
  limit.watch(process);
  pass(0.4);
  expect(sent).toEqual([]);
  pass(0.1001);
  expect(sent).toEqual([SIGXCPU]);
});

test("one without a limit is left alone", () => {
  const { limit, process, sent, pass } = makeProcess();
  process.limits[Limit.cpu] = initialLimits()[Limit.cpu];
  limit.watch(process);
  pass(1e6);
  expect(sent).toEqual([]);
});
