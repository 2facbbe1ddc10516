import { describe, expect, test } from "vitest";
import { PendingSignals, SignalSet } from "./signal-set.ts";
import { signal } from "./signals.ts";

test("a set holds each of the 64 signals apart", () => {
  for (let number = 1; number <= 64; number++) {
    const set = new SignalSet();
    set.add(number);
    for (let other = 1; other <= 64; other++) expect(set.has(other)).toBe(other === number);
    set.remove(number);
    expect(set.isEmpty).toBe(true);
  }
});

describe("pending signals", () => {
  const all = () => true;
  const drain = (pending: PendingSignals) => {
    const taken: [number, number][] = [];
    for (let info = pending.take(all); info; info = pending.take(all)) taken.push([info.signal, info.code]);
    return taken;
  };

  test("are kept once each, but realtime ones as often as they are sent", () => {
    const pending = new PendingSignals();
    for (let code = 1; code <= 3; code++) {
      pending.add({ signal: 10, code });
      pending.add({ signal: 40, code });
    }
    expect(drain(pending)).toEqual([
      [10, 1],
      [40, 1],
      [40, 2],
      [40, 3],
    ]);
    expect(pending.set.isEmpty).toBe(true);
  });

  test("tell their sender when they are taken, dropped or one too many", () => {
    const pending = new PendingSignals();
    const settled: number[] = [];
    for (let n = 1; n <= 2; n++) pending.add({ signal: 10, code: 0, settled: () => settled.push(n) });
    for (let n = 3; n <= 5; n++) pending.add({ signal: 40, code: 0, settled: () => settled.push(n) });
    expect(settled).toEqual([2]);
    pending.take(all);
    pending.take(all);
    expect(settled).toEqual([2, 1, 3]);
    pending.drop(40);
    expect(settled).toEqual([2, 1, 3, 4, 5]);
  });

  test("come by number, faults before all others", () => {
    const pending = new PendingSignals();
    for (const number of [34, 15, 2, 11, 1]) pending.add({ signal: number, code: 0 });
    expect(drain(pending).map(([number]) => number)).toEqual([11, 1, 2, 15, 34]);
  });

  test("stay while they are not wanted, and are counted only outside the mask", () => {
    const pending = new PendingSignals();
    const blocked = new SignalSet();
    pending.add({ signal: 10, code: 0 });
    blocked.add(10);
    expect(pending.hasOutside(blocked)).toBe(false);
    expect(pending.take((number) => !blocked.has(number))).toBeUndefined();
    pending.add({ signal: 64, code: 0 });
    expect(pending.hasOutside(blocked)).toBe(true);
    pending.drop(64);
    expect(pending.hasOutside(blocked)).toBe(false);
    expect(drain(pending)).toEqual([[10, 0]]);
  });

  test("are bounded, however many a guest sends", () => {
    const pending = new PendingSignals();
    for (let i = 0; i < 10_000; i++) pending.add({ signal: 40, code: i });
    expect(drain(pending)).toHaveLength(4096);
  });
});

test("a full queue takes no more real-time signals, and every other one", () => {
  const pending = new PendingSignals();
  for (let i = 0; i < 10_000; i++) pending.add({ signal: 40, code: 0 });
  pending.add({ signal: signal.SIGKILL, code: 0 });
  let taken = 0;
  while (pending.take((number) => number === 40)) taken++;
  expect(taken).toBeLessThan(10_000);
  expect(pending.take(() => true)?.signal).toBe(signal.SIGKILL);
});
