import { beforeEach, describe, expect, test } from "vitest";
import { Random } from "../../../test/differential/random.ts";
import { assemble } from "../../isa/assembler/assemble.ts";
import { placeSections } from "../../isa/assembler/place.ts";
import { Arena } from "../../memory/arena.ts";
import { Bus } from "../../memory/bus.ts";
import { PhysicalMemory } from "../../memory/physical-memory.ts";
import { Csr, MPP_SHIFT, Mstatus } from "../csr-state.ts";
import { Hart } from "../hart.ts";
import { HART, Privilege, TLB, TLB_ENTRIES } from "../layout.ts";
import { Access } from "../pmp.ts";
import { Pte, writeEntry } from "../sv39.ts";

/** 6 MiB: tables and data in the first 4, the code that accesses them, which no page maps, in the last 2. */
const RAM = 0x8000_0000;
const FIRST = RAM / 4096;
const PAGES = 1536;
const CODE = RAM + (4 << 20);
/** Pages that tables point to: of these, some are tables and some data. */
const POOL = 24;
const { V, R, W, X, U, G, A, D } = Pte;

/** One instruction each, that reads or writes at a1. */
const LOADS = ["lb", "lh", "lw", "ld"];
const STORES = ["sb", "sh", "sw", "sd"];
const ATOMICS = ["lr.d", "amoadd.d"];
const ALL = [...LOADS, ...STORES, ...ATOMICS];
const source = [
  ...[...LOADS, ...STORES].map((name) => `${name} a0, 0(a1)`),
  "lr.d a0, (a1)",
  "amoadd.d a0, a2, (a1)",
];

let ram: PhysicalMemory;
let hart: Hart;
/** How often the walk in TypeScript was asked to do an access. */
let asked: number;

beforeEach(() => {
  const arena = new Arena(32 << 20);
  ram = new PhysicalMemory(arena, RAM, PAGES * 4096);
  hart = new Hart(0, arena, new Bus(ram));
  hart.mmu.pmp.allowAll();
  const placed = placeSections(assemble(source.join("\n")), { base: BigInt(CODE) });
  for (const { address, bytes } of placed.segments.flatMap(({ sections }) => sections))
    ram.write(Number(address), bytes);
  asked = 0;
  const { mmu } = hart;
  const [load, store, prepareAtomic] = [mmu.load, mmu.store, mmu.prepareAtomic];
  mmu.load = (size) => count(load.call(mmu, size));
  mmu.store = (size) => count(store.call(mmu, size));
  mmu.prepareAtomic = (size, reserve) => count(prepareAtomic.call(mmu, size, reserve));
  const count = <T>(result: T): T => {
    asked++;
    return result;
  };
});

interface Outcome {
  /** Exception code, or -1. */
  readonly cause: number;
  readonly tval: bigint;
  readonly value: bigint;
  /** The walk in TypeScript had no part in it. */
  readonly inWasm: boolean;
}

/** Sets what the next accesses are made as. */
function as(privilege: number, status = 0): void {
  hart.privilege = Privilege.machine;
  hart.csrs.status = Mstatus.MPRV | (privilege << MPP_SHIFT) | status;
  hart.mmu.refresh();
}

/** Makes the access that the instruction called `name` does, as machine mode's code under MPRV. */
function access(name: string, address: bigint, value = 0n): Outcome {
  const { status } = hart.csrs;
  hart.pc = BigInt(CODE + 4 * ALL.indexOf(name));
  hart.setX(10, value);
  hart.setX(11, address);
  hart.setX(12, value);
  hart.csrs.set(Csr.mcause, -1n);
  const before = asked;
  hart.step();
  const cause = Number(BigInt.asIntN(64, hart.csrs.get(Csr.mcause)));
  const outcome = {
    cause,
    tval: BigInt.asIntN(64, hart.csrs.get(Csr.mtval)),
    value: hart.x(10),
    inWasm: asked === before,
  };
  hart.privilege = Privilege.machine;
  hart.csrs.status = status;
  hart.mmu.refresh();
  return outcome;
}

const sizeOf = (name: string) => ({ b: 1, h: 2, w: 4, d: 8 })[name.at(-1) as "b" | "h" | "w" | "d"];

