import { distance } from "./sequence.ts";

/** Of the initial window, in segments (RFC 6928). */
const INITIAL = 10;
const DUPLICATES = 3;

/** What the sender is to do about an acknowledgment. */
export type Advice = "go-on" | "retransmit";

/** Congestion control: slow start, congestion avoidance, fast retransmit and NewReno's fast recovery (RFC 5681, 6582). */
export class Congestion {
  /** Bytes that may be under way. */
  window: number;
  private threshold = Number.POSITIVE_INFINITY;
  private duplicates = 0;
  /** In fast recovery: what has to be acknowledged to leave it. */
  private recover: number | undefined;
  /** After a timeout no duplicates of what was sent before it start a recovery (RFC 6582, section 4). */
  private avoid: number | undefined;
  private readonly segmentSize: number;

  constructor(segmentSize: number) {
    this.segmentSize = segmentSize;
    this.window = INITIAL * segmentSize;
  }

  /** `count` bytes were acknowledged for the first time, up to `acknowledgment`; `inFlight` still are under way. */
  acknowledged(acknowledgment: number, count: number, inFlight: number): Advice {
    const size = this.segmentSize;
    this.duplicates = 0;
    if (this.avoid !== undefined && distance(this.avoid, acknowledgment) > 0) this.avoid = undefined;
    if (this.recover !== undefined) {
      if (distance(this.recover, acknowledgment) < 0) {
        // A partial acknowledgment: the next segment was lost as well.
        this.window = Math.max(size, this.window - count + (count >= size ? size : 0));
        return "retransmit";
      }
      this.recover = undefined;
      this.window = Math.min(this.threshold, Math.max(inFlight, size) + size);
    } else if (this.window < this.threshold) this.window += count;
    else this.window += Math.max(1, Math.floor((size * Math.min(count, this.window)) / this.window));
    this.window = Math.min(this.window, 2 ** 30);
    return "go-on";
  }

  /** The same acknowledgment came again, with data under way up to `sent`. */
  duplicate(acknowledgment: number, sent: number, inFlight: number): Advice {
    if (this.recover !== undefined) {
      this.window += this.segmentSize;
      return "go-on";
    }
    this.duplicates++;
    if (this.duplicates !== DUPLICATES) return "go-on";
    if (this.avoid !== undefined && distance(this.avoid, acknowledgment) <= 0) return "go-on";
    this.threshold = this.halved(inFlight);
    this.window = this.threshold + DUPLICATES * this.segmentSize;
    this.recover = sent;
    return "retransmit";
  }

  /** Nothing came back in time; `sent` is the end of what was under way. */
  timedOut(sent: number, inFlight: number): void {
    this.threshold = this.halved(inFlight);
    this.window = this.segmentSize;
    this.duplicates = 0;
    this.recover = undefined;
    this.avoid = sent;
  }

  private halved(inFlight: number): number {
    return Math.max(Math.floor(inFlight / 2), 2 * this.segmentSize);
  }
}
