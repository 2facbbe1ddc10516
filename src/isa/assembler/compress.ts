import { compressedAliasOf } from "../aliases.ts";
import { decode } from "../decode.ts";
import { EncodingError, encode } from "../pattern.ts";
import type { Fields, Row } from "../row.ts";
import { rows } from "../table.ts";
import { instructionBytes, littleEndian } from "./fixup.ts";
import type { Pass } from "./pass.ts";
import type { Place } from "./source.ts";

const byBase = new Map<string, Row[]>();
for (const row of rows) {
  if (row.base === undefined) continue;
  const some = byBase.get(row.base);
  if (some) some.push(row);
  else byBase.set(row.base, [row]);
}

/** Emits an instruction with settled operands, in 16 bits where `.option rvc` allows and they can hold it. */
export function emitInstruction(pass: Pass, place: Place, row: Row, fields: Readonly<Partial<Fields>>): void {
  const short = pass.compress && row.length === 4 ? compressedEncoding(row, fields) : undefined;
  if (short !== undefined) pass.emit(littleEndian(BigInt(short), 2), place);
  else if (pass.strict) pass.emit(instructionBytes(pass.source, place, row, fields), place);
  else pass.emit(new Uint8Array(row.length), place);
}

/**
 * The 16 bits that do the same as an instruction with settled operands, or undefined where there are none. The
 * encodings that are hints are left alone.
 */
function compressedEncoding(row: Row, fields: Readonly<Partial<Fields>>): number | undefined {
  const { rd = 0, rs1 = 0, imm = 0 } = fields;
  // `mv` is an addition of zero in 32 bits, of a register in 16.
  if (row.name === "addi" && imm === 0 && rd !== 0 && rs1 !== 0)
    return encoding("add", { rd, rs1: 0, rs2: rs1 });
  return encoding(row.name, fields);
}

function encoding(base: string, fields: Readonly<Partial<Fields>>): number | undefined {
  for (const row of byBase.get(base) ?? []) {
    const bits = tryEncode(row, fields);
    const instruction = bits === undefined ? undefined : decode(bits);
    if (instruction === undefined) continue;
    if (compressedAliasOf(instruction) === undefined || bits === NOP) return bits;
  }
  return undefined;
}

const NOP = 0x0001;

function tryEncode(row: Row, fields: Readonly<Partial<Fields>>): number | undefined {
  try {
    return encode(row, fields);
  } catch (error) {
    if (error instanceof EncodingError) return undefined;
    throw error;
  }
}
