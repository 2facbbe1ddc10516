import { HART } from "../layout.ts";
import { type Code, F64, I64 } from "../wasm/encoder.ts";
import { P } from "../wasm/frame.ts";
import { type Flow, successors } from "./flow.ts";
import { innermostLoops } from "./loops.ts";
import { type Block, goesOutside, type Placed } from "./region.ts";
import { usesOf } from "./uses.ts";

/** Sets of registers are bits, register 0 the lowest. */
type Registers = number;
const ALL: Registers = -1;

/**
 * The integer or the floating-point registers of a region. Those that it names have locals, but the hart block is where
 * they live: a local is loaded in the block that needs it, and stored at the end of the block that has written it. Only
 * inside a loop that has no other loop in it do they stay in locals, so that such a loop neither loads nor stores. After
 * a call, no local is right.
 *
 * The compiler is better at this than at keeping all registers in locals throughout: at each place where ways meet it would
 * move what differs from one place in the stack to another.
 */
export class RegisterFile {
  /** By register. */
  readonly locals: (number | undefined)[] = [];
  /** Written since they were last loaded or stored, on some way to this point of the code. */
  dirty: Registers = 0;
  /** Whose locals are right here, whatever way was come by. */
  valid: Registers = 0;
  private readonly code: Code;
  private readonly file: "x" | "f";
  /** See `innermostLoops`. */
  private readonly loops: readonly number[];
  // By block.
  private readonly writes: Registers[] = [];
  private readonly dirtyIn: readonly Registers[];
  private readonly needed: readonly Registers[];
  /** As `valid`, before what is needed has been loaded. */
  private readonly comesIn: readonly Registers[];
  private readonly goesOut: readonly Registers[];

  constructor(code: Code, flow: Flow, file: "x" | "f") {
    this.code = code;
    this.file = file;
    const uses: Registers[] = [];
    const { writes } = this;
    let named = 0;
    for (const block of flow.order) {
      let [use, write] = [0, 0];
      for (const placed of block.all) {
        use |= readBy(placed, file) & ~write;
        write |= writtenBy(placed, file);
      }
      uses.push(use);
      writes.push(write);
      named |= use | write;
    }
    for (let register = 0; register < 32; register++)
      if ((named & (1 << register)) !== 0) this.locals[register] = code.local(file === "x" ? I64 : F64);
    this.loops = innermostLoops(flow);
    this.dirtyIn = dirtyRegisters(flow, writes, this.loops);
    this.needed = neededRegisters(flow, uses, writes, (block) => {
      if (this.loops[block] !== block) return this.dirtyIn[block];
      let used = 0;
      this.loops.forEach((head, inside) => {
        if (head === block) used |= uses[inside];
      });
      return this.dirtyIn[block] | used;
    }).map((registers) => registers & named);
    this.comesIn = validRegisters(flow, writes, this.needed, this.loops);
    this.goesOut = flow.order.map((block, i) =>
      goesOutside(block) ? 0 : this.comesIn[i] | this.needed[i] | writes[i],
    );
  }

  /** The head of a loop: what is stored where it is left. */
  beginLoop(block: Block): void {
    this.dirty = this.dirtyIn[block.index];
    this.valid = this.comesIn[block.index] | (this.loadsBefore(block) ? this.needed[block.index] : 0);
  }

  /** The code of a block begins. */
  begin(block: Block): void {
    const { index } = block;
    this.dirty = this.dirtyIn[index];
    if (!this.loadsBefore(block)) this.load(this.needed[index] & ~this.comesIn[index]);
    this.valid = this.comesIn[index] | this.needed[index];
  }

  /** The instructions of a block are written, but for the jump at its end. */
  end(block: Block): void {
    if (goesOutside(block) || successors(block).some((next) => this.keeps(block.index, next.index))) return;
    this.store(this.dirty);
    this.dirty = 0;
  }

  /** At the end of a block, maybe behind others' code: control goes out of the region. */
  leave(block: Block): void {
    const isStored = !successors(block).some((next) => this.keeps(block.index, next.index));
    this.dirty = isStored ? 0 : this.dirtyIn[block.index] | this.writes[block.index];
    this.valid = this.comesIn[block.index] | this.needed[block.index] | this.writes[block.index];
  }

  /** Before control goes to a block, from one or from outside of the region. */
  go(from: Block | undefined, to: Block): void {
    if (from && !goesOutside(from) && !this.keeps(from.index, to.index)) {
      this.leave(from);
      this.store(this.dirty);
    }
    if (this.loadsBefore(to)) this.load(this.needed[to.index] & ~(from ? this.goesOut[from.index] : 0));
  }

  /** What has been stored may change: no local is right. */
  forget(): void {
    this.dirty = 0;
    this.valid = 0;
  }

  /** The register's local has got a new value. */
  written(register: number): void {
    this.dirty |= 1 << register;
    this.valid |= 1 << register;
  }

