import { decode, instructionLength } from "../../isa/decode.ts";
import type { Instruction } from "../../isa/row.ts";
import { contains, type Unit } from "./module.ts";

/** A unit's instructions, in order, with what each of them means for the way through it. */
export interface UnitCode {
  readonly unit: Unit;
  readonly lines: readonly CodeLine[];
  /** Place in `lines` of the instruction at an address. */
  readonly places: ReadonlyMap<number, number>;
  /** Addresses that branches inside the unit go to. */
  readonly targets: ReadonlySet<number>;
  /** Bytes that are an `ecall` but lie inside or between what was decoded: addresses. */
  readonly hidden: readonly number[];
}

export interface CodeLine {
  readonly address: number;
  readonly length: 2 | 4;
  /** `undefined`: no instruction, so data or what stops a program. */
  readonly instruction: Instruction | undefined;
}

const ECALL = 0x73;
const BRANCHES = new Set(["beq", "bne", "blt", "bge", "bltu", "bgeu"]);

/** What an instruction does to the order of execution. */
export type Flow =
  | { readonly kind: "next" }
  /** Goes to `target`, or on. */
  | { readonly kind: "branch"; readonly target: number }
  | { readonly kind: "jump"; readonly target: number }
  /** Comes back behind it. */
  | { readonly kind: "call"; readonly target: number }
  /** To an address in a register; with `link`, it comes back. */
  | { readonly kind: "indirect"; readonly link: boolean }
  | { readonly kind: "return" }
  | { readonly kind: "end" };

const NEXT: Flow = { kind: "next" };
const RETURN: Flow = { kind: "return" };
const END: Flow = { kind: "end" };
const RA = 1;
/** The alternative link register: calls of `__riscv_save_N` use it. */
const T0 = 5;

export function flowOf({ address, instruction }: CodeLine): Flow {
  if (!instruction) return END;
  const { row, fields } = instruction;
  if (BRANCHES.has(row.name)) return { kind: "branch", target: address + fields.imm };
  if (row.name === "jal") return { kind: fields.rd === 0 ? "jump" : "call", target: address + fields.imm };
  if (row.name === "jalr") {
    if (fields.rd !== 0) return { kind: "indirect", link: true };
    const back = fields.imm === 0 && (fields.rs1 === RA || fields.rs1 === T0);
    return back ? RETURN : { kind: "indirect", link: false };
  }
  return row.name === "ebreak" ? END : NEXT;
}

/** Decodes a unit from its first address on. */
export function readUnit(unit: Unit): UnitCode {
  const section = unit.module.code.find((one) => contains(one, unit.start));
  const lines: CodeLine[] = [];
  const places = new Map<number, number>();
  const targets = new Set<number>();
  const hidden: number[] = [];
  if (!section) return { unit, lines, places, targets, hidden };
  const view = new DataView(section.bytes.buffer, section.bytes.byteOffset, section.bytes.byteLength);
  const end = unit.end - section.address;
  for (let at = unit.start - section.address; at + 2 <= end; ) {
    const low = view.getUint16(at, true);
    const length = instructionLength(low);
    const isWhole = at + length <= end;
    const bits = !isWhole || length === 2 ? low : view.getUint32(at, true);
    const line: CodeLine = {
      address: section.address + at,
      length: isWhole ? length : 2,
      instruction: isWhole ? decode(bits) : undefined,
    };
    places.set(line.address, lines.length);
    lines.push(line);
    const flow = flowOf(line);
    if (
      (flow.kind === "branch" || flow.kind === "jump") &&
      flow.target >= unit.start &&
      flow.target < unit.end
    )
      targets.add(flow.target);
    at += line.length;
  }
  for (let at = unit.start - section.address; at + 4 <= end; at += 2)
    if (view.getUint32(at, true) === ECALL && !places.has(section.address + at))
      hidden.push(section.address + at);
  return { unit, lines, places, targets, hidden };
}

/** Whether a call of the unit may come back: as far as its own code shows. */
export function comesBack(code: UnitCode): boolean {
  const { unit, lines } = code;
  const isOutside = (target: number) => target < unit.start || target >= unit.end;
  return (
    runsOn(code) ||
    lines.some((line) => {
      const flow = flowOf(line);
      if (flow.kind === "jump" || flow.kind === "branch") return isOutside(flow.target);
      return flow.kind === "return" || (flow.kind === "indirect" && !flow.link);
    })
  );
}

/** Whether execution can run out of the unit's end into what follows it. */
export function runsOn({ unit, lines }: UnitCode): boolean {
  const last = lines.at(-1);
  if (!last) return true;
  const { kind } = flowOf(last);
  // A compiler ends a function with a call where that does not come back; in assembly nobody knows.
  if (kind === "call") return !unit.described;
  return kind === "next" || kind === "branch";
}
