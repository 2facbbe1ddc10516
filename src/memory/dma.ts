import { FRAME_SIZE } from "./arena.ts";
import type { PhysicalMemory } from "./physical-memory.ts";

/**
 * How devices reach RAM. Addresses come from guests: each method takes any number and says whether all of the range
 * is RAM. Whoever holds decoded code is told what changed.
 */
export class Dma {
  private readonly ram: PhysicalMemory;
  private readonly written: (page: number) => void;

  /** `written`: a physical page (address / 4096) changed from outside the harts. */
  constructor(ram: PhysicalMemory, written: (page: number) => void) {
    this.ram = ram;
    this.written = written;
  }

  /** All of the `length` bytes at `address` are RAM. An empty range is where its address is. */
  reaches(address: number, length: number): boolean {
    const { ram } = this;
    return address >= ram.base && length >= 0 && address + length <= ram.base + ram.size;
  }

  /** A copy; undefined outside RAM. */
  read(address: number, length: number): Uint8Array | undefined {
    return this.reaches(address, length) ? this.ram.read(address, length) : undefined;
  }

  /** False, and nothing written, outside RAM. */
  write(address: number, bytes: Uint8Array): boolean {
    if (!this.reaches(address, bytes.length)) return false;
    this.ram.write(address, bytes);
    this.tell(address, bytes.length);
    return true;
  }

  /** The memory itself, in pieces, for a device that fills it before it does anything else; undefined outside RAM. */
  pieces(address: number, length: number): Uint8Array[] | undefined {
    if (!this.reaches(address, length)) return undefined;
    this.tell(address, length);
    return this.ram.pieces(address, length);
  }

  private tell(address: number, length: number): void {
    const last = Math.floor((address + length - 1) / FRAME_SIZE);
    for (let page = Math.floor(address / FRAME_SIZE); page <= last; page++) this.written(page);
  }

  /** Little-endian 16 bits at an even address of RAM; undefined elsewhere. */
  readU16(address: number): number | undefined {
    if (address % 2 !== 0 || !this.reaches(address, 2)) return undefined;
    return this.ram.arena.u16[this.readableAt(address) / 2];
  }

  /** Little-endian 32 bits at a multiple of 4 in RAM; undefined elsewhere. */
  readU32(address: number): number | undefined {
    if (address % 4 !== 0 || !this.reaches(address, 4)) return undefined;
    return this.ram.arena.u32[this.readableAt(address) / 4];
  }

  /** False, and nothing written, where `address` is odd or outside RAM. */
  writeU16(address: number, value: number): boolean {
    if (address % 2 !== 0 || !this.reaches(address, 2)) return false;
    const page = Math.floor(address / FRAME_SIZE);
    this.ram.arena.u16[(this.ram.writable(page) + (address % FRAME_SIZE)) / 2] = value;
    this.written(page);
    return true;
  }

  /** False, and nothing written, where `address` is no multiple of 4 or outside RAM. */
  writeU32(address: number, value: number): boolean {
    if (address % 4 !== 0 || !this.reaches(address, 4)) return false;
    const page = Math.floor(address / FRAME_SIZE);
    this.ram.arena.u32[(this.ram.writable(page) + (address % FRAME_SIZE)) / 4] = value;
    this.written(page);
    return true;
  }

  private readableAt(address: number): number {
    return this.ram.readable(Math.floor(address / FRAME_SIZE)) + (address % FRAME_SIZE);
  }
}
