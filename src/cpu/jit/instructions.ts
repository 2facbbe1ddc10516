import type { Cond, Expr } from "../../isa/meaning.ts";
import type { Instruction } from "../../isa/row.ts";
import { HART } from "../layout.ts";
import { type Code, F32 } from "../wasm/encoder.ts";
import { ExpressionEmitter } from "../wasm/expression.ts";
import { emitInlineFloat } from "../wasm/float-inline.ts";
import { hasFusedMultiplyAdd } from "../wasm/fused-multiply-add.ts";
import type { ReachedAccess } from "../wasm/memory-access.ts";
import { R } from "../wasm/region-support.ts";
import { ExitKind } from "./cell.ts";
import type { Placed } from "./region.ts";
import { RegionMemory } from "./region-memory.ts";
import type { RegisterFile } from "./registers.ts";
import type { Webs } from "./webs.ts";

/** The rounding mode that means `frm`. */
const DYNAMIC = 7;

/** What the code of a region's instructions is made from. */
export interface InstructionContext {
  readonly code: Code;
  readonly webs: Webs;
  readonly x: RegisterFile;
  readonly f: RegisterFile;
  /** Local: the i64 address of an access. */
  readonly address: number;
  /** See `Translation`. */
  readonly isCommon: boolean;
  /** Leaves the region by an exit of this kind. */
  leave(kind: number, offset: number, count: number, web?: number): void;
}

/** Writes a region's instructions, from their meanings: what they compute, load and store. */
export class InstructionWriter {
  /** Instructions retired, at this point of the code, since the count in `R.budget` was last taken. */
  pending = 0;
  readonly memory: RegionMemory;
  private readonly context: InstructionContext;
  private readonly code: Code;
  private readonly emitter: ExpressionEmitter;
  /** The instruction being written. */
  private placed!: Placed;
  private fields!: Instruction["fields"];
  private reached: ReachedAccess | undefined;
  /** By f register, the local with its single-precision number where the block has computed or loaded that: it is boxed. */
  private readonly singles: (number | undefined)[] = [];
  /** The same of the instruction being written. */
  private single: number | undefined;

  constructor(context: InstructionContext) {
    const { code, webs, address } = context;
    this.context = context;
    this.code = code;
    this.memory = new RegionMemory(webs, {
      code,
      address,
      pushX: (register) => this.pushX(register),
      emit: (expr) => this.emitter.expr(expr),
      giveUp: () => this.giveUp(),
      miss: (web) => context.leave(ExitKind.miss, this.placed.offset, this.pending, web),
    });
    this.emitter = new ExpressionEmitter(
      code,
      {
        x: (field) => this.pushX(this.fields[field]),
        f: (field) => this.pushF(this.fields[field]),
        imm: () => code.i64(this.fields.imm),
        pc: () => this.pushAddress(this.placed.offset),
        next: () => this.pushAddress(this.next),
        special: (node) => this.special(node),
      },
      {},
    );
  }

  /** A block begins, when so many have retired since the last count. */
  begin(pending: number): void {
    this.pending = pending;
    this.singles.length = 0;
  }

  /** An instruction in the middle of a block. */
  write(placed: Placed): void {
    this.take(placed);
    const { meaning } = placed.instruction.row;
    const access = this.context.webs.accesses.get(placed);
    if (access) this.reached = this.memory.reach(access);
    switch (meaning.kind) {
      case "setX":
        // What is read from memory may fault, and a float operation raises flags.
        if (this.fields.rd === 0 && !access && !placed.instruction.row.float) break;
        this.emitter.expr(meaning.value);
        if (this.fields.rd === 0) this.code.op("drop");
        else this.setX();
        break;
      case "setF":
        this.setF(meaning.value);
        break;
      case "store":
        this.reached?.store();
        break;
      case "nothing":
        break;
      default:
        throw new Error(`a region has no ${meaning.kind} in a block`);
    }
    this.pending++;
  }

  /** Leaves on the stack whether a branch is taken. */
  pushCondition(placed: Placed, cond: Cond): void {
    this.take(placed);
    this.emitter.cond(cond);
  }

  /** Leaves on the stack where a jump leads. */
  pushTarget(placed: Placed, target: Expr): void {
    this.take(placed);
    this.emitter.expr(target);
  }

  /** Sets the register of a jump to the address behind it. */
  link(placed: Placed): void {
    this.take(placed);
    if (this.fields.rd === 0) return;
    this.pushAddress(this.next);
    this.setX();
  }

  /** Leaves the virtual address of an offset on the stack. */
  pushAddress(offset: number): void {
    this.code.get(R.page);
    if (offset !== 0) this.code.i64(offset).op("i64_add");
  }

  private take(placed: Placed): void {
    this.placed = placed;
    this.fields = placed.instruction.fields;
  }

  private get next(): number {
    return this.placed.offset + this.placed.instruction.length;
  }

  /** The instruction is the interpreter's. */
  private giveUp(): void {
    this.context.leave(ExitKind.interpret, this.placed.offset, this.pending);
  }

  /** Sets the integer register to what is on the stack. */
  private setX(): void {
    const { x } = this.context;
    const { rd } = this.fields;
    this.code.set(x.locals[rd] as number);
    x.written(rd);
    this.memory.defined(this.placed);
  }

  private setF(value: Expr): void {
    const { code } = this;
    const { f } = this.context;
    const { rd } = this.fields;
    const local = f.locals[rd] as number;
    this.single = undefined;
    this.emitter.expr(value);
    code.op("f64_reinterpret_i64").set(local);
    f.written(rd);
    if (value.kind === "box" && value.a.kind === "load") {
      this.single = code.local(F32);
      code.get(local).op("i64_reinterpret_f64").op("i32_wrap_i64").op("f32_reinterpret_i32").set(this.single);
    }
    this.singles[rd] = this.single;
  }

  private pushX(register: number): void {
    if (register === 0) this.code.i64(0);
    else this.code.get(this.context.x.locals[register] as number);
  }

  private pushF(register: number): void {
    this.code.get(this.context.f.locals[register] as number).op("i64_reinterpret_f64");
  }

  private special(node: Extract<Expr, { kind: "load" | "amo" | "lr" | "sc" | "float" }>): void {
    if (node.kind === "float") this.float(node);
    else this.reached?.value();
  }

  private float(node: Extract<Expr, { kind: "float" }>): void {
    const { code } = this;
    const { row, fields } = this.placed.instruction;
    const pushMode = row.pattern.split(" ").includes("rm")
      ? () => {
          if (fields.rm < 5) code.i32(fields.rm);
          else code.get(R.hart).mem("i32_load8_u", HART.roundingModes + fields.rm);
        }
      : undefined;
    // An instruction that says how to round is looked at.
    const isCommon = this.context.isCommon && (!pushMode || fields.rm === DYNAMIC || fields.rm === 0);
    emitInlineFloat(
      {
        code,
        hart: R.hart,
        argument: (expr) => this.emitter.expr(expr),
        pushMode,
        isCommon,
        exact: true,
        single: (expr) =>
          expr.kind === "unbox" && expr.a.kind === "f" ? this.singles[fields[expr.a.field]] : undefined,
        onSingle: (local) => {
          this.single = local;
        },
        fused: hasFusedMultiplyAdd(),
        giveUp: () => this.giveUp(),
      },
      node.op,
      node.args,
    );
  }
}
