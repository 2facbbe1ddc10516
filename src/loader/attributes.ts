import { readText } from "./text.ts";

/** What `.riscv.attributes` says of the code (RISC-V psABI, "Attributes"). */
export interface Attributes {
  /** The ISA string as it stands, such as `rv64i2p1_m2p0_zicsr2p0`. */
  readonly arch: string | undefined;
  /** Bytes that the stack pointer is a multiple of. */
  readonly stackAlign: number | undefined;
  /** The code may access misaligned data. */
  readonly unalignedAccess: boolean | undefined;
}

/** One extension of an ISA string, with its version where the string gives it. */
export interface IsaExtension {
  /** Lower case, as in ISA strings: `i`, `zicsr`. */
  readonly name: string;
  /** `2.1` */
  readonly version: string | undefined;
}

/** What the hart runs, in the names of ISA strings, with what these names include. */
const IMPLEMENTED = new Set(
  "i m a f d c zmmul zaamo zalrsc zca zcd zicsr zifencei zicntr zihintpause zba zbb zbs b zicond".split(" "),
);

const TAG_FILE = 1;
const TAG_STACK_ALIGN = 4;
const TAG_ARCH = 5;
const TAG_UNALIGNED_ACCESS = 6;
const MAX_TEXT = 4096;

/**
 * Reads the attributes of the vendor `riscv`; `undefined` where they are malformed or of another version. The
 * format is `A`, then for each vendor a length, a name and subsections of a tag, a length and attributes; an
 * attribute is a ULEB128 tag with text for odd tags, a ULEB128 number for even ones.
 */
export function readAttributes(bytes: Uint8Array): Attributes | undefined {
  const reader = new Reader(bytes);
  if (reader.byte() !== 0x41) return undefined;
  reader.skip(4);
  if (reader.text() !== "riscv" || reader.uleb() !== TAG_FILE) return undefined;
  const size = reader.word();
  const end = Math.min(reader.at - 5 + size, bytes.length);
  const values = new Map<number, number | string>();
  while (reader.at < end) {
    const tag = reader.uleb();
    const value = tag % 2 === 1 ? reader.text() : reader.uleb();
    if (value === undefined) return undefined;
    values.set(tag, value);
  }
  const number = (tag: number) => values.get(tag) as number | undefined;
  const unaligned = number(TAG_UNALIGNED_ACCESS);
  return {
    arch: values.get(TAG_ARCH) as string | undefined,
    stackAlign: number(TAG_STACK_ALIGN),
    unalignedAccess: unaligned === undefined ? undefined : unaligned !== 0,
  };
}

/** The extensions of an ISA string; empty where it is not one of RV64. */
export function parseArch(arch: string): IsaExtension[] {
  if (!arch.startsWith("rv64")) return [];
  const expanded = arch.slice(4).replace(/^g/, "imafd_zicsr_zifencei_");
  return expanded.split("_").flatMap((part) => {
    const [, name, major, minor] = /^([zsx].*?)(?:(\d+)p(\d+))?$/.exec(part) ?? [];
    if (name) return [{ name, version: major && `${major}.${minor}` }];
    return [...part.matchAll(/([a-z])(?:(\d+)p(\d+))?/g)].map(([, letter, major, minor]) => ({
      name: letter,
      version: major && `${major}.${minor}`,
    }));
  });
}

/** Those that the hart does not implement: the program may die of illegal instructions. */
export function missingExtensions(extensions: readonly IsaExtension[]): string[] {
  return extensions.map(({ name }) => name).filter((name) => !IMPLEMENTED.has(name));
}

/** Reads forward; past the end everything is 0. */
class Reader {
  at = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  skip(count: number): void {
    this.at += count;
  }

  byte(): number {
    return this.bytes[this.at++] ?? 0;
  }

  word(): number {
    return this.byte() + this.byte() * 2 ** 8 + this.byte() * 2 ** 16 + this.byte() * 2 ** 24;
  }

  uleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  text(): string | undefined {
    const found = readText(this.bytes, this.at, MAX_TEXT);
    const end = this.bytes.indexOf(0, this.at);
    this.at = end < 0 ? this.bytes.length : end + 1;
    return found;
  }
}
