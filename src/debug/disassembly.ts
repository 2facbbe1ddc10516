import { instructionLength } from "../isa/decode.ts";
import { disassembleBits } from "../isa/disassemble.ts";
import { hexDigits } from "../messages/hex.ts";
import type { SymbolTable } from "./symbols.ts";

/** Code as linked. */
export interface CodeRange {
  /** The section's name, or which segment it is. */
  readonly name: string;
  readonly address: number;
  readonly bytes: Uint8Array;
}

/**
 * A range of code as `objdump -d` prints it: a line for each symbol, and for each instruction its address, bits
 * and text.
 */
export function* disassembleRange(
  range: CodeRange,
  symbols: SymbolTable,
  noAliases: boolean,
): Generator<string> {
  const { address, bytes } = range;
  const symbol = (at: bigint) => symbols.describe(Number(at));
  for (let offset = 0; offset < bytes.length; ) {
    const at = address + offset;
    const position = symbols.lookup(at);
    if (position?.offset === 0) yield `\n${hexDigits(at, 16)} <${position.name}>:\n`;
    const left = bytes.length - offset;
    const wanted = left < 2 ? 1 : instructionLength(bytes[offset] | (bytes[offset + 1] << 8));
    // A last odd byte, or the half of an instruction that is cut off, is data.
    const length = wanted <= left ? wanted : 2;
    const bits = littleEndian(bytes, offset, length);
    const text =
      wanted === length && length > 1
        ? disassembleBits(bits, BigInt(at), { noAliases, symbol })
        : `.${length}byte\t0x${hexDigits(bits, length * 2)}`.replace(".1byte", ".byte");
    yield `${at.toString(16).padStart(8)}:\t${hexDigits(bits, length * 2).padEnd(8)}\t${text}\n`;
    offset += length;
  }
}

/** The 16 or 32 bits of the instruction at an address; `undefined` where none of the ranges has it. */
export function codeIn(ranges: readonly CodeRange[], at: number): number | undefined {
  for (const { address, bytes } of ranges) {
    const offset = at - address;
    if (offset < 0 || offset + 2 > bytes.length) continue;
    const length = instructionLength(littleEndian(bytes, offset, 2));
    return offset + length > bytes.length ? undefined : littleEndian(bytes, offset, length);
  }
  return undefined;
}

function littleEndian(bytes: Uint8Array, offset: number, length: number): number {
  let value = 0;
  for (let i = length - 1; i >= 0; i--) value = value * 256 + bytes[offset + i];
  return value;
}
