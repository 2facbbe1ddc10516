import type { Termios } from "../vfs/structs.ts";
import { OutputProcessor } from "./output.ts";
import { Cc, DISABLED, Iflag, initialTermios, Lflag } from "./termios.ts";

const LF = 10;
const CR = 13;
const TAB = 9;
/** Bytes kept for a reader, and in a line being typed (N_TTY_BUF_SIZE). */
const BUFFER = 4096;

export type TerminalSignal = "SIGINT" | "SIGQUIT" | "SIGTSTP";

/** What the line discipline has done beside keeping input. */
export interface LineEvents {
  echo(bytes: Uint8Array): void;
  signal(name: TerminalSignal): void;
  /** Output may flow again, or no more (Ctrl-Q, Ctrl-S). */
  flow(stopped: boolean): void;
}

/**
 * The terminal's line discipline (termios(3), as Linux's n_tty does it): what is typed becomes what is read.
 * In canonical mode that is lines, which can be edited until they end; otherwise bytes.
 */
export class LineDiscipline {
  termios: Termios;
  readonly output = new OutputProcessor();
  private readonly events: LineEvents;
  /** Bytes that may be read, and in canonical mode the lengths of the lines they make. */
  private ready: number[] = [];
  private lines: number[] = [];
  /** The line being typed, and the column that it began in. */
  private editing: number[] = [];
  private startColumn = 0;
  private literal = false;
  private stopped = false;

  constructor(events: LineEvents, settings: Termios = initialTermios()) {
    this.events = events;
    this.termios = settings;
  }

  /** Bytes of input that still find room. */
  get room(): number {
    return Math.max(0, BUFFER - this.ready.length);
  }

  get canonical(): boolean {
    return (this.termios.lflag & Lflag.ICANON) !== 0;
  }

  /** Whether a read would find something: a line, or enough bytes. */
  get readable(): boolean {
    return this.canonical ? this.lines.length > 0 : this.ready.length > 0;
  }

  /** What FIONREAD says. */
  get available(): number {
    return this.canonical && this.lines.length === 0 ? 0 : this.ready.length;
  }

  /** What was typed. */
  input(bytes: Uint8Array): void {
    for (const byte of bytes) this.typed(byte);
  }

  /** Takes at most `count` bytes: in canonical mode of one line only. */
  take(count: number): number[] {
    if (!this.canonical) return this.ready.splice(0, count);
    const line = this.lines[0] ?? 0;
    const bytes = this.ready.splice(0, Math.min(count, line));
    if (bytes.length === line) this.lines.shift();
    else this.lines[0] = line - bytes.length;
    return bytes;
  }

  /** New settings. What was typed stays: as bytes when lines end, as one line when they begin. */
  configure(termios: Termios): void {
    const was = this.canonical;
    this.termios = termios;
    if (was && !this.canonical) {
      this.ready.push(...this.editing);
      this.editing = [];
      this.lines = [];
    } else if (!was && this.canonical && this.ready.length > 0) this.lines = [this.ready.length];
    if (!(termios.iflag & Iflag.IXON)) this.setStopped(false);
    this.literal = false;
  }

  /** Forgets what was typed and not read. */
  flush(): void {
    this.ready = [];
    this.lines = [];
    this.editing = [];
  }

  setStopped(stopped: boolean): void {
    if (this.stopped === stopped) return;
    this.stopped = stopped;
    this.events.flow(stopped);
  }

  private typed(raw: number): void {
    const { iflag, lflag, cc } = this.termios;
    let byte = iflag & Iflag.ISTRIP ? raw & 0x7f : raw;
    if (this.literal) {
      this.literal = false;
      this.keep(byte);
      return;
    }
    if (byte === CR) {
      if (iflag & Iflag.IGNCR) return;
      if (iflag & Iflag.ICRNL) byte = LF;
    } else if (byte === LF && iflag & Iflag.INLCR) byte = CR;
    if (iflag & Iflag.IXON && this.flowControl(byte)) return;
    if (lflag & Lflag.ISIG && this.signalFor(byte)) return;
    if (!this.canonical) this.keepRaw(byte, raw === CR);
    else if (!this.edit(byte, cc)) this.keep(byte);
  }

  /** Ctrl-S and Ctrl-Q; with IXANY anything starts the output again. */
  private flowControl(byte: number): boolean {
    const { cc, iflag } = this.termios;
    const is = (which: number) => cc[which] !== DISABLED && byte === cc[which];
    if (is(Cc.START)) this.setStopped(false);
    else if (is(Cc.STOP)) this.setStopped(true);
    else {
      if (iflag & Iflag.IXANY) this.setStopped(false);
      return false;
    }
    return true;
  }

  private signalFor(byte: number): boolean {
    const { cc, lflag } = this.termios;
    if (byte === DISABLED) return false;
    const name =
      byte === cc[Cc.INTR]
        ? "SIGINT"
        : byte === cc[Cc.QUIT]
          ? "SIGQUIT"
          : byte === cc[Cc.SUSP]
            ? "SIGTSTP"
            : undefined;
    if (!name) return false;
    if (!(lflag & Lflag.NOFLSH)) this.flush();
    this.setStopped(false);
    this.echoByte(byte);
    this.events.signal(name);
    return true;
  }

