import type { Device } from "../../memory/bus.ts";
import type { Dma } from "../../memory/dma.ts";
import type { InterruptLine } from "../interrupt-line.ts";
import type { State, Stateful } from "../state.ts";
import { anything, integer, listOf, must, record, u8, u32, u64 } from "../state-shape.ts";
import type { VirtioDevice, VirtioLink, Virtqueue } from "./device.ts";
import { Feature, transportFeatures } from "./features.ts";
import { Cause, Register, Status } from "./mmio-registers.ts";
import { type Area, QUEUE_STATE, Queue, type QueueOwner } from "./queue.ts";

const MAGIC = 0x7472_6976;
/** QEMU's. */
const VENDOR = 0x554d_4551;

export interface VirtioMmioOptions {
  /** Absent: an empty slot, of which a driver sees device ID 0. */
  readonly device?: VirtioDevice;
  readonly memory: Dma;
  /** 1 is the legacy interface. */
  readonly version: 1 | 2;
  /** Offers packed rings; of version 2 only. */
  readonly packed: boolean;
  readonly interrupt: InterruptLine;
}

/** A slot as an onlooker sees it. */
export interface SlotView {
  /** Absent: an empty slot. */
  readonly device: string | undefined;
  readonly version: 1 | 2;
  /** Bits of `Status`. */
  readonly status: number;
  /** Feature bits that the driver was offered, and those that it took. */
  readonly offered: bigint;
  readonly accepted: bigint;
  readonly queues: readonly {
    readonly maxSize: number;
    readonly size: number;
    /** The driver has set it up; and the device serves it. */
    readonly isEnabled: boolean;
    readonly isReady: boolean;
  }[];
}

/**
 * A virtio device behind memory-mapped registers (VIRTIO 1.2, section 4.2), as QEMU's `virtio-mmio` with
 * `force-legacy` on (version 1) or off (version 2). Registers are 4 bytes wide: narrower accesses read as zero and write
 * nothing. Configuration space, from 0x100 on, takes accesses of any width at any offset; it reads as zero behind its end.
 *
 * A driver that skips steps gets no further than where each step checks for itself. Status bits that it has set stay set
 * until it writes 0.
 */
export class VirtioMmio implements Device, Stateful, VirtioLink, QueueOwner {
  readonly name: string;
  readonly memory: Dma;
  private readonly device: VirtioDevice | undefined;
  private readonly version: 1 | 2;
  private readonly interrupt: InterruptLine;
  private readonly offered: bigint;
  private readonly queues: readonly Queue[];
  private accepted = 0n;
  private status = 0;
  private causes = 0;
  private generation = 0;
  private deviceFeaturesSelect = 0;
  private driverFeaturesSelect = 0;
  private queueSelect = 0;
  /** Bytes. Not lost by a reset: Linux sets it once, before. */
  private guestPageSize = 1;

  constructor({ device, memory, version, packed, interrupt }: VirtioMmioOptions) {
    this.name = device?.name ?? "virtio-mmio";
    this.memory = memory;
    this.device = device;
    this.version = version;
    this.interrupt = interrupt;
    const offered = (device?.features ?? 0n) | transportFeatures(version, packed);
    this.offered = version === 1 ? BigInt.asUintN(32, offered) : offered;
    this.queues = (device?.queueSizes ?? []).map((size) => new Queue(size, this));
    device?.connect(this);
  }

  get features(): bigint {
    return this.accepted;
  }

  get isModern(): boolean {
    return (this.accepted & Feature.version1) !== 0n;
  }

  queue(index: number): Virtqueue {
    return this.queues[index];
  }

  /** What driver and device have come to. */
  describe(): SlotView {
    const { device, version, status, offered, accepted, queues } = this;
    return {
      device: device?.name,
      version,
      status,
      offered,
      accepted,
      queues: queues.map(({ maxSize, size, isEnabled, isReady }) => ({ maxSize, size, isEnabled, isReady })),
    };
  }

  configChanged(): void {
    this.generation = (this.generation + 1) >>> 0;
    if (this.has(Status.driverOk)) this.raise(Cause.configChanged);
  }

  fail(): void {
    if (this.has(Status.needsReset)) return;
    this.status |= Status.needsReset;
    for (const queue of this.queues) queue.stop();
    this.configChanged();
  }

  usedBuffers(): void {
    this.raise(Cause.usedBuffers);
  }

  load(offset: number, size: 1 | 2 | 4): number {
    if (offset >= Register.config) return this.loadConfig(offset - Register.config, size);
    if (size !== 4) return 0;
    switch (offset) {
      case Register.magicValue:
        return MAGIC;
      case Register.version:
        return this.version;
      case Register.vendorId:
        return VENDOR;
    }
    return this.device ? this.loadRegister(this.device, offset) : 0;
  }

