import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { errno } from "../syscalls/errno.ts";
import { memoryRings } from "./memory-ring.ts";
import type { Ring, RingMemory } from "./ring.ts";

const BASE = 0x1000;
const CAPACITY = 8;
const [PRODUCER_HEAD, PRODUCER_TAIL, CONSUMER_HEAD, CONSUMER_TAIL] = [0, 4, 64, 68];

/** Memory that must not be touched outside of a ring of 8. */
class Memory implements RingMemory {
  readonly view = new DataView(new ArrayBuffer(memoryRings.bytes(CAPACITY)));
  readonly readU32 = (address: number) => this.view.getUint32(address - BASE, true);
  readonly writeU32 = (address: number, value: number) => this.view.setUint32(address - BASE, value, true);
  readonly readU64 = (address: number) => this.view.getBigUint64(address - BASE, true);
  readonly writeU64 = (address: number, value: bigint) => this.view.setBigUint64(address - BASE, value, true);
  /** What a guest does. */
  poke = (offset: number, value: number) => this.view.setUint32(offset, value, true);
  indices = () => [0, 4, 64, 68].map((offset) => this.view.getUint32(offset, true));
}

const words = (...list: number[]) => BigUint64Array.from(list, BigInt);
let memory: Memory;
let ring: Ring;
beforeEach(() => {
  memory = new Memory();
  ring = memoryRings.create(memory, BASE, CAPACITY)!;
});

test("a ring's capacity is a power of two, and its memory aligned", () => {
  for (const capacity of [0, -8, 3, 2 ** 21, 2 ** 40, Number.NaN, 1.5]) {
    expect(memoryRings.bytes(capacity)).toBe(-errno.EINVAL);
    expect(memoryRings.create(memory, BASE, capacity)).toBeUndefined();
  }
  expect(memoryRings.attach(memory, BASE + 4, CAPACITY)).toBeUndefined();
  expect(memoryRings.attach(memory, Number.NaN, CAPACITY)).toBeUndefined();
  expect(memory.view.getUint32(8, true)).toBe(CAPACITY);
});

describe("words", () => {
  test("come out as they went in, and all places are used", () => {
    expect(ring.isEmpty()).toBe(true);
    expect(ring.dequeue()).toBeUndefined();
    for (let i = 0; i < CAPACITY; i++) expect(ring.enqueue(BigInt(i))).toBe(0);
    expect(ring.isFull()).toBe(true);
    expect(ring.enqueue(9n)).toBe(-errno.ENOBUFS);
    expect(ring.count()).toBe(CAPACITY);
    for (let i = 0; i < CAPACITY; i++) expect(ring.dequeue()).toBe(BigInt(i));
    expect(ring.isEmpty()).toBe(true);
  });

  test("go in bulk or not at all, in bursts as many as there is room for", () => {
    expect(ring.enqueueBulk(words(1, 2, 3, 4, 5, 6))).toBe(0);
    expect(ring.enqueueBulk(words(7, 8, 9))).toBe(-errno.ENOBUFS);
    expect(ring.count()).toBe(6);
    expect(ring.enqueueBurst(words(7, 8, 9))).toBe(2);
    expect(ring.enqueueBurst(words(9))).toBe(0);
    const many = new BigUint64Array(9);
    expect(ring.dequeueBulk(many)).toBe(-errno.ENOENT);
    expect(ring.dequeueBurst(many)).toBe(8);
    expect([...many]).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 0n]);
    expect(ring.dequeueBurst(many)).toBe(0);
  });

  test("can be looked at, changed and passed over by the one consumer", () => {
    expect(ring.peek()).toBeUndefined();
    expect(ring.advance()).toBe(-errno.ENOENT);
    expect(ring.putBack(1n)).toBe(-errno.ENOENT);
    ring.enqueueBulk(words(1, 2));
    expect(ring.peek()).toBe(1n);
    expect(ring.putBack(7n)).toBe(0);
    expect([ring.peek(), ring.count()]).toEqual([7n, 2]);
    expect(ring.advance()).toBe(0);
    expect(ring.dequeue()).toBe(2n);
  });

  test("are seen by everybody who is attached", () => {
    const other = memoryRings.attach(memory, BASE, CAPACITY)!;
    ring.enqueueBulk(words(1, 2));
    expect(other.count()).toBe(2);
    expect(other.dequeue()).toBe(1n);
    expect(ring.count()).toBe(1);
  });
});

