import type { ConsolePort } from "../rkconsole/console.ts";
import { WaitQueue } from "../rksched/wait-queue.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { POLL } from "../vfs/flags.ts";
import { CONSOLE_TRANSFER, OpenFile } from "../vfs/open-file.ts";

/** One direction of a console port that is no terminal: bytes as they are. */
export class Stream {
  readonly waiters = new WaitQueue();
  private readonly port: ConsolePort;
  /** Read from the port and not yet by the guest. */
  private pending: Uint8Array = new Uint8Array(0);
  private ended = false;

  constructor(port: ConsolePort) {
    this.port = port;
    port.onInput = () => this.waiters.wake();
  }

  /** Which of `POLL` hold for a reader. */
  poll(): number {
    this.fill(1);
    return (this.pending.length > 0 ? POLL.IN | POLL.RDNORM : 0) | (this.ended ? POLL.HUP : 0);
  }

  read(into: Uint8Array): number {
    if (into.length === 0) return 0;
    this.fill(into.length);
    if (this.pending.length === 0 && !this.ended) fail("EAGAIN");
    const count = Math.min(into.length, this.pending.length);
    into.set(this.pending.subarray(0, count));
    this.pending = this.pending.subarray(count);
    return count;
  }

  write(from: Uint8Array): number {
    this.port.write(from);
    return from.length;
  }

  private fill(wanted: number): void {
    if (this.pending.length > 0 || this.ended) return;
    const bytes = this.port.read(wanted);
    if (bytes) this.pending = bytes;
    else this.ended = true;
  }
}

/** A stream, opened: like a pipe's end. */
export class StreamFile extends OpenFile {
  private readonly stream: Stream;

  constructor(location: Location, flags: number, stream: Stream) {
    super(location, flags);
    this.stream = stream;
  }

  override get waiters(): WaitQueue {
    return this.stream.waiters;
  }
  override get longestTransfer(): number {
    return CONSOLE_TRANSFER;
  }
  override poll(): number {
    return (this.readable ? this.stream.poll() : 0) | (this.writable ? POLL.OUT | POLL.WRNORM : 0);
  }
  override read(into: Uint8Array): number {
    return this.stream.read(into);
  }
  override write(from: Uint8Array): number {
    return this.stream.write(from);
  }
}
