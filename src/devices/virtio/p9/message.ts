import { fail } from "./errno.ts";
import type { ByteString } from "./tree.ts";

/** Requests of 9P2000.L, and of 9P2000 what it keeps. An answer's type is its request's and one. */
export const Type = {
  lerror: 6,
  statfs: 8,
  lopen: 12,
  lcreate: 14,
  symlink: 16,
  mknod: 18,
  rename: 20,
  readlink: 22,
  getattr: 24,
  setattr: 26,
  readdir: 40,
  fsync: 50,
  lock: 52,
  getlock: 54,
  link: 70,
  mkdir: 72,
  renameat: 74,
  unlinkat: 76,
  version: 100,
  attach: 104,
  flush: 108,
  walk: 110,
  read: 116,
  write: 118,
  clunk: 120,
  remove: 122,
} as const;

/** `size[4] type[1] tag[2]` before every message. */
export const HEADER_SIZE = 7;
const NAME_MAX = 255;

const WORD = 2 ** 32;

/** Takes a message apart. What is not there fails the request. */
export class MessageReader {
  private readonly bytes: Uint8Array;
  private readonly end: number;
  private at = HEADER_SIZE;

  /** `end`: the length of the message, where the bytes are more. */
  constructor(bytes: Uint8Array, end = bytes.length) {
    this.bytes = bytes;
    this.end = end;
  }

  u8(): number {
    return this.bytes[this.skip(1)];
  }

  u16(): number {
    const at = this.skip(2);
    return this.bytes[at] | (this.bytes[at + 1] << 8);
  }

  u32(): number {
    const { bytes } = this;
    const at = this.skip(4);
    return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
  }

  u64(): bigint {
    const low = this.u32();
    return (BigInt(this.u32()) << 32n) | BigInt(low);
  }

  i64(): bigint {
    return BigInt.asIntN(64, this.u64());
  }

  /** A place in a file, or a size: beyond what a number holds there is no file. */
  position(): number {
    const low = this.u32();
    const high = this.u32();
    return high < 2 ** 21 ? high * WORD + low : fail("EFBIG");
  }

  data(length: number): Uint8Array {
    const from = this.skip(length);
    return this.bytes.subarray(from, from + length);
  }

  string(): ByteString {
    const length = this.u16();
    const from = this.skip(length);
    let text = "";
    for (let i = from; i < from + length; i++) text += String.fromCharCode(this.bytes[i]);
    return text;
  }

  /** A name in a directory. */
  name(): ByteString {
    const name = this.string();
    if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) fail("ENOENT");
    if (name.length > NAME_MAX) fail("ENAMETOOLONG");
    return name;
  }

  private skip(length: number): number {
    const from = this.at;
    if (length > this.end - from) fail("EPROTO");
    this.at += length;
    return from;
  }
}

/** Puts a message together. */
export class MessageWriter {
  private bytes = new Uint8Array(256);
  private view = new DataView(this.bytes.buffer);
  private readonly start: number;
  length: number;

  /** `start`: bytes left free at its beginning. */
  constructor(start = 0) {
    this.start = start;
    this.length = start;
  }

  /** Begins again. What `result` gave is written over. */
  clear(): this {
    this.length = this.start;
    return this;
  }

  /** Puts the header into the bytes left free, of a message with `more` bytes behind these. */
  header(type: number, tag: number, more: number): this {
    this.view.setUint32(0, this.length + more, true);
    this.view.setUint8(4, type);
    this.view.setUint16(5, tag, true);
    return this;
  }

  u8(value: number): this {
    const at = this.grow(1);
    this.view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.grow(2);
    this.view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.grow(4);
    this.view.setUint32(at, value, true);
    return this;
  }

  u64(value: bigint): this {
    const at = this.grow(8);
    this.view.setBigUint64(at, value, true);
    return this;
  }

  /** A number from 0 to 2^53. */
  count(value: number): this {
    return this.u32(value % WORD).u32(Math.floor(value / WORD));
  }

  string(text: ByteString): this {
    this.u16(text.length);
    const at = this.grow(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[at + i] = text.charCodeAt(i);
    return this;
  }

  /** What was put together so far. */
  get result(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  private grow(length: number): number {
    const from = this.length;
    this.length += length;
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, this.bytes.length * 2));
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    return from;
  }
}
