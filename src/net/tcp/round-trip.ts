import { distance } from "./sequence.ts";

const FIRST_MS = 1000;
/** As Linux and the BSDs have it, below RFC 6298's second. */
const LEAST_MS = 200;
const MOST_MS = 60_000;

/** How long to wait for an acknowledgment (RFC 6298): one segment at a time is measured. */
export class RoundTrip {
  private smoothed: number | undefined;
  private variation = 0;
  private base = FIRST_MS;
  private backoff = 1;
  private measured: { readonly end: number; readonly sentAt: number } | undefined;

  /** Milliseconds until a retransmission. */
  get timeout(): number {
    return Math.min(MOST_MS, this.base * this.backoff);
  }

  /** A segment whose last sequence number is before `end` was sent for the first time. */
  sent(end: number, now: number): void {
    this.measured ??= { end, sentAt: now };
  }

  /** What was sent is sent again: the acknowledgment of it would not say which is meant (Karn's algorithm). */
  forget(): void {
    this.measured = undefined;
  }

  /** The timer ran out. */
  timedOut(): void {
    this.forget();
    this.backoff = Math.min(this.backoff * 2, MOST_MS / LEAST_MS);
  }

  /** Everything before `acknowledgment` arrived. */
  acknowledged(acknowledgment: number, now: number): void {
    this.backoff = 1;
    if (this.measured === undefined || distance(this.measured.end, acknowledgment) < 0) return;
    const sample = now - this.measured.sentAt;
    this.measured = undefined;
    if (this.smoothed === undefined) {
      this.smoothed = sample;
      this.variation = sample / 2;
    } else {
      this.variation += (Math.abs(this.smoothed - sample) - this.variation) / 4;
      this.smoothed += (sample - this.smoothed) / 8;
    }
    this.base = Math.max(LEAST_MS, this.smoothed + 4 * this.variation);
  }
}
