import { asmMessages } from "../../messages/asm.ts";
import { RefusedError } from "../../messages/errors.ts";
import { aliases } from "../aliases.ts";
import { encode, hasField } from "../pattern.ts";
import type { Row } from "../row.ts";
import { rowByName, rows } from "../table.ts";
import { emitInstruction } from "./compress.ts";
import type { Cursor, Value } from "./expression.ts";
import { littleEndian } from "./fixup.ts";
import { type Form, type Operands, readOperands } from "./operands.ts";
import type { Pass } from "./pass.ts";
import { pseudos } from "./pseudo.ts";
import type { Place } from "./source.ts";

const forms = new Map<string, Form[]>();
const add = (name: string, form: Form) => {
  const some = forms.get(name);
  if (some) some.push(form);
  else forms.set(name, [form]);
};
for (const row of rows) add(row.name, { row, syntax: row.syntax, fixed: {} });
for (const { name, row, syntax, fixed, use } of aliases)
  if (use !== "disassembler") add(name, { row: rowByName(row)!, syntax, fixed });

/** Assembles one instruction, real or pseudo, at the pass's place. `place` is the mnemonic's. */
export function assembleInstruction(pass: Pass, name: string, cursor: Cursor, place: Place): void {
  const lower = name.toLowerCase();
  if (pseudos.get(lower)?.(pass, cursor, place)) return;
  const ordering = /^(.*)\.(aq|rl|aqrl)$/.exec(lower);
  const stem = ordering?.[1] ?? lower;
  const candidates = forms.get(stem)?.filter((form) => ordering === null || hasField(form.row, "aq"));
  if (candidates === undefined || candidates.length === 0)
    pass.source.fail(place, asmMessages.unknownInstruction(name));
  const { form, operands } = matching(pass, cursor, candidates);
  if (ordering !== null) {
    operands.fields.aq = ordering[2].includes("aq") ? 1 : 0;
    operands.fields.rl = ordering[2].includes("rl") ? 1 : 0;
  }
  emit(pass, form.row, operands);
}

/** The first form that the operands fit, or the error of the one that got furthest. */
function matching(
  pass: Pass,
  cursor: Cursor,
  candidates: readonly Form[],
): { form: Form; operands: Operands } {
  const start = cursor.save();
  let furthest = -1;
  let reason: unknown;
  for (const form of candidates) {
    try {
      const operands = readOperands(pass, cursor, form);
      return { form, operands };
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      if (cursor.save() > furthest) {
        furthest = cursor.save();
        reason = error;
      }
      cursor.restore(start);
    }
  }
  throw reason;
}

function emit(pass: Pass, row: Row, { fields, fixup, place, guess }: Operands): void {
  if (fixup === undefined) {
    if (guess) pass.emit(new Uint8Array(row.length), place);
    else emitInstruction(pass, place, row, fields);
    return;
  }
  const inverse = INVERSE[row.name];
  if (inverse !== undefined && isFar(pass, fixup.target)) {
    // Too far for a branch: the opposite branch over a jump.
    pass.emit(littleEndian(BigInt(encode(rowByName(inverse)!, { ...fields, imm: 8 })), 4), place);
    pass.fixup("relative", fixup.target, place, 4, { row: rowByName("jal")!, values: { rd: 0 } });
    return;
  }
  pass.fixup(fixup.kind, fixup.target, place, row.length, { row, values: fields });
}

const INVERSE: Readonly<Record<string, string>> = {
  ...{ beq: "bne", bne: "beq", blt: "bge", bge: "blt", bltu: "bgeu", bgeu: "bltu" },
};

/** Whether the statement's branch needs its long form: once it does, it keeps it, so that passes settle. */
function isFar(pass: Pass, target: Value): boolean {
  if (pass.farBranches.has(pass.statement)) return true;
  const from = pass.here();
  if (!target.known || target.section !== from.section) return false;
  const distance = target.value - from.value;
  if (distance >= -4096n && distance <= 4094n) return false;
  pass.growBranch();
  return true;
}
