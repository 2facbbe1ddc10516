import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Disk } from "../devices/disk.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { OverlayDisk } from "./overlay-disk.ts";

const SECTOR = 512;
/** The last block of 4096 bytes is not a whole one. */
const SECTORS = 8 * 6 + 3;
const CONTENTS = Uint8Array.from({ length: SECTORS * SECTOR }, (_, i) => 1 + (Math.floor(i / SECTOR) % 255));

/** A disk whose operations end late: each waits until it is let go, in the order that `pick` says. */
class LateDisk implements Disk {
  readonly sizeBytes = CONTENTS.length;
  readonly readOnly = true;
  closed = 0;
  reads: [number, number][] = [];
  private waiting: (() => void)[] = [];

  read(offset: number, length: number): Promise<Uint8Array> {
    this.reads.push([offset, length]);
    return new Promise((resolve) => {
      this.waiting.push(() => resolve(CONTENTS.slice(offset, offset + length)));
    });
  }

  letGo(pick: number): void {
    this.waiting.splice(pick % Math.max(1, this.waiting.length), 1)[0]?.();
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 100; i++) {
      this.letGo(i * 7);
      await Promise.resolve();
    }
  }

  async write(): Promise<void> {
    throw new Error("the base was written");
  }

  discard = this.write;
  writeZeroes = this.write;
  async flush(): Promise<void> {}
  async close(): Promise<void> {
    this.closed++;
  }
}

type Operation = {
  kind: "write" | "zero" | "discard" | "read";
  sector: number;
  count: number;
  value: number;
};

const operation: fc.Arbitrary<Operation> = fc
  .record({
    kind: fc.constantFrom(
      "write" as const,
      "write" as const,
      "zero" as const,
      "discard" as const,
      "read" as const,
    ),
    sector: fc.nat(SECTORS - 1),
    count: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: SECTORS })),
    value: fc.integer({ min: 1, max: 255 }),
  })
  .map((o) => ({ ...o, count: Math.min(o.count, SECTORS - o.sector) }));

const overlaps = (a: Operation, b: Operation) =>
  a.sector < b.sector + b.count && b.sector < a.sector + a.count;

/** Splits into groups that do not overlap, so that the order within a group does not matter. */
function groups(operations: readonly Operation[]): Operation[][] {
  const found: Operation[][] = [[]];
  for (const o of operations) {
    const last = found[found.length - 1];
    if (last.some((other) => overlaps(o, other))) found.push([o]);
    else last.push(o);
  }
  return found;
}

/** Does a group side by side on the disk and on the model, and compares what is read. */
async function apply(
  disk: Disk,
  model: Uint8Array,
  group: Operation[],
  settle: () => Promise<void>,
): Promise<void> {
  const done = group.map(async ({ kind, sector, count, value }) => {
    const [offset, length] = [sector * SECTOR, count * SECTOR];
    if (kind === "read") {
      const expected = model.slice(offset, offset + length);
      expect(Buffer.compare(await disk.read(offset, length), expected)).toBe(0);
    } else if (kind === "write") {
      const bytes = new Uint8Array(length).fill(value);
      model.set(bytes, offset);
      const writing = disk.write(offset, bytes);
      bytes.fill(0xee);
      await writing;
    } else if (kind === "zero") {
      model.fill(0, offset, offset + length);
      await disk.writeZeroes(offset, length);
    } else {
      await disk.discard(offset, length);
      // Anything may be there now.
      model.set(await disk.read(offset, length), offset);
    }
  });
  await settle();
  await Promise.all(done);
}

const nothing = async () => {};
const whole = (disk: Disk) => disk.read(0, disk.sizeBytes);

test("an overlay on a slow disk is a row of bytes, operations side by side", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async (operations) => {
      const base = new LateDisk();
      const disk = new OverlayDisk(base);
      const model = CONTENTS.slice();
      for (const group of groups(operations)) await apply(disk, model, group, () => base.settle());
      const reading = whole(disk);
      await base.settle();
      expect(Buffer.compare(await reading, model)).toBe(0);
    }),
    { numRuns: 150 },
  );
});

