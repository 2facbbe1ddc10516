import { beforeEach, describe, expect, test } from "vitest";
import { Arena } from "../memory/arena.ts";
import { Bus, type Device } from "../memory/bus.ts";
import { PhysicalMemory } from "../memory/physical-memory.ts";
import { Mstatus } from "./csr-state.ts";
import { Hart } from "./hart.ts";
import { Cause, HART, Privilege, TLB, TLB_ENTRIES } from "./layout.ts";
import { PageTable } from "./page-table.ts";
import { Access } from "./pmp.ts";
import { Pte, writeEntry } from "./sv39.ts";

const RAM = 0x8000_0000;
const SIZE = 4 << 20;
const DEVICE = 0x1000_0000;
const { R, W, X, U, A, D, V } = Pte;
/** Physical pages of the tests' data, away from the tables. */
const P = RAM / 4096 + 64;

let ram: PhysicalMemory;
let hart: Hart;
let table: PageTable;
let device: Device & { log: string[] };

beforeEach(() => {
  const arena = new Arena(16 << 20);
  ram = new PhysicalMemory(arena, RAM, SIZE);
  const bus = new Bus(ram);
  const log: string[] = [];
  device = {
    name: "device",
    log,
    load: (offset, size) => {
      log.push(`load ${offset} ${size}`);
      return 0x11223344 + offset;
    },
    store: (offset, size, value) => log.push(`store ${offset} ${size} ${value.toString(16)}`),
  };
  bus.attach(DEVICE, 0x100, device);
  hart = new Hart(0, arena, bus);
  hart.mmu.pmp.allowAll();
  let next = RAM / 4096;
  table = new PageTable(ram, () => next++);
});

/** Continues at `privilege` with Sv39 on. */
function enter(privilege: number, status = 0, asid = 0) {
  hart.privilege = privilege;
  hart.csrs.status = status;
  hart.mmu.useTable(table.rootPage, asid);
}

test("ranges of pages that do not follow each other are few, and those forgotten are known to be", () => {
  for (let i = 0; i < 2000; i++) table.map(0x4000_0000 + i * 8192, P + (i % 64) * 2, R | W | U | A | D);
  enter(Privilege.user);
  const generation = () =>
    hart.arena.i32[(hart.arena.i32[(hart.base + HART.dataTlb) / 4] + TLB.generation) / 4];
  const found = Array.from({ length: 2000 }, (_, i) => {
    const range = hart.mmu.rangeAt(0x4000_0000 + i * 8192, 0, true);
    expect(range).toMatchObject({ from: 0x4_0000 + 2 * i, to: 0x4_0001 + 2 * i });
    return generation();
  });
  expect(new Set(found).size).toBeGreaterThan(3);
  // The last ones are known still.
  expect(hart.mmu.rangeAt(0x4000_0000 + 1999 * 8192, 0, true)).toBe(
    hart.mmu.rangeAt(0x4000_0000 + 1999 * 8192, 0, true),
  );
});

test("a page that is fenced again and again is in no range, and its fences change nothing for regions", () => {
  for (let i = 0; i < 8; i++) table.map(0x4000_0000 + i * 4096, P + i, R | W | U | A | D);
  enter(Privilege.user);
  const generation = () =>
    hart.arena.i32[(hart.arena.i32[(hart.base + HART.dataTlb) / 4] + TLB.generation) / 4];
  for (let i = 0; i < 4; i++) {
    expect(hart.mmu.rangeAt(0x4000_3000, 0, true)).toMatchObject({ from: 0x4_0000, to: 0x4_0008 });
    const before = generation();
    hart.mmu.fence(0x4000_3000);
    expect(generation()).not.toBe(before);
  }
  expect(hart.mmu.rangeAt(0x4000_3000, 0, true)).toBeUndefined();
  expect(hart.mmu.rangeAt(0x4000_2000, 0, true)).toMatchObject({ from: 0x4_0000, to: 0x4_0003 });
  expect(hart.mmu.rangeAt(0x4000_4000, 0, true)).toMatchObject({ from: 0x4_0004, to: 0x4_0008 });
  const before = generation();
  hart.mmu.fence(0x4000_3000);
  expect(generation()).toBe(before);
});

const word = (offset: number) => (hart.base + offset) / 8;
const setAddress = (address: bigint) => {
  hart.arena.i64[word(HART.address)] = address;
};
const trap = () => {
  const cause = hart.arena.i32[(hart.base + HART.cause) / 4];
  return [cause, hart.arena.i64[word(HART.tval)]];
};

