import type { HostWork } from "../../src/devices/host-work.ts";
import { RAM_BASE } from "../../src/devices/virtio/driver-fixture.ts";
import { Dma } from "../../src/memory/dma.ts";
import type { Random } from "../differential/random.ts";
import { bytesOf } from "./target.ts";

/** RAM that no buffer lies in. */
export const CANARY = { start: RAM_BASE + 0x35_0000, length: 0x4000 } as const;

/** Counts what devices do to RAM: the measure of a case's work. */
export class CountingDma extends Dma {
  accesses = 0;
  bytes = 0;

  override reaches(address: number, length: number): boolean {
    this.accesses++;
    return super.reaches(address, length);
  }

  override read(address: number, length: number): Uint8Array | undefined {
    if (super.reaches(address, length)) this.bytes += length;
    return super.read(address, length);
  }

  override write(address: number, bytes: Uint8Array): boolean {
    this.bytes += bytes.length;
    return super.write(address, bytes);
  }
}

/** A stretch of RAM that has to stay as it is. */
export class Canary {
  private readonly memory: Dma;
  private readonly expected: Uint8Array;

  constructor(memory: Dma, random: Random) {
    this.memory = memory;
    this.expected = bytesOf(random, CANARY.length);
    memory.write(CANARY.start, this.expected);
  }

  get isAlive(): boolean {
    return Buffer.compare(this.memory.read(CANARY.start, CANARY.length)!, this.expected) === 0;
  }
}

/** Host work of devices, which ends when `settle` is awaited. */
export class WatchedWork implements HostWork {
  private pending = 0;
  private readonly errors: unknown[] = [];

  follow<T>(work: Promise<T>, done: (value: T) => void, failed: (error: unknown) => void): void {
    this.pending++;
    const end =
      <A>(callback: (argument: A) => void) =>
      (argument: A) => {
        this.pending--;
        try {
          callback(argument);
        } catch (error) {
          this.errors.push(error);
        }
      };
    work.then(end(done), end(failed));
  }

  get isIdle(): boolean {
    return this.pending === 0 && this.errors.length === 0;
  }

  /** Throws what a device threw, and where the work never ends. */
  async settle(): Promise<void> {
    for (let turns = 0; this.pending > 0; turns++) {
      if (turns > 100_000) throw new Error("host work without end");
      if (turns < 50) await undefined;
      else await new Promise((resolve) => setImmediate(resolve));
    }
    if (this.errors.length > 0) throw this.errors[0];
  }
}
