import type { Dma } from "../../memory/dma.ts";
import type { Chain } from "./device.ts";

/** The most bytes of a chain in total (VIRTIO 1.2, section 2.7.4.2). */
const MAX_BYTES = 2 ** 32;

/** From a queue's set-up to its reset: the chains taken meanwhile share it. */
export interface Lifetime {
  over: boolean;
}

/** A chain as a ring gathers it: its buffers are checked as they are appended. */
export class BufferChain implements Chain {
  readable = 0;
  writable = 0;
  /** What the driver knows the chain by: the head's index in a split ring, the buffer ID in a packed one. */
  id = 0;
  /** Entries of the ring that it takes up. */
  slots = 1;
  private readonly memory: Dma;
  private readonly lifetime: Lifetime;
  /** Address and length of each buffer in turn. */
  private readonly buffers: number[] = [];
  /** Where the writable ones begin among `buffers`. */
  private firstWritable = 0;
  private isDone = false;

  constructor(memory: Dma, lifetime: Lifetime) {
    this.memory = memory;
    this.lifetime = lifetime;
  }

  get isDead(): boolean {
    return this.isDone || this.lifetime.over;
  }

  /**
   * False where a driver may not have such a buffer here: empty, not in RAM, one to read behind one to write, or too
   * much in total.
   */
  append(address: number, length: number, isWritable: boolean): boolean {
    if (length === 0 || !this.memory.reaches(address, length)) return false;
    if (this.readable + this.writable + length > MAX_BYTES) return false;
    if (isWritable) this.writable += length;
    else if (this.writable > 0) return false;
    else {
      this.readable += length;
      this.firstWritable += 2;
    }
    this.buffers.push(address, length);
    return true;
  }

  /** It has gone back to the driver or to the ring. */
  finish(): void {
    this.isDone = true;
  }

  read(offset: number, length: number): Uint8Array {
    const count = this.isDead ? 0 : Math.max(0, Math.min(length, this.readable - offset));
    if (count === 0) return new Uint8Array(0);
    const { memory, buffers } = this;
    let skip = offset;
    let i = 0;
    while (skip >= buffers[i + 1]) {
      skip -= buffers[i + 1];
      i += 2;
    }
    if (skip + count <= buffers[i + 1]) return memory.read(buffers[i] + skip, count)!;
    const bytes = new Uint8Array(count);
    for (let done = 0; done < count; i += 2) {
      const piece = Math.min(count - done, buffers[i + 1] - skip);
      bytes.set(memory.read(buffers[i] + skip, piece)!, done);
      done += piece;
      skip = 0;
    }
    return bytes;
  }

  write(offset: number, bytes: Uint8Array): number {
    const count = this.isDead ? 0 : Math.max(0, Math.min(bytes.length, this.writable - offset));
    const { memory, buffers } = this;
    let skip = offset;
    for (let done = 0, i = this.firstWritable; done < count; i += 2) {
      const length = buffers[i + 1];
      if (skip >= length) {
        skip -= length;
        continue;
      }
      const piece = Math.min(count - done, length - skip);
      memory.write(buffers[i] + skip, bytes.subarray(done, done + piece));
      done += piece;
      skip = 0;
    }
    return count;
  }

  eachWritable(visit: (address: number, length: number) => void): void {
    if (this.isDead) return;
    const { buffers } = this;
    for (let i = this.firstWritable; i < buffers.length; i += 2) visit(buffers[i], buffers[i + 1]);
  }
}
