import { Ranges } from "../ranges.ts";
import { Allowance, type BufferBudget } from "./allowance.ts";
import { ByteRing } from "./byte-ring.ts";

/** Ranges of bytes that may wait behind a gap. */
const GAP_LIMIT = 64;

/** Bytes that arrived: those in order, for the user to read, and those behind a gap. */
export class ReceiveQueue {
  /** Bytes in order that nobody has read. */
  length = 0;
  private readonly ring = new ByteRing();
  private readonly allowance: Allowance;
  /** Offsets from the end of what is in order. */
  private readonly early = new Ranges(GAP_LIMIT);

  constructor(budget: BufferBudget) {
    this.allowance = new Allowance(budget);
  }

  /** How many bytes there is room for beyond what is in order. */
  get room(): number {
    return this.allowance.bytes - this.length;
  }

  get hasGap(): boolean {
    return !this.early.isEmpty;
  }

  /**
   * Takes bytes that begin `offset` bytes behind what is in order: no more than `room` allows, and none where there are
   * too many gaps. Returns by how much the bytes in order have grown.
   */
  add(offset: number, data: Uint8Array): number {
    const fitting = data.subarray(0, Math.max(0, this.room - offset));
    if (fitting.length === 0) return 0;
    if (offset > 0) {
      if (this.early.add({ from: offset, to: offset + fitting.length }))
        this.ring.put(this.length + offset, fitting);
      return 0;
    }
    this.ring.put(this.length, fitting);
    let grown = fitting.length;
    this.early.advance(grown);
    const joined = this.early.first;
    if (joined?.from === 0) {
      grown += joined.to;
      this.early.advance(joined.to);
    }
    this.length += grown;
    return grown;
  }

  /** A copy of up to `most` bytes, which are gone from here. */
  read(most: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(most, this.length));
    this.ring.copy(0, bytes);
    this.ring.drop(bytes.length);
    this.length -= bytes.length;
    this.allowance.pass(bytes.length);
    return bytes;
  }

  release(): void {
    this.length = 0;
    this.early.clear();
    this.ring.clear();
    this.allowance.release();
  }
}
