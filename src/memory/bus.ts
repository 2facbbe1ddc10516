import type { PhysicalMemory } from "./physical-memory.ts";

/**
 * A memory-mapped device. It knows only offsets into its own window; the bus knows where the window is.
 * Values are unsigned numbers of `size` bytes; the bus splits an 8-byte access into two of 4.
 */
export interface Device {
  readonly name: string;
  load(offset: number, size: 1 | 2 | 4): number;
  store(offset: number, size: 1 | 2 | 4, value: number): void;
}

export interface Window {
  readonly base: number;
  readonly size: number;
  readonly device: Device;
}

/** The physical address space: RAM and device windows. Anything else is an access fault. */
export class Bus {
  readonly ram: PhysicalMemory;
  private readonly windows: Window[] = [];

  constructor(ram: PhysicalMemory) {
    this.ram = ram;
  }

  /** Maps a device. Throws when the window overlaps RAM or another device. */
  attach(base: number, size: number, device: Device): void {
    const overlaps = (start: number, bytes: number) => base < start + bytes && start < base + size;
    if (overlaps(this.ram.base, this.ram.size)) throw new RangeError(`${device.name} overlaps RAM`);
    const other = this.windows.find((w) => overlaps(w.base, w.size));
    if (other) throw new RangeError(`${device.name} overlaps ${other.device.name}`);
    this.windows.push({ base, size, device });
  }

  /** Every device and where it is, in the order of `attach`. */
  get map(): readonly Window[] {
    return this.windows;
  }

  /** The window that holds all of `size` bytes at `address`. */
  find(address: number, size: number): Window | undefined {
    return this.windows.find((w) => address >= w.base && address + size <= w.base + w.size);
  }
}
