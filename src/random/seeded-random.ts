import { chacha20Block } from "./chacha20.ts";

/**
 * Random numbers of a run: ChaCha20 (RFC 8439) under a key made from one 64-bit seed, so a seed gives the same layout
 * on every host. A stream cipher rather than splitmix64 or xoshiro256**, because 16 bytes of the stream are
 * handed to the guest (AT_RANDOM): from an invertible generator's output a leaked canary would give away every
 * address.
 */
export class SeededRandom {
  private readonly key: Uint32Array;
  private counter = 0;
  private readonly block = new Uint32Array(16);
  private next = 16;

  /** `seed`: its low 64 bits count. */
  constructor(seed: bigint) {
    const low = Number(BigInt.asUintN(32, seed));
    const high = Number(BigInt.asUintN(32, seed >> 32n));
    this.key = new Uint32Array([low, high, 0, 0, 0, 0, 0, 0]);
  }

  u32(): number {
    if (this.next === this.block.length) {
      chacha20Block(this.key, this.counter++, NONCE, this.block, 0);
      this.next = 0;
    }
    return this.block[this.next++];
  }

  /** Numbers drawn so far: setting it goes to that place of the stream. */
  get position(): number {
    return this.counter * this.block.length - (this.block.length - this.next);
  }

  set position(drawn: number) {
    const { length } = this.block;
    this.counter = Math.floor(drawn / length);
    this.next = length;
    for (let i = drawn % length; i > 0; i--) this.u32();
  }

  /** A number of `count` random bits; at most 32. */
  bits(count: number): number {
    return this.u32() % 2 ** count;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.bits(8));
  }
}

const NONCE = new Uint32Array(3);
