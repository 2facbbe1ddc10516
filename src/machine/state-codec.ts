import type { State } from "../devices/state.ts";

/** What stands in front of each value. */
const Tag = {
  undefined: 0,
  false: 1,
  true: 2,
  number: 3,
  bigint: 4,
  string: 5,
  bytes: 6,
  list: 7,
  record: 8,
} as const;

/** Nothing that is saved is nested more deeply. */
const DEEPEST = 32;

/** Thrown where bytes are no encoded state. */
export class BrokenState extends Error {}

/**
 * Saved state as bytes: a tag, then
 *
 *     number   8 bytes, a double     list     u32 count, the values
 *     string   u32 length, UTF-8     record   u32 count, (string without its tag, value) each
 *     bytes    u32 length, bytes     bigint   as a string, in decimal
 *
 * all little-endian.
 */
export function encodeState(state: State): Uint8Array {
  const encoder = new Encoder();
  encoder.value(state);
  return encoder.finish();
}

/** Throws `BrokenState`. */
export function decodeState(bytes: Uint8Array): State {
  const decoder = new Decoder(bytes);
  const state = decoder.value(0);
  if (!decoder.atEnd) throw new BrokenState();
  return state;
}

class Encoder {
  private bytes = new Uint8Array(65536);
  private used = 0;

  value(state: State): void {
    if (state === undefined) this.u8(Tag.undefined);
    else if (typeof state === "boolean") this.u8(state ? Tag.true : Tag.false);
    else if (typeof state === "number") {
      this.u8(Tag.number);
      new DataView(this.bytes.buffer).setFloat64(this.room(8), state, true);
    } else if (typeof state === "bigint") {
      this.u8(Tag.bigint);
      this.string(String(state));
    } else if (typeof state === "string") {
      this.u8(Tag.string);
      this.string(state);
    } else if (state instanceof Uint8Array) {
      this.u8(Tag.bytes);
      this.blob(state);
    } else if (isList(state)) {
      this.u8(Tag.list);
      this.u32(state.length);
      for (const item of state) this.value(item);
    } else {
      const entries = Object.entries(state);
      this.u8(Tag.record);
      this.u32(entries.length);
      for (const [name, item] of entries) {
        this.string(name);
        this.value(item);
      }
    }
  }

  finish(): Uint8Array {
    return this.bytes.subarray(0, this.used);
  }

  private u8(value: number): void {
    const at = this.room(1);
    this.bytes[at] = value;
  }

  private u32(value: number): void {
    const at = this.room(4);
    new DataView(this.bytes.buffer).setUint32(at, value, true);
  }

  private string(text: string): void {
    this.blob(new TextEncoder().encode(text));
  }

  private blob(bytes: Uint8Array): void {
    this.u32(bytes.length);
    const at = this.room(bytes.length);
    this.bytes.set(bytes, at);
  }

  /** Where `count` bytes are to be put. */
  private room(count: number): number {
    const at = this.used;
    this.used += count;
    if (this.used > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.used, this.bytes.length * 2));
      larger.set(this.bytes);
      this.bytes = larger;
    }
    return at;
  }
}

class Decoder {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.at === this.bytes.length;
  }

  value(depth: number): State {
    if (depth > DEEPEST) throw new BrokenState();
    switch (this.bytes[this.take(1)]) {
      case Tag.undefined:
        return undefined;
      case Tag.false:
        return false;
      case Tag.true:
        return true;
      case Tag.number:
        return this.view.getFloat64(this.take(8), true);
      case Tag.bigint:
        return this.bigint();
      case Tag.string:
        return this.string();
      case Tag.bytes:
        return this.blob().slice();
      case Tag.list:
        return Array.from({ length: this.count() }, () => this.value(depth + 1));
      case Tag.record:
        return Object.fromEntries(
          Array.from({ length: this.count() }, () => [this.string(), this.value(depth + 1)]),
        );
      default:
        throw new BrokenState();
    }
  }

  private bigint(): bigint {
    const digits = this.string();
    if (!/^-?\d{1,40}$/.test(digits)) throw new BrokenState();
    return BigInt(digits);
  }

  /** Each value takes a byte at least, so a count beyond the rest of the bytes is a lie. */
  private count(): number {
    const count = this.view.getUint32(this.take(4), true);
    if (count > this.bytes.length - this.at) throw new BrokenState();
    return count;
  }

  private string(): string {
    return new TextDecoder().decode(this.blob());
  }

  private blob(): Uint8Array {
    const at = this.take(this.view.getUint32(this.take(4), true));
    return this.bytes.subarray(at, this.at);
  }

  /** Where the next `count` bytes are. */
  private take(count: number): number {
    const at = this.at;
    if (count > this.bytes.length - at) throw new BrokenState();
    this.at += count;
    return at;
  }
}

const isList = (state: readonly State[] | { readonly [name: string]: State }): state is readonly State[] =>
  Array.isArray(state);
