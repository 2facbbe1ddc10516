const SMALLEST = 4096;

/**
 * A row of bytes that is taken from at its beginning. Memory comes when it is needed, and is never more than twice what
 * was in the row at once, rounded up; the owner knows how long the row is and how long it may get.
 */
export class ByteRing {
  private bytes = new Uint8Array(0);
  private start = 0;

  /** Writes `data` from `offset` on. */
  put(offset: number, data: Uint8Array): void {
    this.reserve(offset + data.length);
    const { bytes } = this;
    const at = (this.start + offset) % bytes.length;
    const first = Math.min(data.length, bytes.length - at);
    bytes.set(first === data.length ? data : data.subarray(0, first), at);
    if (first < data.length) bytes.set(data.subarray(first), 0);
  }

  /** Fills `into` from what was put at `offset` and behind it. */
  copy(offset: number, into: Uint8Array): void {
    if (into.length === 0) return;
    const { bytes } = this;
    const at = (this.start + offset) % bytes.length;
    const first = Math.min(into.length, bytes.length - at);
    into.set(bytes.subarray(at, at + first));
    if (first < into.length) into.set(bytes.subarray(0, into.length - first), first);
  }

  /** Takes `count` bytes away from the beginning. */
  drop(count: number): void {
    if (count > 0) this.start = (this.start + count) % this.bytes.length;
  }

  /** Gives all memory back. */
  clear(): void {
    this.bytes = new Uint8Array(0);
    this.start = 0;
  }

  private reserve(length: number): void {
    const { bytes, start } = this;
    if (length <= bytes.length) return;
    let size = Math.max(SMALLEST, bytes.length);
    while (size < length) size *= 2;
    this.bytes = new Uint8Array(size);
    this.bytes.set(bytes.subarray(start));
    this.bytes.set(bytes.subarray(0, start), bytes.length - start);
    this.start = 0;
  }
}
