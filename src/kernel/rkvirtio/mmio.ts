import type { Bus, Device } from "../../memory/bus.ts";

/** Registers (VIRTIO 1.2, section 4.2.2). */
const Register = {
  magicValue: 0x00,
  version: 0x04,
  deviceId: 0x08,
  deviceFeatures: 0x10,
  deviceFeaturesSelect: 0x14,
  driverFeatures: 0x20,
  driverFeaturesSelect: 0x24,
  queueSelect: 0x30,
  queueSizeMax: 0x34,
  queueSize: 0x38,
  queueReady: 0x44,
  queueNotify: 0x50,
  interruptStatus: 0x60,
  interruptAck: 0x64,
  status: 0x70,
  queueDescriptors: 0x80,
  queueDriver: 0x90,
  queueDevice: 0xa0,
  config: 0x100,
} as const;

/** The device status (section 2.1). */
const Status = { acknowledge: 1, driver: 2, driverOk: 4, featuresOk: 8, needsReset: 0x40 } as const;

const MAGIC = 0x7472_6976;
const VERSION = 2;
const WINDOW = 0x1000;
const VERSION_1 = 1n << 32n;
const WORD = 2 ** 32;

/** Where a queue's areas are in physical memory. */
export interface QueueAreas {
  readonly size: number;
  readonly descriptors: number;
  readonly driver: number;
  readonly device: number;
}

/** The driver's side of the registers of a virtio device (VIRTIO 1.2, section 4.2). */
export class VirtioTransport {
  private readonly device: Device;

  private constructor(device: Device) {
    this.device = device;
  }

  /** The device of kind `id` (section 5) at a physical address; undefined where there is another one, or none. */
  static find(bus: Bus, base: number, id: number): VirtioTransport | undefined {
    const window = bus.find(base, WINDOW);
    if (!window) return undefined;
    const transport = new VirtioTransport(window.device);
    const isThere =
      transport.get(Register.magicValue) === MAGIC &&
      transport.get(Register.version) === VERSION &&
      transport.get(Register.deviceId) === id;
    return isThere ? transport : undefined;
  }

  /** Resets the device and agrees on those of `wanted` that it offers (section 3.1.1). Undefined: it refuses. */
  begin(wanted: bigint): bigint | undefined {
    this.set(Register.status, 0);
    this.addStatus(Status.acknowledge);
    this.addStatus(Status.driver);
    const features = (wanted | VERSION_1) & this.offered();
    for (const select of [0, 1]) {
      this.set(Register.driverFeaturesSelect, select);
      this.set(Register.driverFeatures, Number((features >> BigInt(32 * select)) & 0xffff_ffffn));
    }
    this.addStatus(Status.featuresOk);
    const isAgreed = (this.get(Register.status) & Status.featuresOk) !== 0 && (features & VERSION_1) !== 0n;
    return isAgreed ? features : undefined;
  }

  /** The largest size of a queue; 0: there is none of that number. */
  queueSize(queue: number): number {
    this.set(Register.queueSelect, queue);
    return this.get(Register.queueSizeMax);
  }

  setQueue(queue: number, { size, descriptors, driver, device }: QueueAreas): void {
    this.set(Register.queueSelect, queue);
    this.set(Register.queueSize, size);
    const areas = [
      [Register.queueDescriptors, descriptors],
      [Register.queueDriver, driver],
      [Register.queueDevice, device],
    ] as const;
    for (const [register, address] of areas) {
      this.set(register, address % WORD);
      this.set(register + 4, Math.floor(address / WORD));
    }
    this.set(Register.queueReady, 1);
  }

  /** Queues may be used from now on. */
  ready(): void {
    this.addStatus(Status.driverOk);
  }

  notify(queue: number): void {
    this.set(Register.queueNotify, queue);
  }

  /** The device has stopped for something that it was asked. */
  get needsReset(): boolean {
    return (this.get(Register.status) & Status.needsReset) !== 0;
  }

  acknowledgeInterrupts(): void {
    this.set(Register.interruptAck, this.get(Register.interruptStatus));
  }

  configU8(offset: number): number {
    return this.device.load(Register.config + offset, 1);
  }

  configU32(offset: number): number {
    return this.device.load(Register.config + offset, 4);
  }

  private offered(): bigint {
    let features = 0n;
    for (const select of [0, 1]) {
      this.set(Register.deviceFeaturesSelect, select);
      features |= BigInt(this.get(Register.deviceFeatures)) << BigInt(32 * select);
    }
    return features;
  }

  private addStatus(bit: number): void {
    this.set(Register.status, this.get(Register.status) | bit);
  }

  private get(register: number): number {
    return this.device.load(register, 4);
  }

  private set(register: number, value: number): void {
    this.device.store(register, 4, value);
  }
}