  store(registers: Registers): void {
    const { code, file } = this;
    this.each(registers, (local, register) => {
      code.get(P.hart).get(local);
      code.mem(file === "x" ? "i64_store" : "f64_store", HART[file] + 8 * register);
    });
  }

  private load(registers: Registers): void {
    const { code, file } = this;
    this.each(registers, (local, register) => {
      code.get(P.hart).mem(file === "x" ? "i64_load" : "f64_load", HART[file] + 8 * register);
      code.set(local);
    });
  }

  /** In a loop what is loaded, if anything, is loaded where it is not there yet: before control goes to the block. */
  private loadsBefore({ index }: Block): boolean {
    return this.loops[index] >= 0;
  }

  private keeps(from: number, to: number): boolean {
    return isInSameLoop(this.loops, from, to);
  }

  private each(registers: Registers, what: (local: number, register: number) => void): void {
    for (let rest = registers; rest !== 0; rest &= rest - 1) {
      const register = 31 - Math.clz32(rest & -rest);
      what(this.locals[register] as number, register);
    }
  }
}

function readBy({ instruction }: Placed, file: "x" | "f"): Registers {
  let read = 0;
  for (const field of usesOf(instruction.row)[file]) read |= 1 << instruction.fields[field];
  return file === "x" ? read & ~1 : read;
}

function writtenBy({ instruction }: Placed, file: "x" | "f"): Registers {
  if (usesOf(instruction.row).writes !== file) return 0;
  const written = 1 << instruction.fields.rd;
  return file === "x" ? written & ~1 : written;
}

function isInSameLoop(loops: readonly number[], a: number, b: number): boolean {
  return loops[a] >= 0 && loops[a] === loops[b];
}

/** For each block, what was written, and not stored, on some way to it. */
function dirtyRegisters(
  { order, sources }: Flow,
  writes: readonly Registers[],
  loops: readonly number[],
): Registers[] {
  const dirty: Registers[] = order.map(() => 0);
  repeat(() => {
    let changed = false;
    for (let i = 0; i < order.length; i++) {
      let all = 0;
      for (const from of sources[i])
        if (!goesOutside(order[from]) && isInSameLoop(loops, from, i)) all |= dirty[from] | writes[from];
      if (all !== dirty[i]) changed = true;
      dirty[i] = all;
    }
    return changed;
  });
  return dirty;
}

/**
 * For each block, what has to be in locals where it begins: what it reads, what is needed whichever way is gone from it, and
 * `also`.
 */
function neededRegisters(
  { order }: Flow,
  uses: readonly Registers[],
  writes: readonly Registers[],
  also: (block: number) => Registers,
): Registers[] {
  const least = order.map((_, i) => uses[i] | also(i));
  const needed = order.map(() => ALL);
  repeat(() => {
    let changed = false;
    for (let i = order.length - 1; i >= 0; i--) {
      const after = goesOutside(order[i]) || mayLeave(order[i]) ? [] : successors(order[i]);
      let out = after.length > 0 ? ALL : 0;
      for (const next of after) out &= needed[next.index];
      const all = least[i] | (out & ~writes[i]);
      if (all !== needed[i]) changed = true;
      needed[i] = all;
    }
    return changed;
  });
  return needed;
}

/** The block's end goes to blocks of the region only sometimes. */
function mayLeave({ end }: Block): boolean {
  if (end.kind === "branch") return typeof end.taken === "number" || typeof end.other === "number";
  return end.kind === "indirect";
}

/**
 * For each block, whose locals are right where it begins, before it loads what it needs. Where ways meet outside of an innermost
 * loop, those that were written on one of them are not kept.
 */
function validRegisters(
  flow: Flow,
  writes: readonly Registers[],
  needed: readonly Registers[],
  loops: readonly number[],
): Registers[] {
  const { order, sources } = flow;
  const kept = order.map((_, i) =>
    loops[i] >= 0 || sources[i].length < 2 ? ALL : ~writtenOnTheWay(flow, i, writes),
  );
  const valid: Registers[] = order.map((_, i) => (i > 0 ? ALL : loops[0] >= 0 ? needed[0] : 0));
  repeat(() => {
    let changed = false;
    for (let i = 1; i < order.length; i++) {
      let all = kept[i];
      for (const from of sources[i])
        all &= goesOutside(order[from]) ? 0 : valid[from] | needed[from] | writes[from];
      // What is loaded before the block, where it is not there.
      if (loops[i] >= 0) all |= needed[i];
      if (all !== valid[i]) changed = true;
      valid[i] = all;
    }
    return changed;
  });
  return valid;
}

/** What is written between a block's dominator and the block. */
function writtenOnTheWay(
  { order, sources, dominator }: Flow,
  block: number,
  writes: readonly Registers[],
): Registers {
  const seen = new Set([dominator[block]]);
  const queue = [...sources[block]];
  let all = 0;
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    all |= goesOutside(order[at]) ? ALL : writes[at];
    queue.push(...sources[at]);
  }
  return all;
}

function repeat(step: () => boolean): void {
  while (step());
}
