import type { Thread } from "../rkprocess/thread.ts";
import type { WaitQueue } from "../rksched/wait-queue.ts";
import type { SignalSet } from "../rksignal/signal-set.ts";
import { type SignalInfo, signal } from "../rksignal/signals.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { O, POLL } from "../vfs/flags.ts";
import { OpenFile } from "../vfs/open-file.ts";

/** Bytes of a `struct signalfd_siginfo`. */
const INFO_SIZE = 128;

/** Takes pending signals out of whoever reads: the thread's own and its process's (signalfd(2)). */
export class SignalFile extends OpenFile {
  mask: SignalSet;
  private readonly reader: () => Thread | undefined;

  /** `reader`: the thread that runs. */
  constructor(location: Location, flags: number, mask: SignalSet, reader: () => Thread | undefined) {
    super(location, (flags & O.NONBLOCK) | O.RDONLY);
    this.mask = mask;
    this.reader = reader;
  }

  override get waiters(): WaitQueue | undefined {
    return this.reader()?.process.signalArrivals;
  }

  /** Allowed, and without effect (Linux's `noop_llseek`). */
  override seek(): number {
    return 0;
  }

  override poll(): number {
    const thread = this.reader();
    const { low, high } = this.mask;
    const sets = thread ? [thread.signals.pending.set, thread.process.pendingSignals.set] : [];
    const isPending = sets.some((set) => (set.low & low) !== 0 || (set.high & high) !== 0);
    return isPending ? POLL.IN | POLL.RDNORM : 0;
  }

  override read(into: Uint8Array): number {
    if (into.length < INFO_SIZE) fail("EINVAL");
    const thread = this.reader() ?? fail("EAGAIN");
    const wanted = (number: number) => this.mask.has(number);
    let done = 0;
    while (done + INFO_SIZE <= into.length) {
      const info = thread.signals.pending.take(wanted) ?? thread.process.pendingSignals.take(wanted);
      if (!info) break;
      encode(info, new DataView(into.buffer, into.byteOffset + done, INFO_SIZE));
      done += INFO_SIZE;
    }
    return done || fail("EAGAIN");
  }
}

/**
 * `struct signalfd_siginfo`: 0 ssi_signo, 4 ssi_errno, 8 ssi_code, 12 ssi_pid, 16 ssi_uid, 40 ssi_status, 44 ssi_int,
 * 48 ssi_ptr, 72 ssi_addr.
 */
function encode(info: SignalInfo, view: DataView): void {
  const value = info.value ?? 0n;
  view.setUint32(0, info.signal, true);
  view.setInt32(4, info.errno ?? 0, true);
  view.setInt32(8, info.code, true);
  view.setUint32(12, info.pid ?? 0, true);
  view.setUint32(16, info.uid ?? 0, true);
  if (info.signal === signal.SIGCHLD) view.setInt32(40, Number(BigInt.asIntN(32, value)), true);
  else {
    view.setInt32(44, Number(BigInt.asIntN(32, value)), true);
    view.setBigInt64(48, value, true);
  }
  view.setBigInt64(72, info.address ?? 0n, true);
}
