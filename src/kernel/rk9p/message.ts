import { fail } from "../vfs/error.ts";
import { type ByteString, fromBytes } from "../vfs/names.ts";

/** Requests of 9P2000.L (its protocol.md), and of 9P2000 what it keeps. An answer's type is its request's and one. */
export const Type = {
  lerror: 6,
  statfs: 8,
  lopen: 12,
  lcreate: 14,
  symlink: 16,
  readlink: 22,
  getattr: 24,
  setattr: 26,
  readdir: 40,
  fsync: 50,
  link: 70,
  mkdir: 72,
  renameat: 74,
  unlinkat: 76,
  version: 100,
  attach: 104,
  walk: 110,
  read: 116,
  write: 118,
  clunk: 120,
} as const;

/** `size[4] type[1] tag[2]` before every message. */
export const HEADER = 7;
/** The longest request: a walk of 16 names of 255 bytes. */
const LONGEST = 8192;
const WORD = 2 ** 32;

/** Puts one request after the other together, in the same bytes. */
export class Request {
  private readonly bytes = new Uint8Array(LONGEST);
  private readonly view = new DataView(this.bytes.buffer);
  private at = 0;

  begin(type: number, tag: number): this {
    this.bytes[4] = type;
    this.view.setUint16(5, tag, true);
    this.at = HEADER;
    return this;
  }

  u16(value: number): this {
    this.view.setUint16(this.at, value, true);
    this.at += 2;
    return this;
  }

  u32(value: number): this {
    this.view.setUint32(this.at, value, true);
    this.at += 4;
    return this;
  }

  /** A number up to 2^53. */
  u64(value: number): this {
    return this.u32(value % WORD).u32(Math.floor(value / WORD));
  }

  i64(value: bigint): this {
    this.view.setBigInt64(this.at, value, true);
    this.at += 8;
    return this;
  }

  /** ENAMETOOLONG where the request would be longer than any that has a meaning. */
  string(text: ByteString): this {
    if (this.at + 2 + text.length > LONGEST) fail("ENAMETOOLONG");
    this.u16(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[this.at + i] = text.charCodeAt(i);
    this.at += text.length;
    return this;
  }

  /** The message, of which `more` bytes of data are elsewhere. */
  end(more = 0): Uint8Array {
    this.view.setUint32(0, this.at + more, true);
    return this.bytes.subarray(0, this.at);
  }
}

/** Takes an answer apart. What is not there is EIO: the server does not keep to the protocol. */
export class Answer {
  private bytes: Uint8Array;
  private view: DataView;
  private at = 0;
  private end = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Where the next answer's first `length` bytes go. */
  begin(length: number): Uint8Array {
    if (length > this.bytes.length) {
      this.bytes = new Uint8Array(length);
      this.view = new DataView(this.bytes.buffer);
    }
    this.at = 0;
    this.end = length;
    return this.bytes.subarray(0, length);
  }

  /** The message ends at `length`, or before that with the bytes there are. */
  endAt(length: number): void {
    this.end = Math.min(this.end, length);
  }

  get left(): number {
    return this.end - this.at;
  }

  u8(): number {
    return this.bytes[this.skip(1)];
  }

  u16(): number {
    return this.view.getUint16(this.skip(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.skip(4), true);
  }

  u64(): bigint {
    return this.view.getBigUint64(this.skip(8), true);
  }

  i64(): bigint {
    return this.view.getBigInt64(this.skip(8), true);
  }

  /** What a number can hold; EIO beyond. */
  count(): number {
    const low = this.u32();
    const high = this.u32();
    return high < 2 ** 21 ? high * WORD + low : fail("EIO");
  }

  string(): ByteString {
    const length = this.u16();
    const from = this.skip(length);
    return fromBytes(this.bytes.subarray(from, from + length));
  }

  skip(length: number): number {
    const from = this.at;
    if (length > this.end - from) fail("EIO");
    this.at += length;
    return from;
  }
}
