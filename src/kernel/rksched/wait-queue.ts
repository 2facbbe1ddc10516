/** `wake` where anything may have happened. */
const ANYTHING = -1;

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
    if (this.waiters.size > 0) for (const waiter of [...this.waiters]) waiter(events);
    for (const waiter of [...this.exclusive]) {
      if (!waiter(events)) continue;
      // The next time another one comes first.
      this.exclusive.delete(waiter);
      this.exclusive.add(waiter);
      return;
    }
  }
}
