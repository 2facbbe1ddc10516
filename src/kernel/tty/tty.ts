import type { ConsolePort } from "../rkconsole/console.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { WaitQueue } from "../rksched/wait-queue.ts";
import { signal } from "../rksignal/signals.ts";
import type { Time } from "../rktime/time.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { POLL } from "../vfs/flags.ts";
import { CONSOLE_TRANSFER, type IoctlMemory, OpenFile } from "../vfs/open-file.ts";
import {
  decodeInt,
  decodeTermio,
  decodeTermios,
  encodeInt,
  encodeTermio,
  encodeTermios,
  encodeWindowSize,
  TERMIO_SIZE,
  TERMIOS_SIZE,
  TERMIOS2_SIZE,
  type Termios,
} from "../vfs/structs.ts";
import { Ioctl } from "./ioctls.ts";
import type { JobControl } from "./job-control.ts";
import { LineDiscipline, type LineEvents, type TerminalSignal } from "./line-discipline.ts";
import { Cc, initialTermios, Lflag, Oflag } from "./termios.ts";

/** Bytes of echo kept while output is stopped. */
const ECHO_KEPT = 4096;

/** VTIME counts tenths of a second. */
const VTIME_UNIT = 1e8;

/** A terminal: a console port with a line discipline on it. */
export class Tty implements LineEvents {
  readonly waiters = new WaitQueue();
  private readonly input: ConsolePort;
  private readonly outputPort: ConsolePort;
  readonly jobs: JobControl;
  private readonly time: Time;
  private readonly line: LineDiscipline;
  private size: { rows: number; columns: number } | undefined;
  private ended = false;
  private hungUp = false;
  private stopped = false;
  /** Echoes that wait for the output to go on. */
  private readonly held: number[] = [];
  private timer: (() => void) | undefined;
  private timedOut = false;

  constructor(
    input: ConsolePort,
    output: ConsolePort,
    jobs: JobControl,
    time: Time,
    settings: Termios = initialTermios(),
  ) {
    this.line = new LineDiscipline(this, settings);
    this.input = input;
    this.outputPort = output;
    this.jobs = jobs;
    this.time = time;
    if (input.terminal) input.onInput = () => this.received();
    for (const port of [input, output]) {
      port.onResize = () => {
        this.size = undefined;
        jobs.signal(signal.SIGWINCH);
      };
    }
  }

  echo(bytes: Uint8Array): void {
    if (!this.stopped) this.outputPort.write(bytes);
    else if (this.held.length < ECHO_KEPT) this.held.push(...bytes);
  }

  signal(name: TerminalSignal): void {
    this.jobs.signal(signal[name]);
  }

  flow(stopped: boolean): void {
    this.stopped = stopped;
    if (stopped) return;
    const echoes = Uint8Array.from(this.held.splice(0));
    if (echoes.length > 0) this.outputPort.write(echoes);
    this.waiters.wake();
  }

  poll(): number {
    const isFull = this.outputPort.room?.() === 0;
    let events = this.stopped || isFull ? 0 : POLL.OUT | POLL.WRNORM;
    if (this.line.readable || this.ended) events |= POLL.IN | POLL.RDNORM;
    if (this.ended) events |= POLL.HUP;
    return events;
  }

  read(into: Uint8Array): number {
    if (into.length === 0) return 0;
    if (!this.line.canonical) this.waitForBytes(into.length);
    else if (!this.line.readable && !this.ended) fail("EAGAIN");
    const bytes = this.line.take(into.length);
    into.set(bytes);
    // There is room again for what the port still holds.
    this.received();
    return bytes.length;
  }

  write(from: Uint8Array): number {
    if (this.hungUp) fail("EIO");
    const room = this.outputPort.room?.() ?? from.length;
    if (this.stopped || (room <= 0 && from.length > 0)) fail("EAGAIN");
    const { line } = this;
    const bytes = from.subarray(0, room);
    this.outputPort.write(
      line.termios.oflag & Oflag.OPOST ? line.output.process(bytes, line.termios) : bytes,
    );
    return bytes.length;
  }

