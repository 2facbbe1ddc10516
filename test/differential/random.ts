/** A small seeded generator (xorshift64*), so that a seed repeats a run. */
export class Random {
  private state: bigint;

  constructor(seed: number) {
    this.state = ((BigInt(seed) + 1n) * 0x9e3779b97f4a7c15n) & MASK;
  }

  bits64(): bigint {
    this.state ^= this.state >> 12n;
    this.state ^= (this.state << 25n) & MASK;
    this.state ^= this.state >> 27n;
    return (this.state * 0x2545f4914f6cdd1dn) & MASK;
  }

  /** 32 bits, unsigned. */
  word(): number {
    return Number(this.bits64() >> 32n);
  }

  below(limit: number): number {
    return this.word() % limit;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }
}

const MASK = (1n << 64n) - 1n;
