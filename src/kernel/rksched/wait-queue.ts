/** `wake` where anything may have happened. */
const ANYTHING = -1;

/** What somebody waits for. */
export interface WaitRequest {
  /**
   * Tries to get what is waited for: the result, or `undefined` while there is nothing yet. It is called at once, and
   * after each wake-up when the waiter's turn has come.
   */
  readonly attempt: () => number | undefined;
  /** What wakes the waiter. */
  readonly queues: Iterable<WaitQueue>;
  /** Of those that wait so, a wake-up wakes one only: for what only one can have. */
  readonly exclusive?: boolean;
  /** Nanoseconds to wait at most. */
  readonly timeout?: number | undefined;
  /** The result when the time is up; default -ETIMEDOUT. */
  readonly timedOut?: () => number;
  /** The result when a signal has come, where there are signals. */
  readonly interrupted?: (() => number) | undefined;
  /** Called once when the wait is over, also when the waiter ends in it. */
  readonly finished?: () => void;
}

/**
 * How whoever calls waits, for code that does not know who that is. Returns the result, or what stands for one that is
 * still to come. For a guest's thread in a system call: `(request) => waitUntil(thread, request)`.
 */
export type WaitFor = (request: WaitRequest) => number;

/** A place in a list of waiters. */
interface Entry<T> {
  readonly waiter: T;
  before: Entry<T> | undefined;
  after: Entry<T> | undefined;
  isIn: boolean;
}

/**
 * Waiters in the order in which they came. No `Set`: that one makes new tables as they come and go, and tables that V8 has
 * moved to its old generation keep all that was ever in them until that is collected.
 */
class Waiters<T> {
  size = 0;
  private first: Entry<T> | undefined;
  private last: Entry<T> | undefined;

  add(waiter: T): () => void {
    const entry: Entry<T> = { waiter, before: undefined, after: undefined, isIn: true };
    this.append(entry);
    return () => this.remove(entry);
  }

  /** Those that are there now, for a walk in which they may come and go. */
  now(): readonly Entry<T>[] {
    const entries: Entry<T>[] = [];
    for (let entry = this.first; entry; entry = entry.after) entries.push(entry);
    return entries;
  }

  /** The only one, if there is one only. */
  get single(): T | undefined {
    return this.size === 1 ? this.first?.waiter : undefined;
  }

  moveToEnd(entry: Entry<T>): void {
    if (!entry.isIn) return;
    this.remove(entry);
    entry.isIn = true;
    this.append(entry);
  }

  private append(entry: Entry<T>): void {
    entry.before = this.last;
    if (this.last) this.last.after = entry;
    else this.first = entry;
    this.last = entry;
    this.size++;
  }

  private remove(entry: Entry<T>): void {
    if (!entry.isIn) return;
    const { before, after } = entry;
    if (before) before.after = after;
    else this.first = after;
    if (after) after.before = before;
    else this.last = before;
    entry.before = undefined;
    entry.after = undefined;
    entry.isIn = false;
    this.size--;
  }
}

/** Those who wait for something to happen: a file to become ready, a child to end. */
export class WaitQueue {
  private readonly waiters = new Waiters<(events: number) => void>();
  private readonly exclusive = new Waiters<(events: number) => boolean>();

  /** Whether anybody waits. */
  get isEmpty(): boolean {
    return this.waiters.size + this.exclusive.size === 0;
  }

  /** Calls `waiter` at every `wake` until the function returned is called. */
  add(waiter: (events: number) => void): () => void {
    return this.waiters.add(waiter);
  }

  /** Of these, one after the other is called, each time until one has returned true: it takes care. */
  addExclusive(waiter: (events: number) => boolean): () => void {
    return this.exclusive.add(waiter);
  }

  /** `events`: what may hold now that did not (`POLL`), for who waits for some of them only. */
  wake(events = ANYTHING): void {
    const { single } = this.waiters;
    if (single) single(events);
    else if (this.waiters.size > 0) for (const { waiter } of this.waiters.now()) waiter(events);
    if (this.exclusive.size === 0) return;
    for (const entry of this.exclusive.now()) {
      if (!entry.waiter(events)) continue;
      // The next time another one comes first.
      this.exclusive.moveToEnd(entry);
      return;
    }
  }
}
