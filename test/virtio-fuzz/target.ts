import type { HostWork } from "../../src/devices/host-work.ts";
import type { VirtioDevice } from "../../src/devices/virtio/device.ts";
import type { TestDriver } from "../../src/devices/virtio/driver-fixture.ts";
import type { Random } from "../differential/random.ts";

/** A chain to make available, before it is damaged. */
export interface Request {
  readonly queue: number;
  readonly readable: readonly Uint8Array[];
  /** Lengths. */
  readonly writable: readonly number[];
}

/** A device under attack, and what the fuzzer has to know of its kind. */
export interface Target {
  readonly device: VirtioDevice;
  /** A request as a driver would make it, or nearly. */
  request(random: Random): Request;
  /** Something happens outside of the guest: a key, a packet, a change of the balloon's target. */
  poke?(random: Random): void;
  /**
   * With the driver freshly started and all features agreed on: whether a plain request is answered rightly. `settle`
   * waits for the host.
   */
  works(driver: TestDriver, settle: () => Promise<void>): boolean | Promise<boolean>;
}

/** What a device is made with. */
export interface Parts {
  readonly work: HostWork;
  /** Gives a page of the guest's RAM back. */
  readonly discard: (page: number) => void;
}

export type MakeTarget = (parts: Parts) => Target;

/** Random bytes. */
export function bytesOf(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 4) {
    const word = random.word();
    for (let j = i; j < Math.min(i + 4, length); j++) bytes[j] = word >>> (8 * (j - i));
  }
  return bytes;
}
