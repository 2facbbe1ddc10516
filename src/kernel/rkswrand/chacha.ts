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
    for (let block = 0; block < BLOCKS; block++) chachaBlock(this.key, block, NONCE, this.words, block * 16);
    this.key.set(this.words.subarray(0, 8));
    this.words.fill(0, 0, 8);
    this.used = 32;
  }
}

const BLOCKS = 8;
const NONCE = new Uint32Array(3);
/** "expand 32-byte k" */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];
const state = new Uint32Array(16);

/** One 64-byte block (RFC 8439, 2.3) into `out` at word `at`. */
export function chachaBlock(
  key: Uint32Array,
  counter: number,
  nonce: Uint32Array,
  out: Uint32Array,
  at: number,
): void {
  const x = state;
  x.set(CONSTANTS, 0);
  x.set(key, 4);
  x[12] = counter;
  x.set(nonce, 13);
  for (let i = 0; i < 16; i++) out[at + i] = x[i];
  for (let round = 0; round < 10; round++) {
    quarter(x, 0, 4, 8, 12);
    quarter(x, 1, 5, 9, 13);
    quarter(x, 2, 6, 10, 14);
    quarter(x, 3, 7, 11, 15);
    quarter(x, 0, 5, 10, 15);
    quarter(x, 1, 6, 11, 12);
    quarter(x, 2, 7, 8, 13);
    quarter(x, 3, 4, 9, 14);
  }
  for (let i = 0; i < 16; i++) out[at + i] += x[i];
}

function quarter(x: Uint32Array, a: number, b: number, c: number, d: number): void {
  x[a] += x[b];
  x[d] = rotate(x[d] ^ x[a], 16);
  x[c] += x[d];
  x[b] = rotate(x[b] ^ x[c], 12);
  x[a] += x[b];
  x[d] = rotate(x[d] ^ x[a], 8);
  x[c] += x[d];
  x[b] = rotate(x[b] ^ x[c], 7);
}

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
