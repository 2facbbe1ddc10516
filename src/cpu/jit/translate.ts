import type { Expr, RegisterField } from "../../isa/meaning.ts";
import { F_NAMES, X_NAMES } from "../../isa/registers.ts";
import { HART, TLB } from "../layout.ts";
import { SLOT } from "../slots.ts";
import { Code, F64, I32, I64 } from "../wasm/encoder.ts";
import { ExpressionEmitter } from "../wasm/expression.ts";
import { emitInlineFloat } from "../wasm/float-inline.ts";
import { HANDLER_PARAMETERS, P } from "../wasm/frame.ts";
import { hasFusedMultiplyAdd } from "../wasm/fused-multiply-add.ts";
import type { ReachedAccess } from "../wasm/memory-access.ts";
import { ModuleBuilder } from "../wasm/module-builder.ts";
import { CELL, EXIT, type Exit, ExitKind, exitsOffset } from "./cell.ts";
import { type Block, type Choice, isReturn, type Placed, type Region, type Target } from "./region.ts";
import { RegionMemory } from "./region-memory.ts";
import { type BlockWriter, writeStructured } from "./structure.ts";
import { usesOf } from "./uses.ts";
import { findWebs, type Webs } from "./webs.ts";

/** What a region was translated to. */
export interface Translation {
  /** A module with one function, `region`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly exits: readonly Exit[];
  readonly webs: Webs;
  /** The floating-point unit has to be in state dirty. */
  readonly floats: boolean;
  /** Where it has floats, `frm` has to be to nearest and inexact to be set. */
  readonly isCommon: boolean;
}

/** For whoever reads the code. */
export interface CodeNotes {
  /** Where the code of each instruction begins, in bytes from the end of the declarations of the locals. */
  readonly places: { readonly at: number; readonly placed: Placed }[];
  /** What locals are, by number. */
  readonly locals: Map<number, string>;
}

/** Translates a region to a function that stands in the interpreter's table, as handlers do. `notes` is filled in. */
export function translate(region: Region, isCommon: boolean, notes?: CodeNotes): Translation {
  return new RegionWriter(region, isCommon, notes).translate();
}

/** Function indexes of a region's module: its imports, from `wasm/region-support.ts`. */
const LEAVE = 0;
const ENTER_SLOWLY = 1;
const CELL_GLOBAL = 0;
/** `mstatus.FS` */
export const FS_DIRTY = 3;
/** In `fflags`. */
export const INEXACT = 1;
/** The rounding mode that means `frm`. */
const DYNAMIC = 7;

class RegionWriter implements BlockWriter {
  private readonly region: Region;
  private readonly notes: CodeNotes | undefined;
  private readonly webs: Webs;
  private readonly placedAll: readonly Placed[];
  private readonly floats: boolean;
  private readonly isCommon: boolean;
  private readonly code = new Code(HANDLER_PARAMETERS.length);
  private readonly emitter: ExpressionEmitter;
  private readonly exits: Exit[] = [];

  // Locals.
  private readonly cell: number;
  /** An address: of an access, or of an indirect jump. */
  private readonly address: number;
  /** Linear address of the record of the exit that is taken, less the first one's. */
  private readonly exit: number;
  private readonly x: (number | undefined)[] = [];
  private readonly f: (number | undefined)[] = [];
  /** `Code.depth` inside the block whose end is behind the code. */
  private exitLevel = 0;

  /** The instruction being written. */
  private placed!: Placed;
  private readonly memory: RegionMemory;
  private reached: ReachedAccess | undefined;
  /** Instructions retired, at this point of the code, since the count in `P.budget` was last taken. */
  private pending = 0;
  private readonly pendingBehind: number[] = [];

