import { F_NAMES, X_NAMES } from "../../isa/registers.ts";
import { INEXACT } from "../csr-state.ts";
import { HART, TLB } from "../layout.ts";
import { Code, I32, I64 } from "../wasm/encoder.ts";
import { ModuleBuilder } from "../wasm/module-builder.ts";
import { ENDS_CALLS, R, REGION_PARAMETERS, REGION_RESULTS } from "../wasm/region-support.ts";
import { PAGE_MASK } from "../wasm/support.ts";
import { CELL, ENTRY_MASK, EXIT, type Exit, ExitKind } from "./cell.ts";
import { CALL, ExitWriter, ITSELF, LEAVE, SYSTEM } from "./exits.ts";
import { InstructionWriter } from "./instructions.ts";
import { type Block, type Choice, isReturn, type Placed, type Region, type Target } from "./region.ts";
import { RegisterFile } from "./registers.ts";
import { type BlockWriter, writeStructured } from "./structure.ts";
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
  readonly places: { at: number; readonly placed: Placed }[];
  /** What locals are, by number. */
  readonly locals: Map<number, string>;
}

/** Translates a region to a function that stands in the interpreter's table, as handlers do. `notes` is filled in. */
export function translate(
  region: Region,
  isCommon: boolean,
  notes?: CodeNotes,
  wide?: readonly number[],
): Translation {
  return new RegionWriter(region, isCommon, notes, wide).translate();
}

/** `mstatus.FS` */
export const FS_DIRTY = 3;
const pageOf = (offset: number): number => Math.floor(offset / 4096);

class RegionWriter implements BlockWriter {
  private readonly region: Region;
  private readonly notes: CodeNotes | undefined;
  private readonly webs: Webs;
  private readonly floats: boolean;
  private readonly isCommon: boolean;
  private readonly code = new Code(REGION_PARAMETERS.length);
  private readonly x: RegisterFile;
  private readonly f: RegisterFile;
  private readonly files: readonly RegisterFile[];
  private readonly exits: ExitWriter;

  // Locals.
  /** An address: of an access, or of an indirect jump. */
  private readonly address: number;
  /** What a region that was called has returned: see `REGION_RESULTS`. */
  private readonly result: number;
  /** The number of the entry that was come in by, until it has been gone to. */
  private readonly entry: number;

  private readonly instructions: InstructionWriter;
  private readonly pendingBehind: number[] = [];

  constructor(region: Region, isCommon: boolean, notes: CodeNotes | undefined, wide?: readonly number[]) {
    const { code } = this;
    this.region = region;
    this.isCommon = isCommon;
    this.notes = notes;
    this.webs = findWebs(region.flow, wide);
    this.address = code.local(I64);
    this.result = code.local(I32);
    this.entry = code.local(I32);
    this.x = new RegisterFile(code, region.flow, "x");
    this.f = new RegisterFile(code, region.flow, "f");
    this.files = [this.x, this.f].filter(({ isUsed }) => isUsed);
    this.floats = this.f.isUsed;
    this.exits = new ExitWriter(code, this.x, this.f, { address: this.address, webs: this.webs.webs.length });
    this.instructions = new InstructionWriter({
      code,
      webs: this.webs,
      x: this.x,
      f: this.f,
      address: this.address,
      isCommon,
      leave: (kind, offset, count, web) => this.leave(kind, offset, count, web),
    });
  }

  translate(): Translation {
    const module = new ModuleBuilder();
    const type = module.type(REGION_PARAMETERS, REGION_RESULTS);
    module.importFunction("leaveRegion", type);
    module.importFunction("callRegion", type);
    module.importFunction("callSystem", type);
    const index = module.declare(type);
    module.define(index, this.body());
    module.export("region", index);
    return {
      bytes: module.encode(),
      exits: this.exits.exits,
      webs: this.webs,
      floats: this.floats,
      isCommon: this.isCommon,
    };
  }

