import { beforeEach, expect, test } from "vitest";
import type { Hart } from "./hart.ts";
import { bareHart } from "./hart-fixture.ts";
import { Privilege } from "./layout.ts";
import { Access, type Pmp } from "./pmp.ts";

const { user, supervisor, machine } = Privilege;
const [OFF, TOR, NA4, NAPOT] = [0, 8, 16, 24];
const [R, W, X, L] = [1, 2, 4, 0x80];

let hart: Hart;
let pmp: Pmp;

beforeEach(() => {
  hart = bareHart();
  pmp = hart.mmu.pmp;
});

/** Entries as [configuration, address in bytes]. */
function configure(...entries: [number, number][]) {
  entries.forEach(([, address], i) => {
    pmp.writeAddress(i, BigInt(Math.floor(address / 4)));
  });
  let packed = 0n;
  entries.forEach(([config], i) => {
    packed |= BigInt(config) << BigInt(8 * i);
  });
  pmp.writeConfig(0, packed);
}

const allowed = (address: number, size = 4, privilege: number = supervisor) =>
  [Access.read, Access.write, Access.fetch].map((kind) => pmp.allows(address, size, kind, privilege));
const RWX = [true, true, true];
const NONE = [false, false, false];

test("with no entry M-mode may and the others may not", () => {
  expect(allowed(0x1000, 4, machine)).toEqual(RWX);
  expect(allowed(0x1000, 4, supervisor)).toEqual(NONE);
  expect(allowed(0x1000, 4, user)).toEqual(NONE);
});

test("allowAll opens everything", () => {
  pmp.allowAll();
  expect(allowed(0, 8, user)).toEqual(RWX);
  expect(allowed(0xff_ffff_fff8, 8, user)).toEqual(RWX);
});

test("a first entry over all addresses opens everything only with all permissions, and until it changes", () => {
  const everywhere = 0x3f_ffff_ffff_ffffn;
  pmp.writeAddress(0, everywhere);
  pmp.writeConfig(0, BigInt(NAPOT | R | X));
  expect(allowed(0x1000, 8, user)).toEqual([true, false, true]);
  pmp.writeConfig(0, BigInt(NAPOT | R | W | X));
  expect(allowed(0x1000, 8, user)).toEqual(RWX);
  pmp.writeConfig(0, 0n);
  expect(allowed(0x1000, 8, user)).toEqual(NONE);
});

test("NA4 is four bytes", () => {
  configure([NA4 | R, 0x1000]);
  expect(allowed(0x1000)).toEqual([true, false, false]);
  expect(allowed(0x1004)).toEqual(NONE);
  expect(allowed(0x0ffc)).toEqual(NONE);
});

test.each([8, 16, 4096, 1 << 20])("NAPOT of %i bytes", (size) => {
  configure([NAPOT | R | W, 0x4000_0000 + size / 2 - 4]);
  expect(allowed(0x4000_0000)).toEqual([true, true, false]);
  expect(allowed(0x4000_0000 + size - 4)).toEqual([true, true, false]);
  expect(allowed(0x4000_0000 + size)).toEqual(NONE);
  expect(allowed(0x4000_0000 - 4)).toEqual(NONE);
});

test("TOR reaches from the entry before; its own bound is outside; the first starts at zero", () => {
  configure([TOR | X, 0x1000], [OFF, 0x2000], [TOR | R, 0x3000], [TOR | W | R, 0x2800]);
  expect(allowed(0)).toEqual([false, false, true]);
  expect(allowed(0xffc)).toEqual([false, false, true]);
  expect(allowed(0x1000)).toEqual(NONE);
  expect(allowed(0x2000)).toEqual([true, false, false]);
  expect(allowed(0x2ffc)).toEqual([true, false, false]);
  expect(allowed(0x3000)).toEqual(NONE);
});

test("the lowest entry decides, and must match the whole access", () => {
  configure([NA4 | R, 0x1004], [NAPOT | R | W | X, 0x17fc]);
  expect(allowed(0x1004)).toEqual([true, false, false]);
  expect(allowed(0x1000)).toEqual(RWX);
  expect(allowed(0x1000, 8)).toEqual(NONE);
  expect(allowed(0x1006, 4)).toEqual(NONE);
  expect(allowed(0x1008, 8)).toEqual(RWX);
});

test("M-mode is bound by locked entries only", () => {
  configure([NA4, 0x1000], [NA4 | L | R, 0x2000]);
  expect(allowed(0x1000, 4, machine)).toEqual(RWX);
  expect(allowed(0x2000, 4, machine)).toEqual([true, false, false]);
  expect(allowed(0x3000, 4, machine)).toEqual(RWX);
});

test("the longest open stretch is what one entry leaves open to all", () => {
  const stretch = () => pmp.openStretch(0x8000_0000, 0x9000_0000);
  expect(stretch()).toEqual([0x8000_0000, 0x8000_0000]);
  // Firmware in the first 512 KiB and a word elsewhere, and an entry for what is above that.
  configure([NAPOT, 0x8000_0000 + 0x3_ffff], [NA4 | R, 0x8700_1000], [TOR | R | W | X, 0x1_0000_0000]);
  expect(stretch()).toEqual([0x8700_1004, 0x9000_0000]);
  configure([TOR, 0x8008_0000], [TOR | R | W | X, 0x8700_0000], [TOR | R | W | X, 0x1_0000_0000]);
  expect(allowed(0x8007_fffc)).toEqual(NONE);
  expect(stretch()).toEqual([0x8700_0000, 0x9000_0000]);
  pmp.allowAll();
  expect(stretch()).toEqual([0x8000_0000, 0x9000_0000]);
  configure([TOR | R | X, 0x1_0000_0000]);
  expect(stretch()).toEqual([0x8000_0000, 0x8000_0000]);
});