/** The read or write entry for an address, as words. */
function entry(table: number, address: bigint): number[] {
  const { i32 } = hart.arena;
  const index = Number(BigInt.asUintN(32, address >> 12n)) & (TLB_ENTRIES - 1);
  const at = (i32[(hart.base + HART.dataTlb) / 4] + table + index * 16) / 4;
  return [...i32.subarray(at, at + 4)];
}

/** What `entry` is where the page of `address` is physical page `page`. */
function entryOf(address: bigint, page: number): number[] {
  const tag = address & ~0xfffn;
  const [low, high] = [Number(BigInt.asIntN(32, tag)), Number(tag >> 32n)];
  return [low, high, (ram.readable(page) - low) | 0, page];
}

describe("random page tables", () => {
  /** Mostly an entry of an allowed kind; flags and pages are drawn so that every rule is broken now and then. */
  function randomEntry(r: Random): { low: number; high: number } {
    const kind = r.below(8);
    let flags = V | A | D;
    if (kind >= 5) flags = V;
    else flags |= [R, R | W, R | X, X, R | W | X][r.below(5)] | (r.below(2) * U);
    for (const [bit, one] of [
      [V, 30],
      [R, 40],
      [W, 40],
      [U, 40],
      [A, 8],
      [D, 8],
      [G, 3],
      [0x100, 3],
    ])
      if (r.below(one) === 0) flags ^= bit;
    let page = FIRST + r.below(POOL);
    const other = r.below(16);
    if (other === 0) page = [FIRST - 1, FIRST + PAGES, 0, 0x3f_ffff][r.below(4)];
    if (other >= 11) page = [FIRST, FIRST + 512][r.below(2)];
    const high = r.below(32) === 0 ? 1 << r.below(32) : 0;
    return { low: (page << 10) | flags, high };
  }

  /** Few indexes, so that tables are shared and found again; now and then an address that is not canonical. */
  function randomAddress(r: Random): bigint {
    const index = () => BigInt([0, 1, 511][r.below(3)]);
    const top = [0n, 1n, 255n, 256n, 511n][r.below(5)];
    const page = (top << 18n) | (index() << 9n) | index();
    const offset = BigInt([r.below(4096), 4096 - 1 - r.below(8), r.below(512) * 8][r.below(3)]);
    const address = BigInt.asIntN(39, (page << 12n) | offset);
    return r.below(32) === 0 ? BigInt.asIntN(64, address ^ (1n << BigInt(39 + r.below(25)))) : address;
  }

  /** What `Mmu.translate` says of the access, which changes nothing: the fault, or where its bytes are. */
  function expected(name: string, address: bigint, privilege: number) {
    const size = sizeOf(name);
    const kind = STORES.includes(name) || name === "amoadd.d" ? Access.write : Access.read;
    const isAtomic = ATOMICS.includes(name);
    if (isAtomic && address % 8n !== 0n)
      return { cause: kind === Access.write ? 6 : 4, tval: address, bytes: [], updates: [] };
    const bytes: number[] = [];
    const updates: { at: number; flags: number }[] = [];
    for (let i = 0; i < size; i++) {
      const at = BigInt.asIntN(64, address + BigInt(i));
      if (i > 0 && (at & 0xfffn) !== 0n) {
        bytes.push(bytes[i - 1] + 1);
        continue;
      }
      const found = hart.mmu.translate(Number(at), kind, privilege);
      const physical = found.page * 4096 + Number(at & 0xfffn);
      const cause = found.cause >= 0 ? found.cause : kind === Access.write ? 7 : 5;
      if (found.cause >= 0 || !ram.contains(physical)) return { cause, tval: at, bytes: [], updates: [] };
      bytes.push(physical);
      if (found.update >= 0) updates.push({ at: found.update, flags: found.flags });
    }
    return { cause: -1, tval: 0n, bytes, updates };
  }

  test.each([1, 2])("give what the walk in TypeScript gives (%i)", (seed) => {
    const r = new Random(seed);
    const word = () => ram.arena.u32;
    for (let page = 0; page < 1024; page++)
      for (let i = 0; i < 4; i++) ram.writeU64(RAM + page * 4096 + i * 1024 + 512, r.bits64());
    hart.mmu.useTable(FIRST, 1);
    const seen = new Map<string, number>();
    const note = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
    for (let i = 0; i < 2500; i++) {
      for (let n = r.below(3); n > 0; n--) {
        const { low, high } = randomEntry(r);
        const table = r.below(3) === 0 ? 0 : r.below(POOL);
        const at = (ram.readable(FIRST + table) >>> 2) + [0, 1, 255, 256, 511][r.below(5)] * 2;
        word()[at] = low;
        word()[at + 1] = high;
      }
      // The root mostly leads on.
      if (r.below(8) === 0)
        writeEntry(ram, RAM + [0, 1, 255, 256, 511][r.below(5)] * 8, FIRST + 1 + r.below(POOL - 1), V);
      const privilege = r.below(2);
      as(privilege, r.below(2) * Mstatus.SUM + r.below(2) * Mstatus.MXR);
      const address = randomAddress(r);
      const name = r.pick(ALL);
      // Twice: what the first one sets, TypeScript is not asked for again.
      for (let again = 0; again < 2; again++) {
        hart.mmu.fence();
        const { cause, tval, bytes, updates } = expected(name, address, privilege);
        const value = r.bits64();
        const before = cause >= 0 ? tables() : "";
        const got = access(name, address, BigInt.asIntN(64, value));
        const where = `step ${i}: ${name} at ${address.toString(16)}`;
        expect(got.cause, where).toBe(cause);
        note(cause >= 0 ? `cause ${cause}` : `${name} ${again} ${got.inWasm ? "in Wasm" : "asked"}`);
        if (cause >= 0) {
          expect(got.tval, where).toBe(tval);
          expect(tables() === before, where).toBe(true);
          continue;
        }
        for (const { at, flags } of updates) {
          // Unless that is what was stored to.
          if (bytes.every((byte) => byte < at || byte >= at + 8))
            expect(ram.readU32(at) & 0x3ff, where).toBe(flags);
          note(`${got.inWasm ? "in Wasm" : "asked"} to set ${flags & D ? "D" : "A"}`);
        }
        const stored = bytes.reduce(
          (sum, at, n) => sum | (BigInt(ram.arena.u8[linear(at)]) << BigInt(8 * n)),
          0n,
        );
        if (STORES.includes(name)) expect(stored, where).toBe(BigInt.asUintN(8 * bytes.length, value));
        else if (name !== "amoadd.d") expect(got.value, where).toBe(BigInt.asIntN(8 * bytes.length, stored));
        else expect(BigInt.asUintN(64, got.value + value), where).toBe(stored);
        // To be set again by the second one.
        for (const { at } of updates) ram.writeU32(at, ram.readU32(at) & ~(A | D));
        const writes = STORES.includes(name) || name === "amoadd.d";
        const page = Math.floor(bytes[0] / 4096);
        if (bytes.length > 4096 - (bytes[0] & 4095)) continue;
        expect(entry(TLB.read, address), where).toEqual(entryOf(address, page));
        if (writes) expect(entry(TLB.write, address), where).toEqual(entryOf(address, page));
      }
    }
    for (const name of ALL) expect(seen.get(`${name} 1 in Wasm`), name).toBeGreaterThan(2);
    for (const bit of ["A", "D"]) expect(seen.get(`in Wasm to set ${bit}`)).toBeGreaterThan(5);
    for (const cause of [4, 5, 6, 7, 13, 15]) expect(seen.get(`cause ${cause}`)).toBeGreaterThan(5);
  });

  const tables = () => Buffer.from(ram.read(RAM, POOL * 4096)).toString("latin1");
  const linear = (physical: number) => ram.readable(Math.floor(physical / 4096)) + (physical & 4095);
});

