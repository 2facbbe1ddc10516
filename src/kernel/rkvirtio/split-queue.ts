import type { PhysicalMemory } from "../../memory/physical-memory.ts";
import type { QueueAreas } from "./mmio.ts";

const PAGE = 4096;
const DESCRIPTOR = 16;
const [NEXT, WRITE] = [1, 2];
/** The available ring's flag: the driver looks for itself. */
const NO_INTERRUPT = 1;

/** A buffer in physical memory. */
export interface Buffer {
  readonly address: number;
  readonly length: number;
  /** The device writes it. */
  readonly isWritable: boolean;
}

/** The driver's side of a split virtqueue (VIRTIO 1.2, section 2.7), for one chain at a time and without interrupts. */
export class SplitQueue {
  readonly areas: QueueAreas;
  private readonly ram: PhysicalMemory;
  /** Bytes that the device says it wrote into the chain taken last. */
  written = 0;
  private available = 0;
  private used = 0;
  private offered = 0;

  /** `address`: `SplitQueue.bytes(size)` bytes of zeros within one page, on a multiple of 16. */
  constructor(ram: PhysicalMemory, address: number, size: number) {
    this.ram = ram;
    const driver = address + DESCRIPTOR * size;
    const device = Math.ceil((driver + 6 + 2 * size) / 4) * 4;
    this.areas = { size, descriptors: address, driver, device };
    this.setU16(driver, NO_INTERRUPT);
  }

  static bytes(size: number): number {
    return DESCRIPTOR * size + 2 * size + 8 * size + 16;
  }

  /** Makes a chain of at most as many buffers as the queue has entries available. The device is to be notified. */
  add(buffers: readonly Buffer[]): void {
    this.describe(0, buffers);
    this.offer(0);
  }

  /** Writes a chain's descriptors, from number `head` on: it may be offered any number of times. */
  describe(head: number, buffers: readonly Buffer[]): void {
    buffers.forEach(({ address, length, isWritable }, i) => {
      const bytes = new Uint8Array(DESCRIPTOR);
      const view = new DataView(bytes.buffer);
      view.setBigUint64(0, BigInt(address), true);
      view.setUint32(8, length, true);
      const isLast = i === buffers.length - 1;
      view.setUint16(12, (isWritable ? WRITE : 0) | (isLast ? 0 : NEXT), true);
      view.setUint16(14, isLast ? 0 : head + i + 1, true);
      this.ram.write(this.areas.descriptors + DESCRIPTOR * (head + i), bytes);
    });
  }

  /** Makes a chain available. The device is to be notified. */
  offer(head: number): void {
    const { driver, size } = this.areas;
    this.offered = head;
    this.setU16(driver + 4 + 2 * (this.available % size), head);
    this.available = (this.available + 1) & 0xffff;
    this.setU16(driver + 2, this.available);
  }

  /** Takes the chain back; false where the device still has it, or answers what it was not asked. */
  take(): boolean {
    const { device, size } = this.areas;
    const { u16, u32 } = this.ram.arena;
    const next = (this.used + 1) & 0xffff;
    if (u16[this.at(device + 2) / 2] !== next) return false;
    const entry = device + 4 + 8 * (this.used % size);
    this.used = next;
    this.written = u32[this.at(entry + 4) / 4];
    return u32[this.at(entry) / 4] === this.offered;
  }

  private setU16(address: number, value: number): void {
    this.ram.arena.u16[this.at(address) / 2] = value;
  }

  /** Where in the arena an address of the queue is. */
  private at(address: number): number {
    return this.ram.writable(Math.floor(address / PAGE)) + (address % PAGE);
  }
}
