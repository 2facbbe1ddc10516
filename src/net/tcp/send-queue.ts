import { Allowance, type BufferBudget } from "./allowance.ts";
import { ByteRing } from "./byte-ring.ts";

/** Bytes that the peer has not yet acknowledged, sent or not. */
export class SendQueue {
  length = 0;
  private readonly ring = new ByteRing();
  private readonly allowance: Allowance;

  constructor(budget: BufferBudget) {
    this.allowance = new Allowance(budget);
  }

  get room(): number {
    return this.allowance.bytes - this.length;
  }

  /** At least a quarter is free: worth telling whoever waits. */
  get hasMuchRoom(): boolean {
    return this.room * 4 >= this.allowance.bytes;
  }

  /** Takes as many bytes as there is room for, and returns how many. */
  write(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.room);
    if (taken.length > 0) this.ring.put(this.length, taken);
    this.length += taken.length;
    return taken.length;
  }

  /** Fills `into` with the bytes from `offset` on. */
  copy(offset: number, into: Uint8Array): void {
    this.ring.copy(offset, into);
  }

  /** The first `count` bytes were acknowledged. */
  acknowledge(count: number): void {
    this.ring.drop(count);
    this.length -= count;
    this.allowance.pass(count);
  }

  release(): void {
    this.length = 0;
    this.ring.clear();
    this.allowance.release();
  }
}