  /** A thread wants to read or write: 0, or the negative errno that it gets instead. */
  admit(thread: Thread, access: "read" | "write"): number {
    if (access === "read") return this.jobs.admit(thread, signal.SIGTTIN);
    return this.line.termios.lflag & Lflag.TOSTOP ? this.jobs.admit(thread, signal.SIGTTOU) : 0;
  }

  /** The other end has gone: what was typed can be read, then there is nothing. */
  hangUp(): void {
    this.hungUp = true;
    this.ended = true;
    this.jobs.hangUp();
    this.waiters.wake();
  }

  ioctl(request: number, memory: IoctlMemory, argument: number, caller: Thread): number {
    if (CHANGES.has(request)) {
      const refused = this.jobs.admit(caller, signal.SIGTTOU);
      if (refused !== 0) return refused;
    }
    switch (request) {
      case Ioctl.TCGETS:
        memory.write(encodeTermios(this.line.termios, TERMIOS_SIZE));
        return 0;
      case Ioctl.TCGETS2:
        memory.write(encodeTermios(this.line.termios, TERMIOS2_SIZE));
        return 0;
      case Ioctl.TCSETS:
      case Ioctl.TCSETSW:
      case Ioctl.TCSETSF:
        return this.configure(memory.read(TERMIOS_SIZE), request === Ioctl.TCSETSF);
      case Ioctl.TCSETS2:
      case Ioctl.TCSETSW2:
      case Ioctl.TCSETSF2:
        return this.configure(memory.read(TERMIOS2_SIZE), request === Ioctl.TCSETSF2);
      case Ioctl.TCGETA:
        memory.write(encodeTermio(this.line.termios));
        return 0;
      case Ioctl.TCSETA:
      case Ioctl.TCSETAW:
      case Ioctl.TCSETAF:
        return this.use(decodeTermio(memory.read(TERMIO_SIZE), this.line.termios), request === Ioctl.TCSETAF);
      case Ioctl.TIOCGWINSZ: {
        const { rows, columns } = this.size ?? this.outputPort;
        memory.write(encodeWindowSize(rows, columns));
        return 0;
      }
      case Ioctl.TIOCSWINSZ:
        return this.resize(memory.read(8));
      case Ioctl.FIONREAD:
        memory.write(encodeInt(this.line.available));
        return 0;
      case Ioctl.TIOCOUTQ:
      case Ioctl.TIOCGETD:
        memory.write(encodeInt(0));
        return 0;
      case Ioctl.TCFLSH:
        if (argument < 0 || argument > 2) fail("EINVAL");
        if (argument !== 1) this.line.flush();
        return 0;
      case Ioctl.TCXONC:
        if (argument < 0 || argument > 3) fail("EINVAL");
        if (argument < 2) this.line.setStopped(argument === 0);
        return 0;
      case Ioctl.TCSBRK:
      case Ioctl.TCSBRKP:
      case Ioctl.TIOCEXCL:
      case Ioctl.TIOCNXCL:
        return 0;
      case Ioctl.TIOCSETD:
        return decodeInt(memory.read(4)) === 0 ? 0 : fail("EINVAL");
      default:
        return this.jobControl(request, memory, argument, caller);
    }
  }

  /** The same asked of a pseudoterminal's master: its group is looked at from outside of the session. */
  ioctlByMaster(request: number, memory: IoctlMemory, argument: number, caller: Thread): number {
    const { jobs } = this;
    if (request === Ioctl.TIOCGPGRP || request === Ioctl.TIOCGSID) {
      memory.write(encodeInt(request === Ioctl.TIOCGPGRP ? jobs.foreground : jobs.session));
      return 0;
    }
    return this.ioctl(request, memory, argument, caller);
  }

  /** What was typed and nobody has read is lost. */
  flushInput(): void {
    this.line.flush();
  }

  /** Its other end is gone for good. */
  get isGone(): boolean {
    return this.hungUp;
  }

