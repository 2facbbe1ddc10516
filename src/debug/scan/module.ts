import { parseElf, readSections, readSymbols } from "../../loader/elf.ts";
import type { Image, Range } from "../../loader/image.ts";
import { type Section, SHF, SHT } from "../../loader/sections.ts";
import { readText } from "../../loader/text.ts";
import { SymbolTable } from "../symbols.ts";
import { describedCode } from "./frame-entries.ts";
import { rangeFinder } from "./ranges.ts";
import { startsIn } from "./starts.ts";

/** A place in memory that holds the address of something: what a relocation will write there. */
export interface Slot {
  /** By name, wherever that is defined. */
  readonly symbol?: string;
  /** In the module itself, as linked. */
  readonly address?: number;
}

/** Code that is entered at its start: from one known start of a function to the next. */
export interface Unit {
  readonly module: CodeModule;
  readonly start: number;
  readonly end: number;
  /** Its start is a function's by the unwinding tables, so its end is the compiler's too. */
  readonly described: boolean;
}

/** What a program or library says of its own code: its functions, what it offers and where it holds addresses. */
export interface CodeModule {
  /** Path. */
  readonly name: string;
  readonly image: Image;
  readonly symbols: SymbolTable;
  /** In address order, covering the executable sections. */
  readonly units: readonly Unit[];
  /** Addresses of what the dynamic symbol table defines, by name. A name with versions has several. */
  readonly exports: ReadonlyMap<string, readonly number[]>;
  /** Of the global offset table: only code that loads them uses them. By address. */
  readonly slots: ReadonlyMap<number, Slot>;
  /** What its other data points to: code found there may be called by anybody. */
  readonly pointers: readonly Slot[];
  /** `gp`, where the program sets it. */
  readonly globalPointer: number | undefined;
  /** The bytes of its executable sections. */
  readonly code: readonly Section[];
  /** The bytes of its data: they hold the names that `dlsym` might be given. */
  readonly data: readonly Uint8Array[];
}

/** Section types, symbol fields and relocations (gABI; RISC-V ELF psABI, "Relocations"). */
const SHT_PROGBITS = 1;
const SHT_RELA = 4;
const SHT_RELR = 19;
const R = { abs64: 2, relative: 3, jumpSlot: 5, irelative: 58 } as const;
const SYMBOL_SIZE = 24;
const RELA_SIZE = 24;
const PLT_ENTRY = 16;
const AUIPC_GP = 0x197;
const MAX_NAME = 4096;

/** Reads an ELF file for its code. Rejects with `LoadError`. */
export async function readModule(bytes: Uint8Array, name: string): Promise<CodeModule> {
  const image = await parseElf(bytes, name);
  const found = await readSections(bytes, name);
  const sections = found.filter(({ flags }) => flags & SHF.alloc);
  // As far as the file has bytes of them.
  const named = sections
    .filter(({ flags, bytes }) => flags & SHF.execute && bytes.length > 0)
    .map((section) => ({ ...section, size: section.bytes.length }));
  const code = (named.length > 0 ? named : segmentsOf(image)).sort((a, b) => a.address - b.address);
  const symbols = new SymbolTable(await readSymbols(bytes, name));
  const table = dynamicSymbols(found);
  const relocations = readRelocations(sections, table);
  const isLazy = lazily(sections);
  const module = {
    name,
    image,
    symbols,
    exports: exportsOf(table, code),
    slots: new Map<number, Slot>(),
    pointers: [] as Slot[],
    globalPointer: findGlobalPointer(code),
    code,
    units: [] as Unit[],
    data: sections
      .filter(({ flags, type }) => !(flags & SHF.execute) && type === SHT_PROGBITS)
      .map(({ bytes }) => bytes),
  };
  for (const { at, slot, kind } of relocations)
    if (kind === R.jumpSlot || isLazy(at)) module.slots.set(at, slot);
    else module.pointers.push(slot);
  for (const slot of packedPointers(sections)) module.pointers.push(slot);
  const described = sections.filter(({ name }) => name === ".eh_frame").flatMap(describedCode);
  const gaps = gapsIn(code, described);
  if (!image.relocatable) addPlainPointers(module, sections, described, gaps, isLazy);
  addUnits(module, described, gaps);
  return module;
}

