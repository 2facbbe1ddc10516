import type { PidFileView } from "../rkprocess/pid-files.ts";
import type { Process } from "../rkprocess/process.ts";
import type { WaitQueue } from "../rksched/wait-queue.ts";
import type { Location } from "../vfs/dentry.ts";
import { O, POLL } from "../vfs/flags.ts";
import { OpenFile } from "../vfs/open-file.ts";

/** A process as a file: readable once it has ended (pidfd_open(2)). */
export class PidFile extends OpenFile implements PidFileView {
  /** Stays the same when another process gets its number. */
  readonly process: Process;

  constructor(location: Location, process: Process, nonblocking: boolean) {
    super(location, O.RDWR | (nonblocking ? O.NONBLOCK : 0));
    this.process = process;
  }

  get isNonblocking(): boolean {
    return (this.flags & O.NONBLOCK) !== 0;
  }

  override get waiters(): WaitQueue {
    return this.process.ended;
  }

  override poll(): number {
    if (!this.process.exitStatus) return 0;
    return POLL.IN | POLL.RDNORM | (this.process.isReaped ? POLL.HUP : 0);
  }
}
