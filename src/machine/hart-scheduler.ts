import type { Hart } from "../cpu/hart.ts";
import { isInterruptPending } from "../cpu/interrupts.ts";
import { flag, integer, listOf, must, record, type Shaped } from "../devices/state-shape.ts";

/** Instructions in a hart's turn where there are others: a hart that waits for another one loses less than a turn. */
const TURN = 20_000;
/** Instructions in the longest turn. */
export const LONGEST_TURN = 200_000;
/** The harts that a machine can have. */
export const MOST_HARTS = 8;

export const SCHEDULER_STATE = record({
  waiting: listOf(flag, 1, MOST_HARTS),
  current: integer(0, MOST_HARTS - 1),
  left: integer(0, LONGEST_TURN),
  urgent: integer(-1, MOST_HARTS - 1),
  hurried: flag,
});
export type SchedulerState = Shaped<typeof SCHEDULER_STATE>;

/**
 * Harts take turns on one thread. A hart that another one interrupts comes next, at once: it is probably being waited
 * for. A hart that waits (`wfi`) has no turns until an interrupt that it has enabled is pending.
 *
 * Atomicity between harts follows from turns: nothing comes between the parts of an instruction, and a reservation does
 * not outlive its turn.
 */
export class HartScheduler {
  private readonly harts: readonly Hart[];
  private readonly waiting: boolean[];
  /** Turns are ended where the architecture says, at any cost in speed: the order of things is to be repeatable. */
  private readonly exact: boolean;
  private running: Hart | undefined;
  /** Whose turn it is, and what is left of it: a turn may be run in pieces. */
  private current = 0;
  private left = 0;
  /** The hart to come next, before the order of numbers; -1: none. */
  private urgent = -1;
  private hurried = false;
  /** What the last piece spent, as `Hart.spent`. */
  spent = 0;

  constructor(harts: readonly Hart[], exact: boolean) {
    this.harts = harts;
    this.waiting = harts.map(() => false);
    this.exact = exact;
  }

  /** The turn of a hart is over, or none can run: the outside may be looked at. */
  get isBetweenTurns(): boolean {
    return this.left === 0;
  }

  /** An interrupt line of hart `id` may have changed. To be called from device accesses, and between turns. */
  signal(id: number): void {
    if (!this.running) return;
    if (this.running.id === id) this.running.requestAttention();
    else {
      this.urgent = id;
      this.endTurn();
    }
  }

  /** The turn that is being run ends after `instructions` more: of the device access that asks, and what follows. */
  endTurn(instructions = 0): void {
    if (!this.running) return;
    this.running.requestAttention(instructions);
    this.left = Math.min(this.left, this.running.spentSoFar + instructions);
  }

  /**
   * Runs a piece of a turn, of `limit` instructions at most; a new turn has `longest` (`LONGEST_TURN`) at most. False where every hart
   * waits.
   */
  run(limit: number, longest: number): boolean {
    this.spent = 0;
    if (this.left === 0) {
      const next = this.choose();
      if (next < 0) return false;
      this.current = next;
      this.left = this.harts.length === 1 ? longest : Math.min(TURN, longest);
    }
    const hart = this.harts[this.current];
    const piece = Math.min(this.left, limit);
    this.running = hart;
    const result = this.exact || piece < this.left ? hart.run(piece) : hart.runAbout(piece);
    this.running = undefined;
    this.spent = hart.spent;
    this.left =
      result === "wait" || (piece === this.left && !this.exact) ? 0 : Math.max(0, this.left - this.spent);
    if (result === "wait") this.waiting[this.current] = true;
    if (this.left === 0) hart.csrs.clearReservation();
    return true;
  }

  /** Harts run again from reset. */
  reset(): void {
    this.waiting.fill(false);
    this.left = 0;
    this.current = 0;
    this.urgent = -1;
    this.hurried = false;
  }

  save(): SchedulerState {
    const { waiting, current, left, urgent, hurried } = this;
    return { waiting: [...waiting], current, left, urgent, hurried };
  }

  restore({ waiting, current, left, urgent, hurried }: SchedulerState): void {
    const { length } = this.harts;
    must(waiting.length === length && current < length && urgent < length);
    this.waiting.splice(0, this.waiting.length, ...waiting);
    this.current = current;
    this.left = left;
    this.urgent = urgent;
    this.hurried = hurried;
  }

  private choose(): number {
    const { urgent, harts } = this;
    this.urgent = -1;
    // Not twice in a row: two harts that interrupt each other leave turns to a third.
    this.hurried = !this.hurried && urgent >= 0 && this.canRun(urgent);
    if (this.hurried) return urgent;
    for (let i = 1; i <= harts.length; i++) {
      const id = (this.current + i) % harts.length;
      if (this.canRun(id)) return id;
    }
    return -1;
  }

  private canRun(id: number): boolean {
    if (this.waiting[id] && isInterruptPending(this.harts[id])) this.waiting[id] = false;
    return !this.waiting[id];
  }
}
