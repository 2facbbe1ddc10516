import { Policy, type Schedulable, type Scheduler } from "../rksched/scheduler.ts";

/** How long threads may run while others of their kind could, in nanoseconds. */
export interface SliceLengths {
  /** Of SCHED_OTHER, SCHED_BATCH and SCHED_IDLE. */
  readonly normal: number;
  /** Of SCHED_RR. */
  readonly roundRobin: number;
}

/** The lengths where nothing else is asked for: 4 ms, and 100 ms as under Linux. */
export const USUAL_SLICES: SliceLengths = { normal: 4e6, roundRobin: 1e8 };

/** SCHED_IDLE below SCHED_OTHER and SCHED_BATCH, those below the priorities 1 to 99. */
const LEVELS = 101;

function levelOf({ scheduling: { policy, priority } }: Schedulable): number {
  if (policy === Policy.fifo || policy === Policy.roundRobin) return priority + 1;
  return policy === Policy.idle ? 0 : 1;
}

/**
 * Fixed priorities: the most urgent runs, at once, and while it can nobody below does. Among equals SCHED_FIFO runs until it
 * waits, yields or ends, all others take turns. Nice values mean nothing here.
 *
 * One that had to make room for a more urgent one comes first among its equals again, with what is left of its slice.
 */
export class PreemptiveScheduler<T extends Schedulable> implements Scheduler<T> {
  waiting = 0;
  private readonly lengths: SliceLengths;
  private readonly levels: TurnQueue<T>[] = [];
  /** Not below the highest level that has a thread. */
  private highest = 0;
  /** What is left of the slice of those that have begun one. */
  private readonly left = new WeakMap<T, number>();

  constructor(lengths: SliceLengths = USUAL_SLICES) {
    this.lengths = lengths;
    for (let level = 0; level < LEVELS; level++) this.levels.push(new TurnQueue());
  }

  ready(thread: T): void {
    this.left.delete(thread);
    this.enter(thread).push(thread);
  }

  preempted(thread: T): void {
    if (this.slice(thread) > 0) this.enter(thread).putFirst(thread);
    else this.ready(thread);
  }

  yielded(thread: T): void {
    this.ready(thread);
  }

  remove(thread: T): void {
    if (this.levels[levelOf(thread)].delete(thread)) this.waiting--;
  }

  pick(): T | undefined {
    if (this.waiting === 0) return undefined;
    while (this.levels[this.highest].size === 0) this.highest--;
    this.waiting--;
    return this.levels[this.highest].shift();
  }

  slice(thread: T): number {
    return this.left.get(thread) ?? this.fullSlice(thread);
  }

  interval(thread: T): number {
    const length = this.fullSlice(thread);
    return length === Number.POSITIVE_INFINITY ? 0 : length;
  }

  charge(thread: T, nanoseconds: number): void {
    if (thread.scheduling.policy !== Policy.fifo) this.left.set(thread, this.slice(thread) - nanoseconds);
  }

  preempts(candidate: T, running: T): boolean {
    return levelOf(candidate) > levelOf(running);
  }

  private fullSlice({ scheduling: { policy } }: T): number {
    if (policy === Policy.fifo) return Number.POSITIVE_INFINITY;
    return policy === Policy.roundRobin ? this.lengths.roundRobin : this.lengths.normal;
  }

  private enter(thread: T): TurnQueue<T> {
    const level = levelOf(thread);
    this.highest = Math.max(this.highest, level);
    this.waiting++;
    return this.levels[level];
  }
}

/** First in, first out, but for those put first. All in constant time. */
class TurnQueue<T> {
  // A Set keeps the order of insertion and takes out any member.
  private readonly first = new Set<T>();
  private readonly rest = new Set<T>();

  get size(): number {
    return this.first.size + this.rest.size;
  }

  push(one: T): void {
    this.rest.add(one);
  }

  putFirst(one: T): void {
    this.first.add(one);
  }

  shift(): T | undefined {
    for (const queue of [this.first, this.rest])
      for (const one of queue) {
        queue.delete(one);
        return one;
      }
    return undefined;
  }

  delete(one: T): boolean {
    return this.first.delete(one) || this.rest.delete(one);
  }
}
