import { fstatSync, readSync } from "node:fs";
import type { ReadStream as TerminalInput } from "node:tty";
import type { HostConsole, HostInput, HostOutput } from "../machine/host-console.ts";
import { isTerminal, writeStream } from "./process.ts";
import { RawMode } from "./raw-mode.ts";

/** Bytes of input kept for the guest before the host is told to hold back. */
const KEPT = 65536;
const DEFAULT_SIZE = { rows: 24, columns: 80 };

/**
 * This process's standard streams as a machine's console. Where a person types, the terminal is raw until `close`:
 * every key reaches the guest, Ctrl-C too. It is given back however the process ends.
 */
export class StandardConsole implements HostConsole {
  readonly input: HostInput & { close(): void };
  readonly output: HostOutput = standardOutput(1);
  readonly error: HostOutput = standardOutput(2);
  onResize: () => void = () => {};
  private readonly resized = () => this.onResize();
  private readonly screen = this.output.terminal
    ? process.stdout
    : this.error.terminal
      ? process.stderr
      : undefined;

  constructor() {
    this.input = openInput();
    this.screen?.on("resize", this.resized);
  }

  size(): { rows: number; columns: number } {
    const [columns, rows] = this.screen?.getWindowSize() ?? [0, 0];
    return rows > 0 && columns > 0 ? { rows, columns } : DEFAULT_SIZE;
  }

  /** Gives the terminal back and stops listening; the process can then end by itself. */
  close(): void {
    this.screen?.off("resize", this.resized);
    this.input.close();
  }
}

/** Writes at once: a reader that is slow holds the machine up, and one that is gone is `OutputClosed`. */
function standardOutput(file: 1 | 2): HostOutput {
  return { terminal: isTerminal(file), write: (bytes) => writeStream(file, bytes) };
}

function openInput(): HostInput & { close(): void } {
  if (isTerminal(0)) return new StreamInput(new RawMode(process.stdin as TerminalInput));
  return isStream() ? new StreamInput(undefined) : new FileInput();
}

/** Whether reading standard input may have to wait: a pipe or a socket, but no file, and not a closed one. */
function isStream(): boolean {
  try {
    const stat = fstatSync(0);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return false;
  }
}

/** Input that arrives when it does. */
class StreamInput implements HostInput {
  readonly terminal: boolean;
  onInput: () => void = () => {};
  private readonly raw: RawMode | undefined;
  private readonly chunks: Uint8Array[] = [];
  private kept = 0;
  /** Opened by the first read: most programs never read, and Node loads much for a stream. */
  private stream: NodeJS.ReadStream | undefined;
  private ended = false;

  constructor(raw: RawMode | undefined) {
    this.raw = raw;
    this.terminal = raw !== undefined;
  }

  read(max: number): Uint8Array | undefined {
    this.stream ??= this.open();
    const [first] = this.chunks;
    if (!first) return this.ended ? undefined : new Uint8Array(0);
    const part = first.subarray(0, max);
    if (part.length === first.length) this.chunks.shift();
    else this.chunks[0] = first.subarray(part.length);
    this.kept -= part.length;
    if (this.kept < KEPT && !this.ended) this.stream.resume();
    return part;
  }

  close(): void {
    this.raw?.leave();
    if (!this.stream) return;
    this.ended = true;
    this.stream.pause();
    this.stream.removeAllListeners("data");
    this.stream.unref();
  }

  private open(): NodeJS.ReadStream {
    const stream = process.stdin;
    stream.on("data", (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.kept += chunk.length;
      if (this.kept >= KEPT) stream.pause();
      this.onInput();
    });
    const end = () => {
      this.ended = true;
      this.onInput();
    };
    stream.on("end", end);
    // A terminal whose other side has gone reports EIO.
    stream.on("error", end);
    return stream;
  }
}

/** Input that is there already: a file, or nothing at all. */
class FileInput implements HostInput {
  readonly terminal = false;
  onInput: () => void = () => {};
  private readonly buffer = new Uint8Array(KEPT);
  private from = 0;
  private to = 0;
  private ended = false;

  read(max: number): Uint8Array | undefined {
    if (this.from === this.to && !this.ended) this.fill();
    if (this.from === this.to) return undefined;
    const part = this.buffer.slice(this.from, Math.min(this.to, this.from + max));
    this.from += part.length;
    return part;
  }

  close(): void {}

  private fill(): void {
    try {
      this.from = 0;
      this.to = readSync(0, this.buffer);
    } catch {
      // Closed, or a directory: there is nothing to read.
      this.to = 0;
    }
    this.ended = this.to === 0;
  }
}