  private jobControl(request: number, memory: IoctlMemory, argument: number, { process }: Thread): number {
    const { jobs } = this;
    switch (request) {
      case Ioctl.TIOCSCTTY:
        if (process.session === jobs.session && process.session === process.pid) return 0;
        if (process.session !== process.pid) fail("EPERM");
        if (jobs.session !== 0 && argument !== 1) fail("EPERM");
        jobs.control(process);
        return 0;
      case Ioctl.TIOCNOTTY:
        if (process.session !== jobs.session) fail("ENOTTY");
        if (process.session === process.pid) jobs.hangUp();
        return 0;
      case Ioctl.TIOCGPGRP:
        if (process.session !== jobs.session) fail("ENOTTY");
        memory.write(encodeInt(jobs.foreground));
        return 0;
      case Ioctl.TIOCSPGRP:
        return jobs.bringForward(process, decodeInt(memory.read(4)));
      case Ioctl.TIOCGSID:
        if (process.session !== jobs.session) fail("ENOTTY");
        memory.write(encodeInt(jobs.session));
        return 0;
      default:
        return fail("ENOTTY");
    }
  }

  private configure(bytes: Uint8Array, flush: boolean): number {
    return this.use(decodeTermios(bytes, this.line.termios), flush);
  }

  private use(settings: Termios, flush: boolean): number {
    if (flush) this.line.flush();
    this.line.configure(settings);
    this.waiters.wake();
    return 0;
  }

  private resize(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const size = { rows: view.getUint16(0, true), columns: view.getUint16(2, true) };
    const old = this.size ?? this.outputPort;
    this.size = size;
    if (size.rows !== old.rows || size.columns !== old.columns) this.jobs.signal(signal.SIGWINCH);
    return 0;
  }

  /** Takes what the port has, as far as there is room. */
  private received(): void {
    for (let room = this.line.room; room > 0 && !this.ended; room = this.line.room) {
      const bytes = this.input.read(room);
      if (bytes?.length === 0) break;
      if (bytes) this.line.input(bytes);
      else this.ended = true;
      this.stopTimer();
      this.timedOut = false;
    }
    if (this.line.readable || this.ended) this.waiters.wake();
  }

  /** Returns when a read in non-canonical mode may, by VMIN and VTIME (termios(3)); otherwise throws EAGAIN. */
  private waitForBytes(count: number): void {
    const { cc } = this.line.termios;
    const { available } = this.line;
    const enough =
      available >= Math.min(cc[Cc.MIN], count) && (available > 0 || cc[Cc.TIME] === 0 || cc[Cc.MIN] > 0);
    if (enough || this.ended || this.timedOut) {
      this.stopTimer();
      this.timedOut = false;
      return;
    }
    // With VMIN the time runs from the last byte, without it from the read.
    if (cc[Cc.TIME] > 0 && (available > 0 || cc[Cc.MIN] === 0)) {
      this.timer ??= this.time.after(cc[Cc.TIME] * VTIME_UNIT, () => {
        this.timer = undefined;
        this.timedOut = true;
        this.waiters.wake();
      });
    }
    fail("EAGAIN");
  }

  private stopTimer(): void {
    this.timer?.();
    this.timer = undefined;
  }
}

/** Requests that change the terminal: not for those in the background. */
const CHANGES: ReadonlySet<number> = new Set([
  ...[Ioctl.TCSETS, Ioctl.TCSETSW, Ioctl.TCSETSF, Ioctl.TCSETS2, Ioctl.TCSETSW2, Ioctl.TCSETSF2],
  ...[Ioctl.TCSETA, Ioctl.TCSETAW, Ioctl.TCSETAF],
  ...[Ioctl.TCSBRK, Ioctl.TCSBRKP, Ioctl.TCFLSH, Ioctl.TCXONC, Ioctl.TIOCSPGRP],
]);

/** A terminal, opened. */
export class TtyFile extends OpenFile {
  private readonly tty: Tty;

  constructor(location: Location, flags: number, tty: Tty) {
    super(location, flags);
    this.tty = tty;
  }

  override get waiters(): WaitQueue {
    return this.tty.waiters;
  }
  override get longestTransfer(): number {
    return CONSOLE_TRANSFER;
  }
  override poll(): number {
    return this.tty.poll();
  }
  override read(into: Uint8Array): number {
    return this.tty.read(into);
  }
  override write(from: Uint8Array): number {
    return this.tty.write(from);
  }
  override admit(thread: Thread, access: "read" | "write"): number {
    return this.tty.admit(thread, access);
  }
  override ioctl(request: number, memory: IoctlMemory, argument: number, caller: Thread): number {
    return this.tty.ioctl(request, memory, argument, caller);
  }
}
