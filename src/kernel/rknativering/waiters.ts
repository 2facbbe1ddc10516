import { type Api, api } from "../library.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { WaitQueue } from "../rksched/wait-queue.ts";

/** The two sides of a ring, and where in its header the kernel leaves word that somebody waits. */
export const Side = { consumers: 0, producers: 1 } as const;
const WAITING_AT = [12, 76];

/** Those who wait on one side of a ring. */
export interface RingQueue {
  readonly queue: WaitQueue;
  /** Somebody waits no more. */
  tidy(): void;
}

/** Who waits at which ring in memory: by the address in its address space, or by the byte of what is shared. */
export class RingWaiters {
  private readonly queues = new WeakMap<object, Map<number, WaitQueue>>();

  /** One side of the ring at `address`. */
  at(thread: Thread, address: number, side: number): RingQueue {
    const [places, place] = this.placeOf(thread, address, side);
    const queue = places.get(place) ?? new WaitQueue();
    places.set(place, queue);
    return {
      queue,
      tidy() {
        if (queue.isEmpty && places.get(place) === queue) places.delete(place);
      },
    };
  }

  /** Leaves word in the ring's header that somebody waits. */
  announce({ memory }: Thread, address: number, side: number): void {
    memory.writeU32(address + WAITING_AT[side], 1);
  }

  /** Takes that back and wakes those who wait on one side. */
  wake(thread: Thread, address: number, side: number): void {
    thread.memory.writeU32(address + WAITING_AT[side], 0);
    const [places, place] = this.placeOf(thread, address, side);
    places.get(place)?.wake();
  }

  private placeOf({ process: { memory } }: Thread, address: number, side: number) {
    const shared = memory.sharedPlace(address);
    const key = shared?.object ?? memory;
    const places = this.queues.get(key) ?? new Map<number, WaitQueue>();
    this.queues.set(key, places);
    return [places, (shared?.offset ?? address) * 2 + side] as const;
  }
}

export const ringWaiters: Api<RingWaiters> = api("rknative-rings");
