import { decode } from "../../src/isa/decode.ts";
import { directive, randomUnit, SCRATCH_REACH, type Unit } from "./generate.ts";
import type { Random } from "./random.ts";

/**
 * Random control flow: loops whose bases move, branches that join again, calls, recursion and jumps to registers, with random
 * instructions between them. It ends whatever the registers hold: what counts is kept in registers that nothing else writes.
 */
export function randomFlow(r: Random): Unit {
  return [`.Lflow${labels++}:`, ...new FlowWriter(r).sequence(0, new Set())].join("\n");
}

/** Labels are different in the whole program. */
let labels = 0;
const newLabel = () => `.L${labels++}`;

const RA = 1;
/** s1 to s11: saved where they are, so that loops inside loops and calls have their own. */
const KEPT = [9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27];
const DEEPEST = 3;
const BRANCHES = ["beq", "bne", "blt", "bge", "bltu", "bgeu"];
const LOADS = ["lb", "lbu", "lh", "lhu", "lw", "lwu", "ld", "flw", "fld"];
const STORES = ["sb", "sh", "sw", "sd", "fsw", "fsd"];

class FlowWriter {
  private readonly r: Random;

  constructor(r: Random) {
    this.r = r;
  }

  sequence(depth: number, kept: ReadonlySet<number>): string[] {
    const lines: string[] = [];
    for (let i = 2 + this.r.below(4); i > 0; i--) {
      lines.push(...this.plain(kept, 1 + this.r.below(4)));
      if (depth < DEEPEST) lines.push(...this.construct(depth, kept));
    }
    return lines;
  }

  private construct(depth: number, kept: ReadonlySet<number>): string[] {
    const kind = this.r.below(10);
    if (kind < 4) return this.loop(depth, kept);
    if (kind < 6) return this.branch(depth, kept);
    if (kind < 7) return this.call(depth, kept);
    if (kind < 8) return this.recursion(kept);
    if (kind < 9) return this.table(depth, kept);
    return this.chase(kept);
  }

  private plain(kept: ReadonlySet<number>, count: number): string[] {
    const lines: string[] = [];
    while (lines.length < count) {
      const unit = randomUnit(this.r) as readonly number[];
      if (!unit.some((bits) => writesOneOf(bits, kept))) lines.push(unit.map(directive).join("\n"));
    }
    return lines;
  }

  /** A register that nothing else writes from here on. */
  private keep(kept: ReadonlySet<number>): [number, Set<number>] | undefined {
    const free = KEPT.filter((register) => !kept.has(register));
    if (free.length === 0) return undefined;
    const register = this.r.pick(free);
    return [register, new Set([...kept, register])];
  }

  private loop(depth: number, kept: ReadonlySet<number>): string[] {
    const counter = this.keep(kept);
    const base = counter && this.keep(counter[1]);
    if (!counter || !base) return [];
    const { r } = this;
    const times = 1 + r.below(depth === 0 ? 20 : 3);
    const step = r.pick([0, 1, 2, 4, 8, 8, 16, 24]) * r.pick([1, -1]);
    const start = step < 0 ? SCRATCH_REACH - 300 : 300 - SCRATCH_REACH;
    const top = newLabel();
    const access = () =>
      r.below(3) === 0
        ? `${r.pick(STORES)} ${this.any("STORE")}, ${this.near()}(x${base[0]})`
        : `${r.pick(LOADS)} ${this.any("LOAD", base[1])}, ${this.near()}(x${base[0]})`;
    const body = [
      ...this.accesses(access),
      `addi x${base[0]}, x${base[0]}, ${step}`,
      ...this.accesses(access),
    ];
    const inner = this.sequence(depth + 1, base[1]);
    return [
      `li x${counter[0]}, ${times}`,
      `li x${base[0]}, ${start}`,
      `add x${base[0]}, x${base[0]}, t6`,
      // Jumped into in the middle, now and then.
      ...(r.below(4) === 0 ? [`j ${top}m`] : []),
      `${top}:`,
      ...(r.below(2) ? [...body, `${top}m:`, ...inner] : [...inner, `${top}m:`, ...body]),
      `addi x${counter[0]}, x${counter[0]}, -1`,
      `${r.pick(["bnez", "bgtz"])} x${counter[0]}, ${top}`,
    ];
  }

  private accesses(access: () => string): string[] {
    return Array.from({ length: this.r.below(4) }, () => {
      const text = access();
      // The names of the register files differ.
      return fixFile(text);
    });
  }

  /** A register's number, that a load may write. */
  private any(use: "LOAD" | "STORE", kept: ReadonlySet<number> = new Set()): string {
    for (;;) {
      const register = this.r.below(32);
      if (use === "STORE" || !(kept.has(register) || POINTERS.has(register))) return `r${register}`;
    }
  }

  private near(): number {
    return this.r.below(256) - 128;
  }

  private branch(depth: number, kept: ReadonlySet<number>): string[] {
    const [other, end] = [newLabel(), newLabel()];
    const { r } = this;
    return [
      `${r.pick(BRANCHES)} x${r.below(32)}, x${r.below(32)}, ${other}`,
      ...this.sequence(depth + 1, kept),
      ...(r.below(2) ? [`j ${end}`] : []),
      `${other}:`,
      ...this.sequence(depth + 1, kept),
      `${end}:`,
    ];
  }