/** The value, or [cause, tval]. */
function load(address: number | bigint, size = 8) {
  setAddress(BigInt(address));
  return hart.mmu.load(size) === 1 ? hart.arena.u64[word(HART.value)] : trap();
}

/** "done", or [cause, tval]. */
function store(address: number | bigint, value = 0n, size = 8) {
  setAddress(BigInt(address));
  hart.arena.u64[word(HART.value)] = value;
  return hart.mmu.store(size) === 1 ? "done" : trap();
}

function fetch(address: number | bigint) {
  setAddress(BigInt(address));
  const page = hart.mmu.translateFetch();
  return page >= 0 ? page : trap();
}

function atomic(address: number, size: number, reserve: boolean) {
  setAddress(BigInt(address));
  return hart.mmu.prepareAtomic(size, reserve) !== 0 ? "done" : trap();
}

/** Does the current context answer for `va` without the slow path? */
function hits(table: number, va: number) {
  const entry = hart.arena.i32[(hart.base + HART.dataTlb) / 4] + table + ((va >>> 12) % TLB_ENTRIES) * 16;
  return hart.arena.i64[entry / 8] === BigInt(va - (va % 4096));
}

describe("permissions", () => {
  const all = R | W | X | A | D;
  test.each([
    ["user page, user", Privilege.user, 0, all | U, "rwx"],
    ["kernel page, user", Privilege.user, 0, all, ""],
    ["kernel page, supervisor", Privilege.supervisor, 0, all, "rwx"],
    ["user page, supervisor", Privilege.supervisor, 0, all | U, ""],
    ["user page, supervisor, SUM", Privilege.supervisor, Mstatus.SUM, all | U, "rw"],
    ["kernel page, user, SUM", Privilege.user, Mstatus.SUM, all, ""],
    ["read-only", Privilege.supervisor, 0, R | A | D, "r"],
    ["read-write", Privilege.supervisor, 0, R | W | A | D, "rw"],
    ["execute-only", Privilege.supervisor, 0, X | A | D, "x"],
    ["execute-only, MXR", Privilege.supervisor, Mstatus.MXR, X | A | D, "rx"],
    ["execute-only, user, MXR", Privilege.user, Mstatus.MXR, X | U | A | D, "rx"],
    ["read-execute", Privilege.supervisor, 0, R | X | A | D, "rx"],
  ])("%s", (_, privilege, status, flags, expected) => {
    table.map(0x5000, P, flags);
    enter(privilege, status);
    const check = (letter: string, got: unknown, fine: unknown, cause: number) =>
      expect(got).toEqual(expected.includes(letter) ? fine : [cause, 0x5008n]);
    check("r", load(0x5008), 0n, Cause.loadPage);
    check("w", store(0x5008), "done", Cause.storePage);
    check("x", fetch(0x5008), P, Cause.instructionPage);
  });

  test("MPRV makes machine mode load and store as MPP, and fetch as itself", () => {
    table.map(RAM, P, R | A | U);
    enter(Privilege.machine, Mstatus.MPRV);
    ram.writeU64(P * 4096, 77n);
    expect(load(RAM)).toBe(77n);
    expect(store(RAM)).toEqual([Cause.storePage, BigInt(RAM)]);
    expect(fetch(RAM)).toBe(RAM / 4096);
    hart.csrs.status = Mstatus.MPRV | Mstatus.MPP;
    hart.mmu.refresh();
    expect(store(RAM)).toBe("done");
  });

  test("translation is off in machine mode and with satp bare", () => {
    enter(Privilege.machine);
    expect(fetch(RAM + 0x3000)).toBe(RAM / 4096 + 3);
    hart.privilege = Privilege.supervisor;
    hart.csrs.set(21, 0n);
    hart.mmu.refresh();
    expect(fetch(RAM + 0x3000)).toBe(RAM / 4096 + 3);
    expect(load(-8n)).toEqual([Cause.loadAccess, -8n]);
    expect(load(1n << 56n)).toEqual([Cause.loadAccess, 1n << 56n]);
  });
});

