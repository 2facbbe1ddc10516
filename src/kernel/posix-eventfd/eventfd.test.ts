import { expect, test } from "vitest";
import { eventPlace } from "../vfs/anonymous.ts";
import { POLL } from "../vfs/flags.ts";
import { failure } from "../vfs/tree-fixture.ts";
import { EventFile } from "./eventfd.ts";

const READABLE = POLL.IN | POLL.RDNORM;
const WRITABLE = POLL.OUT | POLL.WRNORM;
const make = (count: number, semaphore = false) =>
  new EventFile(eventPlace("[eventfd]", 0n), 0, count, semaphore);
const bytes = (value: bigint) => new Uint8Array(new BigUint64Array([value]).buffer);

function read(file: EventFile): bigint {
  const into = new Uint8Array(8);
  file.read(into);
  return new DataView(into.buffer).getBigUint64(0, true);
}

test("a counter is read to zero, a semaphore down by one", () => {
  const [counter, semaphore] = [make(3), make(3, true)];
  expect(read(counter)).toBe(3n);
  expect(failure(() => read(counter))).toBe("EAGAIN");
  expect([read(semaphore), read(semaphore), read(semaphore)]).toEqual([1n, 1n, 1n]);
  expect(failure(() => read(semaphore))).toBe("EAGAIN");
});

test("a write that does not fit waits", () => {
  const file = make(1);
  file.write(bytes(0xffff_ffff_ffff_fffdn));
  expect(file.poll()).toBe(READABLE);
  expect(failure(() => file.write(bytes(1n)))).toBe("EAGAIN");
  expect(failure(() => file.write(bytes(0xffff_ffff_ffff_ffffn)))).toBe("EINVAL");
  expect(read(file)).toBe(0xffff_ffff_ffff_fffen);
  expect(file.poll()).toBe(WRITABLE);
});

test("wants 8 bytes", () => {
  expect(failure(() => make(1).read(new Uint8Array(7)))).toBe("EINVAL");
  expect(failure(() => make(1).write(new Uint8Array(7)))).toBe("EINVAL");
});
