import { describe, expect, test } from "vitest";
import { AreaFrames } from "../rkalloc/area-frames.ts";
import { tlsf } from "../rkalloctlsf/kind.ts";
import { PageCache } from "../rkpagecache/page-cache.ts";
import type { AddressSpace } from "./address-space.ts";
import { PageFrames } from "./page-frames.ts";
import { Place } from "./place.ts";
import { testSpace } from "./space-fixture.ts";
import { AreaFlag, Prot } from "./vma.ts";

const PAGE = 4096;
const RW = Prot.read | Prot.write;
const AT = 0x10_0000;

/** How long the stretches of a range are whose pages follow each other in the machine's memory, and in the host's. */
function runs(space: AddressSpace, start: number, pages: number): number[] {
  const { ram } = space.table as unknown as { ram: { readable(page: number): number } };
  const found: number[] = [];
  let last = -1;
  for (let i = 0; i < pages; i++) {
    const leaf = space.table.lookup(start + i * PAGE);
    const frame = leaf ? ram.readable(leaf.page) : -1;
    if (leaf && frame === last + PAGE) found[found.length - 1]++;
    else if (leaf) found.push(1);
    last = frame;
  }
  return found;
}

describe("pages of an area follow each other", () => {
  const orders: [string, (index: number) => number][] = [
    ["upwards", (i) => i],
    ["downwards", (i) => 199 - i],
    ["from the middle", (i) => (i % 2 === 0 ? 100 + i / 2 : 99 - (i - 1) / 2)],
  ];
  test.each(orders)("that is touched %s", (_order, nth) => {
    const { space } = testSpace();
    space.map(AT, 200 * PAGE, { prot: RW });
    for (let i = 0; i < 200; i++) space.writeU8(AT + nth(i) * PAGE, 1);
    expect(runs(space, AT, 200)).toEqual([200]);
  });

  test("in whatever order they and others are touched", () => {
    const { space } = testSpace();
    const areas = Array.from({ length: 8 }, (_, i) => AT + i * 0x40_0000);
    for (const at of areas) space.map(at, 100 * PAGE, { prot: RW });
    for (let n = 0; n < 800; n++) {
      const i = (n * 367 + 11) % 800;
      space.writeU8(areas[i % 8] + Math.floor(i / 8) * PAGE, 1);
    }
    for (const at of areas) expect(runs(space, at, 100)).toEqual([100]);
  });

  test("that grows up while others come to be", () => {
    const { space } = testSpace();
    space.setLayout({ start: AT, end: AT + 1000 * PAGE }, { start: 0x1000_0000, end: 0x2000_0000 });
    for (let pages = 10; pages <= 1000; pages += 10) {
      space.setBreak(AT + pages * PAGE);
      space.fill(AT + (pages - 10) * PAGE, 10 * PAGE, 1);
      space.map(0x1000_0000 + pages * 2 * PAGE, PAGE, { prot: RW });
      space.writeU8(0x1000_0000 + pages * 2 * PAGE, 1);
    }
    // Each time that the room was too small, the next was many times as large.
    expect(runs(space, AT, 1000).length).toBeLessThan(6);
  });

  test("that grows down", () => {
    const { space } = testSpace();
    const top = AT + 0x100_0000;
    space.map(top - 4 * PAGE, 4 * PAGE, { prot: RW, name: "[stack]", flags: AreaFlag.growsDown });
    for (let i = 1; i <= 200; i++) {
      space.writeU8(top - i * PAGE, 1);
      if (i % 10 !== 0) continue;
      space.map(AT + i * 2 * PAGE, PAGE, { prot: RW });
      space.writeU8(AT + i * 2 * PAGE, 1);
    }
    expect(runs(space, top - 200 * PAGE, 200).length).toBeLessThan(4);
  });

  test("though another one, that shares too small a place, would come to where they are to be", () => {
    const { space } = testSpace();
    const top = AT + 0x100_0000;
    space.map(AT, 7 * PAGE, { prot: RW, name: "data" });
    space.writeU8(AT + 6 * PAGE, 1);
    space.map(top - 32 * PAGE, 32 * PAGE, { prot: RW, name: "[stack]", flags: AreaFlag.growsDown });
    space.writeU8(top - PAGE, 1);
    space.map(AT + 7 * PAGE, 1000 * PAGE, { prot: RW, name: "bss" });
    const distance = space.table.lookup(top - PAGE)!.page - space.table.lookup(AT + 6 * PAGE)!.page;
    for (const page of [2, 1, 0, -1]) space.writeU8(AT + (6 + distance - page) * PAGE, 1);
    for (let page = 32; page > 0; page--) space.writeU8(top - page * PAGE, 1);
    expect(distance).toBeLessThan(1000);
    expect(runs(space, top - 32 * PAGE, 32)).toEqual([32]);
    expect(runs(space, AT + (4 + distance) * PAGE, 4)).toEqual([4]);
  });

  test("and so do those of writable areas next to each other", () => {
    const { space } = testSpace();
    space.map(AT, 8 * PAGE, { prot: RW, name: "data" });
    space.map(AT + 8 * PAGE, 8 * PAGE, { prot: RW, name: "bss" });
    space.map(AT - 8 * PAGE, 8 * PAGE, { prot: RW, name: "below" });
    for (const page of [7, 8, 0, 15, -1, -8]) space.writeU8(AT + page * PAGE, 1);
    space.fill(AT - 8 * PAGE, 24 * PAGE, 1);
    expect(runs(space, AT - 8 * PAGE, 24)).toEqual([24]);
  });

  test("next to those that are there, where the area's place is taken on the way", () => {
    // With so little memory no page is mapped with another.
    const { space, context } = testSpace(512);
    space.map(AT, 100 * PAGE, { prot: RW });
    for (const page of [0, 10]) space.writeU8(AT + page * PAGE, 1);
    const start = space.table.lookup(AT)!.page;
    expect(context.frames.allocateFrom(start + 50, 1)).toBe(1);
    for (const page of [50, 51, 1, 11, 49, 9]) space.writeU8(AT + page * PAGE, 1);
    expect(runs(space, AT, 100)).toEqual([2, 3, 3]);
    expect(space.table.lookup(AT + 11 * PAGE)!.page).toBe(start + 11);
  });

  test("where they are moved to, too", () => {
    const { space } = testSpace();
    space.map(AT, 50 * PAGE, { prot: RW });
    space.fill(AT, 20 * PAGE, 1);
    const to = AT + 0x100_0000;
    expect(space.move(AT, 50 * PAGE, to, 60 * PAGE)).toBe(0);
    space.fill(to + 30 * PAGE, 30 * PAGE, 1);
    space.fill(to, 60 * PAGE, 1);
    expect(runs(space, to, 60)).toEqual([60]);
  });
});

