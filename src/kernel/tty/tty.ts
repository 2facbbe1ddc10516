import type { ConsolePort } from "../rkconsole/console.ts";
import type { Process } from "../rkprocess/process.ts";
import { fromKernel, type Signals, signal } from "../rksignal/signals.ts";
import type { Time } from "../rktime/time.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { POLL } from "../vfs/flags.ts";
import { CONSOLE_TRANSFER, type IoctlMemory, OpenFile } from "../vfs/open-file.ts";
import {
  decodeInt,
  decodeTermios,
  encodeInt,
  encodeTermios,
  encodeWindowSize,
  TERMIOS_SIZE,
  TERMIOS2_SIZE,
} from "../vfs/structs.ts";
import { WaitQueue } from "../rksched/wait-queue.ts";
import { LineDiscipline, type LineEvents, type TerminalSignal } from "./line-discipline.ts";
import { Cc, Oflag } from "./termios.ts";

/** Requests of a terminal (asm-generic/ioctls.h). */
const Ioctl = {
  TCGETS: 0x5401,
  TCSETS: 0x5402,
  TCSETSW: 0x5403,
  TCSETSF: 0x5404,
  TCSBRK: 0x5409,
  TCXONC: 0x540a,
  TCFLSH: 0x540b,
  TIOCEXCL: 0x540c,
  TIOCNXCL: 0x540d,
  TIOCSCTTY: 0x540e,
  TIOCGPGRP: 0x540f,
  TIOCSPGRP: 0x5410,
  TIOCOUTQ: 0x5411,
  TIOCGWINSZ: 0x5413,
  TIOCSWINSZ: 0x5414,
  FIONREAD: 0x541b,
  TIOCNOTTY: 0x5422,
  TIOCSETD: 0x5423,
  TIOCGETD: 0x5424,
  TCSBRKP: 0x5425,
  TIOCGSID: 0x5429,
  TCGETS2: 0x802c542a,
  TCSETS2: 0x402c542b,
  TCSETSW2: 0x402c542c,
  TCSETSF2: 0x402c542d,
} as const;

/** Bytes of echo kept while output is stopped. */
const ECHO_KEPT = 4096;

/** VTIME counts tenths of a second. */
const VTIME_UNIT = 1e8;

/** A terminal: a console port with a line discipline on it. */
export class Tty implements LineEvents {
  readonly waiters = new WaitQueue();
  private readonly input: ConsolePort;
  private readonly outputPort: ConsolePort;
  private readonly signals: Signals;
  private readonly time: Time;
  private readonly line = new LineDiscipline(this);
  /** The process group that signals go to, and its session. */
  private foreground = 0;
  private session = 0;
  private size: { rows: number; columns: number } | undefined;
  private ended = false;
  private stopped = false;
  /** Echoes that wait for the output to go on. */
  private readonly held: number[] = [];
  private timer: (() => void) | undefined;
  private timedOut = false;

  constructor(input: ConsolePort, output: ConsolePort, signals: Signals, time: Time) {
    this.input = input;
    this.outputPort = output;
    this.signals = signals;
    this.time = time;
    if (input.terminal) input.onInput = () => this.received();
    for (const port of [input, output]) {
      port.onResize = () => {
        this.size = undefined;
        this.signals.toGroup(this.foreground, fromKernel(signal.SIGWINCH));
      };
    }
  }

  /** A session's first process opened it. */
  control(process: Process): void {
    if (this.session !== 0) return;
    this.session = process.session;
    this.foreground = process.processGroup;
  }

  echo(bytes: Uint8Array): void {
    if (!this.stopped) this.outputPort.write(bytes);
    else if (this.held.length < ECHO_KEPT) this.held.push(...bytes);
  }

  signal(name: TerminalSignal): void {
    this.signals.toGroup(this.foreground, fromKernel(signal[name]));
  }

  flow(stopped: boolean): void {
    this.stopped = stopped;
    if (stopped) return;
    const echoes = Uint8Array.from(this.held.splice(0));
    if (echoes.length > 0) this.outputPort.write(echoes);
    this.waiters.wake();
  }

  poll(): number {
    let events = this.stopped ? 0 : POLL.OUT | POLL.WRNORM;
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
    if (this.stopped) fail("EAGAIN");
    const { line } = this;
    this.outputPort.write(line.termios.oflag & Oflag.OPOST ? line.output.process(from, line.termios) : from);
    return from.length;
  }

  ioctl(request: number, memory: IoctlMemory, argument: number, caller: Process): number {
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
      case Ioctl.TIOCNOTTY:
        return 0;
      case Ioctl.TIOCSETD:
        return decodeInt(memory.read(4)) === 0 ? 0 : fail("EINVAL");
      default:
        return this.jobControl(request, memory, caller);
    }
  }

  private jobControl(request: number, memory: IoctlMemory, caller: Process): number {
    switch (request) {
      case Ioctl.TIOCSCTTY:
        if (caller.session !== this.session && caller.session !== caller.pid) fail("EPERM");
        this.session = caller.session;
        this.foreground = caller.processGroup;
        return 0;
      case Ioctl.TIOCGPGRP:
        if (caller.session !== this.session) fail("ENOTTY");
        memory.write(encodeInt(this.foreground));
        return 0;
      case Ioctl.TIOCSPGRP: {
        const group = decodeInt(memory.read(4));
        if (caller.session !== this.session) fail("ENOTTY");
        if (group <= 0) fail("EINVAL");
        this.foreground = group;
        return 0;
      }
      case Ioctl.TIOCGSID:
        if (caller.session !== this.session) fail("ENOTTY");
        memory.write(encodeInt(this.session));
        return 0;
      default:
        return fail("ENOTTY");
    }
  }

  private configure(bytes: Uint8Array, flush: boolean): number {
    if (flush) this.line.flush();
    this.line.configure(decodeTermios(bytes, this.line.termios));
    this.waiters.wake();
    return 0;
  }

  private resize(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const size = { rows: view.getUint16(0, true), columns: view.getUint16(2, true) };
    const old = this.size ?? this.outputPort;
    this.size = size;
    if (size.rows !== old.rows || size.columns !== old.columns)
      this.signals.toGroup(this.foreground, fromKernel(signal.SIGWINCH));
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
  override ioctl(request: number, memory: IoctlMemory, argument: number, caller: Process): number {
    return this.tty.ioctl(request, memory, argument, caller);
  }
}
