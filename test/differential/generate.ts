import { decode } from "../../src/isa/decode.ts";
import { encode, fieldRange, patternOf } from "../../src/isa/pattern.ts";
import type { Fields, Row } from "../../src/isa/row.ts";
import { rows } from "../../src/isa/table.ts";
import type { Random } from "./random.ts";

/**
 * Random instructions for a block: straight code with forward jumps inside it. Registers that must survive a block are
 * never written: sp, s0 and t6 point into the scratch memory, t5 at the record of the block's results.
 */

/** What belongs together: encodings (a jump and what it may skip, an address and the atomic access to it), or assembly text. */
export type Unit = readonly number[] | string;

const SP = 2;
const S0 = 8;
const A7 = 17;
const T4 = 29;
const T5 = 30;
const T6 = 31;
const RESERVED = new Set([SP, S0, T5, T6]);
/** Scratch memory reaches this many bytes to both sides of where the pointers point. */
export const SCRATCH_REACH = 2048;

/** Numbers from here on are no system calls of Linux. */
export const FIRST_STRANGE_CALL = 1500;

type Kind = "plain" | "memory" | "atomic" | "jump" | "csr";

function kindOf(row: Row): Kind | undefined {
  const { meaning, extension } = row;
  if (extension === "Zicond") return undefined; // QEMU 7.2 has no Zicond.
  if (row.name === "ctzw") return undefined; // After rev8, QEMU 7.2 counts beyond 32: its optimizer is wrong.
  if (extension === "A") return "atomic";
  if (meaning.kind === "branch") return "jump";
  if (meaning.kind === "jump")
    return row.pattern.includes("imm") && !row.pattern.includes("rs1") ? "jump" : undefined;
  if (meaning.kind === "system") return undefined;
  if (meaning.kind === "nothing") return "plain";
  return JSON.stringify(meaning, (_, v) => (typeof v === "bigint" ? `${v}` : v)).match(
    /"kind":"(load|store)"/,
  )
    ? "memory"
    : "plain";
}

const byKind = new Map<Kind, Row[]>();
for (const row of rows) {
  const kind = kindOf(row);
  if (kind) byKind.set(kind, [...(byKind.get(kind) ?? []), row]);
}

export function randomUnit(r: Random): Unit {
  const n = r.below(100);
  if (n < 60) return [plain(r, "plain")];
  if (n < 80) return [plain(r, "memory")];
  if (n < 87) return atomic(r);
  if (n < 96) return jump(r);
  if (n < 97) return systemCall(r);
  return [floatCsr(r)];
}

/** One instruction that falls through, with any legal fields but those that would lose the pointers. */
function plain(r: Random, kind: "plain" | "memory"): number {
  for (;;) {
    const row = r.pick(byKind.get(kind)!);
    const fields = randomFields(row, r);
    if (kind === "memory" && hasBase(row)) fields.rs1 = r.pick(row.length === 2 ? [S0] : [SP, S0, T6]);
    const bits = tryEncode(row, fields);
    if (bits === undefined) continue;
    const instruction = decode(bits);
    if (!instruction || instruction.written !== row) continue;
    const { meaning } = instruction.row;
    if (meaning.kind === "setX" && RESERVED.has(instruction.fields.rd)) continue;
    if (kind === "memory" && Math.abs(instruction.fields.imm) > SCRATCH_REACH - 8) continue;
    // QEMU 7.2 takes the fence hints with odd fields for reserved; real programs have none.
    if (instruction.row.name.startsWith("fence") && bits !== 0x0ff0000f) continue;
    return bits;
  }
}

const hasBase = (row: Row) => patternOf(row).fields.some((field) => field.sets.includes("rs1"));

/** An address in t4, then the access; `lr` and `sc` come as a pair. */
function atomic(r: Random): Unit {
  const row = r.pick(byKind.get("atomic")!);
  const wide = row.name.endsWith(".d");
  const address = encode(named("addi"), { rd: T4, rs1: T6, imm: 8 * (r.below(SCRATCH_REACH / 8) - 128) });
  const one = (name: string) => {
    for (;;) {
      const chosen = named(name);
      const bits = tryEncode(chosen, { ...randomFields(chosen, r), rs1: T4 });
      const rd = bits === undefined ? SP : decode(bits)!.fields.rd;
      if (bits !== undefined && !RESERVED.has(rd) && rd !== T4) return bits;
    }
  };
  const size = wide ? "d" : "w";
  if (row.name.startsWith("lr") || row.name.startsWith("sc"))
    return [address, one(`lr.${size}`), one(`sc.${size}`)];
  return [address, one(row.name)];
}

/** Over one to three other instructions, forwards. */
function jump(r: Random): Unit {
  const skipped = Array.from({ length: 1 + r.below(3) }, () => plain(r, "plain"));
  const distance = skipped.reduce((sum, bits) => sum + lengthOf(bits), 0);
  for (;;) {
    const row = r.pick(byKind.get("jump")!);
    const bits = tryEncode(row, { ...randomFields(row, r), imm: distance + row.length });
    if (bits === undefined) continue;
    const { rd } = decode(bits)!.fields;
    if (row.meaning.kind === "jump" && RESERVED.has(rd)) continue;
    return [bits, ...skipped];
  }
}

/** Changes or reads fflags, frm (a valid mode) or fcsr. */
function floatCsr(r: Random): number {
  const destination = () => r.pick([0, 5, 6, 7, 10, 15, 28]);
  return r.pick([
    () => encode(named("csrrwi"), { rd: destination(), rs1: r.below(5), imm: 2 }),
    () => encode(named("csrrwi"), { rd: destination(), rs1: r.below(32), imm: 1 }),
    () => encode(named("csrrs"), { rd: destination(), rs1: 0, imm: 3 }),
    () => encode(named("csrrci"), { rd: destination(), rs1: r.below(32), imm: 1 }),
  ])();
}

/** A system call that there is not: the same result everywhere. */
function systemCall(r: Random): Unit {
  return [
    encode(named("addi"), { rd: A7, rs1: 0, imm: FIRST_STRANGE_CALL + r.below(500) }),
    encode(named("ecall"), {}),
  ];
}

const lengthOf = (bits: number) => ((bits & 3) === 3 ? 4 : 2);

/** An encoding in assembly. */
export const directive = (bits: number) => (lengthOf(bits) === 4 ? `.word ${bits >>> 0}` : `.half ${bits}`);

function named(name: string): Row {
  return rows.find((row) => row.name === name)!;
}

function randomFields(row: Row, r: Random): Partial<Fields> {
  const fields: Partial<Fields> = {};
  for (const field of patternOf(row).fields) {
    const { min, max } = fieldRange(field);
    const value = min + r.below(Math.floor((max - min) / field.step) + 1) * field.step;
    for (const name of field.sets) fields[name] = value;
  }
  return fields;
}

function tryEncode(row: Row, fields: Partial<Fields>): number | undefined {
  try {
    return encode(row, fields);
  } catch {
    return undefined;
  }
}
