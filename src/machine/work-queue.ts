import type { HostWork } from "../devices/host-work.ts";
import { RefusedError } from "../messages/errors.ts";
import { machineMessages } from "../messages/machine.ts";

/** Far more than what devices take from their queues at once can lead to. */
const MOST_ROUNDS = 100_000;

interface Entry {
  /** Resolves, when the host is done, to what calls the callback that the outcome asks for. */
  readonly settled: Promise<() => void>;
}

/**
 * What the host is doing for a machine's devices. In host time the machine has what is done delivered between slices. In
 * virtual time it awaits, at the end of a slice, all that is under way, and has it delivered in order: the guest sees every
 * request answered within the slice after it. Callbacks may begin new work, which is left to the next time: a driver
 * can lay out its rings so that this goes on for ever.
 */
export class WorkQueue implements HostWork {
  private readonly inOrder: boolean;
  private readonly wake: () => void;
  private readonly entries = new Set<Entry>();
  /** Done in host time, to be delivered. */
  private ready: (() => void)[] = [];

  /** `wake`: in host time, something is done. */
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
    if (this.inOrder) return;
    settled.then((callBack) => {
      this.ready.push(() => {
        this.entries.delete(entry);
        callBack();
      });
      this.wake();
    });
  }

  /** In host time: calls back for what is done. */
  deliver(): void {
    const { ready } = this;
    this.ready = [];
    for (const callBack of ready) callBack();
  }

  /** Waits until nothing is under way. Throws `RefusedError` where a guest's rings go on for ever. */
  async drain(): Promise<void> {
    for (let rounds = 0; !this.isIdle; rounds++) {
      if (rounds === MOST_ROUNDS) throw new RefusedError(machineMessages.neverIdle());
      await this.settle();
    }
  }

  /** Waits for what is under way now, and calls back for it. */
  async settle(): Promise<void> {
    for (const entry of [...this.entries]) {
      const callBack = await entry.settled;
      if (!this.inOrder) continue;
      this.entries.delete(entry);
      callBack();
    }
    this.deliver();
  }
}
