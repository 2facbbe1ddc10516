import { asmMessages } from "../../messages/asm.ts";
import type { Assembled } from "./assemble.ts";
import { applyFixups } from "./fixup.ts";
import type { Section } from "./section.ts";
import { linkerSection } from "./symbols.ts";

export const PAGE = 4096n;

/** A section at its address, with the bytes it has there (none for zeroes). */
export interface PlacedSection extends Section {
  readonly address: bigint;
}

/** Neighbouring sections with the same protection; starts on a page of its own. */
export interface Segment {
  readonly address: bigint;
  /** Bytes, the zeroes at the end included. */
  readonly size: bigint;
  readonly writable: boolean;
  readonly executable: boolean;
  readonly sections: readonly PlacedSection[];
}

export interface Placed {
  /** Code, constants, data: those of them that there are. */
  readonly segments: readonly Segment[];
  /** Sections that are not part of the running program. */
  readonly others: readonly Section[];
  /** Addresses of labels, values of `.equ` symbols. */
  readonly symbols: ReadonlyMap<string, bigint>;
  /** The address of the entry symbol. */
  readonly entry: bigint;
}

export interface PlaceOptions {
  /** Address of the first segment; a multiple of 4096. */
  readonly base: bigint;
  /** The symbol to start at; `_start` where there is one, else the first byte of code. */
  readonly entry?: string;
}

const alignUp = (value: bigint, align: bigint) => (value + align - 1n) & -align;

/**
 * Gives every section an address: code first, then constants, then data with the zeroes at its end, each kind
 * on pages of its own, so that no page is both writable and executable.
 *
 * @throws RefusedError where a target is out of reach, or a section wants to be writable and executable
 */
export function placeSections(assembled: Assembled, { base, entry }: PlaceOptions): Placed {
  const { source, sections } = assembled;
  if (base % PAGE !== 0n) source.fail({ line: 1, column: 1 }, asmMessages.badBase());
  const mixed = sections.find((s) => s.allocated && s.writable && s.executable);
  if (mixed) source.fail({ line: 1, column: 1 }, asmMessages.writableCode(mixed.name));
  const used = sections.filter((s) => s.allocated && s.size > 0);
  const addresses = new Map<string, bigint>();
  const segments: Segment[] = [];
  let at = base;
  let zeroesAt: bigint | undefined;
  let dataEnd = base;
  let codeEnd = base;
  for (const kind of [{ executable: true }, { executable: false }, { writable: true }]) {
    const members = used.filter((s) => s.executable === !!kind.executable && s.writable === !!kind.writable);
    members.sort((a, b) => Number(a.zeroes) - Number(b.zeroes));
    if (members.length === 0) continue;
    at = alignUp(at, PAGE);
    const start = alignUp(at, BigInt(Math.max(...members.map((s) => s.align))));
    at = start;
    const placed = members.map((section): PlacedSection => {
      at = alignUp(at, BigInt(section.align));
      addresses.set(section.name, at);
      if (section.zeroes) zeroesAt ??= at;
      const address = at;
      at += BigInt(section.size);
      if (!section.zeroes) dataEnd = at;
      return { ...detached(section), address };
    });
    if (kind.executable) codeEnd = at;
    segments.push({
      address: start,
      size: at - start,
      writable: !!kind.writable,
      executable: !!kind.executable,
      sections: placed,
    });
  }
  const emptyAt = at;
  const linkers = { _etext: codeEnd, _edata: dataEnd, __bss_start: zeroesAt ?? at, _end: at };
  for (const [name, address] of Object.entries(linkers)) addresses.set(linkerSection(name), address);
  const addressOf = (name: string) => addresses.get(name) ?? emptyAt;
  const byName = new Map(segments.flatMap((s) => s.sections).map((s) => [s.name, s]));
  applyFixups(source, assembled.fixups, addressOf, (name, offset, bytes) =>
    byName.get(name)?.bytes.set(bytes, offset),
  );
  const symbols = new Map<string, bigint>(Object.entries(linkers));
  for (const { name, section, value } of assembled.symbols.values())
    symbols.set(name, section === null ? value : BigInt.asIntN(64, addressOf(section) + value));
  const others = sections.filter((s) => !s.allocated && s.size > 0);
  return { segments, others, symbols, entry: entryAddress(assembled, symbols, segments, entry) };
}

/** A copy, so that placing a program twice does not write over the first. */
function detached(section: Section): Section {
  const { name, writable, executable, allocated, zeroes, align, size } = section;
  return { name, writable, executable, allocated, zeroes, align, size, bytes: section.bytes.slice() };
}

function entryAddress(
  { source, symbols: details }: Assembled,
  symbols: ReadonlyMap<string, bigint>,
  segments: readonly Segment[],
  name: string | undefined,
): bigint {
  const wanted = name ?? "_start";
  if (details.get(wanted)?.section != null) return symbols.get(wanted) as bigint;
  if (name !== undefined) source.fail({ line: 1, column: 1 }, asmMessages.noEntry(name));
  return segments[0]?.address ?? 0n;
}
