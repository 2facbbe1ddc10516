import type { Dma } from "../../memory/dma.ts";
import { flag, integer, listOf, must, optional, record, type Shaped, u32 } from "../state-shape.ts";
import type { BufferChain, Lifetime } from "./chain.ts";
import type { Chain, Virtqueue } from "./device.ts";
import { Feature } from "./features.ts";
import { PackedRing } from "./packed-queue.ts";
import { RING_STATE, type Ring } from "./ring.ts";
import { SplitRing } from "./split-queue.ts";

/** The areas of a queue, in the order of their registers. */
export type Area = 0 | 1 | 2;

export const QUEUE_STATE = record({
  size: u32,
  align: u32,
  page: u32,
  isEnabled: flag,
  isNotified: flag,
  // The parts of a legacy queue may lie beyond 2^64.
  areas: listOf(integer(0, Number.MAX_SAFE_INTEGER), 6),
  ring: optional(RING_STATE),
});
export type QueueState = Shaped<typeof QUEUE_STATE>;

/** What queues ask of their transport. */
export interface QueueOwner {
  readonly memory: Dma;
  readonly features: bigint;
  fail(): void;
  usedBuffers(): void;
}

/**
 * One queue of a device: what the driver has set up of it, and while the device runs, the ring. Settings do not
 * change while the queue is enabled.
 */
export class Queue implements Virtqueue {
  readonly maxSize: number;
  size: number;
  /** Legacy: alignment of the used ring, and the number of the page where the queue begins. */
  align = 0;
  page = 0;
  isEnabled = false;
  /** The driver notified before it set DRIVER_OK. */
  isNotified = false;
  /**
   * Chains that may still be taken. While the device serves a notification no hart runs, so there are at most as many as
   * the ring has entries: more of them means that the ring lies where the device writes, and it might never end.
   */
  allowance = Number.POSITIVE_INFINITY;
  private readonly owner: QueueOwner;
  /** Low and high half of each area's address. */
  private readonly halves = [0, 0, 0, 0, 0, 0];
  private ring: Ring | undefined;
  private lifetime: Lifetime = { over: true };

  constructor(maxSize: number, owner: QueueOwner) {
    this.maxSize = maxSize;
    this.size = maxSize;
    this.owner = owner;
  }

  get isReady(): boolean {
    return this.ring !== undefined;
  }

  get isEmpty(): boolean {
    return this.ring?.isEmpty ?? true;
  }

  pop(): Chain | undefined {
    const chain = this.ring?.pop();
    if (!chain) return undefined;
    if (this.allowance > 0) {
      this.allowance--;
      return chain;
    }
    this.owner.fail();
    return undefined;
  }

  unpop(chain: Chain): void {
    if (chain.isDead) return;
    this.ring?.unpop(chain as BufferChain);
    this.allowance++;
  }

  push(chain: Chain, written: number): void {
    if (!chain.isDead) this.ring?.push(chain as BufferChain, written);
  }

  setHalf(area: Area, isHigh: boolean, value: number): void {
    this.halves[2 * area + (isHigh ? 1 : 0)] = value;
  }

  setAddress(area: Area, address: number): void {
    this.setHalf(area, false, address % 2 ** 32);
    this.setHalf(area, true, Math.floor(address / 2 ** 32));
  }

  /** Not exact from 2^53 on, where there is no RAM. */
  private address(area: Area): number {
    return this.halves[2 * area + 1] * 2 ** 32 + this.halves[2 * area];
  }

  /** The device runs: an enabled queue may be used from now on. One that cannot be used fails the device. */
  start(): void {
    if (!this.isEnabled || this.ring) return;
    this.ring = this.createRing();
    if (!this.ring) this.owner.fail();
  }

  /** Nothing more comes from it, and its chains are dead. */
  stop(): void {
    this.lifetime.over = true;
    this.ring = undefined;
    this.isNotified = false;
  }

  /** As out of reset. */
  reset(): void {
    this.stop();
    this.isEnabled = false;
    this.size = this.maxSize;
    this.page = 0;
    this.halves.fill(0);
  }

  save(): QueueState {
    const { size, align, page, isEnabled, isNotified, halves, ring } = this;
    return { size, align, page, isEnabled, areas: [...halves], isNotified, ring: ring?.save() };
  }

  /** A ring is there only while the device runs. */
  restore({ areas, ring, ...settings }: QueueState): void {
    this.stop();
    Object.assign(this, settings);
    areas.forEach((half, i) => {
      this.halves[i] = half;
    });
    if (!ring) return;
    this.ring = this.createRing();
    must(this.isEnabled && this.ring !== undefined);
    this.ring.restore(ring);
  }

  private createRing(): Ring | undefined {
    const { owner, size, maxSize } = this;
    if (size > maxSize) return undefined;
    this.lifetime = { over: false };
    const { memory, features } = owner;
    const layout = (features & Feature.packedRing) !== 0n ? PackedRing : SplitRing;
    return layout.create({
      memory,
      size,
      features,
      descriptors: this.address(0),
      driver: this.address(1),
      device: this.address(2),
      lifetime: this.lifetime,
      fail: () => owner.fail(),
      interrupt: () => owner.usedBuffers(),
    });
  }
}