/** Without section headers, all that may be executed is code. */
function segmentsOf(image: Image): Section[] {
  return image.segments
    .filter(({ execute }) => execute)
    .map(({ address, bytes, offset, fileSize }, index) => ({
      index,
      name: "",
      type: SHT_PROGBITS,
      flags: SHF.alloc | SHF.execute,
      address,
      size: fileSize,
      offset,
      bytes,
      link: 0,
      entrySize: 0,
    }));
}

interface DynamicSymbol {
  readonly name: string;
  readonly address: number;
  readonly type: number;
  readonly defined: boolean;
}

function dynamicSymbols(sections: readonly Section[]): DynamicSymbol[] {
  const table = sections.find(({ type }) => type === SHT.dynsym);
  const strings = table && sections[table.link];
  if (!table || strings?.type !== SHT.strtab) return [];
  const view = viewOfSection(table);
  return Array.from({ length: Math.floor(table.bytes.length / SYMBOL_SIZE) }, (_, i) => {
    const at = i * SYMBOL_SIZE;
    return {
      name: readText(strings.bytes, view.getUint32(at, true), MAX_NAME) ?? "",
      address: Number(view.getBigInt64(at + 8, true)),
      type: view.getUint8(at + 4) & 15,
      defined: view.getUint16(at + 6, true) !== 0,
    };
  });
}

function exportsOf(
  table: readonly DynamicSymbol[],
  code: readonly Section[],
): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const { name, address, defined } of table)
    if (defined && code.some((section) => contains(section, address))) {
      const known = found.get(name);
      if (known) known.push(address);
      else found.set(name, [address]);
    }
  return found;
}

function readRelocations(
  sections: readonly Section[],
  table: readonly DynamicSymbol[],
): { at: number; kind: number; slot: Slot }[] {
  return sections
    .filter(({ type }) => type === SHT_RELA)
    .flatMap((section) => {
      const view = viewOfSection(section);
      return Array.from({ length: Math.floor(section.bytes.length / RELA_SIZE) }, (_, i) => {
        const at = Number(view.getBigUint64(i * RELA_SIZE, true));
        const kind = view.getUint32(i * RELA_SIZE + 8, true);
        const addend = Number(view.getBigInt64(i * RELA_SIZE + 16, true));
        const symbol = table[view.getUint32(i * RELA_SIZE + 12, true)];
        if (kind === R.relative || kind === R.irelative) return [{ at, kind, slot: { address: addend } }];
        if (!symbol || (kind !== R.abs64 && kind !== R.jumpSlot)) return [];
        // A local symbol has no name to be found by.
        const slot = symbol.name === "" ? { address: symbol.address + addend } : { symbol: symbol.name };
        return [{ at, kind, slot }];
      }).flat();
    });
}

/** Whether an address lies in the global offset table. */
function lazily(sections: readonly Section[]): (address: number) => boolean {
  const tables = sections.filter(({ name }) => name === ".got" || name === ".got.plt");
  return (address) => tables.some((section) => contains(section, address));
}

/** Relative relocations in packed form (DT_RELR): addresses, each followed by bitmaps of the 63 words behind it. */
function packedPointers(sections: readonly Section[]): Slot[] {
  const slots: Slot[] = [];
  const add = (at: number) => {
    const holder = sections.find((section) => contains(section, at) && section.type !== SHT.nobits);
    if (holder && at + 8 <= holder.address + holder.bytes.length)
      slots.push({ address: Number(viewOfSection(holder).getBigInt64(at - holder.address, true)) });
  };
  for (const section of sections.filter(({ type }) => type === SHT_RELR)) {
    const view = viewOfSection(section);
    let next = 0;
    for (let i = 0; i + 8 <= section.bytes.length; i += 8) {
      const word = view.getBigUint64(i, true);
      if ((word & 1n) === 0n) {
        add(Number(word));
        next = Number(word) + 8;
      } else {
        for (let bit = 1; bit < 64; bit++) if ((word >> BigInt(bit)) & 1n) add(next + (bit - 1) * 8);
        next += 63 * 8;
      }
    }
  }
  return slots;
}