describe("faults", () => {
  test("carry the exact 64-bit address", () => {
    enter(Privilege.user);
    for (const address of [
      0x40_0000_0000n,
      -0x40_0000_0001n,
      0x7fff_ffff_ffff_fff1n,
      -0x7fff_ffff_ffff_ff01n,
    ]) {
      expect(load(address, 1)).toEqual([Cause.loadPage, address]);
      expect(store(address, 0n, 1)).toEqual([Cause.storePage, address]);
      expect(fetch(address)).toEqual([Cause.instructionPage, address]);
    }
  });

  test("holes in the physical space are access faults", () => {
    table.map(0x5000, 0x20000, R | W | X | A | D);
    enter(Privilege.supervisor);
    expect(load(0x5010)).toEqual([Cause.loadAccess, 0x5010n]);
    expect(store(0x5010)).toEqual([Cause.storeAccess, 0x5010n]);
    expect(fetch(0x5010)).toEqual([Cause.instructionAccess, 0x5010n]);
  });

  test("a table outside RAM is an access fault of the access's kind", () => {
    enter(Privilege.supervisor);
    hart.mmu.useTable(0x10, 0);
    expect(load(0)).toEqual([Cause.loadAccess, 0n]);
    expect(store(0)).toEqual([Cause.storeAccess, 0n]);
    expect(fetch(0)).toEqual([Cause.instructionAccess, 0n]);
  });
});

describe("A and D", () => {
  const flags = (va: number) => table.lookup(va)!.flags;

  test("are set by the access that needs them", () => {
    table.map(0x5000, P, R | W | X);
    enter(Privilege.supervisor);
    load(0x5000);
    expect(flags(0x5000)).toBe(V | R | W | X | A);
    expect(hits(TLB.read, 0x5000)).toBe(true);
    expect(hits(TLB.write, 0x5000)).toBe(false);
    store(0x5000);
    expect(flags(0x5000)).toBe(V | R | W | X | A | D);
    expect(hits(TLB.write, 0x5000)).toBe(true);
    table.map(0x6000, P, X);
    fetch(0x6000);
    expect(flags(0x6000)).toBe(V | X | A);
  });

  test("stay clear when the access faults", () => {
    table.map(0x5000, P, R);
    table.map(0x6000, P, R | W);
    table.map(0x8000, 0x20000, R | W);
    enter(Privilege.supervisor);
    store(0x5000);
    expect(flags(0x5000)).toBe(V | R);
    expect(store(0x6ffc)).toEqual([Cause.storePage, 0x7000n]);
    expect(flags(0x6000)).toBe(V | R | W);
    store(0x8000);
    expect(flags(0x8000)).toBe(V | R | W);
  });

  test("need a page table that may be written", () => {
    table.map(0x5000, P, R | W);
    table.map(0x6000, P, R | W | A | D);
    // Entry 0: the 16 KiB of the tables, read-only.
    hart.mmu.pmp.writeAddress(0, BigInt(RAM / 4 + 0x7ff));
    hart.mmu.pmp.writeAddress(1, -1n);
    hart.mmu.pmp.writeConfig(0, 0x1f19n);
    hart.mmu.reset();
    enter(Privilege.supervisor);
    expect(load(0x5000)).toEqual([Cause.loadAccess, 0x5000n]);
    expect(load(0x6000)).toBe(0n);
  });
});

describe("any alignment", () => {
  test("inside a page", () => {
    ram.writeU64(P * 4096, 0x8877_6655_4433_2211n);
    expect(load(P * 4096 + 1, 4)).toBe(0x5544_3322n);
    store(P * 4096 + 3, 0xaabb_ccddn, 4);
    expect(ram.readU64(P * 4096)).toBe(0x88aa_bbcc_dd33_2211n);
  });

  test("across pages that are not neighbours", () => {
    table.map(0x5000, P, R | W | A | D);
    table.map(0x6000, P + 9, R | W | A | D);
    enter(Privilege.supervisor);
    for (let split = 1; split < 8; split++) {
      const va = 0x6000 - split;
      expect(store(va, 0x1122_3344_5566_7788n)).toBe("done");
      expect(load(va)).toBe(0x1122_3344_5566_7788n);
      const bytes = [...ram.read(P * 4096 + 4096 - split, split), ...ram.read((P + 9) * 4096, 8 - split)];
      expect(bytes).toEqual([0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11]);
    }
  });

  test("a fault in either page changes nothing and names the address in that page", () => {
    table.map(0x5000, P, R | W | A | D);
    table.map(0x7000, P + 1, R | W | A | D);
    enter(Privilege.supervisor);
    expect(store(0x5ffe, -1n & 0xffff_ffffn, 4)).toEqual([Cause.storePage, 0x6000n]);
    expect(ram.readU64(P * 4096 + 4088)).toBe(0n);
    expect(load(0x6ffd, 4)).toEqual([Cause.loadPage, 0x6ffdn]);
    expect(load(0x3f_ffff_fffcn)).toEqual([Cause.loadPage, 0x3f_ffff_fffcn]);
  });

  test("wraps the address space as addition does", () => {
    table.map(-4096, P, R | A);
    table.map(0, P + 1, R | A);
    enter(Privilege.supervisor);
    ram.write(P * 4096 + 4092, Uint8Array.of(1, 2, 3, 4));
    ram.write((P + 1) * 4096, Uint8Array.of(5, 6, 7, 8));
    expect(load(-4n)).toBe(0x0807_0605_0403_0201n);
    table.map(0xffff_f000, P, R | A);
    table.map(0x1_0000_0000, P + 1, R | A);
    expect(load(0xffff_fffcn)).toBe(0x0807_0605_0403_0201n);
  });
});