describe("copies after a fork", () => {
  test("follow each other, and come home when the originals are gone", () => {
    const { space, ram } = testSpace();
    space.map(AT, 100 * PAGE, { prot: RW });
    space.fill(AT, 100 * PAGE, 1);
    const home = space.table.lookup(AT)!.page;
    const child = space.fork();
    for (let i = 0; i < 100; i++) child.writeU8(AT + ((i * 37) % 100) * PAGE, 2);
    expect(runs(child, AT, 100)).toEqual([100]);
    expect(runs(space, AT, 100)).toEqual([100]);
    child.release();
    for (let round = 0; round < 5; round++) {
      const next = space.fork();
      for (let i = 20; i < 40; i++) space.writeU8(AT + i * PAGE, round);
      expect(runs(space, AT, 100).length).toBe(round % 2 === 0 ? 3 : 1);
      next.release();
    }
    expect(space.table.lookup(AT)!.page).toBe(home);
    expect(ram.residentPages).toBeLessThan(300);
  });

  test("leave the parent its room", () => {
    const { space } = testSpace();
    space.setLayout({ start: AT, end: AT + 1000 * PAGE }, { start: 0x1000_0000, end: 0x2000_0000 });
    space.setBreak(AT + 20 * PAGE);
    space.fill(AT, 20 * PAGE, 1);
    const child = space.fork();
    child.fill(AT, 20 * PAGE, 2);
    child.release();
    space.setBreak(AT + 100 * PAGE);
    space.fill(AT, 100 * PAGE, 1);
    expect(runs(space, AT, 100)).toEqual([100]);
  });
});

