import { WaitQueue } from "../rksched/wait-queue.ts";
import { errno } from "../syscalls/errno.ts";
import type { Mailbox, Mailboxes, Wait } from "./mailbox.ts";

const MAX_CAPACITY = 65_536;

/** A mailbox whose messages stand in the kernel. */
export class QueuedMailbox<T> implements Mailbox<T> {
  readonly capacity: number;
  readonly filled = new WaitQueue();
  readonly emptied = new WaitQueue();
  /** In a circle from `first`; it grows to the capacity as it is used. */
  private readonly messages: T[] = [];
  private first = 0;
  private count_ = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get count(): number {
    return this.count_;
  }

  postTry(message: T): number {
    if (this.count_ === this.capacity) return -errno.ENOBUFS;
    this.messages[(this.first + this.count_) % this.capacity] = message;
    this.count_++;
    this.filled.wake();
    return 0;
  }

  recvTry(deliver: (message: T) => number): number {
    if (this.count_ === 0) return -errno.ENOBUFS;
    const result = deliver(this.messages[this.first]);
    this.first = (this.first + 1) % this.capacity;
    this.count_--;
    this.emptied.wake();
    return result;
  }

  post(message: T, wait: Wait, timeout?: number): number {
    const attempt = () => (this.count_ < this.capacity ? this.postTry(message) : undefined);
    return wait({ attempt, queues: [this.emptied], timeout, timedOut: () => -errno.ENOBUFS });
  }

  recv(deliver: (message: T) => number, wait: Wait, timeout?: number): number {
    const attempt = () => (this.count_ > 0 ? this.recvTry(deliver) : undefined);
    return wait({ attempt, queues: [this.filled], timeout, timedOut: () => -errno.ENOBUFS });
  }
}

export const queuedMailboxes: Mailboxes = {
  create: (capacity) =>
    Number.isInteger(capacity) && capacity > 0 && capacity <= MAX_CAPACITY
      ? new QueuedMailbox(capacity)
      : undefined,
};
