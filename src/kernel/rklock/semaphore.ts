import { type WaitFor, WaitQueue } from "../rksched/wait-queue.ts";
import { errno } from "../syscalls/errno.ts";

/** POSIX's SEM_VALUE_MAX. */
const MOST = 2 ** 31 - 1;

/** A number of permits. */
export class Semaphore {
  /** Woken for each permit that is given back. Wait there exclusively. */
  readonly queue = new WaitQueue();
  private permits: number;
  private readonly most: number;

  /** `most`: permits that there may be. */
  constructor(permits: number, most = MOST) {
    this.permits = permits;
    this.most = most;
  }

  get value(): number {
    return this.permits;
  }

  /** Takes a permit if there is one. */
  tryAcquire(): boolean {
    if (this.permits === 0) return false;
    this.permits--;
    return true;
  }

  /** Takes a permit when there is one: 0 or -ETIMEDOUT. */
  acquire(wait: WaitFor, timeout?: number): number {
    const attempt = () => (this.tryAcquire() ? 0 : undefined);
    return wait({ attempt, queues: [this.queue], exclusive: true, timeout });
  }

  /** 0, or -EOVERFLOW where there would be too many. */
  release(): number {
    if (this.permits >= this.most) return -errno.EOVERFLOW;
    this.permits++;
    this.queue.wake();
    return 0;
  }
}