describe("devices", () => {
  test("see offsets, sizes and values; 8 bytes come as two halves", () => {
    expect(load(DEVICE + 4, 4)).toBe(0x1122_3348n);
    expect(load(DEVICE + 8, 8)).toBe(0x1122_3350_1122_334cn);
    store(DEVICE + 1, 0x1234n, 1);
    store(DEVICE + 16, 0x8899_aabb_ccdd_eeffn, 8);
    expect(device.log).toEqual([
      "load 4 4",
      "load 8 4",
      "load 12 4",
      "store 1 1 34",
      "store 16 4 ccddeeff",
      "store 20 4 8899aabb",
    ]);
    expect(hits(TLB.read, DEVICE)).toBe(false);
  });

  test("answer neither misaligned nor atomic accesses nor fetches", () => {
    expect(load(DEVICE + 2, 4)).toEqual([Cause.loadAccess, BigInt(DEVICE + 2)]);
    expect(store(DEVICE + 0xfe, 0n, 4)).toEqual([Cause.storeAccess, BigInt(DEVICE + 0xfe)]);
    expect(atomic(DEVICE, 4, false)).toEqual([Cause.storeAccess, BigInt(DEVICE)]);
    expect(atomic(DEVICE, 4, true)).toEqual([Cause.loadAccess, BigInt(DEVICE)]);
    expect(fetch(DEVICE)).toEqual([Cause.instructionAccess, BigInt(DEVICE)]);
    expect(device.log).toEqual([]);
  });
});

test("atomics enter the table that they use and must be aligned", () => {
  expect(atomic(RAM + 8, 8, true)).toBe("done");
  expect([hits(TLB.read, RAM), hits(TLB.write, RAM)]).toEqual([true, false]);
  expect(atomic(RAM + 8, 8, false)).toBe("done");
  expect(hits(TLB.write, RAM)).toBe(true);
  expect(atomic(RAM + 4, 8, true)).toEqual([Cause.loadMisaligned, BigInt(RAM + 4)]);
  expect(atomic(RAM + 2, 4, false)).toEqual([Cause.storeMisaligned, BigInt(RAM + 2)]);
});

describe("cached translations", () => {
  test("of another privilege, SUM or address space do not answer", () => {
    table.map(0x5000, P, R | W | U | A | D);
    enter(Privilege.user);
    load(0x5000);
    expect(hits(TLB.read, 0x5000)).toBe(true);
    enter(Privilege.supervisor);
    expect(hits(TLB.read, 0x5000)).toBe(false);
    enter(Privilege.user, 0, 1);
    expect(hits(TLB.read, 0x5000)).toBe(false);
    enter(Privilege.user);
    expect(hits(TLB.read, 0x5000)).toBe(true);
  });

  test("survive the eviction of other views", () => {
    table.map(0x5000, P, R | U | A);
    for (let asid = 0; asid < 20; asid++) {
      enter(Privilege.user, 0, asid);
      expect(hits(TLB.read, 0x5000)).toBe(false);
      expect(load(0x5000)).toBe(0n);
      expect(hits(TLB.read, 0x5000)).toBe(true);
    }
  });

  test("sfence.vma forgets by address, by address space, or both", () => {
    table.map(0x5000, P, R | U | A);
    table.map(0x6000, P, R | U | A);
    const known = (fence: () => void) => {
      for (const asid of [1, 2]) {
        enter(Privilege.user, 0, asid);
        load(0x5000);
        load(0x6000);
      }
      fence();
      return [1, 2].flatMap((asid) => {
        enter(Privilege.user, 0, asid);
        return [hits(TLB.read, 0x5000), hits(TLB.read, 0x6000)];
      });
    };
    expect(known(() => {})).toEqual([true, true, true, true]);
    expect(known(() => hart.mmu.fence(0x5123))).toEqual([false, true, false, true]);
    expect(known(() => hart.mmu.fence(0x5123, 2))).toEqual([true, true, false, true]);
    expect(known(() => hart.mmu.fence(0x4fff, 1, 2))).toEqual([false, true, true, true]);
    expect(known(() => hart.mmu.fence(0x5fff, 2, 2))).toEqual([true, true, false, false]);
    expect(known(() => hart.mmu.fence(0x4000, 1, 2000))).toEqual([false, false, true, true]);
    expect(known(() => hart.mmu.fence(undefined, 1))).toEqual([false, false, true, true]);
    expect(known(() => hart.mmu.fence())).toEqual([false, false, false, false]);
  });

  test("a fence for one address of a large page forgets all of it", () => {
    writeEntry(ram, table.rootPage * 4096, 0x80000, V | R | W | X | A | D);
    enter(Privilege.supervisor);
    load(0x1000);
    load(0x3000);
    expect(hits(TLB.read, 0x3000)).toBe(true);
    hart.mmu.fence(0x3fff_f000);
    expect([hits(TLB.read, 0x1000), hits(TLB.read, 0x3000)]).toEqual([false, false]);
    load(0x1000);
    hart.mmu.fence(0x4010_0000, 0, 9);
    expect(hits(TLB.read, 0x1000)).toBe(true);
    hart.mmu.fence(-0x3000, 0, 4);
    expect(hits(TLB.read, 0x1000)).toBe(false);
  });

  test("follow a page that copy-on-write moves, under all its addresses", () => {
    table.map(0x5000, P, R | W | A | D);
    table.map(0x6000, P, R | W | A | D);
    enter(Privilege.supervisor);
    store(0x5000, 6n);
    const snapshot = ram.fork();
    expect(hits(TLB.write, 0x5000)).toBe(false);
    load(0x5000);
    store(0x6000, 7n);
    expect([hits(TLB.read, 0x5000), hits(TLB.read, 0x6000)]).toEqual([false, true]);
    expect(load(0x5000)).toBe(7n);
    expect(snapshot.readU64(P * 4096)).toBe(6n);
  });
});

