import { Arena } from "../../memory/arena.ts";
import { Dma } from "../../memory/dma.ts";
import { PhysicalMemory } from "../../memory/physical-memory.ts";
import type { VirtioDevice } from "./device.ts";
import {
  type Areas,
  type Buffer,
  type DriverRing,
  PackedDriverRing,
  SplitDriverRing,
} from "./driver-rings-fixture.ts";
import { Feature } from "./features.ts";

import { VirtioMmio } from "./mmio.ts";

import { Cause, Register, Status } from "./mmio-registers.ts";

export const RAM_BASE = 0x8000_0000;
const PAGE = 4096;

/** Transport versions and ring layouts, as rows for `describe.each`. */
export const TRANSPORTS = [
  { version: 1, packed: false },
  { version: 2, packed: false },
  { version: 2, packed: true },
] as const;

export interface TestDriverOptions {
  /** 2 unless given. */
  readonly version?: 1 | 2;
  readonly packed?: boolean;
  /** 8 MiB unless given. */
  readonly ramBytes?: number;
  /** How the device reaches that RAM, where a test wants to look on. */
  readonly dma?: (ram: PhysicalMemory) => Dma;
}

/** What a device gave back. */
export interface Used {
  /** As `add` returned it. */
  readonly token: number;
  readonly written: number;
  /** As much of the writable part as `written` says. */
  readonly bytes: Uint8Array;
}

/** A driver for tests: a device behind a transport with RAM of its own. Buffers come from that RAM and go back by `collect`. */
export class TestDriver {
  readonly ram: PhysicalMemory;
  readonly memory: Dma;
  readonly mmio: VirtioMmio;
  readonly version: 1 | 2;
  /** The interrupt line, and how often it went up. */
  line = false;
  interrupts = 0;
  rings: DriverRing[] = [];
  private readonly device: VirtioDevice;
  private readonly packed: boolean;
  private readonly chains: Map<number, Buffer[]>[] = [];
  /** Where free RAM begins, and where it did when the queues had been set up. */
  private free = RAM_BASE + PAGE;
  private firstBuffer = 0;

  constructor(
    device: VirtioDevice,
    { version = 2, packed = false, ramBytes = 8 << 20, dma }: TestDriverOptions = {},
  ) {
    this.device = device;
    this.version = version;
    this.packed = packed;
    this.ram = new PhysicalMemory(new Arena(ramBytes + (1 << 20)), RAM_BASE, ramBytes);
    this.memory = dma?.(this.ram) ?? new Dma(this.ram, () => {});
    const interrupt = (high: boolean) => {
      if (high && !this.line) this.interrupts++;
      this.line = high;
    };
    this.mmio = new VirtioMmio({ device, memory: this.memory, version, packed, interrupt });
  }

  get(register: number): number {
    return this.mmio.load(register, 4);
  }

  set(register: number, value: number): void {
    this.mmio.store(register, 4, value);
  }

  /** A number from configuration space. */
  config(offset: number, size: 1 | 2 | 4): number {
    return this.mmio.load(Register.config + offset, size);
  }

  setConfig(offset: number, size: 1 | 2 | 4, value: number): void {
    this.mmio.store(Register.config + offset, size, value);
  }

  get status(): number {
    return this.get(Register.status);
  }

  get needsReset(): boolean {
    return (this.status & Status.needsReset) !== 0;
  }

  get offered(): bigint {
    this.set(Register.deviceFeaturesSelect, 0);
    const low = BigInt(this.get(Register.deviceFeatures));
    this.set(Register.deviceFeaturesSelect, 1);
    return low | (BigInt(this.get(Register.deviceFeatures)) << 32n);
  }

  /**
   * Resets the device, negotiates and sets up all queues. `features`: those wanted of what is offered (all of it unless
   * given), beside those that this transport cannot do without.
   */
  start({ features = ~0n, queueSize = 256 }: { features?: bigint; queueSize?: number } = {}): this {
    const needed = this.version === 2 ? Feature.version1 | (this.packed ? Feature.packedRing : 0n) : 0n;
    this.reset();
    this.set(Register.status, Status.acknowledge);
    this.set(Register.status, Status.acknowledge | Status.driver);
    this.negotiate((features | needed) & this.offered);
    if (this.version === 1) this.set(Register.guestPageSize, PAGE);
    this.device.queueSizes.forEach((largest, i) => {
      this.setUpQueue(i, Math.min(largest, queueSize));
    });
    this.firstBuffer = this.free;
    this.set(Register.status, this.status | Status.driverOk);
    return this;
  }

