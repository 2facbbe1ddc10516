import type { Hart } from "../cpu/hart.ts";
import { HART } from "../cpu/layout.ts";
import { F_NAMES, X_NAMES } from "../isa/registers.ts";
import { hex, hexDigits } from "../messages/hex.ts";

/** A hart's registers at one moment. Integers are unsigned 64-bit values. */
export interface Registers {
  readonly pc: bigint;
  /** x0 to x31. */
  readonly x: readonly bigint[];
  /** f0 to f31, as bits. */
  readonly f: readonly bigint[];
  /** Accrued exception flags and rounding mode. */
  readonly fcsr: number;
}

export interface RegisterChange {
  /** ABI name: `a0`, `fs1`, `fcsr`. */
  readonly name: string;
  readonly before: bigint;
  readonly after: bigint;
}

export function readRegisters(hart: Hart): Registers {
  const { arena, base } = hart;
  const words = (offset: number) => [...arena.u64.subarray((base + offset) / 8, (base + offset) / 8 + 32)];
  return {
    pc: BigInt.asUintN(64, hart.pc),
    x: words(HART.x),
    f: words(HART.f),
    fcsr: fcsrOf(arena.i32, base),
  };
}

/** All registers but the pc, as 32-bit words: cheap to take and to compare. */
export type RegisterWords = Int32Array;

const F_WORD = HART.f / 4;
const FCSR_WORD = F_WORD + 64;

export function registerWords({ arena, base }: Hart): RegisterWords {
  const words = new Int32Array(FCSR_WORD + 1);
  words.set(arena.i32.subarray(base / 4, base / 4 + FCSR_WORD));
  words[FCSR_WORD] = fcsrOf(arena.i32, base);
  return words;
}

/** What differs. */
export function registerChanges(before: RegisterWords, after: RegisterWords): RegisterChange[] {
  const changes: RegisterChange[] = [];
  const compare = (names: readonly string[], start: number) => {
    for (let i = 0, at = start; i < 32; i++, at += 2)
      if (before[at] !== after[at] || before[at + 1] !== after[at + 1])
        changes.push({ name: names[i], before: wordAt(before, at), after: wordAt(after, at) });
  };
  compare(X_NAMES, 0);
  compare(F_NAMES, F_WORD);
  if (before[FCSR_WORD] !== after[FCSR_WORD])
    changes.push({ name: "fcsr", before: BigInt(before[FCSR_WORD]), after: BigInt(after[FCSR_WORD]) });
  return changes;
}

const wordAt = (words: RegisterWords, at: number): bigint =>
  (BigInt(words[at + 1] >>> 0) << 32n) | BigInt(words[at] >>> 0);

const fcsrOf = (i32: Int32Array, base: number): number =>
  (i32[(base + HART.frm) / 4] << 5) | i32[(base + HART.fflags) / 4];

const digits = (value: bigint) => hexDigits(value, 16);

/** All integer registers, four a line, and the pc. */
export function formatRegisters(registers: Registers): string {
  const cells = registers.x.map((value, i) => `${X_NAMES[i].padStart(4)} ${digits(value)}`);
  cells[0] = `  pc ${digits(registers.pc)}`;
  const lines: string[] = [];
  for (let i = 0; i < cells.length; i += 4) lines.push(cells.slice(i, i + 4).join(" "));
  return lines.join("\n");
}

/** The floating-point registers that are not zero: bits, and the value they stand for. */
export function formatFloatRegisters(registers: Registers): string {
  const view = new DataView(new ArrayBuffer(8));
  const lines = registers.f.flatMap((bits, i) => {
    if (bits === 0n) return [];
    view.setBigUint64(0, bits);
    // NaN-boxed: the upper half all ones.
    const single = bits >> 32n === 0xffffffffn;
    const value = single ? `${view.getFloat32(4)}f` : `${view.getFloat64(0)}`;
    return [`${F_NAMES[i].padStart(4)} ${digits(bits)} ${value}`];
  });
  return [...lines, `fcsr ${hex(registers.fcsr)}`].join("\n");
}