test("a ring does what a queue does, also where its indices wrap", () => {
  const step = fc.record({ put: fc.boolean(), bulk: fc.boolean(), count: fc.integer({ min: 0, max: 11 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 20 }), (steps, before) => {
      const mine = new Memory();
      const tested = memoryRings.create(mine, BASE, CAPACITY)!;
      for (const offset of [0, 4, 64, 68]) mine.poke(offset, 2 ** 32 - before);
      const queue: bigint[] = [];
      let next = 0n;
      for (const { put, bulk, count } of steps) {
        if (put) {
          const list = BigUint64Array.from({ length: count }, () => next++);
          const room = CAPACITY - queue.length;
          const fits = bulk ? (count <= room ? count : 0) : Math.min(count, room);
          const answer = bulk ? tested.enqueueBulk(list) : tested.enqueueBurst(list);
          expect(answer).toBe(bulk ? (count <= room ? 0 : -errno.ENOBUFS) : fits);
          queue.push(...list.subarray(0, fits));
        } else {
          const into = new BigUint64Array(count);
          const there = bulk ? (count <= queue.length ? count : 0) : Math.min(count, queue.length);
          const answer = bulk ? tested.dequeueBulk(into) : tested.dequeueBurst(into);
          expect(answer).toBe(bulk ? (count <= queue.length ? 0 : -errno.ENOENT) : there);
          expect([...into.subarray(0, there)]).toEqual(queue.splice(0, there));
        }
        expect(tested.count()).toBe(queue.length);
        expect(tested.isFull()).toBe(queue.length === CAPACITY);
        expect(tested.isEmpty()).toBe(queue.length === 0);
        expect(tested.peek()).toBe(queue[0]);
      }
    }),
    { seed: 5, numRuns: 300 },
  );
});

describe("a guest in the middle of an operation", () => {
  test("keeps other producers out until it is done, and its word from consumers", () => {
    ring.enqueue(1n);
    memory.poke(PRODUCER_HEAD, 2);
    expect(ring.enqueue(3n)).toBe(-errno.EAGAIN);
    expect(ring.count()).toBe(1);
    expect(ring.dequeue()).toBe(1n);
    expect(ring.dequeue()).toBeUndefined();
    memory.view.setBigUint64(128 + 8, 2n, true);
    memory.poke(PRODUCER_TAIL, 2);
    expect(ring.enqueue(3n)).toBe(0);
    expect([ring.dequeue(), ring.dequeue()]).toEqual([2n, 3n]);
  });

  test("keeps the place of a word that it takes out from being written", () => {
    ring.enqueueBulk(words(0, 1, 2, 3, 4, 5, 6, 7));
    memory.poke(CONSUMER_HEAD, 1);
    expect(ring.dequeueBurst(new BigUint64Array(1))).toBe(-errno.EAGAIN);
    expect(ring.enqueue(8n)).toBe(-errno.ENOBUFS);
    memory.poke(CONSUMER_TAIL, 1);
    expect(ring.enqueue(8n)).toBe(0);
    expect(ring.dequeue()).toBe(1n);
  });

  test("does not hinder the only producer and the only consumer", () => {
    const only = memoryRings.attach(memory, BASE, CAPACITY, { singleProducer: true, singleConsumer: true })!;
    memory.poke(PRODUCER_HEAD, 1);
    expect(only.enqueue(1n)).toBe(0);
    memory.poke(CONSUMER_TAIL, 2 ** 32 - 1);
    expect(only.dequeue()).toBe(1n);
    expect(memory.indices()).toEqual([1, 1, 1, 1]);
  });
});

test("a hostile guest's indices lead nowhere but to an error number", () => {
  const wrong = [...Array(CAPACITY * 2).keys(), 2 ** 31, 2 ** 32 - 1, 0x8000_0001];
  const index = fc.constantFrom(...wrong);
  fc.assert(
    fc.property(fc.tuple(index, index, index, index), index, ([a, b, c, d], capacity) => {
      [a, b, c, d].forEach((value, i) => {
        memory.poke([0, 4, 64, 68][i], value);
      });
      memory.poke(8, capacity);
      const before = memory.indices();
      const count = ring.count();
      expect(count === -errno.EIO || (count >= 0 && count <= CAPACITY)).toBe(true);
      const into = new BigUint64Array(3);
      const answers = [
        ring.enqueueBulk(words(1, 2, 3)),
        ring.enqueueBurst(words(1, 2, 3)),
        ring.putBack(1n),
        ring.dequeueBulk(into),
        ring.dequeueBurst(into),
        ring.advance(),
      ];
      const possible = [0, 1, 2, 3, ...[errno.EIO, errno.EAGAIN, errno.ENOBUFS, errno.ENOENT].map((n) => -n)];
      for (const answer of answers) expect(possible).toContain(answer);
      // In order: what is being taken out, what is in, what is being put in.
      const span = ((c - d) >>> 0) + ((b - c) >>> 0) + ((a - b) >>> 0);
      expect(count === -errno.EIO).toBe(span > CAPACITY);
      expect(typeof (ring.peek() ?? 0n)).toBe("bigint");
      if (count !== -errno.EIO) return;
      expect(answers.every((answer) => answer === -errno.EIO)).toBe(true);
      expect(ring.isEmpty() || ring.isFull()).toBe(false);
      expect(memory.indices()).toEqual(before);
    }),
    { seed: 6, numRuns: 2000 },
  );
});
