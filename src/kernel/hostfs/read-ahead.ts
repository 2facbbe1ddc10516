/** Bytes read at a time of a file that is read from one end to the other: more each time. */
const LEAST = 1 << 16;
const MOST = 127 << 12;

/**
 * What was read last of a file, and behind it: programs' memory is filled page by page, and a request for each would cost
 * more than its bytes.
 */
export class ReadAhead {
  private bytes = new Uint8Array(0);
  private of: object | undefined;
  private stamp = 0;
  private position = 0;
  private length = 0;
  private isEnd = false;

  /** How many bytes of `file` at `position` are known at that stamp, put into `into`: all wanted, or up to the end. -1: none. */
  take(file: object, stamp: number, position: number, into: Uint8Array): number {
    if (this.of !== file || this.stamp !== stamp || position < this.position) return -1;
    const from = position - this.position;
    const known = this.length - from;
    if (known < into.length && (known < 0 || !this.isEnd)) return -1;
    const count = Math.min(known, into.length);
    into.set(this.bytes.subarray(from, from + count));
    return count;
  }

  /** Reads on from `position`: `read` says how many bytes there were. */
  fill(file: object, stamp: number, position: number, read: (into: Uint8Array) => number): void {
    const goesOn = this.of === file && position === this.position + this.length;
    const wanted = goesOn ? Math.min(MOST, 2 * this.length) : LEAST;
    this.of = undefined;
    if (wanted > this.bytes.length) this.bytes = new Uint8Array(wanted);
    this.length = read(this.bytes.subarray(0, wanted));
    this.isEnd = this.length < wanted;
    this.of = file;
    this.stamp = stamp;
    this.position = position;
  }
}
