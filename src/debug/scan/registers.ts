import type { Instruction } from "../../isa/row.ts";
import type { CodeModule } from "./module.ts";
import type { CodeLine } from "./unit-code.ts";
import {
  ANYTHING,
  combine,
  includes,
  join,
  map,
  numeric,
  only,
  plus,
  type Thing,
  TRUTH,
  type Value,
  word,
  ZERO,
} from "./values.ts";

const SP = 2;
const GP = 3;
const FP = 8;
/** Registers that a called function need not give back (RISC-V calling convention). */
const CALLER_SAVED = [1, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31];
const REGISTERS = 32;

/** What the registers and the unit's own stack may hold at one place. */
export class RegisterState {
  readonly module: CodeModule;
  private readonly registers: Value[];
  /** By the distance from the stack pointer at entry. */
  private readonly stack: Map<number, Value>;
  /** The lowest place of the stack whose address was taken: others may write there and above. */
  private readonly taken: { lowest: number };

  private constructor(
    module: CodeModule,
    registers: Value[],
    stack: Map<number, Value>,
    taken: { lowest: number },
  ) {
    this.module = module;
    this.registers = registers;
    this.stack = stack;
    this.taken = taken;
  }

  /** As a function is entered. */
  static entered(module: CodeModule, taken: { lowest: number }): RegisterState {
    const registers = Array.from({ length: REGISTERS }, (_, i) => only(`r${i}`));
    registers[0] = ZERO;
    registers[SP] = only("s0");
    if (module.globalPointer !== undefined) registers[GP] = only(module.globalPointer);
    return new RegisterState(module, registers, new Map(), taken);
  }

  /** As code is entered of which nothing is known. */
  static unknown(module: CodeModule, taken: { lowest: number }): RegisterState {
    const registers = Array.from({ length: REGISTERS }, () => ANYTHING);
    registers[0] = ZERO;
    return new RegisterState(module, registers, new Map(), taken);
  }

  copy(): RegisterState {
    return new RegisterState(this.module, [...this.registers], new Map(this.stack), this.taken);
  }

  get(register: number): Value {
    return this.registers[register];
  }

  /** Adds what `other` says. Returns whether that was anything new. */
  add(other: RegisterState): boolean {
    let isNew = false;
    for (let i = 1; i < REGISTERS; i++) {
      if (includes(this.registers[i], other.registers[i])) continue;
      this.registers[i] = join(this.registers[i], other.registers[i]);
      isNew = true;
    }
    for (const [place, value] of this.stack) {
      const there = other.stack.get(place);
      if (there && includes(value, there)) continue;
      isNew = true;
      if (there) this.stack.set(place, join(value, there));
      else this.stack.delete(place);
    }
    return isNew;
  }

  /** A call comes back: what it may have changed is forgotten. */
  afterCall(): void {
    for (const register of CALLER_SAVED) this.registers[register] = ANYTHING;
    this.forgetTaken();
  }

  /** Does what an instruction that does not leave straight code does. */
  step({ address, instruction }: CodeLine): void {
    if (!instruction) return;
    const { row, fields } = instruction;
    const { rs1, rs2, imm } = fields;
    const a = this.registers[rs1];
    const b = this.registers[rs2];
    switch (row.name) {
      case "ecall":
        this.set(10, ANYTHING);
        return;
      case "sd":
      case "sw":
        this.store(a, imm, b);
        return;
      case "sb":
      case "sh":
      case "fsd":
      case "fsw":
        this.store(a, imm, ANYTHING);
        return;
      case "ld":
      case "lw":
      case "lwu":
        this.set(fields.rd, this.load(a, imm));
        return;
      case "auipc":
        this.set(fields.rd, only(address + imm));
        return;
    }
    // Atomic instructions write through an address too.
    if (row.extension === "A") this.forgetTaken();
    if (!/\brd\b/.test(row.syntax)) return;
    const result = arithmetic(instruction, a, b) ?? ANYTHING;
    if (fields.rd !== SP) this.noteTaken(fields.rd, result);
    this.set(fields.rd, result);
  }

  private set(register: number, value: Value): void {
    if (register !== 0) this.registers[register] = value;
  }

  private load(base: Value, offset: number): Value {
    let found: Value | undefined;
    for (const thing of base.things) {
      const place = plus(thing, offset);
      const value =
        typeof place === "number"
          ? this.module.slots.has(place) && only(`g${place}`)
          : place?.[0] === "s" && this.stack.get(Number(place.slice(1)));
      if (!value) return ANYTHING;
      found = found ? join(found, value) : value;
    }
    return base.open || !found ? ANYTHING : found;
  }

  private store(base: Value, offset: number, value: Value): void {
    const [thing] = base.things;
    const place = base.open || base.things.size !== 1 ? undefined : plus(thing, offset);
    if (typeof place === "string" && place[0] === "s") {
      const at = Number(place.slice(1));
      for (const other of this.stack.keys()) if (Math.abs(other - at) < 8) this.stack.delete(other);
      this.stack.set(at, value);
    } else if (typeof place !== "number") this.forgetTaken();
  }

  private noteTaken(register: number, value: Value): void {
    for (const thing of value.things) {
      if (typeof thing === "number" || thing[0] !== "s") continue;
      const at = Number(thing.slice(1));
      // The frame pointer is no address of anything.
      if (at < this.taken.lowest && !(register === FP && at === 0)) this.taken.lowest = at;
    }
  }

  private forgetTaken(): void {
    for (const place of this.stack.keys()) if (place >= this.taken.lowest) this.stack.delete(place);
  }
}

/** What an instruction of numbers gives; `undefined` for one that is not followed. */
function arithmetic({ row, fields }: Instruction, a: Value, b: Value): Value | undefined {
  const { imm } = fields;
  const constant = only(imm);
  switch (row.name) {
    case "lui":
      return constant;
    case "addi":
      return combine(a, constant, plus);
    case "addiw":
      return map(combine(a, constant, plus), word);
    case "add":
      return combine(a, b, plus);
    case "addw":
      return map(combine(a, b, plus), word);
    case "add.uw":
      // With x0 it clears the upper half, which no number of a system call has.
      return fields.rs2 === 0 ? map(a, unsigned) : undefined;
    case "sub":
      return combine(
        a,
        b,
        numeric((x, y) => x - y),
      );
    case "subw":
      return map(
        combine(
          a,
          b,
          numeric((x, y) => x - y),
        ),
        word,
      );
    case "andi":
      return combine(
        a,
        constant,
        bitwise((x, y) => x & y),
      );
    case "and":
      return combine(
        a,
        b,
        bitwise((x, y) => x & y),
      );
    case "ori":
      return combine(
        a,
        constant,
        bitwise((x, y) => x | y),
      );
    case "or":
      return combine(
        a,
        b,
        bitwise((x, y) => x | y),
      );
    case "xori":
      return combine(
        a,
        constant,
        bitwise((x, y) => x ^ y),
      );
    case "xor":
      return combine(
        a,
        b,
        bitwise((x, y) => x ^ y),
      );
    case "slli":
      return combine(
        a,
        constant,
        numeric((x, y) => x * 2 ** y),
      );
    case "slt":
    case "sltu":
    case "slti":
    case "sltiu":
      return TRUTH;
    case "czero.eqz":
    case "czero.nez":
      return join(a, ZERO);
    default:
      return undefined;
  }
}

function bitwise(operation: (a: bigint, b: bigint) => bigint) {
  return numeric((a, b) => Number(operation(BigInt(a), BigInt(b))));
}

function unsigned(thing: Thing): Thing | undefined {
  return typeof thing === "number" && thing < 0 ? undefined : word(thing);
}