test("pages of a file follow each other, whichever is read first", () => {
  const { space } = testSpace();
  const backing = {
    name: "file",
    size: 100 * PAGE,
    readAt: (_offset: number, into: Uint8Array) => into.length,
  };
  space.map(AT, 100 * PAGE, { prot: Prot.read, backing });
  for (let i = 99; i >= 0; i--) space.readU8(AT + ((i * 37) % 100) * PAGE);
  expect(runs(space, AT, 100)).toEqual([100]);
});

test("memory that a process had is used again by the next", () => {
  const { space, context, ram } = testSpace();
  const live = (one: AddressSpace) => {
    one.map(AT, 50 * PAGE, { prot: RW });
    one.fill(AT, 50 * PAGE, 1);
    one.release();
  };
  for (let i = 0; i < 2; i++) live(space.fork());
  const before = ram.residentPages;
  for (let i = 0; i < 20; i++) live(space.fork());
  expect(ram.residentPages).toBe(before);
  expect(context.frames.allocator.freePages).toBeGreaterThan(4000);
});

test("memory that was unmapped is used again by the next area, in one piece", () => {
  const { space, ram } = testSpace();
  const live = () => {
    space.map(AT, 50 * PAGE, { prot: RW });
    space.fill(AT, 50 * PAGE, 1);
    expect(runs(space, AT, 50)).toEqual([50]);
    space.unmap(AT, 50 * PAGE);
  };
  live();
  const before = ram.residentPages;
  for (let i = 0; i < 20; i++) live();
  expect(ram.residentPages).toBe(before);
});

test("an area keeps its room when a part of it is unmapped", () => {
  const { space } = testSpace();
  space.map(AT, 100 * PAGE, { prot: RW });
  space.fill(AT, 50 * PAGE, 1);
  space.unmap(AT, 10 * PAGE);
  space.map(AT + 0x40_0000, 20 * PAGE, { prot: RW });
  space.fill(AT + 0x40_0000, 20 * PAGE, 1);
  space.fill(AT + 50 * PAGE, 50 * PAGE, 1);
  expect(runs(space, AT + 10 * PAGE, 90)).toEqual([90]);
});

describe("when memory is nearly used up", () => {
  test("every page that is free is found", () => {
    const { space, allocator } = testSpace(512);
    const areas = Array.from({ length: 10 }, (_, i) => AT + i * 0x20_0000);
    for (const at of areas) space.map(at, 100 * PAGE, { prot: RW });
    let touched = 0;
    for (let i = 0; i < 1000; i++)
      if (space.fault(areas[i % 10] + ((Math.floor(i / 10) * 7) % 100) * PAGE, "write") === undefined)
        touched++;
    expect(allocator.freePages).toBe(0);
    // All but the tables.
    expect(touched).toBeGreaterThan(490);
    for (const at of areas) space.discard(at, 40 * PAGE);
    expect(allocator.freePages).toBeGreaterThan(150);
    const free = allocator.freePages;
    let found = 0;
    for (let i = 0; i < free; i++)
      if (space.fault(areas[i % 10] + (Math.floor(i / 10) % 40) * PAGE, "write") === undefined) found++;
    expect(found).toBe(free);
  });
});

test("an allocator that cannot be asked for a page serves all the same", () => {
  const { ram } = testSpace(64);
  const first = ram.base / PAGE;
  const allocator = new AreaFrames(first, tlsf.area(first, 64));
  const frames = new PageFrames(allocator, ram);
  const cache = new PageCache(frames, allocator, () => {});
  frames.reclaim = () => cache.reclaim();
  const owner = { place: new Place() };
  const pages = new Set<number>();
  for (let i = 0; i < 32; i++) {
    pages.add(frames.allocate());
    pages.add(frames.allocateIn(owner, i, 100, i));
  }
  expect(pages.size).toBe(64);
  expect(frames.allocate()).toBe(-1);
  expect(frames.allocateIn(owner, 40, 100, 40)).toBe(-1);
});
