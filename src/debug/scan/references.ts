import { type Slot, unitAt } from "./module.ts";
import { type CodeLine, flowOf, type UnitCode } from "./unit-code.ts";

/**
 * What a unit refers to: the code it calls or jumps to, functions whose address it takes, and entries of the global offset
 * table that it loads.
 */
export interface References {
  /** Where it enters the code of its module: addresses. */
  readonly entered: ReadonlySet<number>;
  readonly slots: ReadonlySet<Slot>;
}

/** The first half of an address, made by `auipc` or `lui`. */
interface High {
  readonly value: number;
  /** Of `lui`: perhaps any number. */
  readonly absolute: boolean;
}

/** A use of a register as the base of an address, where its value is not known. */
interface LooseUse {
  readonly register: number;
  readonly offset: number;
  readonly kind: "address" | "load" | "jump";
}

const SP = 2;
const GP = 3;
const CALLER_SAVED = [1, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31];

/**
 * Reads the references of a unit. The two halves of an address are put together within straight code; where a branch comes
 * between them, each first half that is left is tried with each second half of its register, and what then is the start of a
 * function or an entry of the table counts as one. So it finds too much rather than too little.
 */
export function referencesOf(code: UnitCode): References {
  return new ReferenceReader(code).read();
}

class ReferenceReader {
  private readonly code: UnitCode;
  private readonly entered = new Set<number>();
  private readonly slots = new Set<Slot>();
  /** In straight code: first halves by the register that now holds them; `undefined` for what is surely none. */
  private readonly known = new Map<number, High | undefined>();
  /** First halves that registers hold where straight code ends, by register. */
  private readonly halves = new Map<number, Set<High>>();
  private readonly loose: LooseUse[] = [];
  /** Copies of registers of which it was not known what they held. */
  private readonly copies: { readonly from: number; readonly to: number }[] = [];

  constructor(code: UnitCode) {
    this.code = code;
  }

  read(): References {
    const { lines, targets } = this.code;
    for (const line of lines) {
      if (targets.has(line.address)) this.forget();
      this.follow(line);
      this.combine(line);
    }
    // Twice: a copy of a copy.
    for (const { from, to } of [...this.copies, ...this.copies])
      for (const high of [...(this.halves.get(from) ?? [])]) this.remember(to, high);
    for (const { register, offset, kind } of this.loose)
      for (const high of this.halves.get(register) ?? []) this.add(high.value + offset, kind, false);
    return { entered: this.entered, slots: this.slots };
  }

  /** Where execution goes from here. */
  private follow(line: CodeLine): void {
    const flow = flowOf(line);
    if (flow.kind === "branch" || flow.kind === "jump" || flow.kind === "call") this.enter(flow.target);
    if (flow.kind === "indirect" && line.instruction) {
      const { rs1, imm } = line.instruction.fields;
      this.use(rs1, imm, "jump");
    }
  }

  /** What the instruction does to halves of addresses. */
  private combine(line: CodeLine): void {
    const { instruction } = line;
    const flow = flowOf(line);
    if (!instruction || flow.kind === "jump" || flow.kind === "return" || flow.kind === "end") {
      this.forget();
      return;
    }
    if (flow.kind === "branch") this.carryOn();
    const { row, fields } = instruction;
    const { rd, rs1, rs2, imm } = fields;
    switch (row.name) {
      case "auipc":
        this.known.set(rd, { value: line.address + imm, absolute: false });
        return;
      case "lui":
        this.known.set(rd, { value: imm, absolute: true });
        return;
      case "addi":
      case "addiw":
        this.use(rs1, imm, "address");
        // A copy of the first half alone, not of an address.
        if (imm === 0) this.copy(rs1, rd);
        else this.known.set(rd, undefined);
        return;
      case "ld":
        this.use(rs1, imm, "load");
        // From the stack a first half may come back that was put there.
        if (rs1 === SP) this.known.delete(rd);
        else this.known.set(rd, undefined);
        return;
      case "sd":
        this.spill(rs2);
        return;
      case "jal":
      case "jalr":
        for (const register of CALLER_SAVED) this.known.set(register, undefined);
        if (rd === 0) this.forget();
        return;
      default:
        if (/\brd\b/.test(row.syntax)) this.known.set(rd, undefined);
    }
  }

  /** Straight code ends: what registers hold now may be used elsewhere, and nothing is known of what comes. */
  private forget(): void {
    this.carryOn();
    this.known.clear();
  }

  private carryOn(): void {
    for (const [register, high] of this.known) if (high) this.remember(register, high);
  }

  private remember(register: number, high: High): void {
    const all = this.halves.get(register);
    if (all) all.add(high);
    else this.halves.set(register, new Set([high]));
  }

  private copy(from: number, to: number): void {
    const high = this.known.get(from);
    if (high) this.known.set(to, high);
    else if (this.known.has(from)) this.known.set(to, undefined);
    else {
      this.known.delete(to);
      this.copies.push({ from, to });
    }
  }

  /** A first half in memory may come back in any register. */
  private spill(register: number): void {
    const high = this.known.get(register);
    if (high) for (let i = 1; i < 32; i++) this.remember(i, high);
  }

  private use(register: number, offset: number, kind: LooseUse["kind"]): void {
    const { globalPointer } = this.code.unit.module;
    if (register === GP && globalPointer !== undefined) {
      this.add(globalPointer + offset, kind, true);
      return;
    }
    const high = this.known.get(register);
    if (high) this.add(high.value + offset, kind, !high.absolute);
    else if (!this.known.has(register)) this.loose.push({ register, offset, kind });
  }

  /** `exact`: surely an address, so that the middle of a unit counts too. */
  private add(address: number, kind: LooseUse["kind"], exact: boolean): void {
    const { module } = this.code.unit;
    if (kind === "load") {
      const slot = module.slots.get(address);
      if (slot) this.slots.add(slot);
      return;
    }
    const unit = unitAt(module, address);
    if (unit && unit !== this.code.unit && (exact || unit.start === address)) this.entered.add(address);
  }

  private enter(target: number): void {
    const { unit } = this.code;
    // A call of itself matters too: it may come with another number.
    const isInside = target > unit.start && target < unit.end;
    if (!isInside && unitAt(unit.module, target)) this.entered.add(target);
  }
}
