import { beforeEach, describe, expect, test } from "vitest";
import { buddy } from "../rkallocbuddy/kind.ts";
import { pool } from "../rkallocpool/kind.ts";
import { tlsf } from "../rkalloctlsf/kind.ts";
import { Budget } from "../rknative/budget.ts";
import type { AddressSpace } from "../rkvm/address-space.ts";
import { errno } from "../syscalls/errno.ts";
import { ProcessHeaps } from "./heaps.ts";

const MB = 1 << 20;

/** An address space that gives room upwards and remembers what is mapped. */
class Space {
  readonly mapped = new Map<number, number>();
  limit = Number.POSITIVE_INFINITY;
  private next = 0x10_0000;
  exceedsLimits = (more: number) => this.bytes + more > this.limit;
  findRoom(length: number) {
    const start = this.next;
    this.next += length;
    return start;
  }
  map(start: number, length: number) {
    this.mapped.set(start, length);
    return 0;
  }
  unmap(start: number) {
    this.mapped.delete(start);
    return 0;
  }
  fill() {}
  get bytes() {
    return [...this.mapped.values()].reduce((sum, length) => sum + length, 0);
  }
}

let space: Space;
let heaps: ProcessHeaps;
const make = (bytes: number) => new ProcessHeaps(new Budget(bytes), space as unknown as AddressSpace);
const malloc = (size: number, heap = 0, from = heaps) =>
  from.allocate(heap, size, 0, (allocator) => allocator.malloc(size));

beforeEach(() => {
  space = new Space();
  heaps = make(64 * MB);
  heaps.get(0, () => tlsf);
});

describe("a heap", () => {
  test("maps memory as it is used up, ever more, and not for what it cannot give", () => {
    expect(malloc(100)).toBeGreaterThan(0);
    expect(space.bytes).toBe(MB);
    for (let i = 0; i < 20; i++) expect(malloc(250_000)).toBeGreaterThan(0);
    expect(space.mapped.size).toBeLessThan(5);
    const before = space.bytes;
    for (const size of [-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, 65 * MB])
      expect(malloc(size)).toBe(0);
    expect(heaps.allocate(0, 10, 3, (from) => from.memalign(3, 10))).toBe(0);
    expect(heaps.allocate(0, 10, 4, (from) => from.posixMemalign(4, 10))).toBe(-errno.EINVAL);
    expect(space.bytes).toBe(before);
  });

  test("has room for a block of any size at once, also of buddies and strictly aligned", () => {
    const other = heaps.create(buddy);
    heaps.get(other, () => tlsf);
    for (const size of [MB, 3 * MB + 1, 5_000_000]) expect(malloc(size, other)).toBeGreaterThan(0);
    const aligned = heaps.allocate(0, 100, 4 * MB, (from) => from.memalign(4 * MB, 100));
    expect([aligned > 0, aligned % (4 * MB)]).toEqual([true, 0]);
  });

  test("of objects grows for objects alone", () => {
    const objects = heaps.create(pool, { size: 48, alignment: 16 });
    for (const size of [49, 5000]) expect(malloc(size, objects)).toBe(0);
    expect(heaps.allocate(objects, 16, 4096, (from) => from.memalign(4096, 16))).toBe(0);
    expect(space.bytes).toBe(0);
    expect(malloc(48, objects)).toBeGreaterThan(0);
    expect(malloc(MB, heaps.create(pool, { size: MB, alignment: MB }))).toBeGreaterThan(0);
  });

  test("keeps to the process's limits and to what there is for all", () => {
    space.limit = 2 * MB;
    expect(malloc(3 * MB)).toBe(0);
    space.limit = Number.POSITIVE_INFINITY;
    expect(malloc(60 * MB)).toBeGreaterThan(0);
    expect(malloc(10 * MB)).toBe(0);
    expect(heaps.addmem(0, 0x7000_0000, 10 * MB)).toBe(-errno.ENOMEM);
    expect(heaps.addmem(0, 0x7000_0000, Number.NaN)).toBe(-errno.EINVAL);
  });
});

describe("the heaps of a process", () => {
  test("are numbered, limited, and give back what was mapped for them", () => {
    const numbers = Array.from({ length: 63 }, () => heaps.create(tlsf));
    expect(numbers).toEqual([...Array(63).keys()].map((i) => i + 1));
    expect(heaps.create(tlsf)).toBe(-errno.EMFILE);
    expect(malloc(60 * MB, 7)).toBeGreaterThan(0);
    expect(malloc(60 * MB, 8)).toBe(0);
    expect([heaps.destroy(7), heaps.destroy(7), heaps.destroy(0)]).toEqual([0, -errno.EINVAL, -errno.EINVAL]);
    expect(space.bytes).toBe(0);
    expect(heaps.get(7, () => tlsf)).toBeUndefined();
    expect(malloc(60 * MB, 8)).toBeGreaterThan(0);
    expect(heaps.create(buddy)).toBe(7);
  });

  test("are a child's too, as long as there is room for the books", () => {
    const few = make(5 * MB);
    const grown = few.create(tlsf);
    few.get(0, () => tlsf);
    const block = malloc(100, 0, few);
    malloc(100, grown, few);
    const child = few.copy(new Space() as unknown as AddressSpace);
    expect(child.get(0, () => tlsf)?.free(block)).toBe(0);
    expect(few.get(0, () => tlsf)?.usableSize(block)).toBeGreaterThanOrEqual(100);
    const second = few.copy(new Space() as unknown as AddressSpace);
    expect(second.get(grown, () => tlsf)).toBeUndefined();
    child.release();
    second.release();
    few.release();
    const all = make(5 * MB);
    expect(malloc(10, all.create(tlsf), all)).toBeGreaterThan(0);
  });
});