  constructor(region: Region, isCommon: boolean, notes: CodeNotes | undefined) {
    const { code } = this;
    this.region = region;
    this.isCommon = isCommon;
    this.notes = notes;
    this.webs = findWebs(region.flow);
    this.placedAll = region.flow.order.flatMap(({ all }) => all);
    this.floats = this.placedAll.some(({ instruction }) => instruction.row.float);
    this.cell = code.local(I32);
    this.address = code.local(I64);
    this.exit = code.local(I32);
    this.memory = new RegionMemory(this.webs, {
      code,
      cell: this.cell,
      address: this.address,
      pushX: (register) => this.pushX(register),
      emit: (expr) => this.emitter.expr(expr),
      giveUp: () => this.leave(ExitKind.interpret, this.placed.offset, this.pending),
      miss: (web) => this.leave(ExitKind.miss, this.placed.offset, this.pending, web),
    });
    this.emitter = new ExpressionEmitter(
      code,
      {
        x: (field) => this.pushX(this.fields[field]),
        f: (field) => this.pushF(this.fields[field]),
        imm: () => code.i64(BigInt(this.fields.imm)),
        pc: () => this.pushAddress(this.placed.offset),
        next: () => this.pushAddress(this.next),
        special: (node) => this.special(node),
      },
      {},
    );
  }

  private get fields() {
    return this.placed.instruction.fields;
  }

  private get next(): number {
    return this.placed.offset + this.placed.instruction.length;
  }

  translate(): Translation {
    const module = new ModuleBuilder();
    const type = module.type(HANDLER_PARAMETERS, []);
    module.importFunction("leaveRegion", type);
    module.importFunction("enterSlowly", type);
    module.importGlobal("cell");
    const index = module.declare(type);
    module.define(index, this.body());
    module.export("region", index);
    return {
      bytes: module.encode(),
      exits: this.exits,
      webs: this.webs,
      floats: this.floats,
      isCommon: this.isCommon,
    };
  }

  private body(): Code {
    const { code } = this;
    this.enter();
    code.block();
    this.exitLevel = code.depth;
    writeStructured(code, this.region.flow, this);
    code.op("end");
    this.storeRegisters();
    code.get(P.hart).get(this.address).mem("i64_store", HART.address);
    code.get(this.cell).i32(exitsOffset(this.webs.webs.length)).op("i32_add").get(this.exit).op("i32_add");
    code.get(P.hart).get(P.budget).get(P.tlb).get(P.page);
    return code.returnCall(LEAVE);
  }

  /** Makes sure that the region is right where it is entered, and loads the registers. */
  private enter(): void {
    const { code } = this;
    code.globalGet(CELL_GLOBAL).tee(this.cell).mem("i32_load", CELL.generation);
    code.get(P.tlb).mem("i32_load", TLB.generation).op("i32_ne");
    // The same code may stand in two places with different pages around it.
    if (this.region.pages.length > 1)
      code.get(this.cell).mem("i64_load", CELL.page).get(P.page).op("i64_ne").op("i32_or");
    if (this.floats) code.get(P.hart).mem("i32_load", HART.fs).i32(FS_DIRTY).op("i32_ne").op("i32_or");
    if (this.floats && this.isCommon) {
      code.get(P.hart).mem("i32_load", HART.frm).op("i32_or");
      code.get(P.hart).mem("i32_load", HART.fflags).i32(INEXACT).op("i32_and").op("i32_eqz").op("i32_or");
    }
    code.ifUnlikely();
    for (const parameter of Object.values(P)) code.get(parameter);
    code.returnCall(ENTER_SLOWLY).op("end");
    code.get(P.budget).get(P.slot).mem("i32_load16_s", SLOT.ordinal).op("i32_sub").set(P.budget);
    this.makeRegisters(this.placedAll);
    this.memory.makeLocals();
    if (this.notes) this.nameLocals(this.notes.locals);
  }

  private nameLocals(names: Map<number, string>): void {
    const { cell, address, exit } = this;
    for (const [name, local] of Object.entries({ ...P, cell, address, exit })) names.set(local, name);
    const add = (locals: readonly (number | undefined)[], name: (register: number) => string) =>
      locals.forEach((local, register) => {
        if (local !== undefined) names.set(local, name(register));
      });
    add(this.x, (register) => X_NAMES[register]);
    add(this.f, (register) => F_NAMES[register]);
    add(this.memory.linear, (register) => `${X_NAMES[register]}_linear`);
  }