describe("code pages", () => {
  test("are announced before a write, and leave the write table when they become code", () => {
    const code = new Set<number>();
    const told: number[] = [];
    hart.mmu.isCodePage = (page) => code.has(page);
    hart.mmu.codePageWritten = (page) => {
      told.push(page);
      code.delete(page);
    };
    store(P * 4096, 1n);
    expect(hits(TLB.write, P * 4096)).toBe(true);
    code.add(P);
    hart.mmu.dropWriteEntries(P);
    expect(hits(TLB.write, P * 4096)).toBe(false);
    store(P * 4096, 2n);
    store(P * 4096, 3n);
    expect(told).toEqual([P]);
    expect(hits(TLB.write, P * 4096)).toBe(true);
  });
});

describe("PMP", () => {
  test("a page that it splits is checked on every access", () => {
    // Entry 1: RAM's first 2 KiB read-only; entry 2: the rest.
    hart.mmu.pmp.writeAddress(0, BigInt(RAM / 4));
    hart.mmu.pmp.writeAddress(1, BigInt(RAM / 4 + 0x200));
    hart.mmu.pmp.writeAddress(2, -1n);
    hart.mmu.pmp.writeConfig(0, 0x1f_09_00n);
    hart.mmu.reset();
    hart.privilege = Privilege.supervisor;
    hart.mmu.refresh();
    expect(load(RAM + 0x7f8)).toBe(0n);
    expect(load(RAM + 0x7fc)).toEqual([Cause.loadAccess, BigInt(RAM + 0x7fc)]);
    expect(store(RAM + 0x7f8)).toEqual([Cause.storeAccess, BigInt(RAM + 0x7f8)]);
    expect(store(RAM + 0x800)).toBe("done");
    expect([hits(TLB.read, RAM), hits(TLB.write, RAM)]).toEqual([false, false]);
    expect(store(RAM + 0x1000)).toBe("done");
    expect(hits(TLB.write, RAM + 0x1000)).toBe(true);
    expect(fetch(RAM)).toEqual([Cause.instructionAccess, BigInt(RAM)]);
    expect(fetch(RAM + 0x800)).toBe(RAM / 4096);
    expect(hart.mmu.fetchesWholePage).toBe(false);
  });
});

test("translate tells debuggers what would happen and changes nothing", () => {
  table.map(0x5000, P, R | W | U);
  enter(Privilege.supervisor);
  const before = ram.residentPages;
  expect(hart.mmu.translate(0x5678, Access.write, Privilege.user)).toMatchObject({ page: P, cause: -1 });
  expect(hart.mmu.translate(0x5678, Access.read)).toMatchObject({ page: -1, cause: Cause.loadPage });
  expect(table.lookup(0x5000)?.flags).toBe(V | R | W | U);
  expect(ram.residentPages).toBe(before);
});
