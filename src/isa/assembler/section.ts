/** A section of the program: one run of bytes (or, for `.bss`, of zeroes that take no room in a file). */
export interface Section {
  readonly name: string;
  readonly writable: boolean;
  readonly executable: boolean;
  /** Part of the running program; false for notes and comments. */
  readonly allocated: boolean;
  /** Holds only zeroes: `bytes` is empty. */
  readonly zeroes: boolean;
  /** Bytes; a power of two. */
  readonly align: number;
  /** Bytes. */
  readonly size: number;
  readonly bytes: Uint8Array;
}

export interface SectionFlags {
  readonly writable: boolean;
  readonly executable: boolean;
  readonly allocated: boolean;
  readonly zeroes: boolean;
}

const flags = (text: string, zeroes = false): SectionFlags => ({
  writable: text.includes("w"),
  executable: text.includes("x"),
  allocated: text.includes("a"),
  zeroes,
});

/** What a section is by its name, where `.section` gives no flags; also for `.text.init` and the like. */
export function defaultFlags(name: string): SectionFlags {
  const family = /^\.[A-Za-z]+/.exec(name)?.[0];
  if (family === ".text") return flags("ax");
  if (family === ".rodata" || family === ".srodata") return flags("a");
  if (family === ".data" || family === ".sdata") return flags("aw");
  if (family === ".bss" || family === ".sbss") return flags("aw", true);
  return flags("");
}

/** The flags of `.section name, "text", @type`. */
export function parseFlags(text: string, zeroes: boolean): SectionFlags {
  return flags(text, zeroes);
}

/** The most bytes one section may have: a slip such as `.space -1` must not take the host's memory. */
export const SECTION_LIMIT = 0x1000_0000;

/** A section while it grows. */
export class SectionBuilder implements Section {
  readonly name: string;
  readonly writable: boolean;
  readonly executable: boolean;
  readonly allocated: boolean;
  readonly zeroes: boolean;
  align = 1;
  size = 0;
  private buffer = new Uint8Array(256);

  constructor(name: string, kind: SectionFlags) {
    this.name = name;
    this.writable = kind.writable;
    this.executable = kind.executable;
    this.allocated = kind.allocated;
    this.zeroes = kind.zeroes;
    if (kind.executable) this.align = 4;
  }

  get bytes(): Uint8Array {
    return this.zeroes ? new Uint8Array(0) : this.buffer.subarray(0, this.size);
  }

  /** Appends bytes; a section of zeroes only counts them. */
  append(bytes: Uint8Array): void {
    const at = this.size;
    this.extend(bytes.length);
    if (!this.zeroes) this.buffer.set(bytes, at);
  }

  /** Appends `count` bytes of `value`. */
  fill(count: number, value: number): void {
    const at = this.size;
    this.extend(count);
    if (!this.zeroes && value !== 0) this.buffer.fill(value, at, this.size);
  }

  private extend(count: number): void {
    this.size += count;
    if (this.zeroes || this.size <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(this.size, this.buffer.length * 2));
    larger.set(this.buffer);
    this.buffer = larger;
  }
}
