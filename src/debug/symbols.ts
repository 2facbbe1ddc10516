import { readSymbols } from "../loader/elf.ts";
import { type Symbols, symbolAddress } from "../loader/symbols.ts";
import { readText } from "../loader/text.ts";
import { hex } from "../messages/hex.ts";

/** An address in terms of the symbol it lies in: `main+0x12`. */
export interface SymbolPosition {
  readonly name: string;
  /** Bytes from the symbol's address. */
  readonly offset: number;
}

/** A name for an address of the image. */
export interface NamedAddress {
  readonly name: string;
  readonly address: number;
  readonly function: boolean;
}

/** Longer names (C++ templates) are not shown. */
const MAX_NAME = 4096;
/** How many symbols before an address are looked at for one that reaches over it. */
const NESTING = 16;

/** Names of addresses, from an image's symbol table. Addresses are signed, as in a register. */
export class SymbolTable {
  private readonly symbols: Symbols;
  private readonly base: number;

  /** `base`: what the loader added to the image's addresses (0: as linked). */
  constructor(symbols: Symbols, base = 0) {
    this.symbols = symbols;
    this.base = base;
  }

  get size(): number {
    return this.symbols.addresses.length;
  }

  /** The symbol that `address` lies in. Of several at one address: with a size, global, without underscores. */
  lookup(address: number): SymbolPosition | undefined {
    const { addresses, ends } = this.symbols;
    const wanted = address - this.base;
    const after = this.firstAbove(wanted);
    const first = Math.max(0, after - NESTING);
    for (let i = after - 1; i >= first; i--) {
      if (wanted >= ends[i]) continue;
      const best = this.bestAt(i);
      return { name: this.name(best), offset: wanted - addresses[best] };
    }
    return undefined;
  }

  /** `name+0x12`, `name` where the offset is 0; `undefined` where no symbol covers the address. */
  describe(address: number): string | undefined {
    const position = this.lookup(address);
    if (!position) return undefined;
    return position.offset === 0 ? position.name : `${position.name}+${hex(position.offset)}`;
  }

  /** The address of a symbol by its exact name; a global one wins over local ones. */
  find(name: string): number | undefined {
    const address = symbolAddress(this.symbols, name);
    return address === undefined ? undefined : address + this.base;
  }

  /** Every symbol, in address order. */
  *[Symbol.iterator](): Generator<NamedAddress> {
    for (let i = 0; i < this.size; i++)
      yield {
        name: this.name(i),
        address: this.symbols.addresses[i] + this.base,
        function: this.symbols.functions[i] === 1,
      };
  }

  /** How many symbols stand at or below `address` (as linked): the place of the first one above. */
  private firstAbove(address: number): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.symbols.addresses[middle] <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The best name among those at the address of symbol `last`, which is the last of them. */
  private bestAt(last: number): number {
    const { addresses, sized, global } = this.symbols;
    let best = last;
    const rank = (i: number) => sized[i] * 8 + global[i] * 4 - this.underscores(i);
    for (let i = last - 1; i >= 0 && i > last - NESTING && addresses[i] === addresses[last]; i--)
      if (rank(i) > rank(best)) best = i;
    return best;
  }

  /** How many underscores the name starts with, up to 2: marks of aliases inside the C library. */
  private underscores(index: number): number {
    const { names, strings } = this.symbols;
    const at = names[index];
    return strings[at] !== 0x5f ? 0 : strings[at + 1] !== 0x5f ? 1 : 2;
  }

  private name(index: number): string {
    return readText(this.symbols.strings, this.symbols.names[index], MAX_NAME) ?? "?";
  }
}

/** The symbol table of an ELF file; empty for a stripped one. Rejects with `LoadError`. */
export async function readSymbolTable(bytes: Uint8Array, name: string, base = 0): Promise<SymbolTable> {
  return new SymbolTable(await readSymbols(bytes, name), base);
}
