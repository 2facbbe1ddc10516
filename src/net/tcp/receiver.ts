import type { BufferBudget } from "./allowance.ts";
import { ReceiveQueue } from "./receive-queue.ts";
import { Flag, type Segment } from "./segment.ts";
import { distance, later, plus } from "./sequence.ts";

/** What a window is counted in: 65,535 times this is more than a buffer ever holds. */
export const WINDOW_SCALE = 5;

/** The receiving half of a connection (RFC 9293, section 3.3.1: RCV.NXT, RCV.WND). */
export class Receiver {
  readonly queue: ReceiveQueue;
  /** The next sequence number that is expected. */
  next = 0;
  /** The peer sends no more, and we know all that it sent. */
  isFinished = false;
  private readonly segmentSize: number;
  /** The end of the largest window that was offered: it never goes back. */
  private edge = 0;
  private scale = 0;
  private finSequence: number | undefined;
  private unacknowledged = 0;

  constructor(segmentSize: number, budget: BufferBudget) {
    this.segmentSize = segmentSize;
    this.queue = new ReceiveQueue(budget);
  }

  /** The peer's SYN has come. */
  start(sequence: number): void {
    this.next = plus(sequence, 1);
    this.edge = this.next;
  }

  /** Both sides scale their windows (RFC 7323). */
  useScale(): void {
    this.scale = WINDOW_SCALE;
  }

  /** Whether some of the segment lies in the window (section 3.10.7.4). */
  accepts(segment: Segment): boolean {
    const { sequence, flags, data } = segment;
    const length = data.length + ((flags & Flag.syn) !== 0 ? 1 : 0) + ((flags & Flag.fin) !== 0 ? 1 : 0);
    const window = this.offered;
    const first = distance(this.next, sequence);
    // Right behind the window too: the peer has used it up, and the data got lost.
    if (length === 0) return first >= 0 && first <= window;
    return first < window && first + length > 0;
  }

  /** Takes in an acceptable segment's data and FIN. Returns whether there is something new for the user to read. */
  take(segment: Segment): "news" | "nothing" {
    const { sequence, flags, data } = segment;
    if (this.isFinished) return "nothing";
    if ((flags & Flag.fin) !== 0) this.finSequence ??= plus(sequence, data.length);
    const known = Math.max(0, -distance(this.next, sequence));
    const fresh = data.subarray(known);
    const grown = fresh.length === 0 ? 0 : this.queue.add(Math.max(0, distance(this.next, sequence)), fresh);
    this.next = plus(this.next, grown);
    this.unacknowledged += grown;
    if (this.finSequence === this.next) {
      this.next = plus(this.next, 1);
      this.isFinished = true;
    }
    return grown > 0 || this.isFinished ? "news" : "nothing";
  }

  /** Two full segments wait for their acknowledgment: it is due (section 3.8.6.3). */
  get isAcknowledgmentDue(): boolean {
    return this.unacknowledged >= 2 * this.segmentSize;
  }

  get hasUnacknowledged(): boolean {
    return this.unacknowledged > 0;
  }

  /** The window would grow by no silly little: two segments, or half the buffer (section 3.8.6.2.2). */
  get isUpdateDue(): boolean {
    const { room, length } = this.queue;
    return this.slack >= Math.min(2 * this.segmentSize, (room + length) / 2);
  }

  /** The window to write into a segment that is about to leave. */
  offer(isSyn: boolean): number {
    const scale = isSyn ? 0 : this.scale;
    this.unacknowledged = 0;
    const window = this.isUpdateDue ? this.queue.room : this.offered;
    const field = Math.min(0xffff, window >> scale);
    this.edge = later(this.edge, plus(this.next, field << scale));
    return field;
  }

  close(): void {
    this.queue.release();
  }

  private get offered(): number {
    return Math.max(0, distance(this.next, this.edge));
  }

  /** How much more than was offered could be. */
  private get slack(): number {
    return this.queue.room - this.offered;
  }
}