  store(offset: number, size: 1 | 2 | 4, value: number): void {
    const { device } = this;
    if (!device) return;
    if (offset >= Register.config) this.storeConfig(device, offset - Register.config, size, value);
    else if (size === 4) this.storeRegister(device, offset, value);
  }

  save(): State {
    return {
      accepted: this.accepted,
      status: this.status,
      causes: this.causes,
      generation: this.generation,
      selects: [this.deviceFeaturesSelect, this.driverFeaturesSelect, this.queueSelect],
      guestPageSize: this.guestPageSize,
      queues: this.queues.map((queue) => queue.save()),
      device: this.device?.save(),
    };
  }

  restore(state: State): void {
    const saved = STATE(state);
    this.accepted = saved.accepted;
    this.status = saved.status;
    must(!this.has(Status.featuresOk | Status.driverOk) || this.mayAccept());
    must(saved.queues.length === this.queues.length);
    this.causes = saved.causes;
    this.generation = saved.generation;
    [this.deviceFeaturesSelect, this.driverFeaturesSelect, this.queueSelect] = saved.selects;
    this.guestPageSize = saved.guestPageSize;
    this.queues.forEach((queue, i) => {
      must(saved.queues[i].ring === undefined || this.isRunning);
      queue.restore(saved.queues[i]);
    });
    this.device?.restore(saved.device);
  }

  private has(status: number): boolean {
    return (this.status & status) !== 0;
  }

  private raise(cause: number): void {
    this.causes |= cause;
    this.interrupt(true);
  }

  private loadConfig(offset: number, size: 1 | 2 | 4): number {
    const config = this.device?.config();
    if (!config) return 0;
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + (config[offset + i] ?? 0);
    return value;
  }

  private storeConfig(device: VirtioDevice, offset: number, size: 1 | 2 | 4, value: number): void {
    const bytes = new Uint8Array(size);
    for (let i = 0; i < size; i++) bytes[i] = value >>> (8 * i);
    device.writeConfig(offset, bytes);
  }

  private loadRegister(device: VirtioDevice, offset: number): number {
    const queue = this.queues[this.queueSelect];
    switch (offset) {
      case Register.deviceId:
        return device.type;
      case Register.deviceFeatures:
        return wordOf(this.offered, this.deviceFeaturesSelect);
      case Register.queueSizeMax:
        return queue?.maxSize ?? 0;
      case Register.interruptStatus:
        return this.causes;
      case Register.status:
        return this.status;
    }
    if (this.version === 1) return offset === Register.queuePfn ? (queue?.page ?? 0) : 0;
    if (offset === Register.queueReady) return queue?.isEnabled ? 1 : 0;
    if (offset === Register.configGeneration) return this.generation;
    // There is no shared memory: length and base read as all ones.
    const isSharedMemory =
      offset >= Register.sharedMemoryLengthLow && offset <= Register.sharedMemoryBaseHigh;
    return isSharedMemory && offset % 4 === 0 ? 0xffff_ffff : 0;
  }

  private storeRegister(device: VirtioDevice, offset: number, value: number): void {
    switch (offset) {
      case Register.deviceFeaturesSelect:
        this.deviceFeaturesSelect = value;
        return;
      case Register.driverFeatures:
        this.setDriverFeatures(value);
        return;
      case Register.driverFeaturesSelect:
        this.driverFeaturesSelect = value;
        return;
      case Register.queueSelect:
        this.queueSelect = value;
        return;
      case Register.queueNotify:
        this.notify(device, value);
        return;
      case Register.interruptAck:
        this.causes &= ~value;
        this.interrupt(this.causes !== 0);
        return;
      case Register.status:
        this.setStatus(device, value & 0xff);
        return;
    }
    const queue = this.queues[this.queueSelect];
    if (this.version === 1) this.storeLegacy(queue, offset, value);
    else if (queue) this.storeQueue(queue, offset, value);
  }

  /** Registers of the selected queue, of version 2. Settings of an enabled queue stay. */
  private storeQueue(queue: Queue, offset: number, value: number): void {
    if (offset === Register.queueReady) this.enable(queue, (value & 1) !== 0);
    else if (queue.isEnabled) return;
    else if (offset === Register.queueSize) queue.size = value;
    else if (offset >= Register.queueDescriptors && offset < Register.sharedMemoryLengthLow) {
      const within = (offset - Register.queueDescriptors) % 0x10;
      const area = ((offset - Register.queueDescriptors) >> 4) as Area;
      if (within === 0 || within === 4) queue.setHalf(area, within === 4, value);
    }
  }