function addUnits(
  module: CodeModule & { readonly units: Unit[] },
  described: readonly Range[],
  gaps: readonly Range[],
): void {
  const functions = new Set(described.map(({ address }) => address));
  const known = new Set(functions);
  for (const symbol of module.symbols) if (symbol.function) known.add(symbol.address);
  for (const addresses of module.exports.values()) for (const address of addresses) known.add(address);
  for (const { address } of module.pointers) if (address !== undefined) known.add(address);
  for (const { address } of gaps) known.add(address);
  for (const address of startsIn(module.code, gaps)) known.add(address);
  known.add(module.image.entry);
  for (const section of module.code) {
    const starts = [...known].filter((address) => contains(section, address) && address % 2 === 0);
    starts.push(section.address);
    if (section.name === ".plt")
      for (let at = 0; at < section.size; at += PLT_ENTRY) starts.push(section.address + at);
    const sorted = [...new Set(starts)].sort((a, b) => a - b);
    sorted.forEach((start, i) => {
      const end = sorted[i + 1] ?? section.address + section.bytes.length;
      module.units.push({ module, start, end, described: functions.has(start) });
    });
  }
}

/** The parts of the code that `described` says nothing of. */
function gapsIn(code: readonly Section[], described: readonly Range[]): Range[] {
  const sorted = [...described].sort((a, b) => a.address - b.address);
  return code.flatMap((section) => {
    const gaps: Range[] = [];
    const end = section.address + section.bytes.length;
    let at = section.address;
    for (const { address, size } of sorted) {
      if (!contains(section, address)) continue;
      if (address > at) gaps.push({ address: at, size: address - at });
      at = Math.max(at, address + size);
    }
    if (at < end) gaps.push({ address: at, size: end - at });
    return gaps;
  });
}

/** An image that is not relocated holds its addresses as plain words. */
function addPlainPointers(
  module: CodeModule & { readonly slots: Map<number, Slot>; readonly pointers: Slot[] },
  sections: readonly Section[],
  described: readonly Range[],
  gaps: readonly Range[],
  isLazy: (address: number) => boolean,
): void {
  const functions = new Set(described.map(({ address }) => address));
  const isInGap = rangeFinder(gaps);
  const isCode = (address: number) => functions.has(address) || (address % 2 === 0 && isInGap(address));
  for (const section of sections) {
    if (section.flags & SHF.execute || section.type === SHT.nobits) continue;
    const view = viewOfSection(section);
    for (let at = -section.address & 7; at + 8 <= section.bytes.length; at += 8) {
      const address = Number(view.getBigUint64(at, true));
      if (!module.code.some((one) => contains(one, address)) || !isCode(address)) continue;
      const place = section.address + at;
      // A relocation says more than the word that it will overwrite.
      if (isLazy(place)) module.slots.set(place, module.slots.get(place) ?? { address });
      else module.pointers.push({ address });
    }
  }
}

/** What `auipc gp` and `addi gp, gp` of the program's start make; `undefined` where there is no such pair. */
function findGlobalPointer(code: readonly Section[]): number | undefined {
  for (const section of code) {
    const view = viewOfSection(section);
    for (let at = 0; at + 8 <= section.bytes.length; at += 2) {
      const high = view.getInt32(at, true);
      if ((high & 0xfff) !== AUIPC_GP) continue;
      const low = view.getInt32(at + 4, true);
      // addi gp, gp, imm
      if ((low & 0xfffff) === 0x18193) return section.address + at + (high & ~0xfff) + (low >> 20);
    }
  }
  return undefined;
}

export function contains({ address, size }: { address: number; size: number }, at: number): boolean {
  return at >= address && at < address + size;
}

function viewOfSection({ bytes }: Section): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The unit that holds an address of the module. */
export function unitAt({ units }: CodeModule, address: number): Unit | undefined {
  let low = 0;
  let high = units.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (units[middle].start <= address) low = middle + 1;
    else high = middle;
  }
  const unit = units[low - 1];
  return unit && address < unit.end ? unit : undefined;
}
