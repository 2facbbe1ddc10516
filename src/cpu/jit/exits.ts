import { HART } from "../layout.ts";
import { type Code, I32 } from "../wasm/encoder.ts";
import { R } from "../wasm/region-support.ts";
import { EXIT, type Exit, exitsOffset } from "./cell.ts";
import type { RegisterFile } from "./registers.ts";

/** Function indexes in a region's module of its imports, from `wasm/region-support.ts`. */
export const LEAVE = 0;
export const CALL = 1;
export const SYSTEM = 2;
/** The region's own. */
export const ITSELF = 3;

/** Registers that are stored at the same place. */
interface Storing {
  readonly x: number;
  readonly f: number;
}

/** Writes how a region is left. Most exits are hardly ever taken, so they share the code that stores registers. */
export class ExitWriter {
  readonly exits: Exit[] = [];
  private readonly code: Code;
  private readonly x: RegisterFile;
  private readonly f: RegisterFile;
  /** Offset in the cell of the first exit's record. */
  private readonly first: number;
  private readonly address: number;
  /** Local: offset of the exit that is taken from the first one. */
  readonly exit: number;
  private readonly storings: Storing[] = [];
  /** Where the region's code begins, in bytes, and its `Code.depth`. */
  private start = 0;
  private level = 0;

  /** `address`: a local. `webs`: how many the region has. */
  constructor(
    code: Code,
    x: RegisterFile,
    f: RegisterFile,
    { address, webs }: { readonly address: number; readonly webs: number },
  ) {
    this.code = code;
    this.x = x;
    this.f = f;
    this.first = exitsOffset(webs);
    this.address = address;
    this.exit = code.local(I32);
  }

  /** Before the region's code. */
  open(): void {
    this.start = this.code.bytes.length;
    this.level = this.code.depth;
  }

  /** Leaves the region; nothing behind it in the code is reached. The address is what `address` holds, if the kind needs one. */
  leave(exit: Exit): void {
    const { code } = this;
    code.i32(this.number(exit) * EXIT.size).set(this.exit);
    // The blocks that this leaves are only inserted when it is known how many there are.
    code.br(code.depth - this.level + this.storing());
  }

  /** Behind the region's code. Returns by how much that has moved, in bytes. */
  close(): number {
    const { code, storings } = this;
    const count = storings.length;
    const moved = code.insertBlocks(this.start, count > 1 ? count + 1 : count);
    storings.forEach(({ x, f }, i) => {
      code.op("end");
      this.x.store(x);
      this.f.store(f);
      if (i < count - 1) code.brTo(this.level + 1);
    });
    if (count > 1) code.op("end");
    if (count === 0) {
      code.op("unreachable");
      return moved;
    }
    code.get(R.hart).get(this.address).mem("i64_store", HART.address);
    code.get(R.hart).get(R.cell).i32(this.first).op("i32_add").get(this.exit).op("i32_add");
    code.mem("i32_store", HART.regionExit);
    for (const parameter of Object.values(R)) code.get(parameter);
    code.returnCall(LEAVE);
    return moved;
  }

  /** Stores what has to be. */
  storeDirty(): void {
    this.x.store(this.x.dirty);
    this.f.store(this.f.dirty);
  }

  /** Leaves the linear address of the first exit's record on the stack, and has these be the first ones. */
  pushFirst(exits: readonly Exit[]): void {
    if (this.exits.length === 0) this.exits.push(...exits);
    this.code.get(R.cell).i32(this.first).op("i32_add");
  }

  /** Leaves the linear address of an exit's record on the stack. */
  pushRecord(exit: Exit): void {
    const offset = this.first + this.number(exit) * EXIT.size;
    this.code.get(R.cell).i32(offset).op("i32_add");
  }

  private number(exit: Exit): number {
    const last = this.exits.length - 1;
    if (last < 0 || !isSame(this.exits[last], exit)) this.exits.push(exit);
    return this.exits.length - 1;
  }

  /** Number of a place where all is stored that has to be, and nothing that is not right. */
  private storing(): number {
    const { x, f, storings } = this;
    const known = storings.findIndex(
      (storing) =>
        (x.dirty & ~storing.x) === 0 &&
        (f.dirty & ~storing.f) === 0 &&
        (storing.x & ~x.valid) === 0 &&
        (storing.f & ~f.valid) === 0,
    );
    return known >= 0 ? known : storings.push({ x: x.dirty, f: f.dirty }) - 1;
  }
}

function isSame(a: Exit, b: Exit): boolean {
  return a.kind === b.kind && a.offset === b.offset && a.count === b.count && a.web === b.web;
}
