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

/** Those who wait for something to happen: a file to become ready, a child to end. */
export class WaitQueue {
  private readonly waiters = new Set<(events: number) => void>();
  private readonly exclusive = new Set<(events: number) => boolean>();

  /** Whether anybody waits. */
  get isEmpty(): boolean {
    return this.waiters.size + this.exclusive.size === 0;
  }

  /** Calls `waiter` at every `wake` until the function returned is called. */
  add(waiter: (events: number) => void): () => void {
    this.waiters.add(waiter);
    return () => this.waiters.delete(waiter);
  }

  /** Of these, one after the other is called, each time until one has returned true: it takes care. */
  addExclusive(waiter: (events: number) => boolean): () => void {
    this.exclusive.add(waiter);
    return () => this.exclusive.delete(waiter);
  }

  /** `events`: what may hold now that did not (`POLL`), for who waits for some of them only. */
  wake(events = ANYTHING): void {
    // Waiters come and go meanwhile; a single one needs no copy of the list.
    if (this.waiters.size === 1) this.waiters.values().next().value?.(events);
    else if (this.waiters.size > 0) for (const waiter of [...this.waiters]) waiter(events);
    if (this.exclusive.size === 0) return;
    for (const waiter of [...this.exclusive]) {
      if (!waiter(events)) continue;
      // The next time another one comes first.
      this.exclusive.delete(waiter);
      this.exclusive.add(waiter);
      return;
    }
  }
}
