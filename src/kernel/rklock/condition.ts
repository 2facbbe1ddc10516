import { type WaitFor, WaitQueue } from "../rksched/wait-queue.ts";
import { errno } from "../syscalls/errno.ts";
import type { Mutex } from "./mutex.ts";

interface Waiter {
  readonly queue: WaitQueue;
  isSignalled: boolean;
  /** It has seen the signal. */
  hasGoneOn: boolean;
}

/** A condition variable: what it stands for is guarded by a mutex. */
export class Condition {
  private readonly waiters = new Set<Waiter>();

  /**
   * Releases `mutex` and waits for a signal: 0, -ETIMEDOUT, or -EPERM for who does not have the mutex. No signal is lost in
   * between. Afterwards the caller takes the mutex again, which is another wait, and looks again at what it waits for: it
   * may be gone, or the wait may have ended without a reason.
   */
  wait<Owner>(mutex: Mutex<Owner>, owner: Owner, wait: WaitFor, timeout?: number): number {
    if (mutex.owner !== owner) return -errno.EPERM;
    const waiter: Waiter = { queue: new WaitQueue(), isSignalled: false, hasGoneOn: false };
    this.waiters.add(waiter);
    mutex.release(owner);
    return wait({
      attempt: () => {
        waiter.hasGoneOn = waiter.isSignalled;
        return waiter.isSignalled ? 0 : undefined;
      },
      queues: [waiter.queue],
      timeout,
      // Made again it would not have the mutex.
      interrupted: () => 0,
      finished: () => this.leave(waiter),
    });
  }

  /** Wakes the one that has waited longest. */
  signal(): void {
    for (const waiter of this.waiters) {
      this.wake(waiter);
      return;
    }
  }

  /** Wakes all. */
  broadcast(): void {
    for (const waiter of [...this.waiters]) this.wake(waiter);
  }

  private wake(waiter: Waiter): void {
    this.waiters.delete(waiter);
    waiter.isSignalled = true;
    waiter.queue.wake();
  }

  private leave(waiter: Waiter): void {
    this.waiters.delete(waiter);
    // It has ended before its turn came: the signal is another one's.
    if (waiter.isSignalled && !waiter.hasGoneOn) this.signal();
  }
}
