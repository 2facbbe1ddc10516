import { HART } from "../layout.ts";
import { type Code, I32 } from "../wasm/encoder.ts";
import { P } from "../wasm/frame.ts";
import { EXIT, type Exit, exitsOffset } from "./cell.ts";
import type { RegisterFile } from "./registers.ts";

/** Function indexes in a region's module of its imports, from `wasm/region-support.ts`. */
export const LEAVE = 0;
export const CALL = 1;

/** Registers that are stored at the same place. */
interface Storing {
  readonly x: number;
  readonly f: number;
  /** `Code.depth` inside the block whose end is before the place. */
  readonly level: number;
}

/** Exits that store too different registers for one of so many places have code of their own. */
const MOST_STORINGS = 12;

/** Writes how a region is left. Most exits are hardly ever taken, so they share the code that stores registers. */
export class ExitWriter {
  readonly exits: Exit[] = [];
  private readonly code: Code;
  private readonly x: RegisterFile;
  private readonly f: RegisterFile;
  private readonly webs: number;
  private readonly cell: number;
  private readonly address: number;
  /** Local: offset of the exit that is taken from the first one. */
  readonly exit: number;
  private readonly storings: Storing[] = [];
  private level = 0;

  /** `cell`, `address`: locals. `webs`: how many the region has. */
  constructor(
    code: Code,
    x: RegisterFile,
    f: RegisterFile,
    { cell, address, webs }: { readonly cell: number; readonly address: number; readonly webs: number },
  ) {
    this.code = code;
    this.x = x;
    this.f = f;
    this.webs = webs;
    this.cell = cell;
    this.address = address;
    this.exit = code.local(I32);
  }

  /** Before the region's code. */
  open(): void {
    this.code.block();
    this.level = this.code.depth;
    for (let i = 0; i < MOST_STORINGS; i++) this.code.block();
  }

  /** Leaves the region; nothing behind it in the code is reached. The address is what `address` holds, if the kind needs one. */
  leave(exit: Exit): void {
    const { code } = this;
    code.i32(this.number(exit) * EXIT.size).set(this.exit);
    const storing = this.storing();
    if (!storing) {
      this.storeDirty();
      code.brTo(this.level);
    } else code.brTo(storing.level);
  }

  /** Behind the region's code. */
  close(): void {
    const { code } = this;
    for (let i = 0; i < MOST_STORINGS; i++) {
      code.op("end");
      const storing = this.storings[i];
      if (!storing) continue;
      this.x.store(storing.x);
      this.f.store(storing.f);
      if (i < MOST_STORINGS - 1) code.brTo(this.level);
    }
    code.op("end");
    code.get(P.hart).get(this.address).mem("i64_store", HART.address);
    code.get(P.hart).get(this.cell).i32(exitsOffset(this.webs)).op("i32_add").get(this.exit).op("i32_add");
    code.mem("i32_store", HART.regionExit);
    for (const parameter of Object.values(P)) code.get(parameter);
    code.returnCall(LEAVE);
  }

  /** Stores what has to be. */
  storeDirty(): void {
    this.x.store(this.x.dirty);
    this.f.store(this.f.dirty);
  }

  /** Leaves the linear address of an exit's record on the stack. */
  pushRecord(exit: Exit): void {
    const offset = exitsOffset(this.webs) + this.number(exit) * EXIT.size;
    this.code.get(this.cell).i32(offset).op("i32_add");
  }

  private number(exit: Exit): number {
    const last = this.exits.length - 1;
    if (last < 0 || !isSame(this.exits[last], exit)) this.exits.push(exit);
    return this.exits.length - 1;
  }

  /** A place where all is stored that has to be, and nothing that is not right. */
  private storing(): Storing | undefined {
    const { x, f } = this;
    const known = this.storings.find(
      (storing) =>
        (x.dirty & ~storing.x) === 0 &&
        (f.dirty & ~storing.f) === 0 &&
        (storing.x & ~x.valid) === 0 &&
        (storing.f & ~f.valid) === 0,
    );
    if (known || this.storings.length === MOST_STORINGS) return known;
    const storing = { x: x.dirty, f: f.dirty, level: this.level + MOST_STORINGS - this.storings.length };
    this.storings.push(storing);
    return storing;
  }
}

function isSame(a: Exit, b: Exit): boolean {
  return a.kind === b.kind && a.offset === b.offset && a.count === b.count && a.web === b.web;
}