  /** A function, called from one to three places, which saves its return address in a register. */
  private call(depth: number, kept: ReadonlySet<number>): string[] {
    const saved = this.keep(new Set([...kept, RA]));
    if (!saved) return [];
    const [name, over] = [newLabel(), newLabel()];
    const { r } = this;
    const calls = Array.from({ length: 1 + r.below(3) }, () => [
      ...(r.below(2) ? [`call ${name}`] : [`la t0, ${name}`, "jalr t0"]),
      ...this.plain(kept, r.below(3)),
    ]);
    const isLeaf = r.below(2) === 0;
    return [
      `j ${over}`,
      `${name}:`,
      ...(isLeaf
        ? this.plain(new Set([...kept, RA]), 1 + r.below(5))
        : [`mv x${saved[0]}, ra`, ...this.sequence(depth + 1, saved[1]), `mv ra, x${saved[0]}`]),
      "ret",
      `${over}:`,
      ...calls.flat(),
    ];
  }

  /** Down to a depth, with the return addresses on a stack below sp. */
  private recursion(kept: ReadonlySet<number>): string[] {
    const counter = this.keep(new Set([...kept, RA]));
    if (!counter) return [];
    const [name, over, bottom] = [newLabel(), newLabel(), newLabel()];
    const frame = 16;
    const body = () =>
      this.plain(counter[1], 2).filter((text) => /^\s*\.(word|half) \d+$/.test(text) && !touchesMemory(text));
    return [
      `j ${over}`,
      `${name}:`,
      `addi sp, sp, -${frame}`,
      "sd ra, 8(sp)",
      `addi x${counter[0]}, x${counter[0]}, -1`,
      `blez x${counter[0]}, ${bottom}`,
      `call ${name}`,
      ...body(),
      ...(this.r.below(2)
        ? [`addi x${counter[0]}, x${counter[0]}, -1`, `blez x${counter[0]}, ${bottom}`, `call ${name}`]
        : []),
      `${bottom}:`,
      ...body(),
      "ld ra, 8(sp)",
      `addi sp, sp, ${frame}`,
      "ret",
      `${over}:`,
      `li x${counter[0]}, ${1 + this.r.below(12)}`,
      `call ${name}`,
    ];
  }

  /** One of four places by a register's low bits. */
  private table(depth: number, kept: ReadonlySet<number>): string[] {
    const [table, end] = [newLabel(), newLabel()];
    const { r } = this;
    const cases = Array.from({ length: 4 }, () => newLabel());
    const bodies = cases.flatMap((name) => [
      `${name}:`,
      ...(r.below(3) ? this.plain(kept, 1 + r.below(3)) : this.sequence(depth + 1, kept)),
      ...(r.below(4) ? [`j ${end}`] : []),
    ]);
    return [
      ".section .rodata",
      ".balign 8",
      `${table}: .dword ${cases.join(", ")}`,
      ".text",
      `andi t0, x${r.below(32)}, 3`,
      "slli t0, t0, 3",
      `la t1, ${table}`,
      "add t0, t0, t1",
      "ld t0, 0(t0)",
      `jr t0`,
      ...bodies,
      `${end}:`,
    ];
  }

  /** `ld a, 0(a)` and accesses off what it gave. */
  private chase(kept: ReadonlySet<number>): string[] {
    const base = this.keep(kept);
    if (!base) return [];
    const { r } = this;
    const place = () => 8 * (r.below(SCRATCH_REACH / 8) - 128);
    const [from, to] = [place(), place()];
    return [
      `addi x${base[0]}, t6, ${to}`,
      `sd x${base[0]}, ${from}(t6)`,
      `addi x${base[0]}, t6, ${from}`,
      ...(r.below(2) ? [`ld t0, 0(x${base[0]})`] : []),
      `ld x${base[0]}, 0(x${base[0]})`,
      `lw t1, 4(x${base[0]})`,
      `sh t1, ${2 * r.below(8)}(x${base[0]})`,
      `ld t0, ${r.below(16)}(x${base[0]})`,
    ];
  }
}

/** sp, s0, t5 and t6 point into memory. */
const POINTERS = new Set([2, 8, 30, 31]);

function writesOneOf(bits: number, kept: ReadonlySet<number>): boolean {
  const instruction = decode(bits);
  const kind = instruction?.row.meaning.kind;
  return (kind === "setX" || kind === "jump") && kept.has(instruction?.fields.rd ?? 0);
}

const fixFile = (text: string) => text.replace(/ r(\d+)/, text.startsWith("f") ? " f$1" : " x$1");

function touchesMemory(text: string): boolean {
  const row = decode(Number(text.trim().split(" ")[1]))?.row;
  return /"kind":"(load|store|amo|lr|sc)"/.test(
    JSON.stringify(row?.meaning, (_, v) => (typeof v === "bigint" ? `${v}` : v)),
  );
}
