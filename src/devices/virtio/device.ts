import type { Dma } from "../../memory/dma.ts";
import type { State, Stateful } from "../state.ts";

/**
 * A virtio device apart from its transport (VIRTIO 1.2, section 5). The transport (`mmio.ts`) has the status, the feature
 * negotiation and the queues; the device knows what its queues carry.
 *
 * A device takes a chain from a queue only when it can begin to serve it, so that when no host work is under way it
 * holds none: what a saved machine has to know of a queue is then in the queue.
 */
export interface VirtioDevice<S extends State = State> extends Stateful<S> {
  /** As users write it: `virtio-blk`. */
  readonly name: string;
  /** Device ID (section 5). */
  readonly type: number;
  /** The device's own feature bits; the transport adds those of rings and transport. */
  readonly features: bigint;
  /** The largest size of each queue: powers of two, at most 32768. */
  readonly queueSizes: readonly number[];
  /** Called once, before everything else. */
  connect(link: VirtioLink): void;
  /** The configuration space as the driver reads it now, little-endian. */
  config(): Uint8Array;
  /** The driver writes configuration space. The bytes may lie outside of it. */
  writeConfig(offset: number, bytes: Uint8Array): void;
  /** The driver has set DRIVER_OK: queues may be used from now on. */
  start(): void;
  /** Back to the state out of reset. What is still under way on the host may end later: its chains are dead. */
  reset(): void;
  /** The driver has made buffers available in a queue. */
  notify(queue: number): void;
}

/** What the transport gives its device. */
export interface VirtioLink {
  readonly memory: Dma;
  /** The features that device and driver agreed on. */
  readonly features: bigint;
  /** VIRTIO_F_VERSION_1 was negotiated; otherwise the driver follows the legacy rules. */
  readonly isModern: boolean;
  /** Queue `index`, always the same object. */
  queue(index: number): Virtqueue;
  /** Tells the driver that configuration space has changed. */
  configChanged(): void;
  /** The driver did what the specification forbids: DEVICE_NEEDS_RESET, and no queue gives anything until then. */
  fail(): void;
}

/** The device's side of a virtqueue, whatever the layout of its ring. */
export interface Virtqueue {
  /** The driver has set it up, the device has been started, and nothing has failed. */
  readonly isReady: boolean;
  /** The next chain that the driver made available, or undefined: none, or a malformed one (the device has failed). */
  pop(): Chain | undefined;
  /** Whether `pop` would give a chain; asks the driver to notify where it would not. */
  readonly isEmpty: boolean;
  /** Puts back the chain that `pop` gave last, unused. */
  unpop(chain: Chain): void;
  /** Gives a chain back, with the number of bytes written to its writable part. Dead chains are ignored. */
  push(chain: Chain, written: number): void;
}

/**
 * A descriptor chain: buffers that the device reads, then buffers that it writes, each part seen as one row of bytes.
 * Every buffer lies in RAM. A chain dies when its queue is reset: its memory is the driver's again.
 */
export interface Chain {
  /** Bytes for the device to read. */
  readonly readable: number;
  /** Bytes for the device to write. */
  readonly writable: number;
  readonly isDead: boolean;
  /** A copy of up to `length` bytes from `offset` of the readable part: fewer where it ends, none of a dead chain. */
  read(offset: number, length: number): Uint8Array;
  /** Writes into the writable part from `offset` on, as much as fits; returns how much (none into a dead chain). */
  write(offset: number, bytes: Uint8Array): number;
  /** Where the buffers of the writable part are, for a device that wants the memory itself (none of a dead chain). */
  eachWritable(visit: (address: number, length: number) => void): void;
}
