import type { Dma } from "../../memory/dma.ts";
import { must } from "../state-shape.ts";
import { BufferChain } from "./chain.ts";
import { DESCRIPTOR_SIZE, Descriptor, DescriptorFlag, MAX_INDIRECT } from "./descriptor.ts";
import { Feature } from "./features.ts";
import { hasPassed, type Ring, type RingSetup, type RingState } from "./ring.ts";

const AVAILABLE = 1 << 7;
const USED = 1 << 15;
/** Flags of an event suppression structure: `u16 offset and wrap counter`, `u16 flags`. */
const Event = { enable: 0, disable: 1, descriptor: 2 } as const;

/**
 * A packed virtqueue (VIRTIO 1.2, section 2.8): one ring of descriptors that both sides write. A descriptor is available
 * when its AVAILABLE bit is the driver's wrap counter and its USED bit is not. Sizes need not be powers of two.
 */
export class PackedRing implements Ring {
  private readonly setup: RingSetup;
  private readonly memory: Dma;
  private readonly hasIndirect: boolean;
  private readonly hasEventIndex: boolean;
  private readonly descriptor = new Descriptor();
  private available = 0;
  private availableWrap = true;
  private used = 0;
  private usedWrap = true;
  /** Entries taken and not given back. */
  private taken = 0;
  private asking = true;

  /** Undefined where the areas are not RAM or not aligned, or the size is none. */
  static create(setup: RingSetup): PackedRing | undefined {
    const { memory, size, descriptors, driver, device } = setup;
    const fits =
      size > 0 &&
      descriptors % 16 === 0 &&
      driver % 4 === 0 &&
      device % 4 === 0 &&
      memory.reaches(descriptors, DESCRIPTOR_SIZE * size) &&
      memory.reaches(driver, 4) &&
      memory.reaches(device, 4);
    return fits ? new PackedRing(setup) : undefined;
  }

  private constructor(setup: RingSetup) {
    this.setup = setup;
    this.memory = setup.memory;
    this.hasIndirect = (setup.features & Feature.indirectDescriptors) !== 0n;
    this.hasEventIndex = (setup.features & Feature.eventIndex) !== 0n;
  }

  get isEmpty(): boolean {
    if (this.isAvailable()) return false;
    this.ask();
    return !this.isAvailable();
  }

  pop(): BufferChain | undefined {
    const { setup } = this;
    if (this.isEmpty) return undefined;
    const chain = new BufferChain(this.memory, setup.lifetime);
    if (!this.gather(chain) || this.taken + chain.slots > setup.size) {
      setup.fail();
      return undefined;
    }
    this.available += chain.slots;
    if (this.available >= setup.size) {
      this.available -= setup.size;
      this.availableWrap = !this.availableWrap;
    }
    this.taken += chain.slots;
    if (this.asking) this.stopAsking();
    return chain;
  }

  unpop(chain: BufferChain): void {
    chain.finish();
    this.available -= chain.slots;
    if (this.available < 0) {
      this.available += this.setup.size;
      this.availableWrap = !this.availableWrap;
    }
    this.taken -= chain.slots;
  }

  push(chain: BufferChain, written: number): void {
    const { memory, setup } = this;
    const at = setup.descriptors + DESCRIPTOR_SIZE * this.used;
    const length = Math.min(written, chain.writable);
    chain.finish();
    memory.writeU32(at + 8, length);
    memory.writeU16(at + 12, chain.id);
    // Last, as it is what the driver looks at.
    memory.writeU16(
      at + 14,
      (this.usedWrap ? AVAILABLE | USED : 0) | (length > 0 ? DescriptorFlag.write : 0),
    );
    this.used += chain.slots;
    if (this.used >= setup.size) {
      this.used -= setup.size;
      this.usedWrap = !this.usedWrap;
    }
    this.taken -= chain.slots;
    if (this.wantsInterrupt(chain.slots)) setup.interrupt();
  }

  save(): RingState {
    const { available, used, availableWrap, usedWrap, asking } = this;
    return { available, used, availableWrap, usedWrap, asking };
  }

  restore({ available, used, availableWrap, usedWrap, asking }: RingState): void {
    must(available < this.setup.size && used < this.setup.size);
    this.available = available;
    this.used = used;
    this.availableWrap = availableWrap;
    this.usedWrap = usedWrap;
    this.asking = asking;
  }

  private isAvailable(): boolean {
    const flags = this.memory.readU16(this.setup.descriptors + DESCRIPTOR_SIZE * this.available + 14)!;
    const isUsed = (flags & USED) !== 0;
    return ((flags & AVAILABLE) !== 0) === this.availableWrap && isUsed !== this.availableWrap;
  }

  private ask(): void {
    const { memory } = this;
    const { device } = this.setup;
    if (this.hasEventIndex) {
      memory.writeU16(device, this.available | (this.availableWrap ? 0x8000 : 0));
      memory.writeU16(device + 2, Event.descriptor);
    } else if (!this.asking) memory.writeU16(device + 2, Event.enable);
    this.asking = true;
  }

  /** With an event index nothing need be written: the driver passes the old one only once a round. */
  private stopAsking(): void {
    this.asking = false;
    if (!this.hasEventIndex) this.memory.writeU16(this.setup.device + 2, Event.disable);
  }

  /** `steps`: how far `used` has just gone on. */
  private wantsInterrupt(steps: number): boolean {
    const { driver, size } = this.setup;
    const flags = this.memory.readU16(driver + 2)! & 3;
    if (flags !== Event.descriptor || !this.hasEventIndex) return flags !== Event.disable;
    const event = this.memory.readU16(driver)!;
    const isThisRound = (event >> 15 !== 0) === this.usedWrap;
    return hasPassed((event & 0x7fff) - (isThisRound ? 0 : size), this.used, steps);
  }

  /** Takes the list of descriptors that begins with the next one. False where it is malformed. */
  private gather(chain: BufferChain): boolean {
    const { descriptor, memory, setup } = this;
    let index = this.available;
    for (let count = 1; count <= setup.size; count++) {
      descriptor.read(memory, setup.descriptors + DESCRIPTOR_SIZE * index);
      const { at12: id, at14: flags } = descriptor;
      const isLast = (flags & DescriptorFlag.next) === 0;
      if ((flags & DescriptorFlag.indirect) !== 0) {
        chain.id = id;
        return count === 1 && isLast && this.hasIndirect && this.gatherTable(chain);
      }
      if (!descriptor.appendTo(chain, flags)) return false;
      if (isLast) {
        chain.id = id;
        chain.slots = count;
        return true;
      }
      if (++index === setup.size) index = 0;
    }
    return false;
  }

  /** All of an indirect table, in order; of its flags only WRITE counts (section 2.8.7). */
  private gatherTable(chain: BufferChain): boolean {
    const { descriptor, memory } = this;
    const { address, tableEntries } = descriptor;
    if (tableEntries === 0 || tableEntries > MAX_INDIRECT) return false;
    for (let i = 0; i < tableEntries; i++) {
      if (!descriptor.read(memory, address + DESCRIPTOR_SIZE * i)) return false;
      if (!descriptor.appendTo(chain, descriptor.at14)) return false;
    }
    return true;
  }
}
