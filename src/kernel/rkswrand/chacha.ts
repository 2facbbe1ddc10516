import { chacha20Block } from "../../random/chacha20.ts";

/**
 * A cryptographic random generator: the ChaCha20 stream (RFC 8439) of a 256-bit seed, with fast key erasure: each
 * refill's first 32 bytes become the next key, so what was given out cannot be computed from the state later.
 */
export class ChaChaRandom {
  private readonly key = new Uint32Array(8);
  private readonly buffer = new Uint8Array(64 * BLOCKS);
  private readonly words = new Uint32Array(this.buffer.buffer);
  private used = this.buffer.length;

  /** `seed`: 32 bytes. */
  constructor(seed: Uint8Array) {
    new Uint8Array(this.key.buffer).set(seed.subarray(0, 32));
  }

  fill(into: Uint8Array): void {
    for (let done = 0; done < into.length; ) {
      if (this.used === this.buffer.length) this.refill();
      const count = Math.min(into.length - done, this.buffer.length - this.used);
      into.set(this.buffer.subarray(this.used, this.used + count), done);
      this.buffer.fill(0, this.used, this.used + count);
      this.used += count;
      done += count;
    }
  }

  private refill(): void {
    for (let block = 0; block < BLOCKS; block++)
      chacha20Block(this.key, block, NONCE, this.words, block * 16);
    this.key.set(this.words.subarray(0, 8));
    this.words.fill(0, 0, 8);
    this.used = 32;
  }
}

const BLOCKS = 8;
const NONCE = new Uint32Array(3);
