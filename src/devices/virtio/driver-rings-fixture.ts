import type { Dma } from "../../memory/dma.ts";

/** Where a queue's areas are. */
export interface Areas {
  readonly descriptors: number;
  readonly driver: number;
  readonly device: number;
  readonly size: number;
}

/** A buffer of a chain, in guest memory. */
export interface Buffer {
  readonly address: number;
  readonly length: number;
  readonly isWritable: boolean;
}

/** The driver's side of a ring. */
export interface DriverRing {
  readonly areas: Areas;
  /** Descriptors that are free. */
  readonly room: number;
  /** Makes a chain available; `table`: where to put an indirect table. Returns what `collect` will know it by. */
  add(buffers: readonly Buffer[], table?: number): number;
  /** The chains that have come back since, and the lengths that the device reported. */
  collect(): { readonly id: number; readonly written: number }[];
}

const [NEXT, WRITE, INDIRECT] = [1, 2, 4];

/** Bytes of a descriptor: `low` and `high` are its last two 16-bit fields. */
function descriptor(address: number, length: number, low: number, high: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, BigInt(address), true);
  view.setUint32(8, length, true);
  view.setUint16(12, low, true);
  view.setUint16(14, high, true);
  return new Uint8Array(view.buffer);
}

export class SplitDriverRing implements DriverRing {
  readonly areas: Areas;
  private readonly memory: Dma;
  private readonly free: number[];
  private readonly chains = new Map<number, number[]>();
  private available = 0;
  private used = 0;

  constructor(memory: Dma, areas: Areas) {
    this.memory = memory;
    this.areas = areas;
    this.free = Array.from({ length: areas.size }, (_, i) => i);
  }

  get room(): number {
    return this.free.length;
  }

  add(buffers: readonly Buffer[], table?: number): number {
    const { memory, areas } = this;
    const put = (base: number, indexes: readonly number[]) =>
      buffers.forEach(({ address, length, isWritable }, i) => {
        const flags = (isWritable ? WRITE : 0) | (i + 1 < buffers.length ? NEXT : 0);
        memory.write(base + 16 * indexes[i], descriptor(address, length, flags, indexes[i + 1] ?? 0));
      });
    const indexes = this.free.splice(0, table === undefined ? buffers.length : 1);
    if (table === undefined) put(areas.descriptors, indexes);
    else {
      put(table, [...buffers.keys()]);
      memory.write(areas.descriptors + 16 * indexes[0], descriptor(table, 16 * buffers.length, INDIRECT, 0));
    }
    this.chains.set(indexes[0], indexes);
    memory.writeU16(areas.driver + 4 + 2 * (this.available % areas.size), indexes[0]);
    this.available = (this.available + 1) & 0xffff;
    memory.writeU16(areas.driver + 2, this.available);
    return indexes[0];
  }

  collect(): { id: number; written: number }[] {
    const { memory, areas } = this;
    const collected: { id: number; written: number }[] = [];
    while (this.used !== memory.readU16(areas.device + 2)) {
      const at = areas.device + 4 + 8 * (this.used % areas.size);
      const id = memory.readU32(at)!;
      collected.push({ id, written: memory.readU32(at + 4)! });
      this.free.push(...(this.chains.get(id) ?? []));
      this.chains.delete(id);
      this.used = (this.used + 1) & 0xffff;
    }
    // used_event: the next one that comes back interrupts.
    memory.writeU16(areas.driver + 4 + 2 * areas.size, this.used);
    return collected;
  }
}

export class PackedDriverRing implements DriverRing {
  readonly areas: Areas;
  private readonly memory: Dma;
  private readonly free: number[];
  /** Entries of the ring that each chain takes up. */
  private readonly chains = new Map<number, number>();
  private available = 0;
  private availableWrap = true;
  private used = 0;
  private usedWrap = true;

  constructor(memory: Dma, areas: Areas) {
    this.memory = memory;
    this.areas = areas;
    this.free = Array.from({ length: areas.size }, (_, i) => i);
  }

  get room(): number {
    return [...this.chains.values()].reduce((room, slots) => room - slots, this.areas.size);
  }

  add(buffers: readonly Buffer[], table?: number): number {
    const { memory, areas } = this;
    const id = this.free.shift()!;
    const entries =
      table === undefined ? buffers : [{ address: table, length: 16 * buffers.length, isWritable: false }];
    if (table !== undefined) {
      buffers.forEach(({ address, length, isWritable }, i) => {
        memory.write(table + 16 * i, descriptor(address, length, 0, isWritable ? WRITE : 0));
      });
    }
    const head = areas.descriptors + 16 * this.available + 14;
    let headFlags = 0;
    entries.forEach(({ address, length, isWritable }, i) => {
      const kind = (isWritable ? WRITE : 0) | (table === undefined ? 0 : INDIRECT);
      const flags = kind | (i + 1 < entries.length ? NEXT : 0) | (this.availableWrap ? 0x80 : 0x8000);
      const at = areas.descriptors + 16 * this.available;
      memory.write(at, descriptor(address, length, id, flags).subarray(0, 14));
      if (i === 0) headFlags = flags;
      else memory.writeU16(at + 14, flags);
      if (++this.available === areas.size) {
        this.available = 0;
        this.availableWrap = !this.availableWrap;
      }
    });
    memory.writeU16(head, headFlags);
    this.chains.set(id, entries.length);
    return id;
  }

  collect(): { id: number; written: number }[] {
    const { memory, areas } = this;
    const collected: { id: number; written: number }[] = [];
    for (;;) {
      const at = areas.descriptors + 16 * this.used;
      const flags = memory.readU16(at + 14)!;
      if (((flags & 0x80) !== 0) !== this.usedWrap || ((flags & 0x8000) !== 0) !== this.usedWrap) break;
      const id = memory.readU16(at + 12)!;
      const slots = this.chains.get(id);
      if (slots === undefined) break;
      collected.push({ id, written: (flags & WRITE) !== 0 ? memory.readU32(at + 8)! : 0 });
      this.chains.delete(id);
      this.free.push(id);
      this.used += slots;
      if (this.used >= areas.size) {
        this.used -= areas.size;
        this.usedWrap = !this.usedWrap;
      }
    }
    // The next one that comes back interrupts, as it does where the flags say "always".
    memory.writeU16(areas.driver, this.used | (this.usedWrap ? 0x8000 : 0));
    return collected;
  }
}
