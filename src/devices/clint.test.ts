import { beforeEach, describe, expect, test } from "vitest";
import { accessCsr } from "../cpu/csr.ts";
import { Interrupt } from "../cpu/csr-state.ts";
import type { Hart } from "../cpu/hart.ts";
import { bareHart } from "../cpu/hart-fixture.ts";
import { Privilege } from "../cpu/layout.ts";
import { csrNumber } from "../isa/csr-names.ts";
import { Clint } from "./clint.ts";

const [MTIMECMP, MTIME] = [0x4000, 0xbff8];

let harts: Hart[];
let now: bigint;
let signals: number[];
let clint: Clint;

const makeClint = () =>
  new Clint(harts, { ticks: () => now }, (hart) => {
    signals.push(hart);
  });

beforeEach(() => {
  harts = [bareHart(), bareHart()];
  now = 0n;
  signals = [];
  clint = makeClint();
});

const store64 = (offset: number, value: bigint) => {
  clint.store(offset, 4, Number(value & 0xffff_ffffn));
  clint.store(offset + 4, 4, Number(value >> 32n));
};
const load64 = (offset: number) => BigInt(clint.load(offset, 4)) | (BigInt(clint.load(offset + 4, 4)) << 32n);
const line = (hart: number, interrupt: number) => (harts[hart].csrs.pending & (1 << interrupt)) !== 0;
const timers = () => [line(0, Interrupt.machineTimer), line(1, Interrupt.machineTimer)];

test("msip raises and lowers one hart's software interrupt", () => {
  clint.store(4, 4, 0xffff_ffff);
  expect([line(0, Interrupt.machineSoftware), line(1, Interrupt.machineSoftware)]).toEqual([false, true]);
  expect([clint.load(0, 4), clint.load(4, 4)]).toEqual([0, 1]);
  clint.store(4, 4, 0xffff_fffe);
  expect(line(1, Interrupt.machineSoftware)).toBe(false);
});

describe("the timer", () => {
  test("is due from mtimecmp on, for its hart", () => {
    store64(MTIMECMP, 100n);
    store64(MTIMECMP + 8, 0x1_0000_0000n);
    now = 99n;
    clint.update();
    expect(timers()).toEqual([false, false]);
    now = 100n;
    clint.update();
    expect(timers()).toEqual([true, false]);
    now = 0x1_0000_0000n;
    clint.update();
    expect(timers()).toEqual([true, true]);
    expect([load64(MTIMECMP), load64(MTIMECMP + 8)]).toEqual([100n, 0x1_0000_0000n]);
  });

  test("is put off by writing mtimecmp, at once", () => {
    now = 50n;
    store64(MTIMECMP, 10n);
    expect(timers()[0]).toBe(true);
    store64(MTIMECMP, 60n);
    expect(timers()[0]).toBe(false);
  });

  test("is not armed out of reset", () => {
    now = 1n << 60n;
    clint.update();
    expect(timers()).toEqual([false, false]);
    expect(clint.ticksToTimer).toBeUndefined();
  });

  test("the next one is the nearest of all harts", () => {
    store64(MTIMECMP, 500n);
    store64(MTIMECMP + 8, 300n);
    now = 100n;
    expect(clint.ticksToTimer).toBe(200n);
    now = 400n;
    expect(clint.ticksToTimer).toBe(0n);
  });

  test("that is left due does not hide the next one", () => {
    store64(MTIMECMP, 100n);
    store64(MTIMECMP + 8, 300n);
    now = 100n;
    expect([clint.ticksToTimer, clint.ticksToRise]).toEqual([0n, 0n]);
    clint.update();
    expect([clint.ticksToTimer, clint.ticksToRise]).toEqual([0n, 200n]);
    now = 300n;
    clint.update();
    expect([timers(), clint.ticksToTimer, clint.ticksToRise]).toEqual([[true, true], 0n, undefined]);
    store64(MTIMECMP, 310n);
    expect([timers(), clint.ticksToRise]).toEqual([[false, true], 10n]);
  });

  test("is looked at no sooner than the next one is due", () => {
    let looks = 0;
    clint = new Clint(harts, {
      ticks: () => {
        looks++;
        return now;
      },
    });
    for (let i = 0; i < 10; i++) clint.update();
    expect(looks).toBe(0);
    store64(MTIMECMP + 8, 5n);
    looks = 0;
    clint.update();
    expect(looks).toBe(1);
    now = 5n;
    clint.update();
    expect(timers()).toEqual([false, true]);
  });
});

