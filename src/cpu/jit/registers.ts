import { HART } from "../layout.ts";
import { type Code, F64, I64 } from "../wasm/encoder.ts";
import { P } from "../wasm/frame.ts";
import type { Flow } from "./flow.ts";
import { type Block, goesOutside } from "./region.ts";

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
  /** The region names one of its registers: else there is nothing to do for it. */
  readonly isUsed: boolean;
  /** Written since they were last loaded or stored, on some way to this point of the code. */
  dirty: Registers = 0;
  /** Whose locals are right here, whatever way was come by. */
  valid: Registers = 0;
  private readonly code: Code;
  private readonly file: "x" | "f";
  private readonly flow: Flow;
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
    this.flow = flow;
    const uses: Registers[] = [];
    const { writes } = this;
    let named = 0;
    for (const block of flow.order) {
      let use = 0;
      let write = 0;
      for (const { instruction, uses: found } of block.all) {
        const { fields } = instruction;
        const reads = found[file];
        for (let i = 0; i < reads.length; i++) use |= (1 << fields[reads[i]]) & ~write;
        if (found.writes === file) write |= 1 << fields.rd;
      }
      // x0 is no variable.
      if (file === "x") {
        use &= ~1;
        write &= ~1;
      }
      uses.push(use);
      writes.push(write);
      named |= use | write;
    }
    this.isUsed = named !== 0;
    // Where it is not, they are all nothing.
    this.dirtyIn = this.needed = this.comesIn = this.goesOut = writes;
    if (!this.isUsed) return;
    for (let register = 0; register < 32; register++)
      if ((named & (1 << register)) !== 0) this.locals[register] = code.local(file === "x" ? I64 : F64);
    const blocks: Blocks = { flow, writes, outside: flow.order.map(goesOutside) };
    this.dirtyIn = dirtyRegisters(blocks);
    this.needed = neededRegisters(blocks, leastRegisters(flow, uses, this.dirtyIn), named);
    this.comesIn = validRegisters(blocks, this.needed);
    this.goesOut = writes.map((write, i) =>
      blocks.outside[i] ? 0 : this.comesIn[i] | this.needed[i] | write,
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
    if (goesOutside(block) || this.staysInLoop(block)) return;
    this.store(this.dirty);
    this.dirty = 0;
  }

  /** At the end of a block, maybe behind others' code: control goes out of the region. */
  leave(block: Block): void {
    this.dirty = this.staysInLoop(block) ? this.dirtyIn[block.index] | this.writes[block.index] : 0;
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
    const { code, file, locals } = this;
    for (let rest = registers; rest !== 0; rest &= rest - 1) {
      const register = lowest(rest);
      code.get(P.hart).get(locals[register] as number);
      code.mem(file === "x" ? "i64_store" : "f64_store", HART[file] + 8 * register);
    }
  }

  private load(registers: Registers): void {
    const { code, file, locals } = this;
    for (let rest = registers; rest !== 0; rest &= rest - 1) {
      const register = lowest(rest);
      code.get(P.hart).mem(file === "x" ? "i64_load" : "f64_load", HART[file] + 8 * register);
      code.set(locals[register] as number);
    }
  }

  /** In a loop what is loaded, if anything, is loaded where it is not there yet: before control goes to the block. */
  private loadsBefore({ index }: Block): boolean {
    return this.flow.innermost[index] >= 0;
  }

  private keeps(from: number, to: number): boolean {
    return isInSameLoop(this.flow, from, to);
  }

  /** One of the blocks that it goes to is in the same innermost loop. */
  private staysInLoop({ index }: Block): boolean {
    if (this.flow.innermost[index] < 0) return false;
    for (const to of this.flow.targets[index]) if (this.keeps(index, to)) return true;
    return false;
  }
}

const lowest = (registers: Registers): number => 31 - Math.clz32(registers & -registers);

/** What is known of blocks, by index. */
interface Blocks {
  readonly flow: Flow;
  readonly writes: readonly Registers[];
  /** See `goesOutside`. */
  readonly outside: readonly boolean[];
}

function isInSameLoop({ innermost }: Flow, a: number, b: number): boolean {
  return innermost[a] >= 0 && innermost[a] === innermost[b];
}

/** For each block, what was written, and not stored, on some way to it. */
function dirtyRegisters({ flow, writes, outside }: Blocks): Registers[] {
  const { sources } = flow;
  const dirty: Registers[] = writes.map(() => 0);
  repeat(() => {
    let changed = false;
    for (let i = 0; i < dirty.length; i++) {
      if (flow.innermost[i] < 0) continue;
      let all = 0;
      for (const from of sources[i])
        if (!outside[from] && isInSameLoop(flow, from, i)) all |= dirty[from] | writes[from];
      if (all !== dirty[i]) changed = true;
      dirty[i] = all;
    }
    return changed;
  });
  return dirty;
}

/** For each block, what has to be in locals where it begins for its own sake, or for that of the innermost loop that it begins. */
function leastRegisters(
  { innermost }: Flow,
  uses: readonly Registers[],
  dirtyIn: readonly Registers[],
): Registers[] {
  const least = uses.map((use, i) => use | dirtyIn[i]);
  innermost.forEach((head, i) => {
    if (head >= 0) least[head] |= uses[i];
  });
  return least;
}

/**
 * For each block, what has to be in locals where it begins: what it reads, and what is needed whichever way is gone from it,
 * of the registers that are `named`.
 */
function neededRegisters(
  { flow, writes, outside }: Blocks,
  least: readonly Registers[],
  named: Registers,
): Registers[] {
  const { order, targets } = flow;
  const isLast = order.map((block, i) => outside[i] || targets[i].length === 0 || mayLeave(block));
  const needed: Registers[] = order.map(() => named);
  repeat(() => {
    let changed = false;
    for (let i = order.length - 1; i >= 0; i--) {
      let out = isLast[i] ? 0 : named;
      if (!isLast[i]) for (const next of targets[i]) out &= needed[next];
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
function validRegisters(blocks: Blocks, needed: readonly Registers[]): Registers[] {
  const { flow, writes, outside } = blocks;
  const { sources, innermost } = flow;
  const written = writtenOnTheWay(blocks);
  const kept = writes.map((_, i) => (innermost[i] >= 0 || sources[i].length < 2 ? ALL : ~written(i)));
  const valid: Registers[] = writes.map((_, i) => (i > 0 ? ALL : innermost[0] >= 0 ? needed[0] : 0));
  repeat(() => {
    let changed = false;
    for (let i = 1; i < valid.length; i++) {
      let all = kept[i];
      for (const from of sources[i]) all &= outside[from] ? 0 : valid[from] | needed[from] | writes[from];
      // What is loaded before the block, where it is not there.
      if (innermost[i] >= 0) all |= needed[i];
      if (all !== valid[i]) changed = true;
      valid[i] = all;
    }
    return changed;
  });
  return valid;
}

/** What is written between a block's dominator and the block. */
function writtenOnTheWay({ flow, writes, outside }: Blocks): (block: number) => Registers {
  const { sources, dominator } = flow;
  /** The last block for which each one was seen. */
  const seenFor: number[] = writes.map(() => -1);
  return (block) => {
    seenFor[dominator[block]] = block;
    const queue = [...sources[block]];
    let all = 0;
    for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
      if (seenFor[at] === block) continue;
      seenFor[at] = block;
      all |= outside[at] ? ALL : writes[at];
      for (const from of sources[at]) queue.push(from);
    }
    return all;
  };
}

function repeat(step: () => boolean): void {
  while (step());
}
