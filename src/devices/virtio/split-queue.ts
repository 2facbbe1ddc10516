import type { Dma } from "../../memory/dma.ts";
import { BufferChain } from "./chain.ts";
import { DESCRIPTOR_SIZE, Descriptor, DescriptorFlag, MAX_INDIRECT } from "./descriptor.ts";
import { Feature } from "./features.ts";
import { hasPassed, type Ring, type RingSetup, type RingState } from "./ring.ts";

const NO_INTERRUPT = 1;
const NO_NOTIFY = 1;

/**
 * A split virtqueue (VIRTIO 1.2, section 2.7). `size` is a power of two.
 *
 *     descriptor table  16 bytes each
 *     available ring    flags, idx, ring[size], used_event    2 bytes each; the driver writes it
 *     used ring         flags, idx, ring[size] of {u32 id, u32 length}, avail_event
 */
export class SplitRing implements Ring {
  private readonly setup: RingSetup;
  private readonly memory: Dma;
  private readonly hasIndirect: boolean;
  private readonly hasEventIndex: boolean;
  private readonly notifiesOnEmpty: boolean;
  private readonly descriptor = new Descriptor();
  /** The next entry of each ring, modulo 2^16. */
  private available = 0;
  private used = 0;
  /** Chains taken and not given back. */
  private taken = 0;
  private asking = true;

  /** Undefined where the areas are not RAM, not aligned, or the size is none. */
  static create(setup: RingSetup): SplitRing | undefined {
    const { memory, size, descriptors, driver, device, features } = setup;
    if (size === 0 || (size & (size - 1)) !== 0) return undefined;
    const event = (features & Feature.eventIndex) !== 0n ? 2 : 0;
    const fits =
      descriptors % 16 === 0 &&
      driver % 2 === 0 &&
      device % 4 === 0 &&
      memory.reaches(descriptors, DESCRIPTOR_SIZE * size) &&
      memory.reaches(driver, 4 + 2 * size + event) &&
      memory.reaches(device, 4 + 8 * size + event);
    return fits ? new SplitRing(setup) : undefined;
  }

  private constructor(setup: RingSetup) {
    this.setup = setup;
    this.memory = setup.memory;
    this.hasIndirect = (setup.features & Feature.indirectDescriptors) !== 0n;
    this.hasEventIndex = (setup.features & Feature.eventIndex) !== 0n;
    this.notifiesOnEmpty = (setup.features & Feature.notifyOnEmpty) !== 0n;
  }

  get isEmpty(): boolean {
    return this.count() === 0;
  }

  pop(): BufferChain | undefined {
    const { memory, setup } = this;
    const waiting = this.count();
    if (waiting === 0) return undefined;
    const chain = new BufferChain(memory, setup.lifetime);
    const slot = setup.driver + 4 + 2 * (this.available & (setup.size - 1));
    chain.id = memory.readU16(slot)!;
    if (waiting > setup.size || this.taken === setup.size || !this.gather(chain)) {
      setup.fail();
      return undefined;
    }
    this.available = (this.available + 1) & 0xffff;
    this.taken++;
    if (this.asking) this.stopAsking();
    return chain;
  }

  unpop(chain: BufferChain): void {
    chain.finish();
    this.available = (this.available - 1) & 0xffff;
    this.taken--;
  }

  push(chain: BufferChain, written: number): void {
    const { memory, setup } = this;
    const slot = setup.device + 4 + 8 * (this.used & (setup.size - 1));
    chain.finish();
    memory.writeU32(slot, chain.id);
    memory.writeU32(slot + 4, Math.min(written, chain.writable));
    this.used = (this.used + 1) & 0xffff;
    memory.writeU16(setup.device + 2, this.used);
    this.taken--;
    if (this.wantsInterrupt()) setup.interrupt();
  }

  save(): RingState {
    const { available, used, asking } = this;
    return { available, used, availableWrap: false, usedWrap: false, asking };
  }

  restore({ available, used, asking }: RingState): void {
    this.available = available;
    this.used = used;
    this.asking = asking;
  }

  /** Entries to take. Where there are none the driver is asked to notify, and then there may be some after all. */
  private count(): number {
    const now = this.countNow();
    if (now > 0) return now;
    this.ask();
    return this.countNow();
  }

  private countNow(): number {
    return (this.memory.readU16(this.setup.driver + 2)! - this.available) & 0xffff;
  }

  private ask(): void {
    const { size, device } = this.setup;
    if (this.hasEventIndex) this.memory.writeU16(device + 4 + 8 * size, this.available);
    else if (!this.asking) this.memory.writeU16(device, 0);
    this.asking = true;
  }

  /** With an event index nothing need be written: the driver passes the old one only once. */
  private stopAsking(): void {
    this.asking = false;
    if (!this.hasEventIndex) this.memory.writeU16(this.setup.device, NO_NOTIFY);
  }

  private wantsInterrupt(): boolean {
    const { driver, size } = this.setup;
    if (this.notifiesOnEmpty && this.taken === 0 && this.countNow() === 0) return true;
    if (this.hasEventIndex) return hasPassed(this.memory.readU16(driver + 4 + 2 * size)!, this.used, 1);
    return (this.memory.readU16(driver)! & NO_INTERRUPT) === 0;
  }

  /** Follows the chain whose head is `chain.id`. False where it is malformed. */
  private gather(chain: BufferChain): boolean {
    const { memory, descriptor, setup } = this;
    let table = setup.descriptors;
    let entries = setup.size;
    let index = chain.id;
    let isIndirect = false;
    // More steps than entries: a loop.
    for (let left = entries; left > 0; left--) {
      if (index >= entries || !descriptor.read(memory, table + DESCRIPTOR_SIZE * index)) return false;
      const { at12: flags, at14: next } = descriptor;
      const isLast = (flags & DescriptorFlag.next) === 0;
      if ((flags & DescriptorFlag.indirect) !== 0) {
        if (isIndirect || !isLast || !this.hasIndirect) return false;
        isIndirect = true;
        table = descriptor.address;
        entries = descriptor.tableEntries;
        index = 0;
        left = Math.min(entries, MAX_INDIRECT) + 1;
        continue;
      }
      if (!descriptor.appendTo(chain, flags)) return false;
      if (isLast) return true;
      index = next;
    }
    return false;
  }
}
