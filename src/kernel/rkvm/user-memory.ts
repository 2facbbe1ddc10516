import type { ByteBuffer } from "../../memory/arena.ts";

/** A user address that is not mapped, or not with the permission asked for: EFAULT for the calling system call. */
export class UserFault extends Error {
  readonly address: number;
  constructor(address: number) {
    super("bad user address");
    this.address = address;
  }
}

/**
 * A process's memory as the kernel reads and writes it: checks the page's permission, brings pages in on demand,
 * and throws `UserFault` where user code would have faulted. Any alignment; ranges may cross pages. Addresses are
 * the registers' values as signed numbers; a negative one is never mapped.
 */
export interface UserMemory {
  /** A copy of `length` bytes. */
  read(address: number, length: number): Uint8Array;
  write(address: number, bytes: Uint8Array): void;
  fill(address: number, length: number, byte: number): void;
  /** Copies user memory to `into`, from `at` on; `copyIn` the other way. Some of it may have been copied when they throw. */
  copyOut(address: number, length: number, into: ByteBuffer, at: number): void;
  copyIn(address: number, length: number, from: ByteBuffer, at: number): void;
  /** Brings a range in. As `pieces`: how much of it is there; throws `UserFault` where that is none of it. */
  reach(address: number, length: number, access: "read" | "write"): number;
  readU8(address: number): number;
  readU16(address: number): number;
  readU32(address: number): number;
  readI32(address: number): number;
  readU64(address: number): bigint;
  /** A 64-bit word as a number: signed, exact to 2^53. */
  readWord(address: number): number;
  writeU8(address: number, value: number): void;
  writeU16(address: number, value: number): void;
  writeU32(address: number, value: number): void;
  writeU64(address: number, value: bigint): void;
  /** An integer between -2^53 and 2^53 as 64 bits. */
  writeWord(address: number, value: number): void;
  /** The bytes before the terminating zero; `undefined` where none is found in `limit` bytes. */
  readCString(address: number, limit: number): Uint8Array | undefined;
  /**
   * Calls `piece` with views (not copies: use them at once) of consecutive parts of the range, page by page. A
   * fault after the first piece ends it early. Returns the bytes done; throws `UserFault` where that is none of a
   * range that is not empty. This is how `read` and `write` move data.
   */
  pieces(
    address: number,
    length: number,
    access: "read" | "write",
    piece: (bytes: Uint8Array) => void,
  ): number;
}