  private body(): Code {
    const { flow } = this.region;
    this.enter();
    this.exits.open();
    this.edge(undefined, flow.order[0]);
    writeStructured(this.code, flow, this);
    const moved = this.exits.close();
    for (const place of this.notes?.places ?? []) place.at += moved;
    return this.code;
  }

  /** Makes sure that the region is right where it is entered. */
  private enter(): void {
    const { code } = this;
    if (this.region.entries.length > 0) this.takeEntry();
    code.get(R.cell).mem("i32_load", CELL.generation);
    code.get(R.hart).mem("i32_load", HART.dataTlb).mem("i32_load", TLB.generation).op("i32_ne");
    // The same code may stand in two places with different pages around it.
    code.get(R.cell).mem("i64_load", CELL.page).get(R.page).op("i64_ne").op("i32_or");
    code.get(R.budget).get(R.depth).op("i32_or").i32(0).op("i32_lt_s").op("i32_or");
    if (this.floats) code.get(R.hart).mem("i32_load", HART.fs).i32(FS_DIRTY).op("i32_ne").op("i32_or");
    if (this.floats && this.isCommon) {
      code.get(R.hart).mem("i32_load", HART.frm).op("i32_or");
      code.get(R.hart).mem("i32_load", HART.fflags).i32(INEXACT).op("i32_and").op("i32_eqz").op("i32_or");
    }
    code.ifUnlikely();
    this.leaveStale();
    code.op("end");
    this.instructions.memory.makeLocals();
    if (this.notes) this.nameLocals(this.notes.locals);
  }

  /** The number of the entry stands in the low bits of the cell's address. The page is that of the region's beginning. */
  private takeEntry(): void {
    const { code, entry } = this;
    code.get(R.cell).i32(ENTRY_MASK).op("i32_and").set(entry);
    code.get(R.cell).get(entry).op("i32_sub").set(R.cell);
    if (this.region.entries.every((offset) => pageOf(offset) === 0)) return;
    code.get(R.page);
    this.pushStaleRecord();
    code.mem("i64_load", EXIT.offset).i64(PAGE_MASK).op("i64_and").op("i64_sub").set(R.page);
  }

  /** The first exits are those of the entries, in the order of their numbers. */
  private pushStaleRecord(): void {
    const { code, entry, region } = this;
    this.exits.pushFirst(
      [region.entry, ...region.entries].map((offset) => ({ kind: ExitKind.stale, offset, count: 0, web: 0 })),
    );
    if (region.entries.length > 0) code.get(entry).i32(EXIT.size).op("i32_mul").op("i32_add");
  }

  /** Goes on with `leaveRegion`, having done nothing. */
  private leaveStale(): void {
    const { code } = this;
    code.get(R.hart);
    this.pushStaleRecord();
    code.mem("i32_store", HART.regionExit);
    for (const parameter of Object.values(R)) code.get(parameter);
    code.returnCall(LEAVE);
  }

  private nameLocals(names: Map<number, string>): void {
    const { address, result, entry } = this;
    const known = { ...R, address, result, entry, exit: this.exits.exit };
    for (const [name, local] of Object.entries(known)) names.set(local, name);
    const add = (locals: readonly (number | undefined)[], name: (register: number) => string) =>
      locals.forEach((local, register) => {
        if (local !== undefined) names.set(local, name(register));
      });
    add(this.x.locals, (register) => X_NAMES[register]);
    add(this.f.locals, (register) => F_NAMES[register]);
    add(this.instructions.memory.linear, (register) => `${X_NAMES[register]}_linear`);
  }

  // Control flow.

  loopHead(block: Block): void {
    const { code } = this;
    for (const file of this.files) file.beginLoop(block);
    code.get(R.budget).i32(0).op("i32_lt_s").ifUnlikely();
    this.leave(ExitKind.jump, block.offset, 0);
    code.op("end");
  }

  edge(from: Block | undefined, to: Block, joins = true): void {
    const { code } = this;
    const count = from ? this.pendingBehind[from.index] : 0;
    if (joins && count > 0) code.get(R.budget).i32(count).op("i32_sub").set(R.budget);
    for (const file of this.files) file.go(from, to);
  }