  private makeRegisters(placed: readonly Placed[]): void {
    const { code } = this;
    for (const { instruction } of placed) {
      const { x, f, writes } = usesOf(instruction.row);
      const written: readonly RegisterField[] = ["rd"];
      for (const field of writes === "x" ? [...x, ...written] : x) {
        const register = instruction.fields[field];
        if (register !== 0) this.x[register] ??= code.local(I64);
      }
      for (const field of writes === "f" ? [...f, ...written] : f)
        this.f[instruction.fields[field]] ??= code.local(F64);
    }
    this.x.forEach((local, register) => {
      if (local !== undefined)
        code
          .get(P.hart)
          .mem("i64_load", HART.x + 8 * register)
          .set(local);
    });
    this.f.forEach((local, register) => {
      if (local !== undefined)
        code
          .get(P.hart)
          .mem("f64_load", HART.f + 8 * register)
          .set(local);
    });
  }

  private storeRegisters(): void {
    const { code } = this;
    const x = new Set<number>();
    const f = new Set<number>();
    for (const { instruction } of this.placedAll) {
      const { writes } = usesOf(instruction.row);
      if (writes === "x") x.add(instruction.fields.rd);
      if (writes === "f") f.add(instruction.fields.rd);
    }
    x.delete(0);
    for (const register of x) {
      code.get(P.hart).get(this.x[register] as number);
      code.mem("i64_store", HART.x + 8 * register);
    }
    for (const register of f) {
      code.get(P.hart).get(this.f[register] as number);
      code.mem("f64_store", HART.f + 8 * register);
    }
  }

  // Control flow.

  loopHead(block: Block): void {
    const { code } = this;
    this.pending = 0;
    code.get(P.budget).i32(0).op("i32_lt_s").ifUnlikely();
    this.leave(ExitKind.jump, block.offset, 0);
    code.op("end");
  }

  join(from: Block): void {
    const { code } = this;
    const count = this.pendingBehind[from.index];
    if (count > 0) code.get(P.budget).i32(count).op("i32_sub").set(P.budget);
  }

  block(block: Block, go: (to: Block) => void): void {
    const { sources } = this.region.flow;
    const from = sources[block.index];
    const isInline = from.length === 1 && from[0] < block.index;
    this.pending = isInline ? this.pendingBehind[from[0]] : 0;
    for (const placed of block.body) {
      this.instruction(placed);
      this.pending++;
    }
    const { end } = block;
    if ("placed" in end) this.note(end.placed);
    if (end.kind !== "fall" && end.kind !== "leave") this.pending++;
    const count = this.pending;
    this.pendingBehind[block.index] = count;
    const to = (target: Target) => {
      if (typeof target === "number") this.leave(ExitKind.jump, target, count);
      else go(target);
    };
    switch (end.kind) {
      case "fall":
        to(end.to);
        break;
      case "leave":
        this.leave(ExitKind.interpret, end.offset, count);
        break;
      case "jump":
        this.link(end.placed);
        to(end.to);
        break;
      case "branch":
        this.branch(end, to);
        break;
      case "indirect":
        this.indirect(end, count, to);
        break;
    }
  }

  private branch(end: Extract<Block["end"], { kind: "branch" }>, to: (target: Target) => void): void {
    const { code } = this;
    const { meaning } = end.placed.instruction.row;
    if (meaning.kind !== "branch" || end.taken === end.other) {
      to(end.other);
      return;
    }
    this.placed = end.placed;
    this.emitter.cond(meaning.cond);
    code.if();
    to(end.taken);
    code.op("end");
    to(end.other);
  }

  private indirect(
    end: Extract<Block["end"], { kind: "indirect" }>,
    count: number,
    to: (target: Target) => void,
  ): void {
    const { code } = this;
    const { meaning } = end.placed.instruction.row;
    if (meaning.kind !== "jump") throw new Error("an indirect end that does not jump");
    this.placed = end.placed;
    this.emitter.expr(meaning.target);
    code.set(this.address);
    this.link(end.placed);
    if (end.choices.length > 0) {
      const offset = code.local(I64);
      code.get(this.address).get(P.page).op("i64_sub").set(offset);
      this.choose(
        [...end.choices].sort((a, b) => a.offset - b.offset),
        offset,
        to,
      );
    }
    const kind = isReturn(end.placed.instruction) ? ExitKind.return : ExitKind.indirect;
    this.leave(kind, end.placed.offset, count);
  }

