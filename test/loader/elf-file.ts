import type { ElfFile } from "../../src/loader/file.ts";
import type { Protection } from "../../src/loader/image.ts";
import type { MappingTarget } from "../../src/loader/target.ts";

/** Small ELF files for the loader's tests, built field by field, and an address space that records what it is told. */

export interface SegmentSpec {
  /** `p_type`; default PT_LOAD. */
  readonly type?: number;
  /** `rwx`; default `r--`. */
  readonly flags?: string;
  readonly vaddr?: number | bigint;
  /** Default: `vaddr`. */
  readonly paddr?: number | bigint;
  readonly bytes?: Uint8Array;
  /** Default: the length of `bytes`. */
  readonly memsz?: number | bigint;
  /** Default 0x1000 for PT_LOAD, else 1. */
  readonly align?: number | bigint;
  /** Default: behind everything before it, congruent to `vaddr`. */
  readonly offset?: number | bigint;
}

export interface SectionSpec {
  readonly name: string;
  readonly type: number;
  readonly flags?: number;
  readonly addr?: number | bigint;
  readonly bytes?: Uint8Array;
  readonly size?: number;
  readonly link?: number;
  readonly entsize?: number;
}

export interface ElfSpec {
  readonly type?: "exec" | "dyn";
  readonly entry?: number | bigint;
  readonly segments: readonly SegmentSpec[];
  /** Without the null section and `.shstrtab`, which are added as the first and the last. */
  readonly sections?: readonly SectionSpec[];
}

export const PT_DYNAMIC = 2;
export const PT_INTERP = 3;
export const PT_NOTE = 4;
export const PT_TLS = 7;
export const PT_GNU_STACK = 0x6474e551;
export const PT_GNU_RELRO = 0x6474e552;

/** An ELF64 file for riscv64 Linux, double-float ABI. */
export function elfFile(spec: ElfSpec): Uint8Array {
  const pieces: { at: number; bytes: Uint8Array }[] = [];
  let end = 64 + 56 * spec.segments.length;
  const append = (bytes: Uint8Array, at: number) => {
    pieces.push({ at, bytes });
    end = at + bytes.length;
  };
  const headers = spec.segments.map((segment) => {
    const bytes = segment.bytes ?? new Uint8Array(0);
    const offset = segment.offset ?? congruent(end, segment);
    if (segment.offset === undefined) append(bytes, Number(offset));
    return { ...segment, bytes, offset };
  });
  const sections = spec.sections ? withNames(spec.sections) : [];
  const sectionOffsets = sections.map((section) => {
    const at = Math.ceil(end / 8) * 8;
    append(section.bytes ?? new Uint8Array(0), at);
    return at;
  });
  const sectionTable = sections.length ? Math.ceil(end / 8) * 8 : 0;
  const file = new Uint8Array(Math.max(end, sectionTable + 64 * sections.length));
  for (const { at, bytes } of pieces) file.set(bytes, at);

  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, spec.type === "dyn" ? 3 : 2, true);
  view.setUint16(18, 243, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(spec.entry ?? 0), true);
  view.setBigUint64(32, 64n, true);
  view.setBigUint64(40, BigInt(sectionTable), true);
  view.setUint32(48, 5, true);
  const sizes = [64, 56, spec.segments.length, 64, sections.length, Math.max(0, sections.length - 1)];
  sizes.forEach((size, i) => {
    view.setUint16(52 + 2 * i, size, true);
  });
  headers.forEach((segment, i) => {
    const at = 64 + 56 * i;
    const letters = segment.flags ?? "r";
    const flags = [..."xwr"].reduce(
      (bits, one, bit) => (letters.includes(one) ? bits | (1 << bit) : bits),
      0,
    );
    view.setUint32(at, segment.type ?? 1, true);
    view.setUint32(at + 4, flags, true);
    const vaddr = segment.vaddr ?? 0;
    const size = segment.bytes.length;
    const align = segment.align ?? ((segment.type ?? 1) === 1 ? 0x1000 : 1);
    [segment.offset, vaddr, segment.paddr ?? vaddr, size, segment.memsz ?? size, align].forEach((word, k) => {
      view.setBigUint64(at + 8 + 8 * k, BigInt(word), true);
    });
  });
  sections.forEach((section, i) => {
    const at = sectionTable + 64 * i;
    view.setUint32(at, section.nameOffset, true);
    view.setUint32(at + 4, section.type, true);
    const size = section.size ?? section.bytes?.length ?? 0;
    [section.flags ?? 0, section.addr ?? 0, i === 0 ? 0 : sectionOffsets[i], size].forEach((word, k) => {
      view.setBigUint64(at + 8 + 8 * k, BigInt(word), true);
    });
    view.setUint32(at + 40, section.link ?? 0, true);
    view.setBigUint64(at + 56, BigInt(section.entsize ?? 0), true);
  });
  return file;
}

function congruent(end: number, segment: SegmentSpec): number {
  if ((segment.type ?? 1) !== 1) return end;
  const wanted = Number(BigInt(segment.vaddr ?? 0) % 4096n);
  return end + ((wanted - (end % 4096) + 4096) % 4096);
}

