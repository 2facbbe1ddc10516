import type { HostWork } from "../../src/devices/host-work.ts";
import { RAM_BASE, TestDriver } from "../../src/devices/virtio/driver-fixture.ts";
import { Dma } from "../../src/memory/dma.ts";
import type { Random } from "../differential/random.ts";
import { bytesOf } from "./target.ts";

/** RAM that no buffer lies in. */
export const CANARY = { start: RAM_BASE + 0x35_0000, length: 0x4000 } as const;

interface Range {
  readonly address: number;
  readonly length: number;
}

/** Counts what devices do to RAM: the measure of a case's work. Notes where they write, if asked. */
export class CountingDma extends Dma {
  accesses = 0;
  bytes = 0;
  /** Writes since somebody began to listen. */
  writes: Range[] | undefined;

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
    return this.note(address, bytes.length, super.write(address, bytes));
  }

  override writeU16(address: number, value: number): boolean {
    return this.note(address, 2, super.writeU16(address, value));
  }

  override writeU32(address: number, value: number): boolean {
    return this.note(address, 4, super.writeU32(address, value));
  }

  private note(address: number, length: number, isDone: boolean): boolean {
    if (isDone) this.writes?.push({ address, length });
    return isDone;
  }
}

/** Bytes behind each buffer that are in no other. */
const FENCE = 32;

/** A driver that knows what memory it has given to its device since it started. */
export class FencedDriver extends TestDriver {
  private readonly given: Range[] = [];
  private isStarted = false;

  override start(options?: Parameters<TestDriver["start"]>[0]): this {
    super.start(options);
    this.isStarted = true;
    return this;
  }

  override reset(): void {
    super.reset();
    this.given.length = 0;
    this.isStarted = false;
  }

  override allocate(length: number, align?: number): number {
    // The areas of a legacy queue touch each other.
    const address = super.allocate(length + (this.isStarted ? FENCE : 0), align);
    this.given.push({ address, length });
    return address;
  }

  /** The first of the writes that is not within what was given. */
  findStray(writes: readonly Range[]): Range | undefined {
    return writes.find(
      ({ address, length }) =>
        !this.given.some(
          (range) => address >= range.address && address + length <= range.address + range.length,
        ),
    );
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

  /** `page`: an address / 4096. */
  hasPage(page: number): boolean {
    return page * 4096 >= CANARY.start && page * 4096 < CANARY.start + CANARY.length;
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
