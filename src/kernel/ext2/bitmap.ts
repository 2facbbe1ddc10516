/**
 * A bitmap of blocks or inodes in three states: as it stands on the disk (`committed`), as it will at the next commit
 * (`next`), and what is in use without being on the disk (`held`: files without a name that are still open, and
 * room for the next commit). Only what none of the three has is free: so what the disk refers to stays as it is.
 */
export class Bitmap {
  /** As it is to be written: bits beyond `size` are as they were found. */
  readonly next: Uint8Array;
  private readonly committed: Uint8Array;
  private readonly held: Uint8Array;
  private readonly size: number;
  private heldBits = 0;

  /** `bytes` is kept. `size`: the bits that count. */
  constructor(bytes: Uint8Array, size: number) {
    this.next = bytes;
    this.committed = bytes.slice();
    this.held = new Uint8Array(bytes.length);
    this.size = size;
  }

  /** Bits that `next` does not have. */
  get unused(): number {
    return this.count(this.next);
  }

  /** Bits that nothing has. */
  get free(): number {
    const all = this.next.slice();
    for (let i = 0; i < all.length; i++) all[i] |= this.committed[i] | this.held[i];
    return this.count(all);
  }

  get heldCount(): number {
    return this.heldBits;
  }

  isUsed(bit: number): boolean {
    return has(this.next, bit);
  }

  isHeld(bit: number): boolean {
    return has(this.held, bit);
  }

  isFree(bit: number): boolean {
    return ((this.next[bit >> 3] | this.committed[bit >> 3] | this.held[bit >> 3]) & (1 << (bit & 7))) === 0;
  }

  /** The disk refers to it: it must not change before the next commit. */
  isCommitted(bit: number): boolean {
    return has(this.committed, bit);
  }

  use(bit: number): void {
    this.next[bit >> 3] |= 1 << (bit & 7);
  }

  unuse(bit: number): void {
    this.next[bit >> 3] &= ~(1 << (bit & 7));
  }

  hold(bit: number): void {
    if (!this.isHeld(bit)) this.heldBits++;
    this.held[bit >> 3] |= 1 << (bit & 7);
  }

  unhold(bit: number): void {
    if (this.isHeld(bit)) this.heldBits--;
    this.held[bit >> 3] &= ~(1 << (bit & 7));
  }

  /** `next` is on the disk. */
  settle(): void {
    this.committed.set(this.next);
  }

  /** The first free bit from `from` on, and then from the start; -1 where there is none. */
  find(from: number): number {
    const found = this.search(from, this.size);
    return found >= 0 || from === 0 ? found : this.search(0, from);
  }

  /** The last run of `length` free bits, or -1. */
  findLastRun(length: number): number {
    let run = 0;
    for (let bit = this.size - 1; bit >= 0; bit--) {
      run = this.isFree(bit) ? run + 1 : 0;
      if (run === length) return bit;
    }
    return -1;
  }

  private search(from: number, end: number): number {
    const { next, committed, held } = this;
    for (let bit = from; bit < end; ) {
      const byte = bit >> 3;
      const used = next[byte] | committed[byte] | held[byte];
      if (used === 0xff) {
        bit = (byte + 1) * 8;
        continue;
      }
      if ((used & (1 << (bit & 7))) === 0) return bit;
      bit++;
    }
    return -1;
  }

  /** Clear bits among those that count. */
  private count(bytes: Uint8Array): number {
    let clear = 0;
    const whole = this.size >> 3;
    for (let i = 0; i < whole; i++) clear += CLEAR_BITS[bytes[i]];
    for (let bit = whole * 8; bit < this.size; bit++) if (!has(bytes, bit)) clear++;
    return clear;
  }
}

const CLEAR_BITS = Uint8Array.from({ length: 256 }, (_, byte) => {
  let clear = 0;
  for (let bit = 0; bit < 8; bit++) if (((byte >> bit) & 1) === 0) clear++;
  return clear;
});

function has(bytes: Uint8Array, bit: number): boolean {
  return ((bytes[bit >> 3] >> (bit & 7)) & 1) === 1;
}