describe("a store tells whose line it changed", () => {
  test("by msip, once for each change", () => {
    for (const value of [1, 1, 0, 0]) clint.store(4, 4, value);
    clint.store(0, 4, 1);
    clint.store(8, 4, 1);
    expect(signals).toEqual([1, 1, 0]);
  });

  test("by mtimecmp and by mtime, and that timers were set", () => {
    let sets = 0;
    clint.onTimerSet = () => {
      sets++;
    };
    now = 100n;
    clint.store(MTIMECMP + 8, 4, 50);
    expect([signals, sets]).toEqual([[], 1]);
    clint.store(MTIMECMP + 12, 4, 0);
    expect([signals, sets]).toEqual([[1], 2]);
    store64(MTIMECMP, 200n);
    signals = [];
    clint.store(MTIME, 4, 10);
    expect([signals, timers()]).toEqual([[1], [false, false]]);
    clint.store(MTIME, 4, 1000);
    expect([signals, timers()]).toEqual([
      [1, 0, 1],
      [true, true],
    ]);
  });
});

describe("the supervisor's timer (Sstc)", () => {
  const STCE = 1n << 63n;
  const write = (hart: number, name: string, value: bigint) =>
    accessCsr(harts[hart], csrNumber(name) as number, "write", value);
  const supervisorTimers = () => [0, 1].map((hart) => line(hart, Interrupt.supervisorTimer));

  test("interrupts while menvcfg.STCE is set and time has reached stimecmp", () => {
    write(1, "stimecmp", 100n);
    now = 100n;
    clint.update();
    expect(supervisorTimers()).toEqual([false, false]);
    write(1, "menvcfg", STCE);
    expect(supervisorTimers()).toEqual([false, true]);
    write(1, "stimecmp", 150n);
    expect([...supervisorTimers(), clint.ticksToRise]).toEqual([false, false, 50n]);
    now = 150n;
    clint.update();
    expect([...supervisorTimers(), ...timers()]).toEqual([false, true, false, false]);
    write(1, "menvcfg", 0n);
    expect(supervisorTimers()).toEqual([false, false]);
  });

  test("takes the place of software's STIP", () => {
    const STIP = 1n << 5n;
    write(0, "mip", STIP);
    expect(harts[0].csrs.pending).toBe(0x20);
    write(0, "menvcfg", STCE);
    expect(harts[0].csrs.pending).toBe(0);
    write(0, "mip", STIP);
    expect(harts[0].csrs.pending).toBe(0);
  });

  test("is S-mode's where menvcfg and mcounteren both say so", () => {
    const allowed = (menvcfg: bigint, mcounteren: bigint) => {
      harts[0].privilege = Privilege.machine;
      write(0, "menvcfg", menvcfg);
      write(0, "mcounteren", mcounteren);
      harts[0].privilege = Privilege.supervisor;
      return write(0, "stimecmp", 1n) !== undefined;
    };
    expect([allowed(0n, 2n), allowed(STCE, 5n), allowed(STCE, 2n)]).toEqual([false, false, true]);
  });

  test("goes on after being restored", () => {
    write(0, "menvcfg", STCE);
    write(0, "stimecmp", 10n);
    now = 10n;
    clint.update();
    const saved = clint.save();
    write(0, "stimecmp", 20n);
    clint.restore(saved);
    write(0, "stimecmp", 30n);
    expect(supervisorTimers()).toEqual([false, false]);
  });
});

test("mtime is the clock, moved by what software writes, and is what the time CSR reads", () => {
  now = 0x12_3456_789an;
  expect(load64(MTIME)).toBe(now);
  store64(MTIME, 5n);
  expect(load64(MTIME)).toBe(5n);
  now += 10n;
  expect(harts[1].csrs.time()).toBe(15n);
  store64(MTIME, 0n);
  store64(MTIMECMP, 0n);
  expect(timers()[0]).toBe(true);
});

test("a saved one goes on elsewhere, and drives no line on being restored", () => {
  store64(MTIME, 1000n);
  store64(MTIMECMP, 900n);
  store64(MTIMECMP + 8, 1100n);
  clint.store(4, 4, 1);
  const saved = structuredClone(clint.save());
  harts = [bareHart(), bareHart()];
  clint = makeClint();
  signals = [];
  clint.restore(saved);
  expect([signals, timers(), clint.save()]).toEqual([[], [false, false], saved]);
  expect([clint.mtime, clint.ticksToTimer, clint.ticksToRise]).toEqual([1000n, 0n, 100n]);
  expect([load64(MTIMECMP), clint.load(4, 4)]).toEqual([900n, 1]);
  now += 100n;
  clint.update();
  expect(timers()[1]).toBe(true);
});

test("no access outside the registers, or of another width, does anything", () => {
  for (let offset = 0; offset < 0x1_0000; offset += 4) {
    if (offset === 0 || offset === 4) continue;
    if ((offset >= MTIMECMP && offset < MTIMECMP + 16) || offset >= MTIME) continue;
    clint.store(offset, 4, 0);
    expect(clint.load(offset, 4)).toBe(0);
  }
  for (let offset = 0; offset < 0x1_0000; offset++) {
    for (const size of [1, 2, 4] as const) {
      if (size === 4 && offset % 4 === 0) continue;
      clint.store(offset, size, 1);
      if (clint.load(offset, size) !== 0) expect.fail(`${size} bytes at ${offset}`);
    }
  }
  expect([load64(MTIMECMP), clint.load(0, 4)]).toEqual([2n ** 64n - 1n, 0]);
});
