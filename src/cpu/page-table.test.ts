import { describe, expect, test } from "vitest";
import { Arena } from "../memory/arena.ts";
import { PhysicalMemory } from "../memory/physical-memory.ts";
import { PageTable } from "./page-table.ts";
import { Pte, walk, writeEntry } from "./sv39.ts";

const RAM = 0x8000_0000;

function space() {
  const ram = new PhysicalMemory(new Arena(4 << 20), RAM, 1 << 20);
  let next = RAM / 4096;
  const table = new PageTable(ram, () => next++);
  return { ram, table };
}

describe("PageTable", () => {
  test("maps pages anywhere in both halves of the address space", () => {
    const { table } = space();
    const addresses = [0, 0x1000, 0x20_0000, 0x4000_0000, 0x3f_ffff_f000, -0x40_0000_0000, -4096];
    addresses.forEach((va, i) => {
      table.map(va, 0x80010 + i, Pte.R | Pte.A);
    });
    addresses.forEach((va, i) => {
      expect(table.lookup(va + 4095)).toEqual({ page: 0x80010 + i, flags: Pte.V | Pte.R | Pte.A });
    });
    expect(table.lookup(0x2000)).toBeUndefined();
  });

  test("shares tables between neighbours and lists each once", () => {
    const { table } = space();
    table.map(0x1000, 1, Pte.R);
    table.map(0x2000, 2, Pte.R);
    expect([...table.tables()]).toEqual([0x80000, 0x80001, 0x80002]);
    table.map(0x20_0000, 3, Pte.R);
    expect([...table.tables()]).toHaveLength(4);
  });

  test("unmaps and says what was there", () => {
    const { table } = space();
    table.map(0x5000, 7, Pte.R | Pte.W);
    expect(table.unmap(0x5000)).toEqual({ page: 7, flags: Pte.V | Pte.R | Pte.W });
    expect(table.lookup(0x5000)).toBeUndefined();
    expect(table.unmap(0x5000)).toBeUndefined();
  });

  test("protects mapped pages only", () => {
    const { table } = space();
    table.map(0x5000, 7, Pte.R | Pte.W | Pte.U);
    expect(table.protect(0x5000, Pte.R | Pte.U)).toBe(true);
    expect(table.lookup(0x5000)).toEqual({ page: 7, flags: Pte.V | Pte.R | Pte.U });
    expect(table.protect(0x6000, Pte.R)).toBe(false);
  });

  test("refuses addresses outside Sv39", () => {
    expect(() => space().table.map(0x40_0000_0000, 1, Pte.R)).toThrow(RangeError);
  });
});

describe("walk", () => {
  const root = RAM / 4096;
  const at = (level: number) => RAM + level * 4096;

  /** Root in page 0, a level-1 table in page 1, a level-0 table in page 2 of RAM, all for va 0. */
  function tables() {
    const { ram } = space();
    writeEntry(ram, at(0), root + 1, Pte.V);
    writeEntry(ram, at(1), root + 2, Pte.V);
    writeEntry(ram, at(2), root + 9, Pte.V | Pte.R);
    return ram;
  }

  test("returns every entry it looked at", () => {
    expect(walk(tables(), root, 0x123)).toEqual({
      steps: [
        { level: 2, address: at(0), flags: Pte.V, ppn: root + 1, reserved: 0 },
        { level: 1, address: at(1), flags: Pte.V, ppn: root + 2, reserved: 0 },
        { level: 0, address: at(2), flags: Pte.V | Pte.R, ppn: root + 9, reserved: 0 },
      ],
      end: "leaf",
      page: root + 9,
      flags: Pte.V | Pte.R,
    });
  });

  test("finds the 4 KiB page inside large pages", () => {
    const ram = tables();
    writeEntry(ram, at(1), 0x80200, Pte.V | Pte.X);
    expect(walk(ram, root, 0x1f_f000)).toMatchObject({ end: "leaf", page: 0x803ff });
    writeEntry(ram, at(0), 0x80000, Pte.V | Pte.X);
    expect(walk(ram, root, 0x3fff_f000)).toMatchObject({ end: "leaf", page: 0xbffff });
  });

  test("says why it stopped", () => {
    const ram = tables();
    const endWith = (level: number, ppn: number, flags: number) => {
      writeEntry(ram, at(level), ppn, flags);
      const found = walk(ram, root, 0);
      return [found.end, found.steps.length];
    };
    expect(endWith(2, root + 9, 0)).toEqual(["invalid", 3]);
    expect(endWith(2, root + 9, Pte.V)).toEqual(["tooDeep", 3]);
    expect(endWith(2, root + 9, Pte.V | Pte.W)).toEqual(["reserved", 3]);
    expect(endWith(2, root + 9, Pte.V | Pte.W | Pte.X)).toEqual(["reserved", 3]);
    expect(endWith(1, 0x80201, Pte.V | Pte.R)).toEqual(["misalignedPage", 2]);
    for (const bit of [Pte.U, Pte.A, Pte.D])
      expect(endWith(1, root + 2, Pte.V | bit)).toEqual(["reserved", 2]);
    expect(endWith(1, 0x123_4567_89ab, Pte.V)).toEqual(["noMemory", 2]);
    expect(endWith(0, 0x80001, Pte.V | Pte.R)).toEqual(["misalignedPage", 1]);
    expect(walk(ram, root, 0x40_0000_0000)).toMatchObject({ end: "notCanonical", steps: [] });
  });

  test("refuses every one of the bits above the physical page number", () => {
    const ram = tables();
    for (let bit = 54n; bit < 64n; bit++) {
      ram.writeU64(at(2), (1n << bit) | BigInt(((root + 9) << 10) | Pte.V | Pte.R));
      expect(walk(ram, root, 0).end).toBe("reserved");
    }
  });

  test("touches no memory", () => {
    const ram = tables();
    const before = ram.residentPages;
    writeEntry(ram, at(1), root + 100, Pte.V);
    expect(walk(ram, root, 0).end).toBe("invalid");
    expect(ram.residentPages).toBe(before);
  });
});
