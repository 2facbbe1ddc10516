import type { PhysicalMemory } from "../../memory/physical-memory.ts";
import type { QueueAreas } from "./mmio.ts";

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
  private available = 0;
  private used = 0;

  /** `address`: `SplitQueue.bytes(size)` bytes of zeros, on a page's edge. */
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
    const { descriptors, driver, size } = this.areas;
    buffers.forEach(({ address, length, isWritable }, i) => {
      const bytes = new Uint8Array(DESCRIPTOR);
      const view = new DataView(bytes.buffer);
      view.setBigUint64(0, BigInt(address), true);
      view.setUint32(8, length, true);
      const isLast = i === buffers.length - 1;
      view.setUint16(12, (isWritable ? WRITE : 0) | (isLast ? 0 : NEXT), true);
      view.setUint16(14, isLast ? 0 : i + 1, true);
      this.ram.write(descriptors + DESCRIPTOR * i, bytes);
    });
    this.setU16(driver + 4 + 2 * (this.available % size), 0);
    this.available = (this.available + 1) & 0xffff;
    this.setU16(driver + 2, this.available);
  }

  /** Takes the chain back; false where the device still has it, or answers what it was not asked. */
  take(): boolean {
    const { device, size } = this.areas;
    const bytes = this.ram.read(device + 2, 2);
    const now = bytes[0] | (bytes[1] << 8);
    if (now !== ((this.used + 1) & 0xffff)) return false;
    // Its head: there is one chain, which begins with the first descriptor.
    const head = this.ram.read(device + 4 + 8 * (this.used % size), 4);
    this.used = now;
    return head.every((byte) => byte === 0);
  }

  private setU16(address: number, value: number): void {
    this.ram.write(address, Uint8Array.of(value, value >>> 8));
  }
}