  /** Goes to the choice that `offset` is, in ascending order; what follows is where it is none. */
  private choose(choices: readonly Choice[], offset: number, to: (target: Target) => void): void {
    const { code } = this;
    const middle = choices.length >> 1;
    const [first] = choices;
    if (choices.length === 1) {
      code.get(offset).i64(BigInt(first.offset)).op("i64_eq").if();
      to(first.to);
      code.op("end");
      return;
    }
    code.get(offset).i64(BigInt(choices[middle].offset)).op("i64_lt_s").if();
    this.choose(choices.slice(0, middle), offset, to);
    code.op("else");
    this.choose(choices.slice(middle), offset, to);
    code.op("end");
  }

  private link(placed: Placed): void {
    this.placed = placed;
    if (this.fields.rd !== 0) this.setX(() => this.pushAddress(this.next));
  }

  /** Leaves the region; nothing behind it in the code is reached. */
  private leave(kind: number, offset: number, count: number, web = 0): void {
    const last = this.exits.length - 1;
    const isLast = last >= 0 && isSame(this.exits[last], { kind, offset, count, web });
    if (!isLast) this.exits.push({ offset, count, kind, web });
    const number = this.exits.length - 1;
    this.code
      .i32(number * EXIT.size)
      .set(this.exit)
      .brTo(this.exitLevel);
  }

  // Instructions.

  private note(placed: Placed): void {
    this.notes?.places.push({ at: this.code.bytes.length, placed });
  }

  private instruction(placed: Placed): void {
    this.note(placed);
    this.placed = placed;
    const { meaning } = placed.instruction.row;
    const access = this.webs.accesses.get(placed);
    if (access) this.reached = this.memory.reach(access);
    switch (meaning.kind) {
      case "setX":
        if (this.fields.rd !== 0) this.setX(() => this.emitter.expr(meaning.value));
        // What is read from memory may fault, and a float operation raises flags.
        else if (access || this.placed.instruction.row.float) {
          this.emitter.expr(meaning.value);
          this.code.op("drop");
        }
        break;
      case "setF":
        this.emitter.expr(meaning.value);
        this.code.op("f64_reinterpret_i64").set(this.f[this.fields.rd] as number);
        break;
      case "store":
        this.reached?.store();
        break;
      case "nothing":
        break;
      default:
        throw new Error(`a region has no ${meaning.kind} in a block`);
    }
  }

  private setX(push: () => void): void {
    push();
    const { rd } = this.fields;
    this.code.set(this.x[rd] as number);
    this.memory.defined(this.placed);
  }

  private pushX(register: number): void {
    if (register === 0) this.code.i64(0n);
    else this.code.get(this.x[register] as number);
  }

  private pushF(register: number): void {
    this.code.get(this.f[register] as number).op("i64_reinterpret_f64");
  }

  /** Leaves the virtual address of an offset on the stack. */
  private pushAddress(offset: number): void {
    this.code.get(P.page).i64(BigInt(offset)).op("i64_add");
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
          else code.get(P.hart).mem("i32_load8_u", HART.roundingModes + fields.rm);
        }
      : undefined;
    // An instruction that says how to round is looked at.
    const isCommon = this.isCommon && (!pushMode || fields.rm === DYNAMIC || fields.rm === 0);
    const giveUp = () => this.leave(ExitKind.interpret, this.placed.offset, this.pending);
    emitInlineFloat(
      {
        code,
        hart: P.hart,
        argument: (expr) => this.emitter.expr(expr),
        pushMode,
        isCommon,
        fused: hasFusedMultiplyAdd(),
        giveUp,
      },
      node.op,
      node.args,
    );
  }
}

function isSame(a: Exit, b: Exit): boolean {
  return a.kind === b.kind && a.offset === b.offset && a.count === b.count && a.web === b.web;
}