  block(block: Block, go: (to: Block) => void): void {
    const { sources } = this.region.flow;
    const from = sources[block.index];
    for (const file of this.files) file.begin(block);
    const isInline = from.length === 1 && from[0] < block.index;
    const { instructions } = this;
    instructions.begin(isInline ? this.pendingBehind[from[0]] : 0);
    const { all, body, end } = block;
    for (const placed of body) {
      this.note(placed);
      instructions.write(placed);
    }
    if (all.length > body.length) this.note(all[all.length - 1]);
    const count = instructions.pending + all.length - body.length;
    this.pendingBehind[block.index] = count;
    const to = (target: Target) => {
      if (typeof target !== "number") {
        go(target);
        return;
      }
      for (const file of this.files) file.leave(block);
      this.leave(ExitKind.jump, target, count);
    };
    switch (end.kind) {
      case "fall":
        this.end(block);
        to(end.to);
        break;
      case "leave":
        this.leave(ExitKind.interpret, end.offset, count);
        break;
      case "jump":
        this.instructions.link(end.placed);
        this.end(block);
        to(end.to);
        break;
      case "branch":
        this.end(block);
        this.branch(end, to);
        break;
      case "indirect":
        this.indirect(block, end, count, to);
        break;
      case "call":
        this.call(block, end, count, go);
        break;
      case "system":
        this.system(block, end, count - 1, go);
        break;
      case "choose":
        this.end(block);
        this.chooseEntry(end, go);
        break;
      case "entered":
        this.code.i32(0).set(this.entry);
        go(end.back);
        break;
    }
  }

  private chooseEntry(
    { chosen, other }: Extract<Block["end"], { kind: "choose" }>,
    go: (to: Block) => void,
  ): void {
    const { code, entry } = this;
    code.get(entry).ifUnlikely();
    chosen.forEach(({ most, to }, i) => {
      const isLast = i === chosen.length - 1;
      if (!isLast) code.get(entry).i32(most).op("i32_le_u").if();
      go(to);
      if (!isLast) code.op("end");
    });
    code.op("end");
    go(other);
  }

  private end(block: Block): void {
    for (const file of this.files) file.end(block);
  }

  private branch(end: Extract<Block["end"], { kind: "branch" }>, to: (target: Target) => void): void {
    const { code } = this;
    const { meaning } = end.placed.instruction.row;
    if (meaning.kind !== "branch" || end.taken === end.other) {
      to(end.other);
      return;
    }
    this.instructions.pushCondition(end.placed, meaning.cond);
    code.if();
    to(end.taken);
    code.op("end");
    to(end.other);
  }

  private indirect(
    block: Block,
    end: Extract<Block["end"], { kind: "indirect" }>,
    count: number,
    to: (target: Target) => void,
  ): void {
    const { code } = this;
    this.jumpTarget(end.placed);
    this.instructions.link(end.placed);
    this.end(block);
    this.chooseBy(end.choices, to);
    for (const file of this.files) file.leave(block);
    const { offset } = end.placed;
    if (!isReturn(end.placed.instruction)) {
      this.leave(ExitKind.indirect, offset, count);
      return;
    }
    this.exits.storeDirty();
    code.get(R.hart).get(this.address).mem("i64_store", HART.address);
    code.get(R.budget).i32(count).op("i32_sub");
    this.exits.pushRecord({ kind: ExitKind.return, offset, count, web: 0 });
    code.op("return");
  }

