/**
 * The loader's random numbers: ChaCha20 (RFC 8439) under a key made from one 64-bit seed, so a seed gives the same
 * layout on every host. A stream cipher rather than splitmix64 or xoshiro256**, because 16 bytes of the stream are
 * handed to the guest (AT_RANDOM): from an invertible generator's output a leaked canary would give away every
 * address.
 */
export class SeededRandom {
  private readonly key: Uint32Array;
  private counter = 0;
  private block: Uint32Array = new Uint32Array(0);
  private next = 0;

  /** `seed`: its low 64 bits count. */
  constructor(seed: bigint) {
    const low = Number(BigInt.asUintN(32, seed));
    const high = Number(BigInt.asUintN(32, seed >> 32n));
    this.key = new Uint32Array([low, high, 0, 0, 0, 0, 0, 0]);
  }

  u32(): number {
    if (this.next === this.block.length) {
      this.block = chacha20Block(this.key, this.counter++, new Uint32Array(3));
      this.next = 0;
    }
    return this.block[this.next++];
  }

  /** A number of `count` random bits; at most 32. */
  bits(count: number): number {
    return this.u32() % 2 ** count;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.bits(8));
  }
}

const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];

/** The ChaCha20 block function (RFC 8439, section 2.3): 16 words of key stream. */
export function chacha20Block(key: Uint32Array, counter: number, nonce: Uint32Array): Uint32Array {
  const start = Uint32Array.of(...CONSTANTS, ...key, counter, ...nonce);
  const state = start.slice();
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 4; i++) quarterRound(state, i, 4 + i, 8 + i, 12 + i);
    for (let i = 0; i < 4; i++)
      quarterRound(state, i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4));
  }
  return state.map((word, i) => word + start[i]);
}

function quarterRound(s: Uint32Array, a: number, b: number, c: number, d: number): void {
  mix(s, a, b, d, 16);
  mix(s, c, d, b, 12);
  mix(s, a, b, d, 8);
  mix(s, c, d, b, 7);
}

/** `s[a] += s[b]`, then `s[d]` is xored with it and rotated left. */
function mix(s: Uint32Array, a: number, b: number, d: number, rotate: number): void {
  s[a] += s[b];
  const word = s[d] ^ s[a];
  s[d] = (word << rotate) | (word >>> (32 - rotate));
}
