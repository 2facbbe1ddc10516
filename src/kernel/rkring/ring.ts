import { type Api, api } from "../library.ts";

/**
 * A bounded ring of 64-bit words in memory that somebody else may write to, as Unikraft's ukring has it.
 *
 * Where a call cannot be done it answers a negative error number and changes nothing:
 * - -ENOBUFS, -ENOENT: the ring has not so much room, or not so many words;
 * - -EAGAIN: somebody else is in the middle of the same operation. He would be waited for by spinning, but does not run
 *   while the kernel does;
 * - -EIO: the indices in memory are none that a ring of this capacity can have.
 */
export interface Ring {
  /** Words that it holds; a power of two. */
  readonly capacity: number;
  /** Words that can be taken out, or -EIO. */
  count(): number;
  /** False also of a ring whose indices are wrong. */
  isEmpty(): boolean;
  isFull(): boolean;
  /** Puts one word in: 0. */
  enqueue(word: bigint): number;
  /** Puts all words in, or none: 0. */
  enqueueBulk(words: BigUint64Array): number;
  /** Puts as many words in as there is room for: how many. */
  enqueueBurst(words: BigUint64Array): number;
  /** Takes one word out; `undefined` where `dequeueBulk` would answer an error number. */
  dequeue(): bigint | undefined;
  /** Fills `into` with the oldest words, or takes none: 0. */
  dequeueBulk(into: BigUint64Array): number;
  /** Takes at most as many words as `into` has room for: how many. */
  dequeueBurst(into: BigUint64Array): number;
  /** The oldest word, which stays in. */
  peek(): bigint | undefined;
  /** Takes the word out that `peek` gave: 0. Only for the one consumer of a ring. */
  advance(): number;
  /** Writes another word over the one that `peek` gave: 0. Only for the one consumer of a ring. */
  putBack(word: bigint): number;
}

/** Who else puts words in and takes them out. */
export interface RingSharing {
  /** Nobody but the caller puts words in: another's unfinished enqueue is not looked for. */
  readonly singleProducer?: boolean;
  /** Nobody but the caller takes words out. */
  readonly singleConsumer?: boolean;
}

/** The memory that a ring lies in: addresses are its own. A process's `UserMemory` is one, and throws as always. */
export interface RingMemory {
  readU32(address: number): number;
  writeU32(address: number, value: number): void;
  readU64(address: number): bigint;
  writeU64(address: number, value: bigint): void;
}

export interface Rings {
  /** Bytes of a ring with room for `capacity` words; -EINVAL for one that is no power of two up to 2^20. */
  bytes(capacity: number): number;
  /** Makes an empty ring at `address`, a multiple of 8; `undefined` for what `bytes` or a ring's alignment refuses. */
  create(memory: RingMemory, address: number, capacity: number, sharing?: RingSharing): Ring | undefined;
  /** The ring that stands there. What its header says of the capacity is not asked. */
  attach(memory: RingMemory, address: number, capacity: number, sharing?: RingSharing): Ring | undefined;
}

export const rings: Api<Rings> = api("rkring");
