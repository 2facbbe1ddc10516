import type { HostWork } from "../devices/host-work.ts";

interface Entry {
  /** Calls the callback that the outcome asks for; resolves to it. */
  readonly settled: Promise<() => void>;
}

/**
 * What the host is doing for a machine's devices. In host time callbacks run as soon as the host is done, which is
 * between slices, because a slice is one synchronous call. In virtual time they run in order, in `settle`, which the
 * machine awaits at the end of a slice: the guest sees every request answered within the slice after it.
 */
export class WorkQueue implements HostWork {
  private readonly inOrder: boolean;
  private readonly wake: () => void;
  private readonly entries = new Set<Entry>();
  private failure: { readonly error: unknown } | undefined;

  /** `wake`: a callback has run, which may have given a waiting hart something to do. */
  constructor(inOrder: boolean, wake: () => void) {
    this.inOrder = inOrder;
    this.wake = wake;
  }

  get isIdle(): boolean {
    return this.entries.size === 0;
  }

  follow<T>(work: Promise<T>, done: (value: T) => void, failed: (error: unknown) => void): void {
    const settled = work.then(
      (value) => () => done(value),
      (error: unknown) => () => failed(error),
    );
    const entry = { settled };
    this.entries.add(entry);
    if (!this.inOrder) settled.then((callBack) => this.finish(entry, callBack));
  }

  /** Waits for all that is under way. Throws what a callback threw: a bug. */
  async settle(): Promise<void> {
    for (const entry of this.entries) {
      const callBack = await entry.settled;
      if (this.inOrder) this.finish(entry, callBack);
    }
    this.check();
  }

  /** Throws what a callback threw since the last look. */
  check(): void {
    if (!this.failure) return;
    const { error } = this.failure;
    this.failure = undefined;
    throw error;
  }

  private finish(entry: Entry, callBack: () => void): void {
    this.entries.delete(entry);
    try {
      callBack();
    } catch (error) {
      this.failure ??= { error };
    }
    this.wake();
  }
}
