import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../random/seeded-random.ts";
import { errno } from "../syscalls/errno.ts";
import { AreaAllocator } from "./area-allocator.ts";
import { BASE, heap, KINDS, OBJECTS, SIZE, TestMemory } from "./heap-fixture.ts";
import { Walk } from "./heap-walk-fixture.ts";

/** What every allocator must do, whatever it cannot. */

describe.each(KINDS.map((kind) => [kind.name, kind] as const))("%s", (name, kind) => {
  test("gives aligned blocks that hold what was asked for", () => {
    const { allocator } = heap(kind);
    for (const size of [0, 1, 15, 16, 17, 100, 4096]) {
      const address = allocator.malloc(size);
      expect(address).toBeGreaterThanOrEqual(BASE);
      expect(address % 16).toBe(0);
      expect(allocator.usableSize(address)).toBeGreaterThanOrEqual(Math.max(1, size));
    }
    for (const alignment of [1, 8, 64, 512, 4096]) {
      expect(allocator.memalign(alignment, 24) % alignment).toBe(0);
      expect(allocator.memalign(alignment, 24)).not.toBe(0);
    }
    expect(allocator.posixMemalign(256, 100) % 256).toBe(0);
    expect(allocator.palloc(1) % 4096).toBe(0);
  });

  test("answers what makes no sense without a block and without changing", () => {
    const { allocator } = heap(kind);
    const before = allocator.availmem();
    for (const size of [-1, Number.NaN, 0.5, SIZE + 1, 2 ** 53, 2 ** 64, Number.POSITIVE_INFINITY]) {
      expect(allocator.malloc(size)).toBe(0);
      expect(allocator.realloc(0, size)).toBe(0);
      expect(allocator.calloc(size, 1)).toBe(0);
      expect(allocator.memalign(16, size)).toBe(0);
      expect(allocator.palloc(size)).toBe(0);
      expect(allocator.free(size)).toBe(-errno.EINVAL);
    }
    expect(allocator.calloc(2 ** 40, 2 ** 40)).toBe(0);
    expect(allocator.palloc(0)).toBe(0);
    for (const alignment of [-16, 0, 3, 24, 2 ** 40, 2 ** 64, Number.NaN])
      expect(allocator.memalign(alignment, 1)).toBe(0);
    for (const alignment of [0, 1, 4, 24]) expect(allocator.posixMemalign(alignment, 1)).toBe(-errno.EINVAL);
    expect(allocator.posixMemalign(16, SIZE + 1)).toBe(-errno.ENOMEM);
    expect(allocator.availmem()).toBe(before);
    expect(allocator.stats().blocks).toBe(0);
  });

  test("refuses double and wild frees, and goes on", () => {
    const { allocator } = heap(kind);
    const [first, second] = [allocator.malloc(100), allocator.malloc(100)];
    for (const wild of [BASE - 32, BASE + SIZE, first + 1, first + 32, second - 16, 2 ** 60, -1])
      if (wild !== second) expect(allocator.free(wild), wild.toString(16)).toBe(-errno.EINVAL);
    expect(allocator.realloc(first + 16, 8)).toBe(0);
    expect(allocator.usableSize(first + 16)).toBe(0);
    expect(allocator.free(0)).toBe(0);
    if (!kind.frees) {
      expect(allocator.free(first)).toBe(-errno.EOPNOTSUPP);
      return;
    }
    expect(allocator.free(first)).toBe(0);
    expect(allocator.free(first)).toBe(-errno.EINVAL);
    expect(allocator.realloc(first, 8)).toBe(0);
    expect(allocator.pfree(second, 2)).toBe(-errno.EINVAL);
    expect(allocator.free(second)).toBe(0);
    expect(allocator.availmem()).toBe(allocator.stats().total);
  });

  test("calloc clears exactly what was asked for, and gives nothing where it cannot", () => {
    const { allocator, memory } = heap(kind);
    memory.bytes.fill(0xaa);
    const address = allocator.calloc(10, 10);
    expect(memory.at(address, 100).every((byte) => byte === 0)).toBe(true);
    expect(memory.bytes.reduce((sum, byte) => sum + (byte === 0 ? 1 : 0), 0)).toBe(100);
    const { blocks } = allocator.stats();
    memory.gone = true;
    expect(allocator.calloc(1, 8)).toBe(0);
    if (kind.frees) expect(allocator.stats().blocks).toBe(blocks);
  });

  test("realloc keeps the bytes, in place or moved", () => {
    const { allocator, memory } = heap(kind);
    let address = allocator.realloc(0, 8);
    memory.at(address, 8).set([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const size of [20, 200, 4096, 30, 3]) {
      allocator.malloc(1);
      address = allocator.realloc(address, size);
      expect([...memory.at(address, 3)]).toEqual([1, 2, 3]);
    }
    if (kind.frees) {
      const { blocks } = allocator.stats();
      expect(allocator.realloc(address, 0)).toBe(0);
      expect(allocator.stats().blocks).toBe(blocks - 1);
    }
    const stays = allocator.malloc(8);
    expect(allocator.realloc(stays, SIZE + 1)).toBe(0);
    expect(allocator.usableSize(stays)).toBeGreaterThanOrEqual(8);
  });

  test("realloc gives no block that it could not copy to", () => {
    const { allocator, memory } = heap(kind, SIZE, { size: 64, alignment: 64 });
    const address = allocator.malloc(8);
    allocator.malloc(8);
    memory.gone = true;
    const { blocks } = allocator.stats();
    expect(allocator.realloc(address, 10_000)).toBe(0);
    if (kind.frees) expect(allocator.stats().blocks).toBe(blocks);
    expect(allocator.usableSize(address)).toBeGreaterThanOrEqual(8);
  });

  test("tells honestly what it can give", () => {
    const { allocator } = heap(kind);
    allocator.malloc(5000);
    while (allocator.availmem() > 0) {
      const largest = allocator.maxalloc();
      if (largest === 0) break;
      expect(allocator.malloc(allocator.availmem() + 1)).toBe(0);
      expect(allocator.malloc(largest)).not.toBe(0);
    }
    expect(allocator.malloc(1)).toBe(0);
    expect(allocator.availmem()).toBe(0);
  });

  test("takes several ranges, and none twice", () => {
    const allocator = new AreaAllocator(kind, new TestMemory(BASE, SIZE), OBJECTS);
    expect(allocator.malloc(1)).toBe(0);
    expect(allocator.maxalloc()).toBe(0);
    expect(allocator.addmem(BASE, 8192 + 4096)).toBe(0);
    const one = allocator.availmem();
    expect(allocator.addmem(BASE + 4096, 8192)).toBe(-errno.EINVAL);
    expect(allocator.addmem(BASE - 8192, SIZE)).toBe(-errno.EINVAL);
    expect(allocator.addmem(BASE, 8)).toBe(-errno.EINVAL);
    expect(allocator.addmem(-4096, 8192)).toBe(-errno.EINVAL);
    expect(allocator.addmem(2 ** 40, 2 ** 53)).toBe(-errno.EINVAL);
    expect(allocator.addmem(2 ** 40, 2 ** 40)).toBe(-errno.ENOMEM);
    expect(allocator.addmem(BASE + SIZE, 8192 + 4096)).toBe(0);
    expect(allocator.availmem()).toBeGreaterThan(one);
    expect(allocator.availmem()).toBe(allocator.stats().total);
    const blocks = Array.from({ length: 2 }, () => allocator.malloc(4096));
    while (blocks.at(-1) !== 0) blocks.push(allocator.malloc(4096));
    expect(blocks.some((address) => address >= BASE + SIZE)).toBe(true);
    expect(blocks.some((address) => address > 0 && address < BASE + 8192)).toBe(true);
    for (let i = 0; i < 100; i++) allocator.addmem(2 ** 41 + i * 2 ** 20, 16_384);
    expect(allocator.addmem(2 ** 42, 16_384)).toBe(-errno.ENOMEM);
  });

  test("takes no range whose books the host has no room for", () => {
    const area = () => {
      throw new RangeError("Array buffer allocation failed");
    };
    const allocator = new AreaAllocator({ ...kind, area }, new TestMemory(BASE, SIZE), OBJECTS);
    expect(allocator.addmem(BASE, SIZE)).toBe(-errno.ENOMEM);
    expect(allocator.stats().total).toBe(0);
  });

  test("never gives address 0, which stands for none", () => {
    const allocator = new AreaAllocator(kind, new TestMemory(0, SIZE), OBJECTS);
    expect(allocator.addmem(0, 65_536)).toBe(0);
    for (let address = allocator.malloc(1); address !== 0; address = allocator.malloc(1))
      expect(address).toBeGreaterThan(0);
    expect(allocator.stats().blocks).toBeGreaterThan(2);
  });

  test("a copy is of the same blocks and has a life of its own", () => {
    const { allocator } = heap(kind);
    const blocks = Array.from({ length: 20 }, (_, i) => allocator.malloc(1 + i * 7));
    if (kind.frees) for (const i of [3, 4, 9, 17]) allocator.free(blocks[i]);
    const copy = allocator.clone(new TestMemory(BASE, SIZE));
    expect(copy.stats()).toEqual(allocator.stats());
    const next = Array.from({ length: 30 }, () => allocator.malloc(50));
    expect(Array.from({ length: 30 }, () => copy.malloc(50))).toEqual(next);
    copy.malloc(50);
    expect(copy.stats().blocks).toBe(allocator.stats().blocks + 1);
    if (!kind.frees) return;
    const live = [...blocks.filter((_, i) => ![3, 4, 9, 17].includes(i)), ...next];
    for (const address of live) expect(allocator.free(address)).toBe(0);
    expect(allocator.availmem()).toBe(allocator.stats().total);
    expect(copy.availmem()).toBeLessThan(copy.stats().total);
  });

  test("counts what it does", () => {
    const { allocator } = heap(kind);
    const address = allocator.malloc(100);
    allocator.malloc(7);
    allocator.malloc(SIZE + 1);
    allocator.free(address);
    const freed = kind.frees ? 1 : 0;
    const { total, used, maxUsed, ...counts } = allocator.stats();
    expect(counts).toEqual({
      allocations: 2,
      frees: freed,
      blocks: 2 - freed,
      maxBlocks: 2,
      lastSize: 7,
      minSize: 7,
      maxSize: 100,
      failures: 1,
    });
    expect(used).toBe(total - allocator.availmem());
    expect(maxUsed).toBeGreaterThanOrEqual(used);
  });

  test("holds through a million random operations", () => {
    const shape = { size: 256, alignment: 64 };
    const random = new SeededRandom(7n);
    const walk = new Walk(kind, name === "rkallocpool" ? shape : OBJECTS, random);
    for (let i = 0; i < 1_000_000; i++) walk.step();
    walk.finish();
    expect(walk.done).toBeGreaterThan(kind.frees ? 500_000 : 100_000);
  });
});
