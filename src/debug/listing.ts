import { decode, instructionLength } from "../isa/decode.ts";
import { disassembleBits } from "../isa/disassemble.ts";
import type { Instruction } from "../isa/row.ts";
import { hexDigits } from "../messages/hex.ts";
import type { GuestMemory } from "./guest-memory.ts";

/** What stands at an address, as text: `main+0x10`. `undefined` where no symbol is near. */
export type Symbolize = (address: bigint) => string | undefined;

/** One instruction in memory. */
export interface Line {
  readonly address: number;
  readonly length: 2 | 4;
  /** The 16 or 32 bits. */
  readonly bits: number;
  /** `undefined` where the bits are no instruction. */
  readonly instruction: Instruction | undefined;
  /** As objdump prints it, with a space in place of the tab. */
  readonly text: string;
  readonly symbol: string | undefined;
}

/** The instruction at `address`, or `undefined` where no memory is. */
export function lineAt(memory: GuestMemory, address: number, symbolize?: Symbolize): Line | undefined {
  const bytes = memory.read(address, 4);
  if (bytes.length < 2) return undefined;
  const low = bytes[0] | (bytes[1] << 8);
  const length = instructionLength(low);
  if (bytes.length < length) return undefined;
  const bits = length === 2 ? low : (low | (bytes[2] << 16) | (bytes[3] << 24)) >>> 0;
  const pc = BigInt(address);
  return {
    address,
    length,
    bits,
    instruction: decode(bits),
    text: disassembleBits(bits, pc, { symbol: symbolize }).replace("\t", " "),
    symbol: symbolize?.(pc),
  };
}

/** `  10188 <main+0x8>:  00813023  sd s0,0(sp)` */
export function formatLine(line: Line): string {
  const where = line.symbol === undefined ? "" : ` <${line.symbol}>`;
  const bits = hexDigits(line.bits, line.length * 2).padStart(8);
  return `${line.address.toString(16)}${where}:  ${bits}  ${line.text}`;
}

/** A call: `jal` or `jalr` that leaves its return address in `ra`. */
export function isCall(instruction: Instruction | undefined): boolean {
  return instruction !== undefined && /^jalr?$/.test(instruction.row.name) && instruction.fields.rd === 1;
}
