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

/** Takes a message apart. What is not there fails the request. */
export class MessageReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at = HEADER_SIZE;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  u8(): number {
    return this.view.getUint8(this.skip(1));
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

  /** A place in a file, or a size: beyond what a number holds there is no file. */
  position(): number {
    const wide = this.u64();
    return wide <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wide) : fail("EFBIG");
  }

  data(length: number): Uint8Array {
    const from = this.skip(length);
    return this.bytes.subarray(from, from + length);
  }

  string(): ByteString {
    return Array.from(this.data(this.u16()), (byte) => String.fromCharCode(byte)).join("");
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
    if (length > this.bytes.length - from) fail("EPROTO");
    this.at += length;
    return from;
  }
}

/** Puts a message together. */
export class MessageWriter {
  private bytes = new Uint8Array(256);
  private view = new DataView(this.bytes.buffer);
  length = 0;

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

  /** Whether the last `length` bytes, just put there, leave it within `most`; they are taken away otherwise. */
  keepWithin(most: number, length: number): boolean {
    if (this.length <= most) return true;
    this.length -= length;
    return false;
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

/** A message in parts: its header, its fields, and data that is not copied. */
export function message(type: number, tag: number, body: Uint8Array, data?: Uint8Array): Uint8Array[] {
  const size = HEADER_SIZE + body.length + (data?.length ?? 0);
  const header = new MessageWriter().u32(size).u8(type).u16(tag).result;
  return data ? [header, body, data] : [header, body];
}
