import type { Dma } from "../../memory/dma.ts";
import { flag, record, type Shaped, u16 } from "../state-shape.ts";
import type { BufferChain, Lifetime } from "./chain.ts";

/** A ring that a driver has set up, and what its owner does for it. */
export interface RingSetup {
  readonly memory: Dma;
  /** Entries. */
  readonly size: number;
  /** Addresses of the descriptor area, the driver area and the device area (VIRTIO 1.2, section 2.6). */
  readonly descriptors: number;
  readonly driver: number;
  readonly device: number;
  /** Negotiated features. */
  readonly features: bigint;
  readonly lifetime: Lifetime;
  /** The ring is malformed: nothing more may be taken from it. */
  fail(): void;
  /** The driver wants to hear of what was pushed. */
  interrupt(): void;
}

/** The device's side of a ring of either layout. Its areas are RAM throughout, and aligned. */
export interface Ring {
  pop(): BufferChain | undefined;
  readonly isEmpty: boolean;
  unpop(chain: BufferChain): void;
  push(chain: BufferChain, written: number): void;
  /** How far it has come; with no chain taken that is all there is to know of it. */
  save(): RingState;
  /** Throws `BadState` where a ring of this size cannot have come so far. */
  restore(state: RingState): void;
}

export const RING_STATE = record({
  /** The next entry to take, and the next to give back. */
  available: u16,
  used: u16,
  /** Wrap counters of the two; of packed rings only. */
  availableWrap: flag,
  usedWrap: flag,
  /** The driver was asked to notify. */
  asking: flag,
});
export type RingState = Shaped<typeof RING_STATE>;

/** Whether an index that went on by `steps` to `now` has passed `event` (section 2.7.10; all modulo 2^16). */
export function hasPassed(event: number, now: number, steps: number): boolean {
  return ((now - event - 1) & 0xffff) < steps;
}
