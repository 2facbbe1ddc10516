import { type WaitFor, WaitQueue } from "../rksched/wait-queue.ts";
import { errno } from "../syscalls/errno.ts";

/**
 * Many readers or one writer. Writers come first: while one waits no further reader is let in. So a reader that asks
 * again while it reads may wait for itself.
 */
export class RwLock<Owner> {
  private readonly readQueue = new WaitQueue();
  private readonly writeQueue = new WaitQueue();
  private reading = 0;
  private writingOwner: Owner | undefined = undefined;
  private waitingWriters = 0;

  /** How many read. */
  get readers(): number {
    return this.reading;
  }

  /** Who writes. */
  get writer(): Owner | undefined {
    return this.writingOwner;
  }

  tryRead(): boolean {
    if (this.writingOwner !== undefined || this.waitingWriters > 0) return false;
    this.reading++;
    return true;
  }

  tryWrite(owner: Owner): boolean {
    if (this.writingOwner !== undefined || this.reading > 0) return false;
    this.writingOwner = owner;
    return true;
  }

  /** 0, or -ETIMEDOUT. */
  read(wait: WaitFor, timeout?: number): number {
    const attempt = () => (this.tryRead() ? 0 : undefined);
    return wait({ attempt, queues: [this.readQueue], timeout });
  }

  /** 0, -ETIMEDOUT, or -EDEADLK for who writes already. */
  write(owner: Owner, wait: WaitFor, timeout?: number): number {
    if (this.writingOwner === owner) return -errno.EDEADLK;
    this.waitingWriters++;
    return wait({
      attempt: () => (this.tryWrite(owner) ? 0 : undefined),
      queues: [this.writeQueue],
      exclusive: true,
      timeout,
      finished: () => {
        this.waitingWriters--;
        this.letIn();
      },
    });
  }

  /** 0, or -EPERM where nobody reads. */
  releaseRead(): number {
    if (this.reading === 0) return -errno.EPERM;
    this.reading--;
    this.letIn();
    return 0;
  }

  /** 0, or -EPERM for who does not write. */
  releaseWrite(owner: Owner): number {
    if (this.writingOwner !== owner) return -errno.EPERM;
    this.writingOwner = undefined;
    this.letIn();
    return 0;
  }

  /** Wakes whoever can go on now. */
  private letIn(): void {
    if (this.writingOwner !== undefined) return;
    if (this.waitingWriters === 0) this.readQueue.wake();
    else if (this.reading === 0) this.writeQueue.wake();
  }
}
