import { type WaitFor, WaitQueue } from "../rksched/wait-queue.ts";
import { errno } from "../syscalls/errno.ts";

/**
 * Mutual exclusion. Who releases it wakes one of those that wait, in turn; another one may still be quicker. Who ends without
 * releasing it keeps it.
 */
export class Mutex<Owner> {
  /** Woken when it is free. Wait there exclusively. */
  readonly queue = new WaitQueue();
  private readonly isRecursive: boolean;
  private holder: Owner | undefined = undefined;
  private depth = 0;

  /** `isRecursive`: its owner may have it several times, and releases it as often. */
  constructor(isRecursive = false) {
    this.isRecursive = isRecursive;
  }

  get owner(): Owner | undefined {
    return this.holder;
  }

  /** Takes it if that is possible without waiting. */
  tryAcquire(owner: Owner): boolean {
    if (this.holder !== undefined && !(this.isRecursive && this.holder === owner)) return false;
    this.holder = owner;
    this.depth++;
    return true;
  }

  /** Takes it when it is free: 0, -ETIMEDOUT, or -EDEADLK for who has it and may not have it twice. */
  acquire(owner: Owner, wait: WaitFor, timeout?: number): number {
    if (this.holder === owner && !this.isRecursive) return -errno.EDEADLK;
    const attempt = () => (this.tryAcquire(owner) ? 0 : undefined);
    return wait({ attempt, queues: [this.queue], exclusive: true, timeout });
  }

  /** 0, or -EPERM for who does not have it. */
  release(owner: Owner): number {
    if (this.holder !== owner) return -errno.EPERM;
    this.depth--;
    if (this.depth > 0) return 0;
    this.holder = undefined;
    this.queue.wake();
    return 0;
  }
}