function withNames(sections: readonly SectionSpec[]): (SectionSpec & { nameOffset: number })[] {
  const all: SectionSpec[] = [{ name: "", type: 0 }, ...sections, { name: ".shstrtab", type: 3 }];
  const table = all.map((section) => `${section.name}\0`).join("");
  let at = 0;
  return all.map((section, i) => {
    const nameOffset = at;
    at += section.name.length + 1;
    const bytes = i === all.length - 1 ? text(table) : section.bytes;
    return { ...section, bytes, nameOffset };
  });
}

export function text(characters: string): Uint8Array {
  return new TextEncoder().encode(characters);
}

export function words(...values: (number | bigint)[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values, BigInt).buffer);
}

/** A code segment that starts with `ebreak` and holds the file's headers, and a data segment with some bss. */
export const CODE = new Uint8Array(Uint32Array.of(0x00100073, 0x00000013, 0x00008067).buffer);

export function smallProgram(type: "exec" | "dyn" = "exec", extra: readonly SegmentSpec[] = []): Uint8Array {
  const base = type === "exec" ? 0x10000 : 0;
  return elfFile({
    type,
    entry: base + 0x1000,
    segments: [
      { flags: "rx", vaddr: base + 0x1000, bytes: CODE },
      { flags: "rw", vaddr: base + 0x2010, bytes: text("data"), memsz: 0x1800 },
      ...extra,
    ],
  });
}

/** A copy with `size` bytes at `at` replaced. */
export function patched(
  file: Uint8Array,
  at: number,
  size: 1 | 2 | 4 | 8,
  value: number | bigint,
): Uint8Array {
  const copy = file.slice();
  for (let i = 0; i < size; i++) copy[at + i] = Number((BigInt(value) >> BigInt(8 * i)) & 0xffn);
  return copy;
}

/** Where a field of program header `index` stands in a file of `elfFile`. */
export function headerField(
  index: number,
  field: "type" | "flags" | "offset" | "vaddr" | "paddr" | "filesz" | "memsz" | "align",
): number {
  const places = { type: 0, flags: 4, offset: 8, vaddr: 16, paddr: 24, filesz: 32, memsz: 40, align: 48 };
  return 64 + 56 * index + places[field];
}

interface Mapping extends Protection {
  readonly start: number;
  readonly end: number;
  readonly name: string;
  /** Of pages of a file. */
  readonly offset: number | undefined;
}

/**
 * A `MappingTarget` that holds the loader to its contract: whole pages inside the user half, no overlaps, nothing
 * below 64 KiB, writes to mapped memory only. It keeps no bytes but those written.
 */
export class RecordingTarget implements MappingTarget {
  readonly mappings: Mapping[] = [];
  readonly guards: { start: number; end: number; name: string }[] = [];
  readonly writes: { address: number; bytes: Uint8Array }[] = [];

  map(address: number, length: number, protection: Protection, name: string, offset?: number): void {
    this.claim(address, length);
    this.mappings.push({ ...protection, start: address, end: address + length, name, offset });
  }

  mapFile(
    address: number,
    length: number,
    protection: Protection,
    name: string,
    file: ElfFile,
    offset: number,
  ): void {
    if (offset < 0 || offset % 4096 !== 0) throw new RangeError(`no whole pages: ${offset}`);
    this.map(address, length, protection, name, offset);
    this.writes.push({ address, bytes: file.read(offset, Math.min(length, file.size - offset)) });
  }

  stack(start: number, end: number, top: number, protection: Protection): void {
    if (top < start || top > end) throw new RangeError(`no address of the stack: ${top}`);
    this.map(start, end - start, protection, "[stack]");
  }

  guard(address: number, length: number, name: string): void {
    this.claim(address, length);
    this.guards.push({ start: address, end: address + length, name });
  }

  write(address: number, bytes: Uint8Array): void {
    const end = address + bytes.length;
    for (let at = address; at < end; ) {
      const mapping = this.mappings.find((one) => at >= one.start && at < one.end);
      if (!mapping) throw new RangeError(`write to unmapped 0x${at.toString(16)}`);
      at = mapping.end;
    }
    this.writes.push({ address, bytes });
  }

  /** What stands in memory: written bytes, zero elsewhere. */
  read(address: number, length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (const write of this.writes)
      for (let i = 0; i < write.bytes.length; i++) {
        const at = write.address + i - address;
        if (at >= 0 && at < length) out[at] = write.bytes[i];
      }
    return out;
  }

  private claim(address: number, length: number): void {
    const end = address + length;
    const good =
      address % 4096 === 0 && length % 4096 === 0 && length > 0 && address >= 0x10000 && end <= 2 ** 38;
    if (!good) throw new RangeError(`bad range 0x${address.toString(16)} + 0x${length.toString(16)}`);
    for (const one of [...this.mappings, ...this.guards])
      if (address < one.end && one.start < end) throw new RangeError(`overlap at 0x${address.toString(16)}`);
  }
}
