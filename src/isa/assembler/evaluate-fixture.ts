import { decode } from "../decode.ts";

/** The value of a0 after straight code of `lui`, `addi`, `addiw` and `slli` (or their compressed forms). */
export function evaluateInteger(bytes: Uint8Array): bigint {
  const x = new Array<bigint>(32).fill(0n);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; ) {
    const instruction = decode((bytes[at] & 3) === 3 ? view.getUint32(at, true) : view.getUint16(at, true));
    if (instruction === undefined) throw new Error("illegal instruction");
    const { rd, rs1, imm } = instruction.fields;
    const by: Record<string, bigint> = {
      lui: BigInt(imm),
      addi: x[rs1] + BigInt(imm),
      addiw: BigInt.asIntN(32, x[rs1] + BigInt(imm)),
      slli: x[rs1] << BigInt(imm),
    };
    if (!(instruction.row.name in by)) throw new Error(`unexpected ${instruction.row.name}`);
    x[rd] = BigInt.asIntN(64, by[instruction.row.name]);
    at += instruction.length;
  }
  return x[10];
}
