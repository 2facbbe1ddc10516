import { WaitQueue } from "../rksched/wait-queue.ts";
import type { Time } from "../rktime/time.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { O, POLL } from "../vfs/flags.ts";
import { OpenFile } from "../vfs/open-file.ts";

/** A timer's time to go and its interval, in nanoseconds; `left` 0: it is off. */
export interface TimerSetting {
  readonly left: number;
  readonly interval: number;
}

/**
 * A timer that is read (timerfd_create(2)). The kernel's timer is set for the next expiry alone, and again when the
 * file is read or asked about: a short interval that nobody reads costs nothing, as under Linux.
 */
export class TimerFile extends OpenFile {
  private readonly changes = new WaitQueue();
  /** Its clock is the time of day: absolute times of its settings are. */
  readonly ofDay: boolean;
  private readonly time: Time;
  /** When it expires next, in nanoseconds since boot; infinite while it is off. */
  private next = Number.POSITIVE_INFINITY;
  private interval = 0;
  private stop: (() => void) | undefined;

  constructor(location: Location, flags: number, time: Time, ofDay: boolean) {
    super(location, (flags & O.NONBLOCK) | O.RDWR);
    this.time = time;
    this.ofDay = ofDay;
  }

  override get waiters(): WaitQueue {
    return this.changes;
  }

  /** Starts it anew; `left` may be negative (a time that has passed) when `isOn`. */
  set(left: number, interval: number, isOn: boolean): void {
    this.interval = interval;
    this.next = isOn ? this.time.monotonic() + left : Number.POSITIVE_INFINITY;
    this.arm();
  }

  get setting(): TimerSetting {
    if (this.next === Number.POSITIVE_INFINITY) return { left: 0, interval: this.interval };
    const now = this.time.monotonic();
    // What has expired shows the time to the expiry after it.
    const ahead = this.next + this.expirations(now) * this.interval;
    return { left: Math.max(0, ahead - now), interval: this.interval };
  }

  /** Allowed, and without effect (Linux's `noop_llseek`). */
  override seek(): number {
    return 0;
  }

  override poll(): number {
    return this.expirations(this.time.monotonic()) > 0 ? POLL.IN | POLL.RDNORM : 0;
  }

  override read(into: Uint8Array): number {
    if (into.length < 8) fail("EINVAL");
    const count = this.expirations(this.time.monotonic());
    if (count === 0) fail("EAGAIN");
    this.next = this.interval > 0 ? this.next + count * this.interval : Number.POSITIVE_INFINITY;
    this.arm();
    new DataView(into.buffer, into.byteOffset).setBigUint64(0, BigInt(count), true);
    return 8;
  }

  protected override closed(): void {
    this.stop?.();
  }

  /** How often it has expired since it was read or set. */
  private expirations(now: number): number {
    if (now < this.next) return 0;
    return this.interval > 0 ? Math.floor((now - this.next) / this.interval) + 1 : 1;
  }

  private arm(): void {
    this.stop?.();
    this.stop = undefined;
    if (this.next === Number.POSITIVE_INFINITY) return;
    this.stop = this.time.after(this.next - this.time.monotonic(), () => {
      this.stop = undefined;
      this.waiters.wake(POLL.IN | POLL.RDNORM);
    });
  }
}