describe("TypeScript is asked", () => {
  const VA = 0x5000n;
  const DATA = FIRST + 40;
  /** Whether an access is done in Wasm, after the TLB forgot everything. */
  const isDone = (name: string, address = VA) => {
    hart.mmu.fence();
    return access(name, address).inWasm;
  };

  beforeEach(() => {
    writeEntry(ram, RAM, FIRST + 1, V);
    writeEntry(ram, RAM + 4096, FIRST + 2, V);
    for (let page = 0; page < 16; page++)
      writeEntry(ram, RAM + 2 * 4096 + page * 8, DATA + page, V | R | W | A | D);
    hart.mmu.useTable(FIRST, 0);
    as(Privilege.supervisor);
  });

  test("at a page's first access, which gives it a frame, and at its first write", () => {
    const first = ["ld", "ld", "sd", "sd", "amoadd.d", "lr.d"].map((name) => isDone(name));
    expect(first).toEqual([false, true, false, true, true, true]);
  });

  test("at the first write after the page became code, or shared", () => {
    isDone("sd");
    expect(isDone("sd")).toBe(true);
    const changes = [() => hart.mmu.dropWriteEntries(DATA + 5), () => ram.fork().release(), () => ram.fork()];
    for (const change of changes) {
      change();
      expect(isDone("ld")).toBe(true);
      expect(isDone("sd")).toBe(false);
      expect(isDone("sd")).toBe(true);
    }
  });

  test("at the first A or D that is set in a page of tables, and after that was shared or became code", () => {
    const leaf = RAM + 2 * 4096 + 5 * 8;
    const set = (flags: number) => writeEntry(ram, leaf, DATA + 5, V | R | W | flags);
    const flags = () => ram.readU32(leaf) & (A | D);
    isDone("sd");
    set(0);
    expect([isDone("ld"), flags()]).toEqual([false, A]);
    for (const change of [() => {}, () => hart.mmu.dropWriteEntries(FIRST + 2), () => ram.fork()]) {
      change();
      isDone("sd");
      set(0);
      const isKnown = isDone("ld");
      expect(flags()).toBe(A);
      set(0);
      expect([isDone("ld"), flags()]).toEqual([true, A]);
      expect([isDone("sd"), flags()]).toEqual([true, A | D]);
      set(A);
      expect([isDone("ld"), flags()]).toEqual([true, A]);
      expect([isDone("amoadd.d"), flags()]).toEqual([true, A | D]);
      expect(isKnown).toBe(change.toString() === "() => {}");
    }
  });

  test("of pages that PMP does not leave open", () => {
    isDone("ld");
    hart.mmu.pmp.writeConfig(0, 0x1bn);
    hart.mmu.reset();
    expect(isDone("ld")).toBe(false);
    // Entry 0: what is below the data's last page, read-only; entry 1: everything.
    hart.mmu.pmp.writeAddress(0, BigInt((DATA + 6) * 1024));
    hart.mmu.pmp.writeAddress(1, -1n);
    hart.mmu.pmp.writeConfig(0, 0x1f09n);
    hart.mmu.reset();
    expect([isDone("ld"), isDone("ld", VA + 0x1000n)]).toEqual([false, false]);
    // Entry 0: one word below the tables.
    hart.mmu.pmp.writeAddress(0, 0n);
    hart.mmu.pmp.writeConfig(0, 0x1f13n);
    hart.mmu.reset();
    expect(isDone("ld")).toBe(true);
  });

  test("for the second page of an access, where that is not plain", () => {
    const edge = VA + 0xffcn;
    isDone("sd", edge);
    expect(isDone("sd", edge)).toBe(true);
    expect(isDone("ld", edge)).toBe(true);
    writeEntry(ram, RAM + 2 * 4096 + 6 * 8, DATA + 6, V | R | W | A);
    expect(isDone("ld", edge)).toBe(true);
    expect(isDone("sd", edge)).toBe(false);
    writeEntry(ram, RAM + 2 * 4096 + 6 * 8, 0, 0);
    hart.mmu.fence();
    expect(access("sd", edge)).toMatchObject({ cause: 15, tval: VA + 0x1000n });
  });

  test("no more for a large page, all of which a fence for one address forgets", () => {
    writeEntry(ram, RAM, FIRST, V | R | W | A | D);
    const [near, far] = [0x3000n, 0x2f_5000n];
    for (const address of [near, far]) {
      isDone("sd", address);
      expect(isDone("sd", address)).toBe(true);
    }
    expect(access("ld", near).inWasm).toBe(true);
    const known = (address: bigint) => entry(TLB.read, address)[0] === Number(address);
    expect([known(near), known(far)]).toEqual([true, true]);
    hart.mmu.fence(0x3fff_f000);
    expect([known(near), known(far)]).toEqual([false, false]);
  });

  test("no more in a program that visits more pages than the TLB has entries", () => {
    for (let page = 0; page < 512; page++)
      writeEntry(ram, RAM + 2 * 4096 + page * 8, FIRST + 64 + page, V | R | W | A | D);
    writeEntry(ram, RAM + 4096 + (TLB_ENTRIES / 512) * 8, FIRST + 2, V);
    const other = BigInt(TLB_ENTRIES * 4096);
    for (const address of [VA, VA + other]) access("sd", address);
    const before = asked;
    for (let i = 0; i < 10; i++) for (const address of [VA, VA + other]) access("sd", address);
    expect(asked).toBe(before);
  });
});