  /** A line feed that was typed as a carriage return shows as one, any other as `^J`. */
  private keepRaw(byte: number, returned: boolean): void {
    if (this.ready.length >= BUFFER) return;
    this.ready.push(byte);
    if (returned && byte === LF && this.termios.lflag & Lflag.ECHO) this.emit([LF]);
    else this.echoByte(byte);
  }

  /** Editing characters, and those that end a line. */
  private edit(byte: number, cc: Uint8Array): boolean {
    const extended = (this.termios.lflag & Lflag.IEXTEN) !== 0;
    const is = (which: number) => cc[which] !== DISABLED && byte === cc[which];
    if (is(Cc.ERASE)) this.erase("character");
    else if (is(Cc.KILL)) this.kill();
    else if (extended && is(Cc.WERASE)) this.erase("word");
    else if (extended && is(Cc.LNEXT)) {
      this.literal = true;
      if (this.termios.lflag & Lflag.ECHO && this.termios.lflag & Lflag.ECHOCTL) this.emit([0x5e, 8]);
    } else if (extended && this.termios.lflag & Lflag.ECHO && is(Cc.REPRINT)) this.reprint(byte);
    else if (is(Cc.EOF)) this.endLine();
    else if (byte === LF || is(Cc.EOL) || (extended && is(Cc.EOL2))) {
      if (byte === LF && this.termios.lflag & (Lflag.ECHO | Lflag.ECHONL)) this.emit([LF]);
      else if (byte !== LF) this.echoByte(byte);
      this.editing.push(byte);
      this.endLine();
    } else return false;
    return true;
  }

  private keep(byte: number): void {
    if (!this.canonical) {
      this.keepRaw(byte, false);
      return;
    }
    // One place is left for what ends the line.
    if (this.editing.length >= Math.min(BUFFER, this.room) - 1) return;
    if (this.editing.length === 0) this.startColumn = this.output.column;
    this.editing.push(byte);
    this.echoByte(byte);
  }

  private endLine(): void {
    this.ready.push(...this.editing);
    this.lines.push(this.editing.length);
    this.editing = [];
  }

  /** Takes the last character, word or everything off the line and off the screen. */
  private erase(what: "character" | "word" | "line"): void {
    const { lflag, iflag } = this.termios;
    let inWord = false;
    while (this.editing.length > 0) {
      let start = this.editing.length - 1;
      if (iflag & Iflag.IUTF8) while (start > 0 && isContinuation(this.editing[start])) start--;
      const first = this.editing[start];
      // What is no whole character stays.
      if (iflag & Iflag.IUTF8 && isContinuation(first)) return;
      if (what === "word" && inWord && !isWord(first)) return;
      inWord ||= isWord(first);
      const columns = this.columnAfter(this.editing);
      this.editing.length = start;
      if (lflag & Lflag.ECHO) {
        if (what === "character" && !(lflag & Lflag.ECHOE)) this.echoByte(this.termios.cc[Cc.ERASE]);
        else this.rubOut(columns - this.columnAfter(this.editing), first);
      }
      if (what === "character") return;
    }
  }

  private rubOut(columns: number, first: number): void {
    if (first === TAB) this.emit(new Array(columns).fill(8));
    else for (let i = 0; i < columns; i++) this.emit([8, 32, 8]);
  }

  private kill(): void {
    const { lflag } = this.termios;
    if (this.editing.length === 0) return;
    const whole = lflag & Lflag.ECHOK && lflag & Lflag.ECHOKE && lflag & Lflag.ECHOE;
    if (whole && lflag & Lflag.ECHO) {
      this.erase("line");
      return;
    }
    this.editing = [];
    this.echoByte(this.termios.cc[Cc.KILL]);
    if (lflag & Lflag.ECHO && lflag & Lflag.ECHOK) this.emit([LF]);
  }

  private reprint(byte: number): void {
    this.echoByte(byte);
    this.emit([LF]);
    this.startColumn = 0;
    for (const typed of this.editing) this.echoByte(typed);
  }

  private echoByte(byte: number): void {
    const { lflag } = this.termios;
    if (!(lflag & Lflag.ECHO)) return;
    if (lflag & Lflag.ECHOCTL && isControl(byte)) this.emit([0x5e, byte ^ 0x40]);
    else this.emit([byte]);
  }

  private emit(bytes: number[]): void {
    this.events.echo(this.output.process(Uint8Array.from(bytes), this.termios));
  }

  /** The column after `bytes`, echoed from where the line began. */
  private columnAfter(bytes: number[]): number {
    let column = this.startColumn;
    for (const byte of bytes) {
      if (byte === TAB) column += 8 - (column % 8);
      else if (isControl(byte)) column += this.termios.lflag & Lflag.ECHOCTL ? 2 : 0;
      else if (!(this.termios.iflag & Iflag.IUTF8) || !isContinuation(byte)) column++;
    }
    return column;
  }
}

/** Echoed as `^X`: all control characters but tab. (A line feed that ends a line is echoed as it is.) */
function isControl(byte: number): boolean {
  return (byte < 32 && byte !== TAB) || byte === 127;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** A letter of Latin 1 (the kernel's idea; of UTF-8 it sees the first byte), a digit or an underscore. */
function isWord(byte: number): boolean {
  if (byte >= 0xc0) return byte !== 0xd7 && byte !== 0xf7;
  return byte === 0x5f || /[0-9A-Za-z]/.test(String.fromCharCode(byte));
}
