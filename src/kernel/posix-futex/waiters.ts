import type { AddressSpace } from "../rkvm/address-space.ts";
import type { PageObject } from "../rkvm/page-object.ts";

/** Someone who waits at a futex. */
export interface Waiter {
  queue: Set<Waiter>;
  /** Wakes him only when it shares a bit with the waker's. */
  readonly bits: number;
  /** Real-time priority: more is woken first. 0 where he has none. */
  readonly urgency: number;
  /** Set before `wake` is called. */
  isWoken: boolean;
  wake(): void;
}

/** What names a futex: an address of one address space, or a byte of what is shared. */
export interface FutexKey {
  readonly space: AddressSpace | PageObject;
  readonly address: number;
}

/** Who waits at which futex. */
export class FutexTable {
  /** Somebody with a real-time priority has waited. */
  private hasUrgent = false;
  private readonly spaces = new WeakMap<FutexKey["space"], Map<number, Set<Waiter>>>();

  add(waiter: Waiter): void {
    if (waiter.urgency > 0) this.hasUrgent = true;
    waiter.queue.add(waiter);
  }

  /** The most urgent ones first, and of those the one that has waited longest, as Linux has it. */
  private inOrder(queue: Set<Waiter>): Iterable<Waiter> {
    return this.hasUrgent ? [...queue].sort((a, b) => b.urgency - a.urgency) : queue;
  }

  /** The waiters at a futex, in the order they came. */
  queue(key: FutexKey): Set<Waiter> {
    const queues = this.queuesOf(key);
    let queue = queues.get(key.address);
    if (!queue) {
      queue = new Set();
      queues.set(key.address, queue);
    }
    return queue;
  }

  /** Wakes at most `count` waiters. Returns how many. */
  wake(key: FutexKey, count: number, bits: number): number {
    const queue = this.queuesOf(key).get(key.address);
    if (!queue) return 0;
    let woken = 0;
    for (const waiter of this.inOrder(queue)) {
      if (woken >= count) break;
      if ((waiter.bits & bits) === 0) continue;
      queue.delete(waiter);
      waiter.isWoken = true;
      waiter.wake();
      woken++;
    }
    this.tidy(key);
    return woken;
  }

  /** Moves at most `count` waiters to another futex. Returns how many. */
  requeue(from: FutexKey, to: FutexKey, count: number): number {
    const source = this.queuesOf(from).get(from.address);
    if (!source || count <= 0) return 0;
    const target = this.queue(to);
    if (source === target) return Math.min(count, source.size);
    let moved = 0;
    for (const waiter of this.inOrder(source)) {
      if (moved >= count) break;
      source.delete(waiter);
      target.add(waiter);
      waiter.queue = target;
      moved++;
    }
    this.tidy(from);
    this.tidy(to);
    return moved;
  }

  /** Forgets an empty queue. */
  tidy(key: FutexKey): void {
    const queues = this.queuesOf(key);
    if (queues.get(key.address)?.size === 0) queues.delete(key.address);
  }

  private queuesOf(key: FutexKey): Map<number, Set<Waiter>> {
    let queues = this.spaces.get(key.space);
    if (!queues) {
      queues = new Map();
      this.spaces.set(key.space, queues);
    }
    return queues;
  }
}
