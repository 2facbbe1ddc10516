import type { HostConsole, HostOutput } from "./host-console.ts";

/** A console that no person sits at: its input is there from the start, and what is printed is kept. */
export class MemoryConsole implements HostConsole {
  readonly input: HostConsole["input"];
  readonly output: HostOutput;
  readonly error: HostOutput;
  onResize: () => void = () => {};
  private readonly printed: Uint8Array[] = [];
  private readonly complained: Uint8Array[] = [];

  /** `input`: all that the program will ever read. */
  constructor(input: string | Uint8Array = "") {
    let rest = typeof input === "string" ? new TextEncoder().encode(input) : input;
    this.input = {
      terminal: false,
      onInput: () => {},
      read(max) {
        if (rest.length === 0) return undefined;
        const part = rest.slice(0, max);
        rest = rest.subarray(part.length);
        return part;
      },
    };
    this.output = keep(this.printed);
    this.error = keep(this.complained);
  }

  size(): { rows: number; columns: number } {
    return { rows: 24, columns: 80 };
  }

  /** Standard output so far. */
  get text(): string {
    return decode(this.printed);
  }

  /** Standard error so far. */
  get errors(): string {
    return decode(this.complained);
  }
}

function keep(pieces: Uint8Array[]): HostOutput {
  return { terminal: false, write: (bytes) => pieces.push(bytes.slice()) };
}

function decode(pieces: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  return pieces.map((piece) => decoder.decode(piece, { stream: true })).join("") + decoder.decode();
}
