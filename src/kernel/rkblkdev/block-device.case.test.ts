import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Bytes, diskOf, SIZE } from "../rkvirtioblk/disk-fixture.ts";
import { type BlockDevice, SECTOR } from "./block-device.ts";
import { RamDisk } from "./ram-disk.ts";

/** What every disk must do, whatever is behind it. */

const DISKS: readonly (readonly [string, () => BlockDevice])[] = [
  ["RamDisk", () => new RamDisk(new Uint8Array(SIZE))],
  ["VirtioDisk", () => diskOf(new Bytes())],
  // With so little memory its buffer is one page, and most transfers are several requests.
  ["VirtioDisk with a small buffer", () => diskOf(new Bytes(), 256 << 10)],
];

function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i * 31 + (i >> 8) + seed;
  return bytes;
}

function readBack(disk: BlockDevice, offset: number, length: number): Uint8Array {
  const into = new Uint8Array(length).fill(0xee);
  disk.read(offset, into);
  return into;
}

const areSame = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0;

describe.each(DISKS)("%s", (_, make) => {
  test("says how large it is, in whole sectors, and that it can be written", () => {
    const disk = make();
    expect([disk.sizeBytes, disk.sizeBytes % SECTOR, disk.readOnly]).toEqual([SIZE, 0, false]);
    expect(disk.name).toMatch(/^[a-z]+[0-9a-z]*$/);
  });

  test("is zero at first, and keeps what is written where it was written", () => {
    const disk = make();
    expect(areSame(readBack(disk, 0, SIZE), new Uint8Array(SIZE))).toBe(true);
    const bytes = pattern(2 * SECTOR, 1);
    disk.write(3 * SECTOR, bytes);
    disk.flush();
    const around = readBack(disk, 2 * SECTOR, 4 * SECTOR);
    expect(areSame(around.subarray(SECTOR, 3 * SECTOR), bytes)).toBe(true);
    for (const beside of [around.subarray(0, SECTOR), around.subarray(3 * SECTOR)])
      expect(beside.every((byte) => byte === 0)).toBe(true);
  });

  test("reaches to its last sector, in one transfer or many", () => {
    const disk = make();
    const all = pattern(SIZE, 7);
    disk.write(0, all);
    expect(areSame(readBack(disk, 0, SIZE), all)).toBe(true);
    const last = pattern(SECTOR, 9);
    disk.write(SIZE - SECTOR, last);
    expect(areSame(readBack(disk, SIZE - SECTOR, SECTOR), last)).toBe(true);
    expect(areSame(readBack(disk, SIZE - 2 * SECTOR, SECTOR), all.subarray(-2 * SECTOR, -SECTOR))).toBe(true);
  });

  test("keeps its own bytes, whatever becomes of those of the caller", () => {
    const disk = make();
    const buffer = pattern(4 * SECTOR, 3);
    const part = buffer.subarray(SECTOR, 2 * SECTOR);
    const expected = part.slice();
    disk.write(0, part);
    buffer.fill(0);
    disk.read(0, part);
    expect(areSame(part, expected)).toBe(true);
    expect(buffer.subarray(2 * SECTOR).every((byte) => byte === 0)).toBe(true);
    part.fill(1);
    expect(areSame(readBack(disk, 0, SECTOR), expected)).toBe(true);
  });

  test("does nothing where nothing is moved", () => {
    const disk = make();
    disk.write(SIZE, new Uint8Array(0));
    disk.read(SIZE, new Uint8Array(0));
    expect(readBack(disk, SIZE - SECTOR, SECTOR).every((byte) => byte === 0)).toBe(true);
  });

  test("is what was last written, after any transfers", () => {
    const sectors = 64;
    const step = fc.record({
      writes: fc.boolean(),
      sector: fc.nat(sectors - 1),
      count: fc.integer({ min: 1, max: 24 }),
      seed: fc.nat(255),
    });
    const disk = make();
    const model = new Uint8Array(sectors * SECTOR);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        for (const { writes, sector, count, seed } of steps) {
          const length = Math.min(count, sectors - sector) * SECTOR;
          const at = sector * SECTOR;
          if (writes) {
            const bytes = pattern(length, seed);
            disk.write(at, bytes);
            model.set(bytes, at);
          } else expect(areSame(readBack(disk, at, length), model.subarray(at, at + length))).toBe(true);
        }
        expect(areSame(readBack(disk, 0, model.length), model)).toBe(true);
      }),
      { seed: 4, numRuns: 20 },
    );
  });
});

test("a RamDisk is the bytes that it was given", () => {
  const bytes = new Uint8Array(4 * SECTOR);
  const disk = new RamDisk(bytes);
  expect(disk.name).toBe("ram0");
  disk.write(SECTOR, pattern(SECTOR, 5));
  expect(areSame(bytes.subarray(SECTOR, 2 * SECTOR), pattern(SECTOR, 5))).toBe(true);
  bytes[0] = 77;
  expect(readBack(disk, 0, SECTOR)[0]).toBe(77);
});

test("a RamDisk is never written beyond its end", () => {
  const disk = new RamDisk(new Uint8Array(2 * SECTOR));
  expect(() => disk.write(SECTOR, new Uint8Array(2 * SECTOR).fill(1))).toThrow(RangeError);
  expect(disk.bytes.every((byte) => byte === 0)).toBe(true);
});
