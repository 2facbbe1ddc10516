import { isRealtime, Policy, type Schedulable, type Scheduler } from "../rksched/scheduler.ts";
import { PreemptiveScheduler, type SliceLengths, USUAL_SLICES } from "../rkschedpreem/preemptive.ts";
import { Heap, type HeapItem } from "./heap.ts";
import { NORMAL_WEIGHT, weightOf } from "./weights.ts";

/** What the scheduler keeps for a thread. */
interface Entity<T> extends HeapItem {
  readonly thread: T;
  /** The time that it has had, divided by its weight: nanoseconds of a thread of nice 0. */
  virtual: number;
  /** While it is in the heap. */
  weight: number;
  /** Among equals the one that came first goes first. */
  order: number;
}

/** Real-time threads leave 50 ms of each second of running to the others, as under Linux (`sched_rt_runtime_us`). */
const PERIOD = 1e9;
const REALTIME_MOST = 0.95e9;

/**
 * Each thread has time in proportion to its weight, which its nice value says. The one that has had least in relation to it
 * (the least virtual time) runs; all get a slice in turn, long in proportion to their weights and `normal` on average. So no
 * thread that could run all the time is ever further from its share than by one slice.
 *
 * Who has waited does not catch up on the time that it did not want: it goes on no more than half a slice ahead of the others,
 * which lets it have the hart at once from one that computes. Real-time threads come first, scheduled by fixed priorities.
 */
export class FairScheduler<T extends Schedulable> implements Scheduler<T> {
  private readonly normal: number;
  private readonly realtime: PreemptiveScheduler<T>;
  private readonly entities = new WeakMap<T, Entity<T>>();
  private readonly heap = new Heap<Entity<T>>((a, b) =>
    a.virtual === b.virtual ? a.order < b.order : a.virtual < b.virtual,
  );
  /** Of all in the heap. */
  private weight = 0;
  /** The least virtual time of all that could run; it never goes back. */
  private floor = 0;
  private arrivals = 0;
  /** Of the present period: the time that all have had, and that real-time threads have had. */
  private spent = 0;
  private spentInRealtime = 0;

  constructor(lengths: SliceLengths = USUAL_SLICES) {
    this.normal = lengths.normal;
    this.realtime = new PreemptiveScheduler(lengths);
  }

  get waiting(): number {
    return this.realtime.waiting + this.heap.size;
  }

  ready(thread: T): void {
    if (isRealtime(thread.scheduling.policy)) this.realtime.ready(thread);
    else {
      const entity = this.entity(thread);
      const bonus = (this.normal / 2) * Math.min(1, NORMAL_WEIGHT / weightOf(thread.scheduling));
      entity.virtual = Math.max(entity.virtual, this.floor - bonus);
      this.enter(entity);
    }
  }

  preempted(thread: T): void {
    if (isRealtime(thread.scheduling.policy)) this.realtime.preempted(thread);
    else this.enter(this.entity(thread));
  }

  /** Counts as if it had used all of a slice. */
  yielded(thread: T): void {
    if (isRealtime(thread.scheduling.policy)) this.realtime.yielded(thread);
    else {
      const entity = this.entity(thread);
      entity.virtual += this.virtualTime(thread, this.fairSlice(thread));
      this.enter(entity);
    }
  }

  remove(thread: T): void {
    if (isRealtime(thread.scheduling.policy)) this.realtime.remove(thread);
    else {
      const entity = this.entities.get(thread);
      if (entity && entity.index >= 0) this.leave(entity);
    }
  }

  pick(): T | undefined {
    const { first } = this.heap;
    if (!first || (this.realtime.waiting > 0 && !this.isThrottled)) return this.realtime.pick();
    this.leave(first);
    this.floor = Math.max(this.floor, first.virtual);
    return first.thread;
  }

  slice(thread: T): number {
    const untilEnd = PERIOD - this.spent;
    if (isRealtime(thread.scheduling.policy))
      return this.isThrottled
        ? untilEnd
        : Math.min(this.realtime.slice(thread), REALTIME_MOST - this.spentInRealtime);
    const slice = this.fairSlice(thread);
    // Real-time threads that are held back come again then.
    return this.realtime.waiting > 0 ? Math.min(slice, untilEnd) : slice;
  }

  interval(thread: T): number {
    return isRealtime(thread.scheduling.policy) ? this.realtime.interval(thread) : this.normal;
  }

  charge(thread: T, nanoseconds: number): void {
    this.spent += nanoseconds;
    if (isRealtime(thread.scheduling.policy)) {
      this.spentInRealtime += nanoseconds;
      this.realtime.charge(thread, nanoseconds);
    } else this.chargeFair(this.entity(thread), nanoseconds);
    if (this.spent < PERIOD) return;
    this.spent = 0;
    this.spentInRealtime = 0;
  }

  preempts(candidate: T, running: T): boolean {
    const { policy } = candidate.scheduling;
    if (isRealtime(running.scheduling.policy)) return this.realtime.preempts(candidate, running);
    if (isRealtime(policy)) return !this.isThrottled;
    if (policy !== Policy.other) return false;
    if (running.scheduling.policy === Policy.idle) return true;
    // Less than a quarter of a slice is not worth a switch.
    return this.entity(running).virtual - this.entity(candidate).virtual > this.normal / 4;
  }

  private get isThrottled(): boolean {
    return this.spentInRealtime >= REALTIME_MOST;
  }

  private chargeFair(entity: Entity<T>, nanoseconds: number): void {
    const queued = entity.index >= 0;
    if (queued) this.leave(entity);
    entity.virtual += this.virtualTime(entity.thread, nanoseconds);
    const least = Math.min(entity.virtual, this.heap.first?.virtual ?? Number.POSITIVE_INFINITY);
    this.floor = Math.max(this.floor, least);
    if (queued) this.enter(entity);
  }

  private virtualTime(thread: T, nanoseconds: number): number {
    return (nanoseconds * NORMAL_WEIGHT) / weightOf(thread.scheduling);
  }

  /** Its part of a round in which each thread has its turn. It is not in the heap. */
  private fairSlice(thread: T): number {
    const own = weightOf(thread.scheduling);
    return (this.normal * (this.heap.size + 1) * own) / (this.weight + own);
  }

  private enter(entity: Entity<T>): void {
    entity.weight = weightOf(entity.thread.scheduling);
    entity.order = this.arrivals++;
    this.weight += entity.weight;
    this.heap.push(entity);
  }

  private leave(entity: Entity<T>): void {
    this.heap.remove(entity);
    this.weight -= entity.weight;
  }

  private entity(thread: T): Entity<T> {
    let entity = this.entities.get(thread);
    if (!entity) {
      entity = { thread, virtual: this.floor, weight: 0, order: 0, index: -1 };
      this.entities.set(thread, entity);
    }
    return entity;
  }
}
