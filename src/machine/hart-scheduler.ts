import { type Hart, LONGEST_STRAIGHT_RUN } from "../cpu/hart.ts";
import { isInterruptPending } from "../cpu/interrupts.ts";
import { flag, integer, listOf, must, record, type Shaped } from "../devices/state-shape.ts";

/** Instructions in a hart's turn where others can run: half of this to one and a half, by chance. */
const TURN = 8_000;
/** Instructions in the shortest turn. */
const SHORTEST_TURN = 32;
/** Instructions in the longest turn. */
export const LONGEST_TURN = 200_000;
/**
 * Instructions that a hart goes on for after it has interrupted another one: enough to interrupt some more, and to
 * start waiting for them.
 */
const AFTER_INTERRUPTING = 200;
/** The harts that a machine can have. */
export const MOST_HARTS = 8;
/** Where the turns' lengths begin: any number but 0. */
const SEED = 0x9e37_79b9;

export const SCHEDULER_STATE = record({
  waiting: listOf(flag, 1, MOST_HARTS),
  called: listOf(flag, 1, MOST_HARTS),
  ahead: listOf(integer(0, 2 * LONGEST_TURN), 1, MOST_HARTS),
  current: integer(0, MOST_HARTS - 1),
  left: integer(0, LONGEST_TURN),
  random: integer(1, 0xffff_ffff),
});
export type SchedulerState = Shaped<typeof SCHEDULER_STATE>;

/**
 * Harts take turns on one thread, in an order that comes near to harts that run at the same time: next is the one that
 * has done the least. A hart that waits (`wfi`) has no turns until an interrupt that it has enabled is pending, and then
 * stands where the hart is that was running. So two harts that wake each other in turn go on for as long as a third one's
 * turn was; that one, which perhaps spins until they are done, does not come between each time.
 *
 * A hart that another one interrupts comes soon, for it is probably being waited for: the other one's turn is nearly
 * over, and the interrupted one may come a turn's length before it is due, but no more, so that harts that keep
 * interrupting each other leave others their share.
 *
 * Lengths of turns vary, or a hart that looks at a word at regular intervals might see it always in the same state: say
 * that it interrupts another one until that has cleared a flag, which that one sets again before it waits. After an
 * interrupt they vary over orders of magnitude, because the two are in step then. In virtual time the lengths are a part
 * of the machine's state.
 *
 * Atomicity between harts follows from turns: nothing comes between the parts of an instruction, and a reservation does
 * not outlive its turn.
 */
export class HartScheduler {
  private readonly harts: readonly Hart[];
  private readonly waiting: boolean[];
  /** Interrupted by another hart since the last turn. */
  private readonly called: boolean[];
  /** Instructions that each one has done more than the one that had done the least when the turn began. */
  private readonly ahead: number[];
  /** Turns are ended where the architecture says, at any cost in speed: the order of things is to be repeatable. */
  private readonly exact: boolean;
  private running: Hart | undefined;
  /** Whose turn it is, and what is left of it: a turn may be run in pieces. */
  private current = 0;
  private left = 0;
  private random = SEED;
  /** What the last piece spent, as `Hart.spent`. */
  spent = 0;

  constructor(harts: readonly Hart[], exact: boolean) {
    this.harts = harts;
    this.waiting = harts.map(() => false);
    this.called = harts.map(() => false);
    this.ahead = harts.map(() => 0);
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
      this.called[id] = true;
      this.endTurn(AFTER_INTERRUPTING);
    }
  }

  /** The turn that is being run ends after `instructions` more: of the device access that asks, and what follows. */
  endTurn(instructions = 0): void {
    if (!this.running) return;
    this.running.requestAttention(instructions + (this.exact ? 0 : LONGEST_STRAIGHT_RUN));
    this.left = Math.min(this.left, this.running.spentSoFar + instructions);
  }

  /**
   * Runs a piece of a turn, of `limit` instructions at most; a new turn has `longest` (`LONGEST_TURN`) at most. False where every hart
   * waits.
   */
  run(limit: number, longest: number): boolean {
    this.spent = 0;
    if (this.left === 0 && !this.startTurn(longest)) return false;
    const hart = this.harts[this.current];
    const most = this.left + LONGEST_STRAIGHT_RUN;
    const about = !this.exact && most <= limit;
    this.running = hart;
    const result = about ? hart.runAbout(most) : hart.run(Math.min(this.left, limit));
    this.running = undefined;
    this.spent = hart.spent;
    this.ahead[this.current] += this.spent;
    this.left = about || result === "wait" ? 0 : Math.max(0, this.left - this.spent);
    if (result === "wait") this.waiting[this.current] = true;
    if (this.left === 0) hart.csrs.clearReservation();
    return true;
  }

  /** Harts run again from reset. */
  reset(): void {
    this.waiting.fill(false);
    this.called.fill(false);
    this.ahead.fill(0);
    this.left = 0;
    this.current = 0;
    this.random = SEED;
  }

  save(): SchedulerState {
    const { waiting, called, ahead, current, left, random } = this;
    return { waiting: [...waiting], called: [...called], ahead: [...ahead], current, left, random };
  }

  restore({ waiting, called, ahead, current, left, random }: SchedulerState): void {
    const { length } = this.harts;
    must([waiting, called, ahead].every((list) => list.length === length) && current < length);
    this.waiting.splice(0, length, ...waiting);
    this.called.splice(0, length, ...called);
    this.ahead.splice(0, length, ...ahead);
    this.current = current;
    this.left = left;
    this.random = random;
  }

  /** False where every hart waits. */
  private startTurn(longest: number): boolean {
    const { harts, waiting, called, ahead } = this;
    let least = ahead[this.current];
    for (const [id, waits] of waiting.entries()) if (!waits) least = Math.min(least, ahead[id]);
    let next = -1;
    let place = 0;
    let candidates = 0;
    let isCalled = false;
    // Of two that have done the same, the one that follows the current one.
    for (let i = 1; i <= harts.length; i++) {
      const id = (this.current + i) % harts.length;
      ahead[id] = Math.max(0, ahead[id] - least);
      if (waiting[id]) {
        if (!isInterruptPending(harts[id])) continue;
        waiting[id] = false;
        called[id] = true;
      }
      candidates++;
      const its = ahead[id] - (called[id] ? TURN : 0);
      if (next >= 0 && its >= place) continue;
      [next, place, isCalled] = [id, its, called[id]];
    }
    if (next < 0) return false;
    called[next] = false;
    this.current = next;
    this.left = Math.min(longest, candidates === 1 ? LONGEST_TURN : this.turnLength(isCalled));
    return true;
  }

  private turnLength(isCalled: boolean): number {
    // xorshift32 (Marsaglia).
    this.random ^= this.random << 13;
    this.random ^= this.random >>> 17;
    this.random = (this.random ^ (this.random << 5)) >>> 0;
    if (isCalled) return SHORTEST_TURN + (this.random % ((TURN / 2) >>> (this.random >>> 29)));
    return TURN / 2 + (this.random % TURN);
  }
}