  reset(): void {
    this.set(Register.status, 0);
    this.rings = [];
    this.chains.length = 0;
    this.free = RAM_BASE + PAGE;
  }

  /** Up to FEATURES_OK. */
  negotiate(features: bigint): void {
    for (const select of [0, 1]) {
      this.set(Register.driverFeaturesSelect, select);
      this.set(Register.driverFeatures, Number((features >> BigInt(32 * select)) & 0xffff_ffffn));
    }
    if (this.version === 2) this.set(Register.status, this.status | Status.featuresOk);
  }

  setUpQueue(index: number, size: number): void {
    const base = this.allocate(16 * size, PAGE);
    const driver = this.allocate(6 + 2 * size, 4);
    const device = this.allocate(6 + 8 * size, this.version === 1 ? PAGE : 4);
    const areas: Areas = { descriptors: base, driver, device, size };
    this.memory.write(base, new Uint8Array(device + 6 + 8 * size - base));
    this.set(Register.queueSelect, index);
    this.set(Register.queueSize, size);
    if (this.version === 1) {
      this.set(Register.queueAlign, PAGE);
      this.set(Register.queuePfn, base / PAGE);
    } else {
      this.set(Register.queueDescriptors, base);
      this.set(Register.queueDriver, driver);
      this.set(Register.queueDevice, device);
      this.set(Register.queueReady, 1);
    }
    const layout = this.packed ? PackedDriverRing : SplitDriverRing;
    this.rings[index] = new layout(this.memory, areas);
    this.chains[index] = new Map();
  }

  /** RAM that is free until all chains have come back. */
  allocate(length: number, align = 16): number {
    const address = Math.ceil(this.free / align) * align;
    this.free = address + length;
    if (!this.memory.reaches(address, length)) throw new RangeError("the test's RAM is used up");
    return address;
  }

  /**
   * Makes a chain available, each element a buffer: bytes to read, then lengths to write. The device is not notified.
   * Returns a token by which `collect` knows the chain.
   */
  add(
    queue: number,
    readable: readonly Uint8Array[],
    writable: readonly number[] = [],
    isIndirect = false,
  ): number {
    const buffers: Buffer[] = [];
    for (const bytes of readable) {
      const address = this.allocate(bytes.length);
      this.memory.write(address, bytes);
      buffers.push({ address, length: bytes.length, isWritable: false });
    }
    for (const length of writable) buffers.push({ address: this.allocate(length), length, isWritable: true });
    const table = isIndirect ? this.allocate(16 * buffers.length) : undefined;
    const token = this.rings[queue].add(buffers, table);
    this.chains[queue].set(token, buffers);
    return token;
  }

  notify(queue: number): void {
    this.set(Register.queueNotify, queue);
  }

  /** The chains that have come back, in the device's order. */
  collect(queue: number): Used[] {
    const chains = this.chains[queue];
    const all = this.rings[queue].collect().map(({ id, written }) => {
      const bytes = new Uint8Array(written);
      let done = 0;
      for (const { address, length, isWritable } of chains.get(id) ?? []) {
        if (!isWritable) continue;
        const count = Math.min(length, written - done);
        bytes.set(this.memory.read(address, count)!, done);
        done += count;
      }
      chains.delete(id);
      return { token: id, written, bytes };
    });
    if (this.chains.every((outstanding) => outstanding.size === 0)) this.free = this.firstBuffer;
    return all;
  }

  /** One request, answered at once: undefined where it was not. */
  request(queue: number, readable: Uint8Array | undefined, writable = 0): Used | undefined {
    const token = this.add(queue, readable ? [readable] : [], writable > 0 ? [writable] : []);
    this.notify(queue);
    return this.collect(queue).find((used) => used.token === token);
  }

  /** Takes an interrupt: its causes, acknowledged. */
  acknowledge(): { usedBuffers: boolean; configChanged: boolean } {
    const causes = this.get(Register.interruptStatus);
    this.set(Register.interruptAck, causes);
    return {
      usedBuffers: (causes & Cause.usedBuffers) !== 0,
      configChanged: (causes & Cause.configChanged) !== 0,
    };
  }
}
