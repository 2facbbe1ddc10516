import { errno } from "../syscalls/errno.ts";
import type { Ring, RingMemory, RingSharing, Rings } from "./ring.ts";

const MAX_CAPACITY = 2 ** 20;

/**
 * A ring's header, 32-bit words; producers and consumers have a cache line each, the words follow:
 *
 *   0  producers' head   4  producers' tail   8  capacity
 *  64  consumers' head  68  consumers' tail
 * 128  words
 *
 * Indices count on without end (modulo 2^32), and a word's place is its index modulo the capacity; so full and empty
 * differ and no place is lost. Who puts words in moves the head first (by compare and swap, where there are several), writes,
 * and moves the tail when those before him have moved it; taking out is alike. Between tail and head is what is under way.
 */
const Header = {
  producerHead: 0,
  producerTail: 4,
  capacity: 8,
  consumerHead: 64,
  consumerTail: 68,
  bytes: 128,
};

/** From index `from` to index `to`. */
const distance = (from: number, to: number): number => (to - from) >>> 0;

const bytes = (capacity: number): number =>
  Number.isInteger(capacity) && capacity > 0 && capacity <= MAX_CAPACITY && (capacity & (capacity - 1)) === 0
    ? Header.bytes + capacity * 8
    : -errno.EINVAL;

/**
 * The kernel's end of a ring. All four indices are read each time and believed only if a ring could have them; the
 * capacity is never read. While the kernel runs no guest does, so reading an index and writing it is one step.
 */
export class MemoryRing implements Ring {
  readonly capacity: number;
  private readonly memory: RingMemory;
  private readonly address: number;
  private readonly sharing: RingSharing;

  constructor(memory: RingMemory, address: number, capacity: number, sharing: RingSharing) {
    this.memory = memory;
    this.address = address;
    this.capacity = capacity;
    this.sharing = sharing;
  }

  count(): number {
    return this.indices()?.count ?? -errno.EIO;
  }

  isEmpty(): boolean {
    return this.count() === 0;
  }

  isFull(): boolean {
    return this.indices()?.room === 0;
  }

  enqueue(word: bigint): number {
    return this.enqueueBulk(BigUint64Array.of(word));
  }

  enqueueBulk(words: BigUint64Array): number {
    const done = this.put(words, words.length);
    return done < 0 ? done : 0;
  }

  enqueueBurst(words: BigUint64Array): number {
    return this.put(words, 0);
  }

  dequeue(): bigint | undefined {
    const into = new BigUint64Array(1);
    return this.dequeueBulk(into) === 0 ? into[0] : undefined;
  }

  dequeueBulk(into: BigUint64Array): number {
    const done = this.take(into, into.length);
    return done < 0 ? done : 0;
  }

  dequeueBurst(into: BigUint64Array): number {
    return this.take(into, 0);
  }

  peek(): bigint | undefined {
    const now = this.indices();
    if (!now || now.count === 0) return undefined;
    return this.memory.readU64(this.place(now.consumerHead));
  }

  advance(): number {
    return this.dequeueBulk(new BigUint64Array(1));
  }

  putBack(word: bigint): number {
    const now = this.indices();
    if (!now) return -errno.EIO;
    if (now.count === 0) return -errno.ENOENT;
    this.memory.writeU64(this.place(now.consumerHead), word);
    return 0;
  }

  /** Empties the ring and writes its header. */
  reset(): void {
    this.move(Header.producerHead, Header.producerTail, 0);
    this.move(Header.consumerHead, Header.consumerTail, 0);
    this.memory.writeU32(this.address + Header.capacity, this.capacity);
  }

  private put(words: BigUint64Array, least: number): number {
    const now = this.indices();
    if (!now) return -errno.EIO;
    if (!this.sharing.singleProducer && now.producerHead !== now.producerTail) return -errno.EAGAIN;
    if (now.room < least) return -errno.ENOBUFS;
    const done = Math.min(words.length, now.room);
    for (let i = 0; i < done; i++) this.memory.writeU64(this.place(now.producerTail + i), words[i]);
    if (done > 0) this.move(Header.producerHead, Header.producerTail, now.producerTail + done);
    return done;
  }

  private take(into: BigUint64Array, least: number): number {
    const now = this.indices();
    if (!now) return -errno.EIO;
    if (!this.sharing.singleConsumer && now.consumerHead !== now.consumerTail) return -errno.EAGAIN;
    if (now.count < least) return -errno.ENOENT;
    const done = Math.min(into.length, now.count);
    for (let i = 0; i < done; i++) into[i] = this.memory.readU64(this.place(now.consumerHead + i));
    if (done > 0) this.move(Header.consumerHead, Header.consumerTail, now.consumerHead + done);
    return done;
  }

  private move(head: number, tail: number, index: number): void {
    this.memory.writeU32(this.address + head, index >>> 0);
    this.memory.writeU32(this.address + tail, index >>> 0);
  }

  private place(index: number): number {
    return this.address + Header.bytes + ((index >>> 0) % this.capacity) * 8;
  }

  /** The indices, in order: consumers' tail, consumers' head, producers' tail, producers' head, within one capacity. */
  private indices() {
    const { memory, address, capacity } = this;
    const producerHead = memory.readU32(address + Header.producerHead);
    const producerTail = memory.readU32(address + Header.producerTail);
    const consumerHead = memory.readU32(address + Header.consumerHead);
    const consumerTail = memory.readU32(address + Header.consumerTail);
    const taking = distance(consumerTail, consumerHead);
    const count = distance(consumerHead, producerTail);
    const putting = distance(producerTail, producerHead);
    if (taking + count + putting > capacity) return undefined;
    const room = capacity - taking - count - putting;
    return { producerHead, producerTail, consumerHead, consumerTail, count, room };
  }
}

function attach(memory: RingMemory, address: number, capacity: number, sharing: RingSharing = {}) {
  if (bytes(capacity) < 0 || address % 8 !== 0) return undefined;
  return new MemoryRing(memory, address, capacity, sharing);
}

/** Rings in any memory. */
export const memoryRings: Rings = {
  bytes,
  attach,
  create(memory, address, capacity, sharing) {
    const ring = attach(memory, address, capacity, sharing);
    ring?.reset();
    return ring;
  },
};
