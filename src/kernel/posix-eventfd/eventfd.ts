import { WaitQueue } from "../rksched/wait-queue.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { O, POLL } from "../vfs/flags.ts";
import { OpenFile } from "../vfs/open-file.ts";

/** The counter's biggest value; adding to it must not lead beyond (eventfd(2)). */
const MOST = 0xffff_ffff_ffff_fffen;

/** A counter that is read to zero, or down by one (EFD_SEMAPHORE). */
export class EventFile extends OpenFile {
  private readonly changes = new WaitQueue();
  private count: bigint;
  private readonly semaphore: boolean;

  constructor(location: Location, flags: number, count: number, semaphore: boolean) {
    super(location, (flags & O.NONBLOCK) | O.RDWR);
    this.count = BigInt(count);
    this.semaphore = semaphore;
  }

  override get waiters(): WaitQueue {
    return this.changes;
  }

  /** Allowed, and without effect (Linux's `noop_llseek`). */
  override seek(): number {
    return 0;
  }

  override poll(): number {
    return (this.count > 0n ? POLL.IN | POLL.RDNORM : 0) | (this.count < MOST ? POLL.OUT | POLL.WRNORM : 0);
  }

  override read(into: Uint8Array): number {
    if (into.length < 8) fail("EINVAL");
    if (this.count === 0n) fail("EAGAIN");
    const taken = this.semaphore ? 1n : this.count;
    this.count -= taken;
    new DataView(into.buffer, into.byteOffset).setBigUint64(0, taken, true);
    this.waiters.wake(POLL.OUT | POLL.WRNORM);
    return 8;
  }

  override write(from: Uint8Array): number {
    if (from.length < 8) fail("EINVAL");
    const added = new DataView(from.buffer, from.byteOffset).getBigUint64(0, true);
    if (added > MOST) fail("EINVAL");
    if (added > MOST - this.count) fail("EAGAIN");
    this.count += added;
    if (this.count > 0n) this.waiters.wake(POLL.IN | POLL.RDNORM);
    return 8;
  }
}
