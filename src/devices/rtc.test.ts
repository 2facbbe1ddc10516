import { beforeEach, describe, expect, test } from "vitest";
import { GoldfishRtc } from "./rtc.ts";

const [TIME_LOW, TIME_HIGH, ALARM_LOW, ALARM_HIGH] = [0, 4, 8, 12];
const [IRQ_ENABLED, CLEAR_ALARM, ALARM_STATUS, CLEAR_INTERRUPT] = [0x10, 0x14, 0x18, 0x1c];
const START = 1_767_225_600_123_456_789n;

let now: bigint;
let line: boolean;
let rtc: GoldfishRtc;

const makeRtc = () =>
  new GoldfishRtc(
    () => now,
    (high) => {
      line = high;
    },
  );

beforeEach(() => {
  now = START;
  line = false;
  rtc = makeRtc();
});

const load = (offset: number) => rtc.load(offset, 4);
const store = (offset: number, value: number) => rtc.store(offset, 4, value);
const time = () => BigInt(load(TIME_LOW)) | (BigInt(load(TIME_HIGH)) << 32n);
function store64(low: number, value: bigint): void {
  store(low + 4, Number(value >> 32n));
  store(low, Number(value & 0xffff_ffffn));
}

describe("the time", () => {
  test("is the host's, both halves from the moment at which the low one was read", () => {
    now = 0x1fff_ffffn;
    expect(load(TIME_HIGH)).toBe(0);
    now = 0x17ff_ffff_ffffn;
    expect(load(TIME_LOW)).toBe(0xffff_ffff);
    now += 1n;
    expect(load(TIME_HIGH)).toBe(0x17ff);
    expect(time()).toBe(now);
  });

  test("goes on from where software sets it", () => {
    store64(TIME_LOW, 5_000_000_000n);
    now += 77n;
    expect(time()).toBe(5_000_000_077n);
    store64(TIME_LOW, 2n ** 64n - 1n);
    expect(time()).toBe(2n ** 64n - 1n);
    now += 2n;
    expect(time()).toBe(1n);
  });
});

describe("the alarm", () => {
  test("goes off once, at its time, and asks for service until told off", () => {
    store(IRQ_ENABLED, 1);
    store64(ALARM_LOW, START + 100n);
    expect([load(ALARM_STATUS), rtc.nanosecondsToAlarm]).toEqual([1, 100n]);
    now += 99n;
    rtc.update();
    expect([line, rtc.nanosecondsToAlarm]).toEqual([false, 1n]);
    now += 1n;
    expect(rtc.nanosecondsToAlarm).toBe(0n);
    now += 5n;
    expect(rtc.nanosecondsToAlarm).toBe(0n);
    rtc.update();
    expect([line, load(ALARM_STATUS), rtc.nanosecondsToAlarm]).toEqual([true, 0, undefined]);
    store(CLEAR_INTERRUPT, 0);
    rtc.update();
    expect(line).toBe(false);
    expect(BigInt(load(ALARM_LOW)) | (BigInt(load(ALARM_HIGH)) << 32n)).toBe(START + 100n);
  });

  test("of a moment that has passed goes off at once", () => {
    store(IRQ_ENABLED, 1);
    store64(ALARM_LOW, START);
    expect([line, load(ALARM_STATUS)]).toEqual([true, 0]);
  });

  test("follows the time that software sets", () => {
    store(IRQ_ENABLED, 1);
    store64(ALARM_LOW, START + 1_000_000n);
    store64(TIME_LOW, START + 999_999n);
    expect(rtc.nanosecondsToAlarm).toBe(1n);
    now += 1n;
    rtc.update();
    expect(line).toBe(true);
  });

  test("can be disarmed", () => {
    store(IRQ_ENABLED, 1);
    store64(ALARM_LOW, START + 1n);
    store(CLEAR_ALARM, 1);
    now += 10n;
    rtc.update();
    expect([line, load(ALARM_STATUS), rtc.nanosecondsToAlarm]).toEqual([false, 0, undefined]);
  });

  test("that went off unheard is heard once its interrupt is enabled", () => {
    store64(ALARM_LOW, START - 1n);
    expect(line).toBe(false);
    store(IRQ_ENABLED, 0xffff_ffff);
    expect([line, load(IRQ_ENABLED)]).toEqual([true, 1]);
    store(IRQ_ENABLED, 2);
    expect([line, load(IRQ_ENABLED)]).toEqual([false, 0]);
  });
});

test("no access of another width, or elsewhere, does anything", () => {
  const before = rtc.save();
  for (let offset = 0; offset < 0x1000; offset++) {
    for (const size of [1, 2, 4] as const) {
      if (size === 4 && offset % 4 === 0 && offset <= CLEAR_INTERRUPT) continue;
      rtc.store(offset, size, 2 ** (size * 8) - 1);
      if (rtc.load(offset, size) !== 0) expect.fail(`${size} bytes at ${offset}`);
    }
  }
  expect([rtc.save(), line]).toEqual([before, false]);
});

test("a saved clock goes on elsewhere with its own time and alarm", () => {
  const base = 7n << 32n;
  store64(TIME_LOW, base + 1000n);
  store(IRQ_ENABLED, 1);
  store64(ALARM_LOW, base + 1500n);
  load(TIME_LOW);
  const saved = structuredClone(rtc.save());
  rtc = makeRtc();
  now += 400n;
  rtc.restore(saved);
  expect([rtc.save(), load(TIME_HIGH), time(), rtc.nanosecondsToAlarm]).toEqual([
    saved,
    7,
    base + 1400n,
    100n,
  ]);
  now += 100n;
  rtc.update();
  expect(line).toBe(true);
  const fired = structuredClone(rtc.save());
  line = false;
  rtc = makeRtc();
  rtc.restore(fired);
  expect(line).toBe(false);
  store(IRQ_ENABLED, 1);
  expect(line).toBe(true);
});