test("a disk in memory is a row of bytes, and so are its copies, each on its own", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(operation, { maxLength: 20 }),
      fc.array(operation, { maxLength: 10 }),
      fc.array(operation, { maxLength: 10 }),
      async (before, here, there) => {
        const disk = new MemoryDisk(CONTENTS);
        const model = CONTENTS.slice();
        for (const group of groups(before)) await apply(disk, model, group, nothing);
        const copy = disk.fork();
        const copyModel = model.slice();
        const saved = disk.save();
        const restored = new MemoryDisk(CONTENTS);
        for (const group of groups(here)) await apply(disk, model, group, nothing);
        restored.restore(saved);
        const restoredModel = copyModel.slice();
        for (const group of groups(there)) await apply(copy, copyModel, group, nothing);
        for (const group of groups(there)) await apply(restored, restoredModel, group, nothing);
        expect(Buffer.compare(await whole(disk), model)).toBe(0);
        expect(Buffer.compare(await whole(copy), copyModel)).toBe(0);
        expect(Buffer.compare(await whole(restored), restoredModel)).toBe(0);
      },
    ),
    { numRuns: 150 },
  );
});

describe("an overlay", () => {
  test("asks its base once for each gap", async () => {
    const base = new LateDisk();
    const disk = new OverlayDisk(base);
    await disk.write(4096, new Uint8Array(4096).fill(9));
    const reading = disk.read(512, 4 * 4096);
    await base.settle();
    const bytes = await reading;
    expect(base.reads).toEqual([
      [512, 3584],
      [8192, 8704],
    ]);
    expect([bytes[0], bytes[3584], bytes[7680]]).toEqual([2, 9, 17]);
  });

  test("whole blocks are written without reading", async () => {
    const base = new LateDisk();
    await new OverlayDisk(base).write(0, CONTENTS);
    expect(base.reads).toEqual([]);
  });

  test("two sectors of one block, written side by side, are both there", async () => {
    const base = new LateDisk();
    const disk = new OverlayDisk(base);
    const first = disk.write(0, new Uint8Array(512).fill(7));
    const second = disk.write(512, new Uint8Array(512).fill(8));
    base.letGo(1);
    await second;
    base.letGo(0);
    await first;
    const bytes = await disk.read(0, 4096);
    expect([bytes[0], bytes[512], bytes[1024]]).toEqual([7, 8, 3]);
  });

  test("what is discarded takes no room", async () => {
    const disk = new MemoryDisk(1 << 20);
    await disk.write(0, new Uint8Array(65536).fill(1));
    expect(disk.save().blocks.length).toBe(16);
    await disk.discard(0, 65536);
    expect(disk.save().blocks.length).toBe(0);
  });

  test("zeroes hide the base and take no room", async () => {
    const disk = new MemoryDisk(CONTENTS);
    await disk.writeZeroes(0, 8192);
    expect(disk.save().blocks.map(({ contents }) => contents.length)).toEqual([0, 0]);
    expect((await disk.read(0, 8192)).every((byte) => byte === 0)).toBe(true);
  });

  test("is not restored from a disk of another size", () => {
    const saved = new MemoryDisk(1024).save();
    expect(() => new MemoryDisk(2048).restore(saved)).toThrow(
      "the saved machine's disk has 1024 bytes, but this one has 2048",
    );
  });

  test("the last one closes the base", async () => {
    const base = new LateDisk();
    const disk = new OverlayDisk(base);
    const copy = disk.fork();
    await disk.close();
    expect(base.closed).toBe(0);
    await copy.close();
    expect(base.closed).toBe(1);
  });

  test("a failing base fails the operation", async () => {
    const base = new LateDisk();
    base.read = async () => {
      throw new Error("broken");
    };
    const disk = new OverlayDisk(base);
    await expect(disk.read(0, 4096)).rejects.toThrow("broken");
    await expect(disk.write(0, new Uint8Array(512))).rejects.toThrow("broken");
  });
});

test("a disk in memory is filled up to whole sectors", async () => {
  const disk = new MemoryDisk(Uint8Array.of(1, 2, 3));
  expect(disk.sizeBytes).toBe(512);
  expect([...(await disk.read(0, 512))]).toEqual([1, 2, 3, ...new Uint8Array(509)]);
});

test("is saved the same however soon the base answers", async () => {
  const saved = async (delays: number[]) => {
    const base = new MemoryDisk(3 * 4096);
    const read = base.read.bind(base);
    base.read = async (offset, length) => {
      await new Promise((resolve) => setTimeout(resolve, delays[offset / 4096]));
      return read(offset, length);
    };
    const disk = new OverlayDisk(base);
    await Promise.all([0, 1, 2].map((i) => disk.write(i * 4096, new Uint8Array(512).fill(i + 1))));
    return disk.save();
  };
  expect(await saved([9, 5, 1])).toEqual(await saved([1, 5, 9]));
});
