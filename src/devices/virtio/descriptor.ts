import type { Dma } from "../../memory/dma.ts";
import type { BufferChain } from "./chain.ts";

export const DESCRIPTOR_SIZE = 16;
export const DescriptorFlag = { next: 1, write: 2, indirect: 4 } as const;
/** The most entries of an indirect table that are looked at: QEMU's limit for a chain. */
export const MAX_INDIRECT = 1024;

/**
 * The descriptor that was read last: one object for all of them, as there are millions a second.
 *
 *     0  address   8  length   12  split: flags, next   packed: buffer ID, flags (16 bits each)
 */
export class Descriptor {
  address = 0;
  length = 0;
  /** The 16 bits at 12 and at 14. */
  at12 = 0;
  at14 = 0;

  /** False outside RAM. Indirect tables may have any alignment. */
  read(memory: Dma, at: number): boolean {
    if (!memory.reaches(at, DESCRIPTOR_SIZE)) return false;
    if (at % 4 === 0) {
      this.set(
        memory.readU32(at)!,
        memory.readU32(at + 4)!,
        memory.readU32(at + 8)!,
        memory.readU32(at + 12)!,
      );
    } else {
      const view = new DataView(memory.read(at, DESCRIPTOR_SIZE)!.buffer);
      this.set(
        view.getUint32(0, true),
        view.getUint32(4, true),
        view.getUint32(8, true),
        view.getUint32(12, true),
      );
    }
    return true;
  }

  /** Addresses from 2^53 on are not exact; none of them is RAM. */
  private set(low: number, high: number, length: number, last: number): void {
    this.address = high * 2 ** 32 + low;
    this.length = length;
    this.at12 = last & 0xffff;
    this.at14 = last >>> 16;
  }

  appendTo(chain: BufferChain, flags: number): boolean {
    return chain.append(this.address, this.length, (flags & DescriptorFlag.write) !== 0);
  }

  /** Entries of the indirect table that this refers to, or 0 where it cannot be one. */
  get tableEntries(): number {
    return this.length % DESCRIPTOR_SIZE === 0 ? this.length / DESCRIPTOR_SIZE : 0;
  }
}
