import { hex } from "../messages/hex.ts";
import { aliasOf, compressedAliasOf } from "./aliases.ts";
import { csrName } from "./csr-names.ts";
import { decode } from "./decode.ts";
import { F_NAMES, X_NAMES } from "./registers.ts";
import type { Fields, Instruction, Row } from "./row.ts";
import { DYNAMIC, fenceSet, immediateStyle, ROUNDING_MODES, syntaxParts } from "./syntax.ts";

export interface DisassembleOptions {
  /** Print the instructions as encoded: `c.li a0,1`, `addi a0,zero,1`; by default both are `li a0,1`. */
  readonly noAliases?: boolean;
  /** What stands at an address, to print behind branch targets: `main+0x10`. */
  readonly symbol?: (address: bigint) => string | undefined;
}

/**
 * One instruction as text, in the words of GNU `objdump`: the mnemonic, a tab, the operands separated by
 * commas alone. `pc` is the instruction's address; branch targets are printed as absolute addresses.
 */
export function disassemble(instruction: Instruction, pc: bigint, options: DisassembleOptions = {}): string {
  const alias = options.noAliases ? compressedAliasOf(instruction) : aliasOf(instruction);
  const row = options.noAliases ? instruction.written : instruction.row;
  const { name, syntax } = alias ?? row;
  return text(row, name, syntax, instruction.fields, pc, options);
}

/** The same for any 16 or 32 bits; what is no instruction becomes data, as `objdump` prints it. */
export function disassembleBits(bits: number, pc: bigint, options: DisassembleOptions = {}): string {
  const instruction = decode(bits);
  if (instruction !== undefined) return disassemble(instruction, pc, options);
  if ((bits & 0xffff) === 0) return options.noAliases ? "c.unimp" : "unimp";
  return (bits & 3) === 3 ? `.4byte\t${hex(bits >>> 0)}` : `.2byte\t${hex(bits & 0xffff)}`;
}

function text(
  row: Row,
  name: string,
  syntax: string,
  fields: Fields,
  pc: bigint,
  options: DisassembleOptions,
) {
  const ordering = `${fields.aq ? "aq" : ""}${fields.rl ? "rl" : ""}`;
  const mnemonic = ordering === "" ? name : `${name}.${ordering}`;
  const parts = syntaxParts(syntax);
  let operands = "";
  for (const part of parts) operands += operand(part, row, fields, pc, options);
  if (parts.at(-1) === "rm" && fields.rm === DYNAMIC) operands = operands.slice(0, -",dyn".length);
  return operands === "" ? mnemonic : `${mnemonic}\t${operands}`;
}

function operand(part: string, row: Row, fields: Fields, pc: bigint, options: DisassembleOptions): string {
  switch (part) {
    case "rd":
    case "rs1":
    case "rs2":
      return X_NAMES[fields[part]];
    case "fd":
      return F_NAMES[fields.rd];
    case "fs1":
      return F_NAMES[fields.rs1];
    case "fs2":
      return F_NAMES[fields.rs2];
    case "fs3":
      return F_NAMES[fields.rs3];
    case "imm":
      return immediate(row, fields.imm);
    case "uimm":
      return String(fields.rs1);
    case "csr":
      return csrName(fields.imm) ?? hex(fields.imm);
    case "rm":
      return ROUNDING_MODES[fields.rm] ?? "unknown";
    case "pred":
      return fenceSet(fields.imm >> 4) || "unknown";
    case "succ":
      return fenceSet(fields.imm) || "unknown";
    case "target":
      return target(BigInt.asUintN(64, pc + BigInt(fields.imm)), options);
    default:
      return part;
  }
}

function immediate(row: Row, value: number): string {
  const style = immediateStyle(row);
  if (style === "upper") return hex(value >>> 12);
  return style === "amount" ? hex(value) : String(value);
}

function target(address: bigint, options: DisassembleOptions): string {
  const symbol = options.symbol?.(address);
  return symbol === undefined ? hex(address) : `${address.toString(16)} <${symbol}>`;
}