  /**
   * Calls another region, and goes on where that returns if it does so to where this one expects it. Else what called this one
   * does the same.
   */
  private call(
    block: Block,
    { placed, to, choices, back }: Extract<Block["end"], { kind: "call" }>,
    count: number,
    go: (target: Block) => void,
  ): void {
    const { code } = this;
    const isDirect = to !== undefined;
    const kind = isDirect ? ExitKind.call : ExitKind.indirectCall;
    const exit = { kind, offset: to ?? placed.offset, count: 0, web: 0 };
    if (!isDirect) this.jumpTarget(placed);
    this.instructions.link(placed);
    this.exits.storeDirty();
    this.instructions.memory.forget();
    this.chooseBy(choices, (target) => go(target as Block));
    this.pendingBehind[block.index] = 0;
    if (!isDirect) code.get(R.hart).get(this.address).mem("i64_store", HART.address);
    const callee = to === undefined ? LEAVE : to === this.region.entry ? ITSELF : CALL;
    if (callee !== ITSELF) {
      code.get(R.hart);
      this.exits.pushRecord(exit);
      code.mem("i32_store", HART.regionExit);
    }
    code.get(R.depth).i32(1).op("i32_sub").get(R.hart).get(R.budget).i32(count).op("i32_sub").get(R.cell);
    this.instructions.pushAddress(isDirect ? Math.floor(to / 4096) * 4096 : 0);
    code.call(callee);
    code.set(this.result).set(R.budget);
    if (typeof back === "number") {
      code.get(R.budget).get(this.result).op("return");
      return;
    }
    code.get(this.result).i32(ENDS_CALLS).op("i32_and");
    code.get(R.budget).i32(31).op("i32_shr_u").op("i32_or");
    code.get(R.hart).mem("i64_load", HART.address);
    this.instructions.pushAddress(back.offset);
    code.op("i64_ne").op("i32_or").ifUnlikely();
    code.get(R.budget).get(this.result).op("return").op("end");
    go(back);
  }

  /** Has a system instruction done, and goes on behind it where nothing is in the way. `count`: without that instruction. */
  private system(
    block: Block,
    { placed, back }: Extract<Block["end"], { kind: "system" }>,
    count: number,
    go: (target: Block) => void,
  ): void {
    const { code } = this;
    this.exits.storeDirty();
    this.instructions.memory.forget();
    for (const file of this.files) file.forget();
    this.pendingBehind[block.index] = 0;
    code.i32(placed.instruction.bits).get(R.hart).get(R.budget);
    if (count > 0) code.i32(count).op("i32_sub");
    code.get(R.cell);
    this.instructions.pushAddress(placed.offset);
    code.call(SYSTEM).set(this.result).set(R.budget);
    code.get(this.result).ifUnlikely().get(R.budget).get(this.result).op("return").op("end");
    if (typeof back === "number") this.leave(ExitKind.jump, back, 0);
    else go(back);
  }

  /** Sets `address` to where the jump to a register leads. */
  private jumpTarget(placed: Placed): void {
    const { meaning } = placed.instruction.row;
    if (meaning.kind !== "jump") throw new Error("an indirect end that does not jump");
    this.instructions.pushTarget(placed, meaning.target);
    this.code.set(this.address);
  }

  /** Goes to the choice that `address` is; what follows is where it is none. */
  private chooseBy(choices: readonly Choice[], to: (target: Target) => void): void {
    if (choices.length === 0) return;
    const offset = this.code.local(I64);
    this.code.get(this.address).get(R.page).op("i64_sub").set(offset);
    this.choose(
      [...choices].sort((a, b) => a.offset - b.offset),
      offset,
      to,
    );
  }

  /** Goes to the choice that `offset` is, in ascending order; what follows is where it is none. */
  private choose(choices: readonly Choice[], offset: number, to: (target: Target) => void): void {
    const { code } = this;
    const middle = choices.length >> 1;
    const [first] = choices;
    if (choices.length === 1) {
      code.get(offset).i64(first.offset).op("i64_eq").if();
      to(first.to);
      code.op("end");
      return;
    }
    code.get(offset).i64(choices[middle].offset).op("i64_lt_s").if();
    this.choose(choices.slice(0, middle), offset, to);
    code.op("else");
    this.choose(choices.slice(middle), offset, to);
    code.op("end");
  }

  /** Leaves the region; nothing behind it in the code is reached. */
  private leave(kind: number, offset: number, count: number, web = 0): void {
    this.exits.leave({ offset, count, kind, web });
  }

  private note(placed: Placed): void {
    this.notes?.places.push({ at: this.code.bytes.length, placed });
  }
}
