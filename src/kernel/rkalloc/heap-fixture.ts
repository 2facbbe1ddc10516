import { buddy } from "../rkallocbuddy/kind.ts";
import { pool } from "../rkallocpool/kind.ts";
import { region } from "../rkallocregion/kind.ts";
import { tlsf } from "../rkalloctlsf/kind.ts";
import type { HeapMemory } from "./allocator.ts";
import { AreaAllocator } from "./area-allocator.ts";
import type { AllocatorKind, ObjectShape } from "./kind.ts";

export const KINDS: readonly AllocatorKind[] = [buddy, pool, region, tlsf];

/** Bytes at addresses from `base`. Whoever touches anything else fails the test. */
export class TestMemory implements HeapMemory {
  readonly base: number;
  readonly bytes: Uint8Array;
  /** As a page that the guest has unmapped: nothing can be touched. */
  gone = false;

  constructor(base: number, size: number) {
    this.base = base;
    this.bytes = new Uint8Array(size);
  }

  at(address: number, length: number): Uint8Array {
    const start = address - this.base;
    if (start < 0 || start + length > this.bytes.length) throw new Error("outside of the memory");
    return this.bytes.subarray(start, start + length);
  }

  clear(address: number, length: number): boolean {
    if (!this.gone) this.at(address, length).fill(0);
    return !this.gone;
  }

  copy(to: number, from: number, length: number): boolean {
    if (!this.gone) this.at(to, length).set(this.at(from, length));
    return !this.gone;
  }
}

/** An odd place above 2^32, as that of a process's heap. */
export const BASE = 0x3f_1234_0010;
export const SIZE = 1 << 20;
/** Larger than a page, so that a pool too has blocks for all that is asked of it below. */
export const OBJECTS: ObjectShape = { size: 4096, alignment: 4096 };

/** An allocator with `size` bytes from `BASE`. */
export function heap(kind: AllocatorKind, size = SIZE, objects = OBJECTS) {
  const memory = new TestMemory(BASE, size);
  const allocator = new AreaAllocator(kind, memory, objects);
  if (allocator.addmem(BASE, size) !== 0) throw new Error("no memory was added");
  return { memory, allocator };
}
