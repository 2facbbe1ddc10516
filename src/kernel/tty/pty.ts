import type { ConsolePort } from "../rkconsole/console.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { WaitQueue } from "../rksched/wait-queue.ts";
import type { Time } from "../rktime/time.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { POLL } from "../vfs/flags.ts";
import { type IoctlMemory, OpenFile } from "../vfs/open-file.ts";
import { decodeInt, encodeInt } from "../vfs/structs.ts";
import { Ioctl } from "./ioctls.ts";
import type { JobControl } from "./job-control.ts";
import { pseudoterminalTermios } from "./termios.ts";
import { Tty, TtyFile } from "./tty.ts";

/** Bytes kept for the master to read, and for the slave's line discipline. */
const BUFFER = 65536;
/** A tab becomes up to so many spaces on its way. */
const MOST_EXPANSION = 8;
const LONGEST_TRANSFER = 2 ** 20;

/** The line between the two ends of a pseudoterminal: what the slave's terminal stands on. */
class PtyLine implements ConsolePort {
  readonly terminal = true;
  rows = 0;
  columns = 0;
  onInput: () => void = () => {};
  onResize: () => void = () => {};
  readonly waiters = new WaitQueue();
  /** Written by the slave, for the master. */
  private output: number[] = [];
  /** Written by the master, for the slave. */
  private input: number[] = [];

  write(bytes: Uint8Array): void {
    for (const byte of bytes) this.output.push(byte);
    this.waiters.wake(POLL.IN | POLL.RDNORM);
  }

  room(): number {
    return Math.max(0, Math.floor((BUFFER - this.output.length) / MOST_EXPANSION));
  }

  read(max: number): Uint8Array {
    const bytes = Uint8Array.from(this.input.splice(0, max));
    if (bytes.length > 0) this.waiters.wake(POLL.OUT | POLL.WRNORM);
    return bytes;
  }

  get hasOutput(): boolean {
    return this.output.length > 0;
  }

  /** How much the master may write. */
  get inputRoom(): number {
    return BUFFER - this.input.length;
  }

  take(max: number): number[] {
    return this.output.splice(0, max);
  }

  /** What the master has not read is lost. */
  discard(): void {
    this.output = [];
  }

  type(bytes: Uint8Array): void {
    for (const byte of bytes) this.input.push(byte);
    this.onInput();
  }
}

/** A pseudoterminal (pty(7)). */
export class Pty {
  readonly number: number;
  readonly tty: Tty;
  readonly line = new PtyLine();
  /** Nobody may open the slave yet (`unlockpt`). */
  locked = true;
  slaves = 0;
  /** Before its first slave the master waits; after its last one it is an error to read. */
  hadSlave = false;

  constructor(number: number, jobs: JobControl, time: Time) {
    this.number = number;
    this.tty = new Tty(this.line, this.line, jobs, time, pseudoterminalTermios());
  }
}

/** The master's end. */
export class MasterFile extends OpenFile {
  private readonly pty: Pty;
  private readonly openSlave: (thread: Thread, flags: number) => number;
  private readonly onClose: () => void;

  /** `openSlave` gives a new descriptor of the slave (TIOCGPTPEER). */
  constructor(
    location: Location,
    flags: number,
    pty: Pty,
    openSlave: (thread: Thread, flags: number) => number,
    onClose: () => void,
  ) {
    super(location, flags);
    this.pty = pty;
    this.openSlave = openSlave;
    this.onClose = onClose;
  }

  override get waiters(): WaitQueue {
    return this.pty.line.waiters;
  }

  private get isAlone(): boolean {
    return this.pty.hadSlave && this.pty.slaves === 0;
  }

  /** Each byte may be looked at by the line discipline, which throws away what nobody reads. */
  override get longestTransfer(): number {
    return LONGEST_TRANSFER;
  }
  override poll(): number {
    const { line } = this.pty;
    let events = line.inputRoom > 0 ? POLL.OUT | POLL.WRNORM : 0;
    if (line.hasOutput) events |= POLL.IN | POLL.RDNORM;
    if (this.isAlone) events |= POLL.HUP;
    return events;
  }

  override read(into: Uint8Array): number {
    const { line, tty } = this.pty;
    if (into.length === 0) return 0;
    if (!line.hasOutput) fail(this.isAlone ? "EIO" : "EAGAIN");
    const bytes = line.take(into.length);
    into.set(bytes);
    tty.waiters.wake(POLL.OUT | POLL.WRNORM);
    return bytes.length;
  }

  override write(from: Uint8Array): number {
    const { line } = this.pty;
    if (from.length === 0) return 0;
    const count = Math.min(from.length, line.inputRoom);
    if (count === 0) fail("EAGAIN");
    line.type(from.subarray(0, count));
    return count;
  }

  override ioctl(request: number, memory: IoctlMemory, argument: number, caller: Thread): number {
    switch (request) {
      case Ioctl.TIOCGPTN:
        memory.write(encodeInt(this.pty.number));
        return 0;
      case Ioctl.TIOCSPTLCK:
        this.pty.locked = decodeInt(memory.read(4)) !== 0;
        return 0;
      case Ioctl.TIOCGPTLCK:
        memory.write(encodeInt(Number(this.pty.locked)));
        return 0;
      case Ioctl.TIOCGPTPEER:
        return this.openSlave(caller, argument);
      case Ioctl.TIOCPKT:
        return decodeInt(memory.read(4)) === 0 ? 0 : fail("EINVAL");
      case Ioctl.TCFLSH:
        return this.flush(argument);
      default:
        return this.pty.tty.ioctlByMaster(request, memory, argument, caller);
    }
  }

  /** Its input (TCIFLUSH) is what the slave wrote, its output (TCOFLUSH) what the slave has not read; 2: both. */
  private flush(which: number): number {
    if (which < 0 || which > 2) fail("EINVAL");
    const { line, tty } = this.pty;
    if (which !== 1) {
      line.discard();
      tty.waiters.wake(POLL.OUT | POLL.WRNORM);
    }
    if (which !== 0) tty.flushInput();
    return 0;
  }

  protected override closed(): void {
    this.pty.tty.hangUp();
    this.onClose();
  }
}

/** The slave's end: a terminal as any other. */
export class SlaveFile extends TtyFile {
  private readonly pty: Pty;

  constructor(location: Location, flags: number, pty: Pty) {
    super(location, flags, pty.tty);
    this.pty = pty;
    pty.slaves++;
    pty.hadSlave = true;
  }

  protected override closed(): void {
    this.pty.slaves--;
    if (this.pty.slaves === 0) this.pty.line.waiters.wake();
  }
}
