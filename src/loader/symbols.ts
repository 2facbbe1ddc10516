import { hex } from "../messages/hex.ts";
import { loaderMessages } from "../messages/loader.ts";
import { LoadError } from "./refuse.ts";
import { type Section, SHT } from "./sections.ts";

/**
 * The named addresses of an image, as columns: a large image has hundreds of thousands, and most names are never
 * asked for. Functions, objects and plain labels that are defined in a section; neither section and file names
 * nor the assembler's own marks (`$x`, `.L1`).
 */
export interface Symbols {
  /** As linked; signed, as in a register. */
  readonly addresses: Float64Array;
  /** The first address after the symbol; where it has no size, the end of its section. */
  readonly ends: Float64Array;
  /** 1: has a size, so it claims every address up to its end. */
  readonly sized: Uint8Array;
  /** 1: a function (STT_FUNC). */
  readonly functions: Uint8Array;
  /** 1: not local. */
  readonly global: Uint8Array;
  /** Where the zero-terminated name stands in `strings`. */
  readonly names: Uint32Array;
  readonly strings: Uint8Array;
}

const ENTRY_SIZE = 24;
const INDEX_BITS = 19;
const MAX_SYMBOLS = 2 ** INDEX_BITS;
/** Addresses from here on, and below its negative, have no place beside the index: see `inAddressOrder`. */
const ADDRESS_LIMIT = 2 ** 43;
/** Symbol types (`st_info`, low four bits). */
const STT_FUNC = 2;
const STT_GNU_IFUNC = 10;
const NAMED_TYPES = [0, 1, STT_FUNC, STT_GNU_IFUNC];

export function findSymbols(file: string, sections: readonly Section[]): Symbols {
  const table =
    sections.find((one) => one.type === SHT.symtab) ?? sections.find((one) => one.type === SHT.dynsym);
  if (!table) return emptySymbols(0, new Uint8Array(0));
  const field = (name: string) => loaderMessages.ofSection(name, table.index);
  if (table.entrySize !== ENTRY_SIZE)
    throw new LoadError(
      loaderMessages.mustBe(file, field("sh_entsize"), String(table.entrySize), String(ENTRY_SIZE)),
    );
  const strings = sections[table.link];
  if (strings?.type !== SHT.strtab)
    throw new LoadError(
      loaderMessages.mustBe(file, field("sh_link"), String(table.link), loaderMessages.stringTable()),
    );
  const count = Math.floor(table.size / ENTRY_SIZE);
  if (count > MAX_SYMBOLS)
    throw new LoadError(
      loaderMessages.tooBig(file, field("sh_size"), hex(table.size), hex(MAX_SYMBOLS * ENTRY_SIZE)),
    );
  return collect(table.bytes, count, strings.bytes, sections);
}

/** The address of a symbol by its exact name, as linked; a global one wins over local ones. */
export function symbolAddress(symbols: Symbols, name: string): number | undefined {
  const { addresses, global, names, strings } = symbols;
  const wanted = new TextEncoder().encode(`${name}\0`);
  let found: number | undefined;
  for (let i = 0; i < names.length; i++)
    if ((found === undefined || global[i]) && wanted.every((byte, k) => strings[names[i] + k] === byte))
      found = i;
  return found === undefined ? undefined : addresses[found];
}

function collect(
  bytes: Uint8Array,
  count: number,
  strings: Uint8Array,
  sections: readonly Section[],
): Symbols {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const order = inAddressOrder(view, count, (at) => isNamedAddress(view, at, strings, sections));
  const symbols = emptySymbols(order.length, strings);
  for (let i = 0; i < order.length; i++) {
    const at = order[i] * ENTRY_SIZE;
    const address = signedWord(view, at + 8);
    const size = view.getUint32(at + 16, true) + view.getUint32(at + 20, true) * 2 ** 32;
    const section = sections[view.getUint16(at + 6, true)];
    const info = view.getUint8(at + 4);
    symbols.addresses[i] = address;
    symbols.ends[i] = size > 0 ? address + size : section.address + section.size;
    symbols.sized[i] = size > 0 ? 1 : 0;
    symbols.functions[i] = (info & 15) === STT_FUNC || (info & 15) === STT_GNU_IFUNC ? 1 : 0;
    symbols.global[i] = info >> 4 ? 1 : 0;
    symbols.names[i] = view.getUint32(at, true);
  }
  return symbols;
}

/**
 * The indices of the symbols to keep, by address. They are sorted as 64-bit words of the address and, in the low 19
 * bits, the index, because sorting without a comparison function is several times as fast. Addresses that do not
 * fit are dropped.
 */
function inAddressOrder(view: DataView, count: number, keep: (at: number) => boolean): Uint32Array {
  const keys = new BigInt64Array(count);
  const halves = new Int32Array(keys.buffer);
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const address = signedWord(view, i * ENTRY_SIZE + 8);
    if (Math.abs(address) >= ADDRESS_LIMIT || !keep(i * ENTRY_SIZE)) continue;
    const page = Math.floor(address / 4096);
    halves[2 * kept] = ((address - page * 4096) << INDEX_BITS) | i;
    halves[2 * kept + 1] = page;
    kept++;
  }
  keys.subarray(0, kept).sort();
  return Uint32Array.from({ length: kept }, (_, i) => halves[2 * i] & (MAX_SYMBOLS - 1));
}

function signedWord(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getInt32(at + 4, true) * 2 ** 32;
}

function isNamedAddress(
  view: DataView,
  at: number,
  strings: Uint8Array,
  sections: readonly Section[],
): boolean {
  const section = view.getUint16(at + 6, true);
  if (section === 0 || section >= sections.length) return false;
  if (!NAMED_TYPES.includes(view.getUint8(at + 4) & 15)) return false;
  const name = view.getUint32(at, true);
  const [first, second] = [strings[name], strings[name + 1]];
  return first > 0 && first !== 0x24 && !(first === 0x2e && second === 0x4c);
}

function emptySymbols(count: number, strings: Uint8Array): Symbols {
  return {
    addresses: new Float64Array(count),
    ends: new Float64Array(count),
    sized: new Uint8Array(count),
    functions: new Uint8Array(count),
    global: new Uint8Array(count),
    names: new Uint32Array(count),
    strings,
  };
}
