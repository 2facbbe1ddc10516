import { expect, test } from "vitest";
import type { AddressSpace } from "../rkvm/address-space.ts";
import { type FutexKey, FutexTable, type Waiter } from "./waiters.ts";

const ANY = -1;
const space = {} as AddressSpace;
const key = (address: number, of: AddressSpace = space): FutexKey => ({ space: of, address });

function waitAt(
  table: FutexTable,
  at: FutexKey,
  name: string,
  woken: string[],
  bits = ANY,
  urgency = 0,
): Waiter {
  const wake = () => woken.push(name);
  const waiter: Waiter = { queue: table.queue(at), bits, urgency, isWoken: false, wake };
  table.add(waiter);
  return waiter;
}

test("wakes as many as asked, in the order they came, at that futex alone", () => {
  const table = new FutexTable();
  const woken: string[] = [];
  for (const name of ["a", "b", "c"]) waitAt(table, key(8), name, woken);
  waitAt(table, key(12), "other word", woken);
  waitAt(table, key(8, {} as AddressSpace), "other space", woken);
  waitAt(table, key(8, {} as AddressSpace), "shared", woken);
  expect(table.wake(key(8), 2, ANY)).toBe(2);
  expect(woken).toEqual(["a", "b"]);
  expect(table.wake(key(8), 5, ANY)).toBe(1);
  expect(table.wake(key(8), 5, ANY)).toBe(0);
  expect(woken).toEqual(["a", "b", "c"]);
});

test("wakes only those who share a bit", () => {
  const table = new FutexTable();
  const woken: string[] = [];
  waitAt(table, key(8), "low", woken, 1);
  waitAt(table, key(8), "high", woken, 2);
  expect(table.wake(key(8), 5, 2)).toBe(1);
  expect(woken).toEqual(["high"]);
});

test("wakes the most urgent first, and of those the one that came first", () => {
  const table = new FutexTable();
  const woken: string[] = [];
  const urgencies = { a: 0, b: 3, c: 5, d: 5, e: 0 };
  for (const [name, urgency] of Object.entries(urgencies)) waitAt(table, key(8), name, woken, ANY, urgency);
  expect(table.requeue(key(8), key(16), 1)).toBe(1);
  for (let i = 0; i < 4; i++) table.wake(key(8), 1, ANY);
  expect(woken).toEqual(["d", "b", "a", "e"]);
  expect(table.wake(key(16), 5, ANY)).toBe(1);
  expect(woken.at(-1)).toBe("c");
});

test("moves waiters, who then wait there", () => {
  const table = new FutexTable();
  const woken: string[] = [];
  const waiters = ["a", "b", "c"].map((name) => waitAt(table, key(8), name, woken));
  expect(table.requeue(key(8), key(16), 2)).toBe(2);
  expect(table.wake(key(8), 5, ANY)).toBe(1);
  waiters[0].queue.delete(waiters[0]);
  expect(table.wake(key(16), 5, ANY)).toBe(1);
  expect(woken).toEqual(["c", "b"]);
});