  private storeLegacy(queue: Queue | undefined, offset: number, value: number): void {
    // The lowest bit decides, as in QEMU.
    if (offset === Register.guestPageSize) this.guestPageSize = (value & -value) >>> 0 || 1;
    else if (!queue) return;
    else if (offset === Register.queuePfn) this.setPage(queue, value);
    else if (queue.isEnabled) return;
    else if (offset === Register.queueSize) queue.size = value;
    else if (offset === Register.queueAlign) queue.align = value;
  }

  /** Where a legacy driver has the queue, in pages of its own (section 2.7.2): 0 disables it. */
  private setPage(queue: Queue, page: number): void {
    this.enable(queue, false);
    queue.page = page;
    if (page === 0) return;
    const { size, align } = queue;
    const descriptors = page * this.guestPageSize;
    const driver = descriptors + 16 * size;
    queue.setAddress(0, descriptors);
    queue.setAddress(1, driver);
    queue.setAddress(2, Math.ceil((driver + 6 + 2 * size) / (align || 1)) * (align || 1));
    this.enable(queue, true);
  }

  private enable(queue: Queue, isEnabled: boolean): void {
    queue.isEnabled = isEnabled;
    if (!isEnabled) queue.stop();
    else if (this.isRunning) queue.start();
  }

  private get isRunning(): boolean {
    return this.has(Status.driverOk) && !this.has(Status.needsReset);
  }

  /** Features are settled by FEATURES_OK; in legacy drivers, which know no such bit, by DRIVER_OK. */
  private setDriverFeatures(value: number): void {
    if (this.has(Status.featuresOk | Status.driverOk)) return;
    const shift = BigInt(this.driverFeaturesSelect) * 32n;
    if (this.version === 1) {
      if (shift === 0n) this.accepted = BigInt(value) & this.offered;
    } else if (shift < 64n) {
      this.accepted = (this.accepted & ~(0xffff_ffffn << shift)) | (BigInt(value) << shift);
    }
  }

  private setStatus(device: VirtioDevice, value: number): void {
    if (value === 0) {
      this.reset(device);
      return;
    }
    let added = value & ~this.status & ~Status.needsReset;
    const refuses = this.version === 1 || !this.mayAccept();
    if (refuses) added &= ~Status.featuresOk;
    this.status |= added;
    if ((added & Status.driverOk) === 0) return;
    // Without FEATURES_OK nothing was agreed on.
    if (this.version === 2 && !this.has(Status.featuresOk)) this.accepted = 0n;
    if (this.isRunning) this.start(device);
  }

  /** A driver that leaves VERSION_1 out, against section 6.1, may go on: xv6's does, and so it may under QEMU. */
  private mayAccept(): boolean {
    return (this.accepted & ~this.offered) === 0n;
  }

  private start(device: VirtioDevice): void {
    for (const queue of this.queues) queue.start();
    if (!this.isRunning) return;
    this.serve(() => device.start());
    // Legacy drivers may notify before DRIVER_OK.
    this.queues.forEach((queue, i) => {
      if (queue.isNotified) this.notify(device, i);
      queue.isNotified = false;
    });
  }

  private notify(device: VirtioDevice, index: number): void {
    const queue = this.queues[index];
    if (queue?.isReady) this.serve(() => device.notify(index));
    else if (queue?.isEnabled && !this.has(Status.driverOk)) queue.isNotified = true;
  }

  /** Lets the device work on behalf of a hart that waits for it. */
  private serve(work: () => void): void {
    for (const queue of this.queues) queue.allowance = queue.size;
    work();
    for (const queue of this.queues) queue.allowance = Number.POSITIVE_INFINITY;
  }

  private reset(device: VirtioDevice): void {
    for (const queue of this.queues) queue.reset();
    this.accepted = 0n;
    this.status = 0;
    this.causes = 0;
    this.deviceFeaturesSelect = 0;
    this.driverFeaturesSelect = 0;
    this.queueSelect = 0;
    this.interrupt(false);
    device.reset();
  }
}

/** More queues than any device has. */
const MOST_QUEUES = 1024;
const STATE = record({
  accepted: u64,
  status: u8,
  causes: integer(0, Cause.usedBuffers | Cause.configChanged),
  generation: u32,
  selects: listOf(u32, 3),
  guestPageSize: integer(1, 2 ** 31),
  queues: listOf(QUEUE_STATE, 0, MOST_QUEUES),
  device: anything,
});

/** The 32 bits of `features` that a select register chooses: 0 from bit 64 on. */
function wordOf(features: bigint, select: number): number {
  return select > 1 ? 0 : Number((features >> BigInt(32 * select)) & 0xffff_ffffn);
}
