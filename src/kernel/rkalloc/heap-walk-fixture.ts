import { expect } from "vitest";
import type { SeededRandom } from "../../random/seeded-random.ts";
import { errno } from "../syscalls/errno.ts";
import type { AreaAllocator } from "./area-allocator.ts";
import { BASE, heap, SIZE, type TestMemory } from "./heap-fixture.ts";
import type { AllocatorKind, ObjectShape } from "./kind.ts";

/** Random operations on a heap beside a plain account of who owns which 16 bytes, and stamps in the blocks. */
export class Walk {
  done = 0;
  private readonly kind: AllocatorKind;
  private readonly objects: ObjectShape;
  private readonly words: Uint32Array;
  private at = 0;
  private readonly random: SeededRandom;
  /** By 16 bytes: the owning block's place in `live`, plus one. */
  private readonly owner = new Int32Array(SIZE / 16);
  private live: { address: number; size: number; stamp: number; usable: number }[] = [];
  private memory!: TestMemory;
  private allocator!: AreaAllocator;
  private used = 0;
  private fresh = 0;
  private total = 0;

  constructor(kind: AllocatorKind, objects: ObjectShape, random: SeededRandom) {
    this.kind = kind;
    this.objects = objects;
    this.random = random;
    this.words = new Uint32Array(4096);
    this.restart();
  }

  step(): void {
    const choice = this.below(100);
    if (choice < 38) this.take(this.size(), (size) => this.allocator.malloc(size));
    else if (choice < 42) this.take(this.size(), (size) => this.zeroed(size));
    else if (choice < 47) {
      const alignment = 2 ** this.below(13);
      this.take(this.size(), (size) => {
        const address = this.allocator.memalign(alignment, size);
        if (address % alignment !== 0) throw new Error("not aligned");
        return address;
      });
    } else if (choice < 48)
      this.take(4096 * (1 + this.below(4)), (size) => this.allocator.palloc(size / 4096));
    else if (choice < 56) this.resize();
    else if (choice < 60) this.wild();
    else this.give();
  }

  finish(): void {
    while (this.live.length > 0 && this.kind.frees) this.give();
    if (!this.kind.frees) return;
    expect(this.allocator.stats().blocks).toBe(0);
    expect(this.allocator.availmem()).toBe(this.allocator.stats().total);
    // All has come together again.
    expect(this.allocator.maxalloc()).toBe(this.fresh);
  }

  private restart(): void {
    ({ memory: this.memory, allocator: this.allocator } = heap(this.kind, SIZE, this.objects));
    this.live = [];
    this.owner.fill(0);
    this.used = 0;
    this.fresh = this.allocator.maxalloc();
    this.total = this.allocator.availmem();
  }

  private take(size: number, call: (size: number) => number): void {
    const address = call(size);
    if (address !== 0) this.own(address, size);
    else if (!this.kind.frees) this.restart();
  }

  private own(address: number, size: number): void {
    const usable = this.allocator.usableSize(address);
    if (usable < size || address < BASE || address + usable > BASE + SIZE)
      throw new Error("not in the memory");
    this.live.push({ address, size, stamp: this.below(256), usable });
    this.claim(this.live.length - 1, 0);
    this.used += usable;
    const out = this.total - this.allocator.availmem();
    if (this.kind.frees ? this.used !== out : this.used > out) throw new Error("the sum is wrong");
    this.stamp(this.live.length - 1);
    this.done++;
  }

  /** Makes the block at `index` the owner of its bytes, which are to be `before`'s. */
  private claim(index: number, before: number): void {
    const { address, usable } = this.live[index];
    for (let i = (address - BASE) / 16; i < (address + usable - BASE) / 16; i++) {
      if (before === 0 && this.owner[i] !== 0) throw new Error("blocks overlap");
      this.owner[i] = index + 1;
    }
  }

  private disown(index: number): void {
    const { address, usable } = this.live[index];
    this.owner.fill(0, (address - BASE) / 16, (address + usable - BASE) / 16);
    this.used -= usable;
    const last = this.live.pop()!;
    if (index === this.live.length) return;
    this.live[index] = last;
    this.claim(index, 1);
  }

  private stamp(index: number): void {
    const { address, size, stamp } = this.live[index];
    this.memory.at(address, size).fill(stamp);
  }

  private check(index: number, size = this.live[index].size): void {
    const { address, stamp } = this.live[index];
    const bytes = this.memory.at(address, size);
    for (let i = 0; i < size; i += 1 + (size >> 4)) if (bytes[i] !== stamp) throw new Error("overwritten");
    if (size > 0 && bytes[size - 1] !== stamp) throw new Error("overwritten");
  }

  private give(): void {
    if (this.live.length === 0) return;
    const index = this.below(this.live.length);
    const { address, size } = this.live[index];
    this.check(index);
    const paged = size > 0 && size % 4096 === 0 && address % 4096 === 0;
    const answer = paged ? this.allocator.pfree(address, size / 4096) : this.allocator.free(address);
    if (answer !== (this.kind.frees ? 0 : -errno.EOPNOTSUPP)) throw new Error("not freed");
    if (!this.kind.frees) return;
    // The guest may write to what is free as well.
    this.memory.at(address, size).fill(0xff);
    this.disown(index);
    if (this.allocator.free(address) !== -errno.EINVAL) throw new Error("freed twice");
    this.done++;
  }

  private resize(): void {
    if (this.live.length === 0) return;
    const index = this.below(this.live.length);
    const { address, size, stamp } = this.live[index];
    const wanted = 1 + this.size();
    this.check(index);
    const moved = this.allocator.realloc(address, wanted);
    if (moved === 0) {
      this.check(index);
      return;
    }
    if (this.kind.frees || moved === address) this.disown(index);
    this.own(moved, wanted);
    const kept = Math.min(size, wanted);
    const now = this.live.length - 1;
    if (moved !== address) return;
    this.live[now].stamp = stamp;
    this.stamp(now);
    this.check(now, kept);
  }

  private wild(): void {
    const address = BASE + this.below(SIZE);
    if (this.live[this.owner[(address - BASE) >> 4] - 1]?.address === address) return;
    if (this.allocator.free(address) !== -errno.EINVAL) throw new Error("freed what is no block");
  }

  private zeroed(size: number): number {
    const address = this.allocator.calloc(1, size);
    if (address !== 0 && this.memory.at(address, size).some((byte) => byte !== 0))
      throw new Error("not zero");
    return address;
  }

  /** Mostly small, now and then large. */
  private size(): number {
    const scale = this.below(64);
    return this.below(scale === 0 ? 32_768 : scale < 8 ? 2048 : 200);
  }

  private below(limit: number): number {
    if (this.at === 0) {
      this.words.set(new Uint32Array(this.random.bytes(this.words.byteLength).buffer));
      this.at = this.words.length;
    }
    return this.words[--this.at] % limit;
  }
}
