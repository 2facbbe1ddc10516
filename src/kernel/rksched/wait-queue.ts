/** Those who wait for something to happen: a file to become ready, a child to end. */
export class WaitQueue {
  private readonly waiters = new Set<() => void>();

  /** Calls `waiter` at every `wake` until the function returned is called. */
  add(waiter: () => void): () => void {
    this.waiters.add(waiter);
    return () => this.waiters.delete(waiter);
  }

  wake(): void {
    for (const waiter of [...this.waiters]) waiter();
  }
}
