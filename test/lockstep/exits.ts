import type { Hart } from "../../src/cpu/hart.ts";
import { withHooks } from "./exit-hooks.ts";
import type { Side } from "./side.ts";
import { FIELDS_AT_EXITS, fieldDifferences, hasReservation, STATE_BYTES } from "./state.ts";

const STATE_WORDS = STATE_BYTES / 4;
const COMPARED_WORDS = FIELDS_AT_EXITS.flatMap(({ offset, size }) =>
  size === 4 ? [offset / 4] : [offset / 4, offset / 4 + 1],
);

/** Notes the states of a machine's harts wherever one of its regions is left, for another one to be compared with. */
export class Exits {
  /** What its harts had spent by then, in order. */
  readonly positions: number[] = [];
  private readonly side: Side;
  private readonly harts: number[] = [];
  private readonly retired: number[] = [];
  private states = new Int32Array(1024 * STATE_WORDS);

  constructor(side: Side) {
    this.side = side;
    const { jit, harts } = side;
    if (!jit) throw new Error("it translates nothing");
    const byBase = new Map(harts.map((hart) => [hart.base, hart]));
    const { memory } = harts[0].arena;
    jit.table.interpreter = withHooks(jit.table.interpreter, memory, (base) =>
      this.note(byBase.get(base >>> 0) as Hart),
    );
  }

  clear(): void {
    for (const list of [this.positions, this.harts, this.retired]) list.length = 0;
  }

  /** How a hart of the other machine differs from the state at exit `index`: a line for each difference. */
  differences(index: number, other: Side): string[] {
    const hart = other.harts[this.harts[index]];
    const first = index * STATE_WORDS;
    const block = hart.base / 4;
    const { i32 } = hart.arena;
    const [mine, its] = [[this.states, first] as const, [i32, block] as const];
    const isAlike =
      hart.retired === this.retired[index] &&
      hasReservation(mine) === hasReservation(its) &&
      COMPARED_WORDS.every((word) => this.states[first + word] === i32[block + word]);
    if (isAlike) return [];
    const found = fieldDifferences(FIELDS_AT_EXITS, its, mine);
    if (hasReservation(mine) !== hasReservation(its)) found.push("only one has a reservation");
    if (hart.retired !== this.retired[index])
      found.push(`retired ${hart.retired}, not ${this.retired[index]}`);
    return found.map((line) => `hart ${hart.id}, where a region is left: ${line}`);
  }

  private note(hart: Hart): void {
    // Nothing was done by regions since the last comparison, or since TypeScript was there, which the pieces' ends are for.
    if (hart.spentSoFar === hart.spent) return;
    const position = this.side.spent() + hart.spentSoFar;
    if (position === this.positions.at(-1)) return;
    const at = this.positions.length * STATE_WORDS;
    if (at === this.states.length) {
      const states = new Int32Array(at * 2);
      states.set(this.states);
      this.states = states;
    }
    const block = hart.base / 4;
    this.states.set(hart.arena.i32.subarray(block, block + STATE_WORDS), at);
    this.positions.push(position);
    this.harts.push(hart.id);
    this.retired.push(hart.retired);
  }
}
